import { afterEach, expect } from 'vitest';
import type { Limits } from '../limits.ts';
import { type EchoNode, startEchoNode } from './echo-node.ts';
import { type GatewayUnderTest, startTestGateway } from './gateway-under-test.ts';
import { type RawNode, startRawNode } from './raw-socket.ts';
import { revision, ringMessage, ringOf, SETTINGS, type TestNode } from './rings.ts';

/**
 * A gateway and its nodes for each test of a file. Every test must leave nothing behind, or it fails: no tracked
 * connection and no open socket at the gateway.
 */
export function useGateway(limits: Partial<Limits>, settings = SETTINGS) {
  const stops: (() => Promise<unknown>)[] = [];
  let underTest: GatewayUnderTest | undefined;

  afterEach(async () => {
    const test = underTest;
    underTest = undefined;
    await test?.gateway.stop();
    const left = { connections: test?.gateway.connections ?? 0, sockets: test?.gateway.sockets ?? 0 };
    for (const stop of stops.splice(0)) await stop();
    expect(left).toEqual({ connections: 0, sockets: 0 });
  });

  return {
    /** All slots belong to the first node. */
    async gatewayFor(...nodes: readonly TestNode[]): Promise<GatewayUnderTest> {
      const ring = ringOf(revision(1), nodes, () => (nodes.length === 0 ? undefined : 0));
      underTest = await startTestGateway(ringMessage(ring, undefined, settings), { limits });
      return underTest;
    },
    async echoNode(id: string, options?: Parameters<typeof startEchoNode>[1]): Promise<EchoNode> {
      const node = await startEchoNode(id, options);
      stops.push(node.stop);
      return node;
    },
    async rawNode(id: string, onHead?: Parameters<typeof startRawNode>[1]): Promise<RawNode> {
      const node = await startRawNode(id, onHead);
      stops.push(node.stop);
      return node;
    },
  };
}
