/** What is simulated. */
export interface Size {
  readonly gateways: number;
  /** Among which the gateways are divided. */
  readonly processes: number;
  readonly nodes: number;
  /** Of all gateways. */
  readonly connections: number;
  /** Clients of all gateways that go each second, and as many that come. */
  readonly churn: number;
}

export const SIZE: Size = { gateways: 100, processes: 2, nodes: 1_000, connections: 1_000_000, churn: 1_000 };

export const CLUSTER = 'scale';
