#!/usr/bin/env node
// `npx wscluster`: runs the command line under the pinned Node, whichever Node npx came with.
import { fileURLToPath } from 'node:url';

process.argv.splice(2, 0, fileURLToPath(new URL('src/main.ts', import.meta.url)));
await import('../scripts/run.mjs');
