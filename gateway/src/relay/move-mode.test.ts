import { DEFAULT_MOVE_SETTINGS, type Route } from '@wscluster/ring';
import { describe, expect, it } from 'vitest';
import { moveMode } from './move-mode.ts';

const ROUTE: Route = { path: '/a', key: { query: 'u' } };
const MIGRATES: Route = { ...ROUTE, mode: 'migrate' };
const moves = { ...DEFAULT_MOVE_SETTINGS, mode: 'migrate' as const };

describe('how a connection moves', () => {
  it('is what the request asks for, else what its route says, else what the cluster says', () => {
    const plain = { headers: {}, url: '/a?u=1' };
    expect(moveMode(plain, ROUTE)).toBe('reconnect');
    expect(moveMode(plain, ROUTE, moves)).toBe('migrate');
    expect(moveMode(plain, { ...ROUTE, mode: 'reconnect' }, moves)).toBe('reconnect');
    expect(moveMode(plain, MIGRATES)).toBe('migrate');
    expect(moveMode({ ...plain, headers: { 'wscluster-mode': 'reconnect' } }, MIGRATES)).toBe('reconnect');
    expect(moveMode({ headers: {}, url: '/a?u=1&wscluster-mode=migrate' }, ROUTE)).toBe('migrate');
    expect(moveMode({ headers: {}, url: '/a?wscluster-mode=teleport' }, MIGRATES)).toBe('migrate');
  });
});
