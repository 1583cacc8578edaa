import { messageOf, WsClusterError } from '@wscluster/ring';
import { API_HELP } from '../api/options.ts';
import type { Command } from '../command.ts';
import { runDemo } from '../demo/app.ts';
import { type DemoOptions, readDemoOptions } from '../demo/options.ts';
import { EXIT, EXIT_HELP } from '../exit-codes.ts';

const USAGE = 'usage: wscluster demo [--clients N] [--script STEPS] [--seconds N] [--api URL [--gateways LIST]]\n';
const HELP = `${USAGE}
Shows the point of it all: many clients, and nodes that come and go under them. It starts a whole cluster of its own, or
uses a running one (--api), connects clients that reconnect and send numbered messages, and shows how many each node has.
In a terminal the keys a, d and k add, drain and kill a node, and q ends it. Drained or killed is the node with the most
clients.

  npm run demo -- --clients 500
  npm run demo -- --clients 500 --script "wait 2; add; wait 3; drain; wait 3; kill; wait 3"

Two figures should always be 0:
  lost   messages that were not echoed within 5 s on a connection that stood. What is not acknowledged when a connection
         ends is sent again on the next one, and its time starts afresh.
  wrong  clients that were on another node than the ring's owner of their key, twice in a row 0.2 s apart, while the
         cluster was settled (nothing left to move, every gateway in step).
A change is through when the cluster is settled and all clients are connected; its time is from the change to the greeting
of the last client that came back.

  --clients N      clients to connect, 1 to 20000 (default 500)
  --script STEPS   steps instead of keys: add, drain, kill, wait SECONDS, separated by semicolons. A change waits until
                   the one before is through; the demo ends when the last is
  --seconds N      ends after N seconds, s (default: with the script, or with q)
  --gateways LIST  host:port or ws:// URLs of a running cluster's gateways (default: those that its API names)
  --path PATH      where clients connect, {key} for the key (default /websocket/connect/{key})
${API_HELP}
A running cluster must have the sample backend: it is the greeting that tells which node a client is on.
${EXIT_HELP} Lost or wrong above 0 is a failure.
`;

export const demo: Command = {
  name: 'demo',
  summary: 'shows many clients while nodes come and go (npm run demo)',
  async run(args) {
    let options: DemoOptions | undefined;
    try {
      options = readDemoOptions(args);
    } catch (error) {
      process.stderr.write(`wscluster demo: ${messageOf(error)}\n${USAGE}`);
      return EXIT.usage;
    }
    if (options === undefined) {
      process.stdout.write(HELP);
      return EXIT.ok;
    }
    try {
      return (await runDemo(options)) ? EXIT.ok : EXIT.failed;
    } catch (error) {
      process.stderr.write(`wscluster demo: ${messageOf(error)}\n`);
      const unreachable = error instanceof WsClusterError && error.code === 'API_UNREACHABLE';
      return unreachable ? EXIT.unreachable : EXIT.failed;
    }
  },
};
