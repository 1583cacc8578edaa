import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, get } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { DEFAULT_MOVE_SETTINGS, isReport, slotOf } from '@wscluster/ring';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import type { GatewayUnderTest } from '../testing/gateway-under-test.ts';
import { nobodyRefuses } from '../testing/nobody.ts';
import { noticed } from '../testing/noticed.ts';
import { revision, ringMessage, ringOf, SETTINGS, type TestNode } from '../testing/rings.ts';
import { useGateway } from '../testing/use-gateway.ts';

/** What ends within the patience of a test has not waited for it. */
const LONG_MS = 60_000;
const { gatewayFor } = useGateway({ httpAnswerMs: LONG_MS, messageGraceMs: LONG_MS, ownerWaitMs: LONG_MS });
/** For what ends by one of them. */
const impatient = useGateway({ eventStreamMs: 1_500 });
const hasty = useGateway({ httpAnswerMs: 1_000, messageGraceMs: 300, stallMs: 300, sweepMs: 50, closeMs: 300 });

/** A node that answers each request with a head of the type, and then says what a test tells it to. */
interface StreamingNode extends TestNode {
  readonly answers: ServerResponse[];
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function streamingNode(id: string, type: string, headers: Record<string, string> = {}): Promise<StreamingNode> {
  const answers: ServerResponse[] = [];
  const server = createServer((_req, res) => {
    res.writeHead(200, { 'content-type': type, ...headers });
    res.flushHeaders();
    answers.push(res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close().closeAllConnections());
  return { id, port: (server.address() as AddressInfo).port, answers };
}

interface Reading {
  text: string;
  /** How it ended; undefined while it goes on. */
  end: 'whole' | 'broken off' | undefined;
}

function read(gateway: { port: number }, key = 'ada', onEnd = () => {}): Reading {
  const reading: Reading = { text: '', end: undefined };
  const request = get(
    `http://127.0.0.1:${gateway.port}/send?userId=${key}`,
    { agent: false },
    (answer: IncomingMessage) => {
      answer.setEncoding('utf8').on('data', (text: string) => {
        reading.text += text;
      });
      answer.on('error', () => {});
      answer.on('close', () => {
        reading.end = answer.complete ? 'whole' : 'broken off';
        onEnd();
      });
    },
  );
  request.on('error', () => {});
  closing.push(() => request.destroy());
  return reading;
}

interface Move {
  readonly to?: number;
  readonly version?: number;
  readonly httpSeconds?: number;
}

/** Gives all slots to a node, by default the second one, and releases that. */
function moveAll(test: GatewayUnderTest, nodes: readonly TestNode[], move: Move = {}): void {
  const { to = 1, version = 2, httpSeconds = LONG_MS / 1_000 } = move;
  const settings = { ...SETTINGS, moves: { ...DEFAULT_MOVE_SETTINGS, httpSeconds } };
  const ring = ringOf(revision(version), nodes, () => to);
  test.broadcast(ringMessage(ring, undefined, settings));
}

async function opened(node: StreamingNode, test: GatewayUnderTest): Promise<Reading> {
  const reading = read(test.gateway);
  await eventually('the node has the request', () => node.answers.length > 0);
  return reading;
}

describe('an event stream', () => {
  it('counts as a connection, and may be silent for longer than other answers', async () => {
    const node = await streamingNode('a', 'text/event-stream; charset=utf-8');
    const test = await hasty.gatewayFor(node);
    const reading = await opened(node, test);
    await eventually('it counts', () => test.gateway.connections === 1);
    // An answer of another kind shows that the time for silence is over.
    const plain = await streamingNode('plain', 'text/plain');
    test.broadcast(ringMessage(ringOf(revision(2), [node, plain], (slot) => (slot === slotOf('ada') ? 0 : 1))));
    const other = read(test.gateway, 'bob');
    await eventually('the other has the request', () => plain.answers.length === 1);
    plain.answers[0]?.write('.');
    await eventually('the other answer breaks off', () => other.end === 'broken off');
    expect(reading.end).toBeUndefined();
    node.answers[0]?.write('data: 1\n\n');
    await eventually('the event arrives', () => reading.text === 'data: 1\n\n');
    node.answers[0]?.end();
    await eventually('it ends', () => reading.end === 'whole' && test.gateway.connections === 0);
  });

  it('breaks off after eventStreamSilenceSeconds without a byte, if that is set, and not while its node speaks', async () => {
    const node = await streamingNode('a', 'text/event-stream');
    const test = await impatient.gatewayFor(node);
    const [silent, lively] = [await opened(node, test), read(test.gateway, 'bob')];
    await eventually('the node has both', () => node.answers.length === 2);
    node.answers[0]?.write('data: 1\n\n');
    const speaking = setInterval(() => node.answers[1]?.write(': alive\n\n'), 50);
    try {
      await eventually('the silent one breaks off', () => silent.end === 'broken off');
      expect(silent.text).toBe('data: 1\n\n');
      expect(lively.end).toBeUndefined();
      const before = lively.text.length;
      await eventually('the other one goes on', () => lively.text.length > before + 100);
    } finally {
      clearInterval(speaking);
    }
    await eventually('then it breaks off too', () => lively.end === 'broken off' && test.gateway.connections === 0);
  });

  it('is in the reports to the controller: by node, also by its kind, and by key where a key has several', async () => {
    const node = await streamingNode('a', 'text/event-stream');
    const test = await gatewayFor(node);
    read(test.gateway);
    read(test.gateway);
    const reported = () => test.bus.sent.filter(isReport).findLast(({ hotKeys }) => hotKeys !== undefined);
    await eventually('it is reported', () => reported() !== undefined);
    expect(reported()).toMatchObject({
      connectionsByNode: { a: 2 },
      eventStreamsByNode: { a: 2 },
      hotKeys: [{ key: 'ada', connections: 2 }],
    });
  });

  it('is one of many that end at the pace of the rollout, not all at once', async () => {
    const nodes = [await streamingNode('a', 'text/event-stream'), await streamingNode('b', 'text/event-stream')];
    const test = await gatewayFor(...nodes);
    const keys = Array.from({ length: 20 }, (_, n) => `key-${n}`);
    const ends: number[] = [];
    const readings = keys.map((key) => read(test.gateway, key, () => ends.push(performance.now())));
    await eventually('the node has all', () => nodes[0]?.answers.length === keys.length);
    await eventually('all count', () => test.gateway.connections === keys.length);
    const ring = ringOf(revision(2), nodes, () => 1);
    const from = performance.now();
    test.broadcast(ringMessage(ring, { movableUpTo: ring.revision, spreadMs: 0, maxPerSecond: 10 }));
    await eventually('all end', () => ends.length === keys.length);
    expect(readings.every(({ end }) => end === 'whole')).toBe(true);
    // One each 100 ms, the first one half way. A busy machine is late, and never early.
    const early = ends.filter((at, index) => at - from < (index - 0.5) * 100);
    expect(early).toEqual([]);
  });

  it('ends at once on a move when no event is under way, and its client reaches the new owner', async () => {
    const nodes = [
      await streamingNode('a', 'text/event-stream'),
      await streamingNode('b', 'text/event-stream'),
    ] as const;
    const test = await gatewayFor(...nodes);
    const reading = await opened(nodes[0], test);
    nodes[0].answers[0]?.write('data: 1\n\n');
    await eventually('the event arrives', () => reading.text === 'data: 1\n\n');
    moveAll(test, nodes);
    await eventually('it ends', () => reading.end === 'whole');
    await opened(nodes[1], test);
  });

  it('ends behind the event that is under way', async () => {
    const nodes = [await streamingNode('a', 'text/event-stream'), await streamingNode('b', 'text/event-stream')];
    const test = await gatewayFor(...nodes);
    const [from] = nodes as [StreamingNode];
    const reading = await opened(from, test);
    from.answers[0]?.write('data: 1\n\ndata: 2');
    await eventually('a part arrives', () => reading.text.endsWith('data: 2'));
    moveAll(test, nodes);
    from.answers[0]?.write('2\n\ndata: 3\n\n');
    await eventually('it ends', () => reading.end === 'whole');
    expect(reading.text).toBe('data: 1\n\ndata: 22\n\n');
  });

  it.each([[{}], [{ 'content-encoding': 'gzip' }]])(
    'whose event does not end, or cannot be seen, ends after a while (%j)',
    async (headers) => {
      const nodes = [await streamingNode('a', 'text/event-stream', headers), await streamingNode('b', 'text/plain')];
      const test = await hasty.gatewayFor(...nodes);
      const [from] = nodes as [StreamingNode];
      const reading = await opened(from, test);
      from.answers[0]?.write('data: 1');
      await eventually('a part arrives', () => reading.text === 'data: 1');
      moveAll(test, nodes);
      await eventually('it ends', () => reading.end === 'whole');
    },
  );

  it('whose head comes after the move goes to the new owner too', async () => {
    const late: ServerResponse[] = [];
    const server = createServer((_req, res) => late.push(res));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close().closeAllConnections());
    const nodes = [{ id: 'a', port: (server.address() as AddressInfo).port }, await streamingNode('b', 'text/plain')];
    const test = await gatewayFor(...nodes);
    const reading = read(test.gateway);
    await eventually('the node has the request', () => late.length > 0);
    moveAll(test, nodes);
    late[0]?.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    await eventually('it ends', () => reading.end === 'whole');
  });

  it('is cut when its client reads none of it, and when it does not read the end', async () => {
    const nodes = [await streamingNode('a', 'text/event-stream'), await streamingNode('b', 'text/plain')];
    const test = await hasty.gatewayFor(...nodes);
    const [from] = nodes as [StreamingNode];
    const fill = async () => {
      const client = connect(test.gateway.port, '127.0.0.1').on('error', () => {});
      client.write('GET /send?userId=ada HTTP/1.1\r\nHost: a\r\n\r\n');
      closing.push(() => client.destroy());
      const count = from.answers.length;
      await eventually('the node has the request', () => from.answers.length > count);
      await eventually('it counts', () => test.gateway.connections === 1);
      // More than the kernel takes for a client that reads nothing. From here on it may be cut at any time.
      from.answers.at(-1)?.write(`data: ${'x'.repeat(16 << 20)}\n\n`);
    };
    await fill();
    await eventually('it is cut', () => test.gateway.connections === 0);
    await fill();
    moveAll(test, nodes);
    await eventually('it is gone', () => test.gateway.connections === 0);
  });

  it.each([
    ['', false],
    [', and ever more', true],
  ])('ends with its client, also if that has sent another request behind it%s', async (_what, more) => {
    const node = await streamingNode('a', 'text/event-stream');
    const test = await gatewayFor(node);
    const client = connect(test.gateway.port, '127.0.0.1').on('error', () => {});
    closing.push(() => client.destroy());
    const get = 'GET /send?userId=ada HTTP/1.1\r\nHost: a\r\n\r\n';
    client.write(get.repeat(more ? 20_000 : 2));
    if (!more) {
      await eventually('it counts', () => test.gateway.connections === 1);
      client.destroy();
    }
    await eventually('it is gone', () => node.answers.length > 0 && test.gateway.sockets === 0);
    expect(test.gateway.connections).toBe(0);
  });

  it('of a known length is a document, which ends only as a whole', async () => {
    const headers = { 'content-length': '20' };
    const nodes = [await streamingNode('a', 'text/event-stream', headers), await streamingNode('b', 'text/plain')];
    const test = await gatewayFor(...nodes);
    const [from] = nodes as [StreamingNode];
    const reading = await opened(from, test);
    from.answers[0]?.write('data: 1\n\n');
    await eventually('a part arrives', () => reading.text === 'data: 1\n\n');
    expect(test.gateway.connections).toBe(0);
    moveAll(test, nodes, { httpSeconds: 0.3 });
    await eventually('it breaks off', () => reading.end === 'broken off');
  });

  it('breaks off when the node does', async () => {
    const node = await streamingNode('a', 'text/event-stream');
    const test = await gatewayFor(node);
    const reading = await opened(node, test);
    node.answers[0]?.write('data: 1');
    await eventually('a part arrives', () => reading.text === 'data: 1');
    node.answers[0]?.destroy();
    await eventually('it breaks off', () => reading.end === 'broken off' && test.gateway.connections === 0);
  });
});

describe('another long answer', () => {
  it('goes on after a move for httpSeconds, and then breaks off', async () => {
    const nodes = [await streamingNode('a', 'text/plain'), await streamingNode('b', 'text/plain')];
    const test = await gatewayFor(...nodes);
    const [from] = nodes as [StreamingNode];
    const reading = await opened(from, test);
    const writing = setInterval(() => from.answers[0]?.write('.'), 20);
    try {
      await eventually('it is under way', () => reading.text !== '');
      moveAll(test, nodes, { httpSeconds: 4 });
      const before = reading.text.length;
      await eventually('it goes on', () => reading.text.length > before + 3);
      expect(reading.end).toBeUndefined();
      await eventually('it breaks off', () => reading.end === 'broken off');
    } finally {
      clearInterval(writing);
    }
  });

  it('goes on when the move is taken back', async () => {
    const nodes = [await streamingNode('a', 'text/plain'), await streamingNode('b', 'text/plain')];
    const test = await gatewayFor(...nodes);
    const [from] = nodes as [StreamingNode];
    const reading = await opened(from, test);
    const writing = setInterval(() => from.answers[0]?.write('.'), 20);
    try {
      await eventually('it is under way', () => reading.text !== '');
      moveAll(test, nodes, { httpSeconds: 0.3 });
      moveAll(test, nodes, { to: 0, version: 3, httpSeconds: 0.3 });
      const before = reading.text.length;
      // 40 pieces take at least 0.8 s.
      await eventually('it goes on', () => reading.text.length > before + 40);
      expect(reading.end).toBeUndefined();
    } finally {
      clearInterval(writing);
    }
  });

  it('that was tried again at the new owner goes on there', async () => {
    const gone = await streamingNode('a', 'text/plain');
    closing.pop()?.();
    const node = await streamingNode('b', 'text/plain');
    const nodes = [gone, node];
    const test = await gatewayFor(...nodes);
    const reading = read(test.gateway);
    await eventually('the gateway has a client', () => test.gateway.sockets === 1);
    await noticed();
    await nobodyRefuses();
    moveAll(test, nodes, { httpSeconds: 0.3 });
    await eventually('the new owner has the request', () => node.answers.length === 1);
    const writing = setInterval(() => node.answers[0]?.write('.'), 20);
    try {
      await eventually('it goes on for longer than httpSeconds', () => reading.text.length > 40);
      expect(reading.end).toBeUndefined();
    } finally {
      clearInterval(writing);
    }
  });

  it('is cut when it is silent for too long', async () => {
    const node = await streamingNode('a', 'text/plain');
    const reading = await opened(node, await hasty.gatewayFor(node));
    node.answers[0]?.write('.');
    await eventually('it breaks off', () => reading.end === 'broken off');
  });
});
