import { settableText } from '@wscluster/service';
import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { parseAmqpUrl } from './amqp/address.ts';
import { LiveAddress } from './live-address.ts';

const FIRST = 'amqp://user:one@host';
let lines: Record<string, unknown>[];
beforeEach(() => {
  lines = [];
});

function follow() {
  const url = settableText(FIRST);
  const log = pino({}, { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
  const address = new LiveAddress({ what: 'bus', url, parse: (text) => parseAmqpUrl(text, 3), log });
  const users: string[] = [];
  const end = address.onChange(() => users.push(address.value.user));
  return { url, address, users, end };
}

test('another URL is told once, by its address alone', () => {
  const { url, users, address, end } = follow();
  url.set('amqp://other:two@host:99/v');
  expect(users).toEqual(['other']);
  expect(address.value.user).toBe('other');
  expect(lines).toEqual([expect.objectContaining({ event: 'bus-url-changed', address: 'amqp://host:99/v' })]);
  expect(JSON.stringify(lines)).not.toMatch(/two|other/);
  end();
  url.set(FIRST);
  expect(users).toEqual(['other']);
});

test('a URL that is none changes nothing and is told once, and what follows it is taken', () => {
  const { url, users, address } = follow();
  url.set('http://user:secret@host');
  expect([users, address.value.user, address.value.user]).toEqual([[], 'user', 'user']);
  expect(lines).toEqual([expect.objectContaining({ event: 'bus-url-refused', action: expect.any(String) })]);
  expect(JSON.stringify(lines)).not.toContain('secret');
  url.set('amqp://other:two@host');
  expect(users).toEqual(['other']);
});
