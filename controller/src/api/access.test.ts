import { describe, expect, test } from 'vitest';
import { checkAccess, isLoopback } from './access.ts';

const TOKEN = 'a-token-of-16-bytes';
const request = { authorization: undefined, host: '127.0.0.1:7080', origin: undefined };

describe('access to the API', () => {
  test('without a token, programs of this machine may call', () => {
    for (const host of ['localhost:7080', '127.0.0.1:7080', '[::1]:7080', '127.8.8.8'])
      expect(() => checkAccess({ ...request, host }, undefined)).not.toThrow();
  });

  test('without a token, a rebound name or a page of another site may not', () => {
    expect(() => checkAccess({ ...request, host: 'evil.example:7080' }, undefined)).toThrow(
      'only answers requests to localhost',
    );
    expect(() => checkAccess({ ...request, host: undefined }, undefined)).toThrow('only answers requests to localhost');
    expect(() => checkAccess({ ...request, origin: 'http://evil.example' }, undefined)).toThrow('pages of other sites');
    expect(() => checkAccess({ ...request, origin: 'http://127.0.0.1:7080' }, undefined)).not.toThrow();
  });

  test('with a token, only who shows it may, from anywhere', () => {
    const remote = { ...request, host: 'wscluster.example' };
    expect(() => checkAccess({ ...remote, authorization: `Bearer ${TOKEN}` }, TOKEN)).not.toThrow();
    for (const authorization of [undefined, 'Bearer ', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`])
      expect(() => checkAccess({ ...remote, authorization }, TOKEN)).toThrow(
        expect.objectContaining({ code: 'UNAUTHORIZED' }),
      );
  });

  test('loopback is told from the rest', () => {
    expect(['127.0.0.1', '::1', 'localhost', '127.9.9.9'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '::', '10.0.0.1', 'example.org', '128.0.0.1'].some(isLoopback)).toBe(false);
  });
});
