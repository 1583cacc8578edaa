import { writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { messageOf } from '@wscluster/ring';
import type { Command } from '../command.ts';
import { EXIT, EXIT_HELP } from '../exit-codes.ts';
import { clusterFile, clusterName } from '../init/cluster-file.ts';
import { type InitOptions, readInitOptions } from '../init/options.ts';

const USAGE = 'usage: wscluster init [--file FILE] [--path PATH] (-- COMMAND... | --image IMAGE [--port N])\n';
const HELP = `${USAGE}
Writes a commented cluster file for your server. Give the command that starts the server, or its image. init asks no
questions, and never overwrites a file. "wscluster dev --cluster FILE" runs the cluster.

  wscluster init -- node server.js
  wscluster init --path "/rooms/{room}" -- python3 server.py --port {port}
  wscluster init --image registry.example.com/chat:1.2 --port 3000

  --file FILE    the file to write (default wscluster.yaml). The command runs in its folder
  --path PATH    path that clients connect to, with a placeholder for their key (default: all paths, and each client gets
                 a cookie as its key)
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
      const why = exists ? `${file} already exists; name another file with --file` : messageOf(error);
      process.stderr.write(`wscluster init: ${why}\n`);
      return EXIT.failed;
    }
    process.stdout.write(`wrote ${file}: the cluster ${name}. Run it:\n\n  npx wscluster dev --cluster ${file}\n`);
    return EXIT.ok;
  },
};
