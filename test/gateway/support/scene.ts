import type { Limits } from '@wscluster/gateway';
import type { EchoNode } from '@wscluster/gateway/testing/echo-node';
import { eventually } from '@wscluster/gateway/testing/eventually';
import type { GatewayUnderTest } from '@wscluster/gateway/testing/gateway-under-test';
import type { RawNode } from '@wscluster/gateway/testing/raw-socket';
import type { TestNode } from '@wscluster/gateway/testing/rings';
import { useGateway } from '@wscluster/gateway/testing/use-gateway';

/** Short deadlines, so that tests that wait for them are quick. Milliseconds. */
export const SHORT = {
  connectMs: 300,
  answerMs: 300,
  ownerWaitMs: 200,
  messageGraceMs: 100,
  closeMs: 300,
  nodeCloseMs: 200,
  requestHeadMs: 500,
} satisfies Partial<Limits>;

/** A port that nobody listens on. */
export const NOBODY: TestNode = { id: 'nobody', port: 1 };

/** A gateway and nodes for each test of a file, and the look at what is left of all that was connected. */
export function useScene(limits: Partial<Limits> = SHORT) {
  const use = useGateway(limits);
  let gateway: GatewayUnderTest['gateway'] | undefined;
  let raw: RawNode[] = [];
  let echo: EchoNode[] = [];

  return {
    /** All slots belong to the first node. */
    async gatewayFor(...nodes: readonly TestNode[]): Promise<GatewayUnderTest> {
      const test = await use.gatewayFor(...nodes);
      gateway = test.gateway;
      raw = raw.filter((node) => nodes.includes(node));
      echo = echo.filter((node) => nodes.includes(node));
      return test;
    },
    async echoNode(id: string): Promise<EchoNode> {
      const node = await use.echoNode(id);
      echo.push(node);
      return node;
    },
    async rawNode(id: string, onHead?: Parameters<typeof use.rawNode>[1]): Promise<RawNode> {
      const node = await use.rawNode(id, onHead);
      raw.push(node);
      return node;
    },
    /**
     * No connection is tracked, no client's socket is open, and every node was let go: all without stopping anything.
     */
    async nothingLeft(): Promise<void> {
      await eventually('nothing is left at the gateway', () => gateway?.connections === 0 && gateway.sockets === 0);
      await eventually('the nodes are let go', () => {
        const rawGone = raw.every(({ sockets }) => sockets.every(({ ended, closed }) => ended || closed));
        return rawGone && echo.every(({ openSockets }) => openSockets.size === 0);
      });
    },
  };
}
