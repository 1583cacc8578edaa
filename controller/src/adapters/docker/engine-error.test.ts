import { expect, test } from 'vitest';
import { engineError, statusOf } from './engine-error.ts';

const HOST = 'unix:///var/run/docker.sock';
const failure = (code: string, text = code) => Object.assign(new Error(text), { code });
const answer = (statusCode: number, message: string) =>
  Object.assign(new Error(`(HTTP code ${statusCode}) server error - ${message} `), { statusCode, json: { message } });

test.each([
  [failure('EACCES', `connect EACCES ${HOST}`), 'member of the group that owns the socket'],
  [failure('ENOENT'), 'check that the engine is running'],
  [failure('ECONNREFUSED'), 'check that the engine is running'],
  [failure('DEPTH_ZERO_SELF_SIGNED_CERT'), 'check ca.pem'],
  [failure('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), 'check cert.pem and key.pem'],
  [failure('EPROTO', 'SSL routines:wrong version number'), 'unset DOCKER_TLS_VERIFY'],
  [answer(400, 'Client sent an HTTP request to an HTTPS server.'), 'set DOCKER_TLS_VERIFY=1'],
  [answer(400, 'client version 1.24 is too old. Minimum supported API version is 1.44'), 'too old or too new'],
])('%s: the message names the engine and what was wanted, and says what to do', (thrown, advice) => {
  const { code, message } = engineError(thrown, HOST, 'list its containers');
  expect(code).toBe('SOURCE_UNAVAILABLE');
  expect(message).toContain(`Docker at ${HOST} cannot list its containers: `);
  expect(message).toContain(advice);
});

test('an answer is told in the words of the engine, and known by its status', () => {
  const thrown = answer(500, 'driver failed programming external connectivity');
  expect(engineError(thrown, HOST, 'start it').message).toBe(
    `Docker at ${HOST} cannot start it: driver failed programming external connectivity`,
  );
  expect(statusOf(thrown)).toBe(500);
  expect(statusOf(failure('ENOENT'))).toBeUndefined();
});
