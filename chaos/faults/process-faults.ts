import { pick } from '../random.ts';
import type { FaultKind, Injection } from './fault-kind.ts';

/**
 * The node that a fault hits, with its process. Fails if no ring was seen yet, or if the node has no record any more.
 */
function victim({ system, recorder, dice }: Injection): { id: string; pid: number } {
  const { nodeId } = pick(recorder.members, dice);
  return { id: nodeId, pid: system.nodePid(nodeId) };
}

const nodeSignal = (name: string, signal: NodeJS.Signals): FaultKind => ({
  name,
  scope: 'node',
  async inject(injection) {
    const { id, pid } = victim(injection);
    injection.begin(id, { nodes: [id] });
    process.kill(pid, signal);
  },
});

const nodePause: FaultKind = {
  name: 'node paused',
  scope: 'node',
  async inject(injection) {
    const { id, pid } = victim(injection);
    injection.begin(id, { nodes: [id] });
    process.kill(pid, 'SIGSTOP');
    await injection.lasts();
    try {
      process.kill(pid, 'SIGCONT');
    } catch (error) {
      // The controller may have replaced it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  },
};

const gatewayEnd = (name: string, signal: NodeJS.Signals): FaultKind => ({
  name,
  scope: 'gateway',
  async inject({ system, dice, begin, lasts, ends }) {
    const gateway = pick(system.gateways, dice);
    begin(gateway.id, { gatewayPorts: [gateway.port] });
    ends(gateway.process);
    await gateway.process.end(signal);
    await lasts();
    system.startGateway(system.gateways.indexOf(gateway));
  },
});

const gatewayPause: FaultKind = {
  name: 'gateway paused',
  scope: 'gateway',
  async inject({ system, dice, begin, lasts }) {
    const gateway = pick(system.gateways, dice);
    begin(gateway.id, { gatewayPorts: [gateway.port] });
    gateway.process.signal('SIGSTOP');
    await lasts();
    gateway.process.signal('SIGCONT');
  },
};

const controllerEnd = (name: string, signal: NodeJS.Signals): FaultKind => ({
  name,
  scope: 'controller',
  async inject({ system, dice, begin, lasts, ends }) {
    const controller = pick(system.controllers, dice);
    const index = system.controllers.indexOf(controller);
    begin(`controller-${index + 1}`);
    ends(controller.process);
    await controller.process.end(signal);
    await lasts();
    system.startController(index);
  },
});

const controllerPause: FaultKind = {
  name: 'controller paused',
  scope: 'controller',
  async inject({ system, dice, begin, lasts }) {
    const controller = pick(system.controllers, dice);
    begin(`controller-${system.controllers.indexOf(controller) + 1}`);
    controller.process.signal('SIGSTOP');
    await lasts();
    controller.process.signal('SIGCONT');
  },
};

/** Faults of the system's own processes. */
export const PROCESS_FAULTS: readonly FaultKind[] = [
  nodeSignal('node killed', 'SIGKILL'),
  nodeSignal('node stopped', 'SIGTERM'),
  nodePause,
  gatewayEnd('gateway killed', 'SIGKILL'),
  gatewayEnd('gateway stopped', 'SIGTERM'),
  gatewayPause,
  controllerEnd('controller killed', 'SIGKILL'),
  controllerEnd('controller stopped', 'SIGTERM'),
  controllerPause,
];
