#!/usr/bin/env node
// The published command `wscluster`. An older Node gets told which one is needed, before it fails on something that it
// lacks.
import { readFileSync } from 'node:fs';

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const needed = Number(engines.node.replace('>=', ''));
if (Number.parseInt(process.versions.node, 10) < needed) {
  process.stderr.write(`wscluster: needs Node ${needed} or later, but this is ${process.version}\n`);
  process.exit(2);
}
await import('../cli/src/main.js');
