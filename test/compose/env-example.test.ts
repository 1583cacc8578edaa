import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const compose = (file: string) => readFileSync(new URL(`../../deploy/compose/${file}`, import.meta.url), 'utf8');

test('.env.example has each variable of the compose files with its default, and no other', () => {
  const used = [...`${compose('compose.yaml')}${compose('bring-your-own.yaml')}`.matchAll(/\$\{(\w+):-([^}]*)\}/g)];
  const offered = compose('.env.example')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(offered.map((line) => line.split('=')[0]).sort()).toEqual([...new Set(used.map(([, name]) => name))].sort());
  // bring-your-own.yaml has a folder of clusters of its own.
  const lines = used.map(([, name, value]) => `${name}=${value}`).filter((line) => !line.endsWith('=./bring-your-own'));
  expect([...new Set(lines)].sort()).toEqual([...offered].sort());
});

test('no variable is used without a default', () => {
  for (const file of ['compose.yaml', 'bring-your-own.yaml'])
    expect(compose(file).replace(/\$\{\w+:-[^}]*\}/g, '')).not.toMatch(/\$\{/);
});
