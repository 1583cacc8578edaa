/**
 * The processes beside the gateway in the benchmark of attacks: `crowd` is the honest clients and their node,
 * `attacker` the attacks and theirs. They speak over the IPC channel of their parent, see attacks.bench.ts.
 */
import { startEchoNode } from '../gateway/src/testing/echo-node.ts';
import { until } from '../test/e2e/support/wait.ts';
import { ATTACKS, type Attack } from '../test/gateway/support/attacks.ts';
import { Crowd } from '../test/gateway/support/crowd.ts';
import type { RoleAnswer, RoleRequest } from './attacks-messages.ts';

const node = await startEchoNode(process.argv[2] ?? '');
let crowd: Crowd | undefined;
let attack: Attack | undefined;

async function answerTo(request: RoleRequest): Promise<RoleAnswer> {
  if (request.ask === 'connect') crowd = await Crowd.connect(request.port, request.clients);
  else if (request.ask === 'talk' && crowd !== undefined) {
    const talkers = crowd;
    const times = await talkers.talk(request);
    await until('all messages are back', () => talkers.awaited === 0 || talkers.faults.length > 0);
    return { times, faults: talkers.faults };
  } else if (request.ask === 'attack') attack = ATTACKS[request.name](request.port, request.strength);
  else if (request.ask === 'stop') {
    attack?.stop();
    return { requests: attack?.requests ?? 0 };
  }
  return {};
}

process.on('message', (request: RoleRequest) => {
  answerTo(request).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ port: node.port } satisfies RoleAnswer);
