import { connect } from 'node:net';
import { CASE_KEY, type Case, type Way } from './case.ts';
import type { Patience } from './patience.ts';
import { play } from './play.ts';
import type { Played } from './played.ts';

/** A client that has sent all of it gives up when nothing has come for so long, ms. */
const QUIET_MS = 15;
/** A patient one when nothing has ended it for so long; the gateway's limits are shorter. */
const PATIENCE_MS = 25_000;

/** Plays the client of a case. Returns what is wrong with what it got, or undefined. */
export async function playClient(port: number, played: Played, clock: Patience): Promise<string | undefined> {
  const { client, patience } = played.steps;
  const { client: marks } = played;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  let start = '';
  let heard = clock.now;
  socket.on('error', () => {});
  if (patience !== 'blind')
    socket.on('data', (chunk: Buffer) => {
      heard = clock.now;
      if (start.length === 0) played.reach('open');
      if (start.length < 9) start += chunk.toString('latin1', 0, 9);
    });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('end', () => socket.end());
  socket.on('close', () => marks.end());
  const role = {
    marks,
    fill: (text: string) => text.replaceAll(CASE_KEY, played.key),
    move: (way: Way) => played.move(way),
  };
  const stuck = new Promise<void>((resolve) => socket.on('close', clock.after(PATIENCE_MS, resolve)));
  await Promise.race([play(socket, client, role), closed, stuck]);
  heard = clock.now;
  const quiet = async () => {
    while (!socket.closed && clock.now - heard < (patience === 'none' ? QUIET_MS : PATIENCE_MS))
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  };
  await Promise.race([closed, quiet()]);
  const left = !socket.destroyed;
  socket.destroy();
  await closed;
  if (start.length >= 9 && !/^HTTP\/1\.[01] /.test(start)) return `the client got no HTTP: ${JSON.stringify(start)}`;
  return patience === 'patient' && left && start.length === 0 && sendsRequest(client)
    ? 'the client was left without an answer'
    : undefined;
}

/** A client that ends its request by itself must hear of it. */
function sendsRequest(client: Case['client']): boolean {
  return client.some((step) => 'send' in step && step.send.length > 0);
}
