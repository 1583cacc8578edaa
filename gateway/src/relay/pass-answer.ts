import type { Socket } from 'node:net';
import type { Limits } from '../limits.ts';
import { PatientTimer } from '../patient-timer.ts';
import type { Answer } from './answer-head.ts';
import type { BodyEnd } from './body-end.ts';
import { endClient } from './refuse.ts';
import { giveTo, NOBODY } from './socket-user.ts';

const NOT_PASSED = new Set(['connection', 'keep-alive', 'proxy-connection']);
/** Also for answers that have no body, and so must have no length (RFC 9110, 8.6). */
const NOT_PASSED_WITHOUT_BODY = new Set([...NOT_PASSED, 'content-length', 'transfer-encoding']);

/**
 * Passes on an answer other than 101, with the lines that the gateway adds, then closes both connections and calls
 * `onGone`. An owner that is silent for answerMs within its answer, or a client that reads none of it, is cut off.
 * `body`: see bodyEndOf.
 */
export function passAnswer(
  client: Socket,
  node: Socket,
  answer: Answer & { readonly added: readonly string[] },
  body: BodyEnd,
  limits: Limits,
  onGone: () => void,
): void {
  const { head, rest } = answer;
  const notPassed = head.status === 204 || head.status === 205 ? NOT_PASSED_WITHOUT_BODY : NOT_PASSED;
  const kept = head.headers.filter(([name]) => !notPassed.has(name.toLowerCase()));
  const lines = [
    `HTTP/1.1 ${head.status} ${head.reason}`,
    ...kept.map(([name, value]) => `${name}: ${value}`),
    ...answer.added,
  ];

  const finish = () => {
    timer.stop();
    giveTo(NOBODY, node);
    giveTo(NOBODY, client);
    node.destroy();
    if (!client.destroyed) endClient(client, '');
    onGone();
  };
  const timer = new PatientTimer();
  timer.start(limits.answerMs, finish);

  giveTo({ ...NOBODY, onClose: finish, onDrain: () => node.resume() }, client);
  client.resume();
  client.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`, 'latin1');
  const onChunk = (chunk: Buffer) => {
    timer.refresh();
    const taken = body.take(chunk);
    if (taken > 0 && !client.write(taken === chunk.length ? chunk : chunk.subarray(0, taken))) node.pause();
    if (body.done) finish();
    return false;
  };
  giveTo({ onChunk, onEnd: finish, onClose: finish }, node);
  if (rest.length > 0) onChunk(rest);
  else if (body.done) finish();
}
