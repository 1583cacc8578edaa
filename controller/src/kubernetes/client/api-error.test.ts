import { describe, expect, test } from 'vitest';
import { ApiRefusal, apiError, readRefusal, refusalOf } from './api-error.ts';

const server = 'https://10.0.0.1:6443';
const status = (code: number, reason: string, message: string) =>
  readRefusal(code, JSON.stringify({ kind: 'Status', code, reason, message }));
const create = { verb: 'create', resource: 'pods', namespace: 'chat' };

describe('an answer of the API server that is no success', () => {
  test.each([
    [status(404, 'NotFound', 'pods "a" not found'), 'NOT_FOUND', /pods "a" not found$/],
    [status(409, 'AlreadyExists', 'pods "a" already exists'), 'CONFLICT', /already exists$/],
    [
      status(422, 'Invalid', 'Pod "a" is invalid: spec.containers: Required value'),
      'CONFIG_INVALID',
      /Required value$/,
    ],
    [
      status(403, 'Forbidden', 'pods is forbidden: User "wsc" cannot create resource "pods" in API group ""'),
      'SOURCE_UNAVAILABLE',
      /allow the verb create on pods in the namespace chat/,
    ],
    [
      status(403, 'Forbidden', 'pods "a" is forbidden: exceeded quota: few, requested: pods=1'),
      'SOURCE_UNAVAILABLE',
      /exceeded quota: few.*raise the quota/,
    ],
    [
      status(403, 'Forbidden', 'pods "a" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot'),
      'SOURCE_UNAVAILABLE',
      /runAsNonRoot.*change the pod template/,
    ],
    [status(401, 'Unauthorized', 'Unauthorized'), 'SOURCE_UNAVAILABLE', /service account/],
    [readRefusal(502, '<html>Bad Gateway</html>'), 'SOURCE_UNAVAILABLE', /502 <html>Bad Gateway.*tries again/],
  ])('%s is %s', (refusal, code, message) => {
    const error = apiError(refusal, server, create);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(error.message).toContain(`Kubernetes at ${server} cannot create pods in the namespace chat: `);
    expect(refusalOf(error)).toBe(refusal);
  });

  test('says that the custom resource definition is missing', () => {
    const refusal = new ApiRefusal(404, '', '404 page not found');
    const error = apiError(refusal, server, { verb: 'list', resource: 'wsclusters' });
    expect(error.message).toContain(
      'list wsclusters in all namespaces: 404 page not found; install the custom resource',
    );
  });
});

test('a server that has too much to do says when to ask again', () => {
  const body = JSON.stringify({ message: 'too many requests' });
  expect(readRefusal(429, body, '3')).toMatchObject({ status: 429, retryAfterMs: 3000 });
  expect(readRefusal(503, 'down', '1').retryAfterMs).toBe(1000);
  expect(readRefusal(503, 'down', 'Fri, 31 Dec 1999 23:59:59 GMT').retryAfterMs).toBeUndefined();
  expect(readRefusal(429, body).retryAfterMs).toBeUndefined();
});

test('no answer at all is said with its cause', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:6443'), { code: 'ECONNREFUSED' });
  const error = apiError(refused, server, create);
  expect(error).toMatchObject({
    code: 'SOURCE_UNAVAILABLE',
    message: expect.stringContaining('the API server is running'),
  });
  expect(refusalOf(error)).toBeUndefined();
});
