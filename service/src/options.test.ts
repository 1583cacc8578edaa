import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { configFileOption, durationOption, hostPortOption, readOptions } from './options.ts';

const specs = {
  listen: { schema: hostPortOption.prefault('127.0.0.1:80'), help: 'where to listen' },
  drainMs: { name: 'drainSeconds', schema: durationOption.prefault(60), help: 'how long to drain, s (default 60)' },
  name: { schema: z.string().min(1), help: 'what it is called' },
};
const read = (argv: string[], env: NodeJS.ProcessEnv = {}) => readOptions('program', specs, argv, env);
const refused = (field: string) => expect.objectContaining({ code: 'CONFIG_INVALID', field });

const folder = mkdtempSync(join(tmpdir(), 'options-'));
afterAll(() => rmSync(folder, { recursive: true }));

afterEach(() => {
  vi.restoreAllMocks();
});

test('flags win over the environment, which wins over defaults', () => {
  const env = { WSCLUSTER_NAME: 'from-env', WSCLUSTER_DRAIN_SECONDS: '1.5' };
  expect(read(['--name', 'from-flag'], env)).toEqual({
    listen: { host: '127.0.0.1', port: 80 },
    drainMs: 1500,
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

test('a file of options stands between the environment and the defaults', () => {
  const withFile = { config: configFileOption, ...specs };
  const readFile = (text: string, env: NodeJS.ProcessEnv = {}) => {
    const path = join(folder, 'options.yaml');
    writeFileSync(path, text);
    return readOptions('program', withFile, ['--config', path], env);
  };
  const text = 'name: from-file\ndrainSeconds: 2.5\n';
  expect(readFile(text)).toMatchObject({ name: 'from-file', drainMs: 2_500 });
  expect(readFile(text, { WSCLUSTER_NAME: 'from-env' })).toMatchObject({ name: 'from-env', drainMs: 2_500 });
  expect(readFile('{"name": "json", "listen": ":81"}')).toMatchObject({ name: 'json', listen: { port: 81 } });
  expect(() => readFile('')).toThrow(refused('name'));
  expect(() => readFile('nmae: x')).toThrow(refused('nmae'));
  // The name is what users know; the key that holds the value is not.
  expect(() => readFile('name: x\ndrainMs: 2500')).toThrow(refused('drainMs'));
  expect(() => readFile('name: [x]')).toThrow(refused('name'));
  expect(() => readFile('- name')).toThrow(refused('config'));
  expect(() => readFile('name: [')).toThrow(refused('config'));
  expect(() => readFile('name: x\ndrainSeconds: soon')).toThrow(/drainSeconds in .*options\.yaml/);
  expect(() => readOptions('program', withFile, ['--config', '/nowhere.yaml'], {})).toThrow(refused('config'));
});

test('a live option follows the file that its variable names, and stays when it is given otherwise', () => {
  const live = {
    url: { schema: z.url({ protocol: /^redis$/, error: 'must be a URL' }).optional(), help: '', live: true },
  } as const;
  const path = join(folder, 'url');
  const readLive = (argv: string[], env: NodeJS.ProcessEnv = { WSCLUSTER_URL_FILE: path }) =>
    readOptions('program', live, argv, env)?.url;
  writeFileSync(path, 'redis://one\n');
  const followed = readLive([]);
  expect(followed).toMatchObject({ value: 'redis://one', file: path });
  writeFileSync(path, 'redis://two');
  expect(followed?.value).toBe('redis://two');
  expect(readLive(['--url', 'redis://flag'])).toMatchObject({ value: 'redis://flag', file: undefined });
  expect(readLive([], { WSCLUSTER_URL: 'redis://env', WSCLUSTER_URL_FILE: path })?.value).toBe('redis://env');
  expect(readLive([], {})).toBeUndefined();
  writeFileSync(path, 'http://secret');
  expect(() => readLive([])).toThrow(/^WSCLUSTER_URL_FILE: .*url must be a URL$/);
  expect(() => readLive(['--url', 'http://secret'])).toThrow(refused('url'));
});

test('an empty variable counts as unset', () => {
  expect(read(['--name', 'x'], { WSCLUSTER_DRAIN_SECONDS: '' })).toMatchObject({ drainMs: 60_000 });
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
