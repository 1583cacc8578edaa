import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadClusterFile } from '@wscluster/controller';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clusterFile, clusterName } from './cluster-file.ts';
import { type InitOptions, readInitOptions } from './options.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wsc-init-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const read = (options: Pick<InitOptions, 'program' | 'path'>) => {
  const file = join(directory, 'wscluster.yaml');
  writeFileSync(file, clusterFile('chat', options));
  return loadClusterFile(file).cluster;
};

test('a command is in the file word for word, whatever its words look like', () => {
  const command = [
    'node',
    'a b',
    '{port}',
    '- x',
    'yes',
    'null',
    '8080',
    '1.0',
    '#',
    'a: b',
    '"',
    "'",
    '\\',
    '[',
    'é',
    '~',
  ];
  const { metadata, spec } = read({ program: { command }, path: undefined });
  expect(metadata.name).toBe('chat');
  expect(spec.nodes).toMatchObject({ replicas: 3, command, drainSeconds: 30 });
  expect(spec.routing.routes).toEqual([{ prefix: '/', key: { cookie: 'wscluster', generate: {} } }]);
});

test('an image has its port', () => {
  const { nodes } = read({ program: { image: 'registry:5000/chat@sha256:1', port: 3000 }, path: undefined }).spec;
  expect(nodes).toMatchObject({ image: 'registry:5000/chat@sha256:1', port: 3000, addressFrom: 'publishedPort' });
});

test.each([
  ['/rooms/{room}', 'room'],
  ['/yjs/{name...}', 'name'],
])('a path %s is a route whose key is %s, and all else goes anywhere', (path, param) => {
  expect(read({ program: { command: ['serve'] }, path }).spec.routing.routes).toEqual([
    { path, key: { param } },
    { prefix: '/', key: { none: true } },
  ]);
});

test.each([
  ['My App (2)', 'my-app-2'],
  ['--', 'app'],
  ['Ünï', 'n'],
  ['a'.repeat(60), 'a'.repeat(50)],
])('the folder %j makes the cluster %s', (folder, name) => {
  expect(clusterName(folder)).toBe(name);
});

test('the command begins after -- or with the first word that is no option, and keeps its own options', () => {
  const command = ['node', '--port', '{port}', '--image', 'x'];
  expect(readInitOptions(['--file', 'a.yaml', ...command])).toMatchObject({ file: 'a.yaml', program: { command } });
  expect(readInitOptions(['--', '--odd', '--help'])).toMatchObject({ program: { command: ['--odd', '--help'] } });
  expect(readInitOptions(['--help'])).toBeUndefined();
});
