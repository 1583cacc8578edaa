import type { Socket } from 'node:net';
import type { Limits } from '../limits.ts';
import type { Answer } from './answer-head.ts';
import type { BodyEnd } from './body-end.ts';
import { endClient } from './refuse.ts';
import type { Upstream } from './upstream.ts';

const NOT_PASSED = new Set(['connection', 'keep-alive', 'proxy-connection']);
/** Also for answers that have no body, and so must have no length (RFC 9110, 8.6). */
const NOT_PASSED_WITHOUT_BODY = new Set([...NOT_PASSED, 'content-length', 'transfer-encoding']);

/**
 * Passes on an answer other than 101, with the lines that the gateway adds, then closes both connections and calls `onGone`. An owner that is
 * silent for answerMs within its answer, or a client that reads none of it, is cut off. `body`: see bodyEndOf.
 */
export function passAnswer(
  client: Socket,
  upstream: Upstream,
  answer: Answer & { readonly added: readonly string[] },
  body: BodyEnd,
  limits: Limits,
  onGone: () => void,
): void {
  const { head, rest } = answer;
  const node = upstream.socket;
  const notPassed = head.status === 204 || head.status === 205 ? NOT_PASSED_WITHOUT_BODY : NOT_PASSED;
  const kept = head.headers.filter(([name]) => !notPassed.has(name.toLowerCase()));
  const lines = [
    `HTTP/1.1 ${head.status} ${head.reason}`,
    ...kept.map(([name, value]) => `${name}: ${value}`),
    ...answer.added,
  ];

  const finish = () => {
    clearTimeout(timer);
    upstream.receive = () => true;
    node.off('end', finish).off('close', finish).destroy();
    client.off('close', finish).off('drain', resume);
    if (!client.destroyed) endClient(client, '');
    onGone();
  };
  const resume = () => node.resume();
  const timer = setTimeout(finish, limits.answerMs);

  node.on('end', finish).on('close', finish);
  client.on('close', finish).on('drain', resume);
  client.resume();
  client.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`, 'latin1');
  upstream.receive = (chunk) => {
    timer.refresh();
    const taken = body.take(chunk);
    if (taken > 0 && !client.write(taken === chunk.length ? chunk : chunk.subarray(0, taken))) node.pause();
    if (body.done) finish();
    return false;
  };
  if (rest.length > 0) upstream.receive(rest);
  else if (body.done) finish();
}
