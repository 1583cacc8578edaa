/**
 * A gateway in a process of its own, to be looked at from within: memory after a collection, timers, listeners. Needs
 * --expose-gc. Speaks over the IPC channel of its parent, see gateway-process.ts.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type GatewayUnderTest, startTestGateway } from '@wscluster/gateway/testing/gateway-under-test';
import { countedBy } from '@wscluster/gateway/testing/migrations';
import { createLogger } from '@wscluster/service';
import type { Census, GatewayAnswer, GatewayRequest } from './gateway-messages.ts';

let underTest: GatewayUnderTest | undefined;
let stopping = false;
const errors: string[] = [];
const loopDelay = monitorEventLoopDelay({ resolution: 2 });
loopDelay.enable();

const log = createLogger('gateway', {}, { write: (line) => void errors.push(line.trim()) });
log.level = 'error';

const say = (answer: GatewayAnswer) => process.send?.(answer);

/** Twice, since finalizers let go of memory that only the next collection finds free. */
async function collect(): Promise<void> {
  if (globalThis.gc === undefined) throw new Error('the process needs --expose-gc');
  for (let time = 0; time < 3; time++) {
    globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    await nextTurn();
  }
}

async function census({ gateway }: GatewayUnderTest): Promise<Census> {
  const migrations = await countedBy(gateway);
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const loopDelayMs = loopDelay.max / 1e6;
  loopDelay.reset();
  return {
    connections: gateway.connections,
    sockets: gateway.sockets,
    resources,
    processListeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    heapBytes: heapUsed,
    bufferBytes: arrayBuffers,
    rssBytes: rss,
    cpuMs: (user + system) / 1_000,
    loopDelayMs,
    migrations,
    errors,
  };
}

async function onRequest(request: GatewayRequest): Promise<void> {
  if (request.say === 'start') {
    underTest = await startTestGateway(request.ring, { limits: request.limits, log });
    say({ port: underTest.gateway.port });
  } else if (underTest !== undefined) {
    // The fake bus keeps all that was sent; a real one does not.
    underTest.bus.sent.length = 0;
    if (request.say === 'broadcast') underTest.broadcast(request.ring);
    else if (request.say === 'census') {
      if (request.collect) await collect();
      say({ census: await census(underTest) });
    } else {
      stopping = true;
      await underTest.gateway.stop();
      // Nothing else keeps the process: what would still be there would hold it, and the test would see that.
      process.disconnect();
    }
  }
}

process.on('message', (request: GatewayRequest) => void onRequest(request));
// A test that dies leaves no process behind.
process.on('disconnect', () => {
  if (!stopping) process.exit(1);
});
