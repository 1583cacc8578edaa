import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { hostPortOption, readOptions, secondsOption } from './options.ts';

const specs = {
  listen: { schema: hostPortOption.prefault('127.0.0.1:80'), help: 'where to listen' },
  drainSeconds: { schema: secondsOption.prefault(60), help: 'how long to drain, s (default 60)' },
  name: { schema: z.string().min(1), help: 'what it is called' },
};
const read = (argv: string[], env: NodeJS.ProcessEnv = {}) => readOptions('program', specs, argv, env);
const refused = (field: string) => expect.objectContaining({ code: 'CONFIG_INVALID', field });

afterEach(() => {
  vi.restoreAllMocks();
});

test('flags win over the environment, which wins over defaults', () => {
  const env = { WSCLUSTER_NAME: 'from-env', WSCLUSTER_DRAIN_SECONDS: '1.5' };
  expect(read(['--name', 'from-flag'], env)).toEqual({
    listen: { host: '127.0.0.1', port: 80 },
    drainSeconds: 1500,
    name: 'from-flag',
  });
  expect(read([], env)).toMatchObject({ name: 'from-env' });
});

test('a missing or bad value is refused by the name of its flag', () => {
  expect(() => read([])).toThrow(refused('name'));
  expect(() => read(['--name', 'x', '--listen', 'nowhere'])).toThrow(refused('listen'));
  expect(() => read(['--name', 'x', '--drain-seconds=-1'])).toThrow(refused('drain-seconds'));
  expect(() => read(['--name', 'x', '--drain-seconds', ''])).toThrow(refused('drain-seconds'));
  expect(() => read(['--name', 'x'], { WSCLUSTER_DRAIN_SECONDS: 'soon' })).toThrow(/WSCLUSTER_DRAIN_SECONDS/);
});

test('an empty variable counts as unset', () => {
  expect(read(['--name', 'x'], { WSCLUSTER_DRAIN_SECONDS: '' })).toMatchObject({ drainSeconds: 60_000 });
});

test('an unknown flag and a stray argument are refused', () => {
  expect(() => read(['--name', 'x', '--nmae', 'y'])).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  expect(() => read(['--name', 'x', 'y'])).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

test('help lists every flag with its variable, and nothing is read', () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  expect(read(['--help'])).toBeUndefined();
  const text = String(write.mock.calls[0]?.[0]);
  for (const part of ['--listen', '--drain-seconds', 'WSCLUSTER_DRAIN_SECONDS', 'how long to drain'])
    expect(text).toContain(part);
});
