/** A controller's source on a disk that hangs: it starts a node, whose record never gets written. */
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { silentLogger } from '@wscluster/service';

fs.open = () => new Promise(() => {});
syncBuiltinESMExports();

const [directory = '', script = ''] = process.argv.slice(2);
const { openLocalSource } = await import('@wscluster/controller/adapters/local');
const source = openLocalSource(
  {
    directory,
    settings: () => ({ drainSeconds: 0, command: [process.execPath, '-e', script] }),
    sampleCommand: [],
    log: silentLogger,
  },
  { onChange: () => {} },
);
// Keeps the process alive, as a controller's listeners do.
setInterval(() => {}, 1000);
await source.create();
