import { type RingMessage, type Uplink, WsClusterError } from '@wscluster/ring';
import { silentLogger } from '@wscluster/service';
import type { FollowerHandlers, RingBusFollower, RingReader } from '@wscluster/transport';
import { createGateway, type Gateway } from '../gateway.ts';
import type { GatewayOptions } from '../gateway-options.ts';
import { CLUSTER } from './rings.ts';

/** A bus in memory: a test broadcasts by calling the handlers, and finds here what the gateway has sent. */
export class FakeBus implements RingBusFollower {
  connected = true;
  readonly sent: Uplink[] = [];
  handlers: FollowerHandlers | undefined;

  send(message: Uplink): Promise<void> {
    if (!this.connected) return Promise.reject(new WsClusterError('BUS_UNAVAILABLE', 'not connected'));
    this.sent.push(message);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Holds what a test puts into it, or fails. */
export class FakeStore implements RingReader {
  message: RingMessage | undefined;
  failing = false;
  loads = 0;

  load(): Promise<RingMessage | undefined> {
    this.loads++;
    if (this.failing) return Promise.reject(new WsClusterError('STORE_UNAVAILABLE', 'the store is down'));
    return Promise.resolve(this.message);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export interface GatewayUnderTest {
  readonly gateway: Gateway;
  readonly bus: FakeBus;
  readonly store: FakeStore;
  /** Delivers a message of the controller. */
  broadcast: FollowerHandlers['onBroadcast'];
}

/** Starts a gateway on free ports, with the given ring in the store. */
export async function startTestGateway(
  message: RingMessage | undefined,
  options: Partial<GatewayOptions> = {},
): Promise<GatewayUnderTest> {
  const bus = new FakeBus();
  const store = new FakeStore();
  store.message = message;
  const gateway = await createGateway({
    cluster: CLUSTER,
    id: 'gateway-under-test',
    listen: { host: '127.0.0.1', port: 0 },
    probes: { host: '127.0.0.1', port: 0 },
    advertise: undefined,
    unreadyMs: 0,
    drainMs: 0,
    store,
    openBus: async (handlers) => {
      bus.handlers = handlers;
      return bus;
    },
    log: silentLogger,
    ...options,
  });
  return { gateway, bus, store, broadcast: (update) => bus.handlers?.onBroadcast(update) };
}
