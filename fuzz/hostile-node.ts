import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestNode } from '@wscluster/gateway/testing/rings';
import { type Mark, TOKEN } from './case.ts';
import type { Marks } from './marks.ts';
import { play } from './play.ts';
import type { Played } from './played.ts';

export interface HostileNode extends TestNode {
  stop(): Promise<void>;
}

/** A node that does with each request what its case says. `underWay`: the cases by their numbers. */
export async function startHostileNode(id: string, underWay: ReadonlyMap<number, Played>): Promise<HostileNode> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    serve(socket, underWay);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    id,
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

function serve(socket: Socket, underWay: ReadonlyMap<number, Played>): void {
  let text = '';
  let visit: { readonly played: Played; readonly marks: Marks } | undefined;
  const leave = () => visit?.played.left(visit.marks);
  socket.on('end', () => socket.end()).on('close', leave);
  socket.on('data', (chunk: Buffer) => {
    if (visit !== undefined) for (const mark of saidIn(chunk)) visit.played.reach(mark, visit.marks);
    text = (text + chunk.toString('latin1')).slice(-65_536);
    const found = /case-(\d+)/.exec(text);
    if (found === null || !text.includes('\r\n\r\n')) return;
    const head = text;
    text = '';
    const played = underWay.get(Number(found[1]));
    if (played === undefined) return;
    leave();
    const marks = played.atNode();
    visit = { played, marks };
    const hasMoved = lineOf(head, 'x-wscluster-migrated-from') !== undefined;
    if (hasMoved) played.reach('dialled');
    const { node, arrival = node } = played.steps;
    const token = lineOf(head, 'x-wscluster-token') ?? '';
    play(socket, hasMoved ? arrival : node, {
      marks,
      webSocketKey: lineOf(head, 'sec-websocket-key'),
      fill: (sent) => sent.replaceAll(TOKEN, token),
      move: (way) => played.move(way),
    }).catch(() => socket.destroy());
  });
}

function lineOf(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)\r$`, 'im').exec(head)?.[1];
}

const [CLOSE, PING] = [0x88, 0x89];

/** What the gateway says by control frames of its own. It sends each at once: none is looked for in two chunks. */
function* saidIn(chunk: Buffer): Generator<Mark> {
  for (let at = 0; at + 6 <= chunk.length; at++) {
    const [first, second] = [chunk[at], chunk[at + 1] as number];
    const end = at + 6 + (second & 0x7f);
    if ((first !== CLOSE && first !== PING) || second < 0x80 || end > chunk.length) continue;
    const text = chunk.subarray(at + 6, end).map((byte, i) => byte ^ (chunk[at + 2 + (i & 3)] as number));
    const said = Buffer.from(text).toString('latin1');
    if (first === CLOSE ? said.endsWith('owner changed') : said.startsWith('wscluster:release ')) yield 'asked';
    else if (said.startsWith('wscluster:begin ')) yield 'begun';
  }
}
