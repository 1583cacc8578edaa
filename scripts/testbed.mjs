// `npm run testbed` installs and builds what the servers of the tests need; `npm run testbed -- up` starts one of each,
// prints their addresses as lines for a shell's environment, and ends them all on Ctrl-C.
import { once } from 'node:events';
import { baseImages, dockerEngine, provideServers, rabbitmqServer, redisServer } from '@wscluster/testbed';
import { nacosServer } from '@wscluster/testbed/nacos';

const USAGE =
  'usage: npm run testbed            installs and builds\n       npm run testbed -- up      starts one server of each kind\n';

async function up() {
  // From here on: a Ctrl-C while they start is one too.
  const stop = Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => once(process, signal)));
  const starting = [
    start('WSCLUSTER_REDIS_URL', redisServer(), (server) => server.url),
    start('WSCLUSTER_RABBITMQ_URL', rabbitmqServer(), (server) => server.url),
    start('WSCLUSTER_NACOS_SERVERS', nacosServer('3.1'), (server) => server.address),
    start('DOCKER_HOST', dockerEngine(), (server) => server.host),
  ];
  const ready = Promise.all(starting).then(async (servers) => {
    await baseImages(servers.at(-1));
    process.stderr.write('All run. Ctrl-C ends them.\n');
    await stop;
  });
  try {
    await Promise.race([ready, stop]);
  } finally {
    const started = await Promise.allSettled(starting);
    await Promise.all(started.map(({ value }) => value?.dispose()));
  }
}

async function start(variable, server, value) {
  const started = await server;
  process.stdout.write(`${variable}=${value(started)}\n`);
  return started;
}

const [command, ...rest] = process.argv.slice(2);
if (rest.length > 0 || (command !== undefined && command !== 'up')) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else
  try {
    await provideServers();
    if (command === 'up') await up();
    else process.stderr.write('Everything is there.\n');
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
