import { writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { messageOf } from '@wscluster/ring';
import type { Command } from '../command.ts';
import { EXIT, EXIT_HELP } from '../exit-codes.ts';
import { clusterFile, clusterName } from '../init/cluster-file.ts';
import { type InitOptions, readInitOptions } from '../init/options.ts';

const USAGE = 'usage: wscluster init [--file FILE] [--path PATH] (-- COMMAND... | --image IMAGE [--port N])\n';
const HELP = `${USAGE}
Writes a cluster file with comments for the server that you name, by the command that starts it or by its image. It asks
nothing, and does not replace a file. "wscluster dev --cluster FILE" runs it as it is.

  wscluster init -- node server.js
  wscluster init --path "/rooms/{room}" -- python3 server.py --port {port}
  wscluster init --image registry.example.com/chat:1.2 --port 3000

  --file FILE    the file to write (default wscluster.yaml). The command runs in its folder
  --path PATH    path that clients connect to, with a placeholder that is their key (default: clients get a cookie as their
                 key, on every path)
  --image IMAGE  Docker image of the server
  --port N       port that the server listens on in its container (default 8080)

${EXIT_HELP}
`;

export const init: Command = {
  name: 'init',
  summary: 'write a cluster file for your server',
  async run(args) {
    let options: InitOptions | undefined;
    try {
      options = readInitOptions(args);
    } catch (error) {
      process.stderr.write(`wscluster init: ${messageOf(error)}\n${USAGE}`);
      return EXIT.usage;
    }
    if (options === undefined) {
      process.stdout.write(HELP);
      return EXIT.ok;
    }
    const { file } = options;
    const name = clusterName(basename(dirname(resolve(file))));
    try {
      writeFileSync(file, clusterFile(name, options), { flag: 'wx' });
    } catch (error) {
      const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
      const why = exists ? `${file} exists already; name another one by --file` : messageOf(error);
      process.stderr.write(`wscluster init: ${why}\n`);
      return EXIT.failed;
    }
    process.stdout.write(`wrote ${file}: the cluster ${name}. Run it:\n\n  npx wscluster dev --cluster ${file}\n`);
    return EXIT.ok;
  },
};
