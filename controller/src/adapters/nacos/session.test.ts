import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Answer, Call } from './http.ts';
import { NacosSession } from './session.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const LOGIN = '/v1/auth/login';
const LIFE_MS = 100_000;

/** A server that gives a new token at each login, and takes only the newest. */
function server() {
  const state = { logins: 0, calls: [] as Call[] };
  const answer = (status: number, text = ''): Answer => ({ status, text, server: 'http://nacos:8848/nacos' });
  const call = async (one: Call): Promise<Answer> => {
    if (one.path === LOGIN) {
      state.logins++;
      return answer(200, JSON.stringify({ accessToken: `token-${state.logins}`, tokenTtl: LIFE_MS / 1000 }));
    }
    state.calls.push(one);
    return answer(one.headers?.authorization === `Bearer token-${state.logins}` ? 200 : 403);
  };
  return { state, call, answer };
}

const ask: Call = { method: 'GET', path: '/v1/ns/service' };
const user = () => ({ username: 'nacos', password: 'secret' });

test('calls that begin together log in once, and share the token until 90 % of its life are over', async () => {
  const { state, call } = server();
  const session = new NacosSession({ call }, user, LOGIN);
  const answers = await Promise.all(Array.from({ length: 8 }, () => session.call(ask)));
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
  expect(state.logins).toBe(1);
  vi.advanceTimersByTime(0.89 * LIFE_MS);
  await session.call(ask);
  expect(state.logins).toBe(1);
  vi.advanceTimersByTime(0.02 * LIFE_MS);
  expect((await session.call(ask)).status).toBe(200);
  expect(state.logins).toBe(2);
});

test('a token that the server forgot is replaced once for all calls that it was refused to', async () => {
  const { state, call } = server();
  const session = new NacosSession({ call }, user, LOGIN);
  await session.call(ask);
  await call({ method: 'POST', path: LOGIN }); // somebody else's login: ours is void
  const answers = await Promise.all(Array.from({ length: 8 }, () => session.call(ask)));
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
  expect(state.logins).toBe(3);
});

test('a user without rights is refused after one more login', async () => {
  const { state, call, answer } = server();
  const session = new NacosSession(
    { call: async (one) => (one.path === LOGIN ? call(one) : answer(403)) },
    user,
    LOGIN,
  );
  expect((await session.call(ask)).status).toBe(403);
  expect((await session.call(ask)).status).toBe(403);
  expect(state.logins).toBeLessThanOrEqual(2);
});

test('a server without a login gets no token', async () => {
  const { state, call, answer } = server();
  const session = new NacosSession(
    { call: async (one) => (one.path === LOGIN ? answer(404, '{"timestamp":1}') : call(one)) },
    user,
    LOGIN,
  );
  await session.call(ask);
  expect(state.calls).toEqual([ask]);
});

test('a failed login is not remembered', async () => {
  const { call, answer } = server();
  let failing = true;
  const session = new NacosSession(
    { call: async (one) => (one.path === LOGIN && failing ? answer(500) : call(one)) },
    user,
    LOGIN,
  );
  await expect(session.call(ask)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  failing = false;
  expect((await session.call(ask)).status).toBe(200);
});

/** A server whose users and tokens can be changed. */
function rotatingServer() {
  const state = { password: 'first', token: 'first', logins: 0 };
  const answer = (status: number, text = ''): Answer => ({ status, text, server: 'http://nacos:8848/nacos' });
  const call = async ({ path, form, headers }: Call): Promise<Answer> => {
    if (path !== LOGIN) return answer(headers?.authorization === `Bearer ${state.token}` ? 200 : 403);
    state.logins++;
    if (form?.password !== state.password) return answer(403);
    return answer(200, JSON.stringify({ accessToken: state.token, tokenTtl: LIFE_MS / 1000 }));
  };
  return { state, call };
}

test('a changed password is taken at the next login, and a call that is refused leads to one', async () => {
  const { state, call } = rotatingServer();
  let password = 'first';
  const session = new NacosSession({ call }, () => ({ username: 'nacos', password }), LOGIN);
  expect((await session.call(ask)).status).toBe(200);
  password = 'second';
  expect((await session.call(ask)).status).toBe(200);
  expect(state.logins).toBe(1);
  Object.assign(state, { password: 'second', token: 'second' });
  expect((await session.call(ask)).status).toBe(200);
  expect(state.logins).toBe(2);
});

test('a password that is not changed yet is refused until it is', async () => {
  const { state, call } = rotatingServer();
  let password = 'first';
  const session = new NacosSession({ call }, () => ({ username: 'nacos', password }), LOGIN);
  await session.call(ask);
  Object.assign(state, { password: 'second', token: 'second' });
  await expect(session.call(ask)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  password = 'second';
  expect((await session.call(ask)).status).toBe(200);
});

test('a changed token is taken by the next call, also by one that was refused while it changed', async () => {
  const { state, call } = rotatingServer();
  let token = 'first';
  let before = () => {};
  const session = new NacosSession(
    {
      call: (one) => {
        before();
        return call(one);
      },
    },
    () => ({ token }),
    LOGIN,
  );
  expect((await session.call(ask)).status).toBe(200);
  before = () => {
    state.token = 'second';
    token = 'second';
  };
  expect((await session.call(ask)).status).toBe(200);
  token = 'wrong';
  before = () => {};
  expect((await session.call(ask)).status).toBe(403);
  expect(state.logins).toBe(0);
});
