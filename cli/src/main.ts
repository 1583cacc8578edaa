import type { Command } from './command.ts';
import { commands } from './commands/all.ts';
import { EXIT, EXIT_HELP, type ExitCode } from './exit-codes.ts';

const OVERVIEW = `wscluster: routes WebSocket connections by key over many nodes

usage: wscluster COMMAND [options]

${commands.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

New here? Start a whole cluster, then ask it something in another terminal:

  wscluster dev
  wscluster owner alice

wscluster COMMAND --help explains a command, with an example.
${EXIT_HELP}
`;

// The reader of the output may stop reading (`wscluster ring | head`); that is not a failure.
let outputLost = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  // A full disk is a failure, but it must not end a system whose log goes there.
  if (!outputLost) process.stderr.write(`wscluster: the output cannot be written: ${error.message}\n`);
  outputLost = true;
});
const exitCode = await main(process.argv.slice(2));
process.exitCode = outputLost ? EXIT.failed : exitCode;

async function main([name, ...args]: readonly string[]): Promise<ExitCode> {
  if (name === '--help' || name === '-h' || (name === 'help' && args.length === 0)) {
    process.stdout.write(OVERVIEW);
    return EXIT.ok;
  }
  if (name === undefined) {
    process.stderr.write(OVERVIEW);
    return EXIT.usage;
  }
  const asked = name === 'help' ? args[0] : name;
  const command = commands.find((candidate: Command) => candidate.name === asked);
  if (command !== undefined) return command.run(name === 'help' ? ['--help'] : args);
  const names = commands.map((known) => known.name).join(', ');
  process.stderr.write(`wscluster: there is no command "${asked}"; the commands are ${names}\n`);
  return EXIT.usage;
}
