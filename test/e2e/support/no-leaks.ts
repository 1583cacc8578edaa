import { afterEach, expect } from 'vitest';
import { until } from './wait.ts';

const leaked = () =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap' || kind === 'TCPServerWrap');

// Registered before a file's own hooks, and so run after them: what a test opened it has closed by then.
afterEach(async () => {
  await until('every socket of the test is closed', () => leaked().length === 0, 5000).catch(() => {});
  expect(leaked(), 'sockets and servers that a test left open').toEqual([]);
});
