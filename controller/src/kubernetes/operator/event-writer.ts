import { randomBytes } from 'node:crypto';
import { messageOf } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import { API_VERSION, KIND } from '../../core/spec/schema.ts';
import type { Kube } from '../client/kube.ts';
import { createObject, type Writable } from '../client/objects.ts';
import { REPORTING_CONTROLLER } from '../names.ts';
import type { ClusterResource } from './resource.ts';

export interface ClusterHappening {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
}

/** The API server refuses longer ones. */
const MAX_NOTE = 1024;
/** `condition`: about the cluster as a whole; `node`: about one of many nodes, which must not crowd out the others. */
export type EventAbout = 'condition' | 'node';

/**
 * How many Events per cluster and subject may be written at once; after that one each `REFILL_MS`. A flapping fleet
 * must not flood the API server.
 */
const BURST = 25;
const REFILL_MS = 2_000;

/**
 * Writes Events about WsClusters, which `kubectl describe` shows. They are informational: a failed write is not
 * repeated.
 */
export class EventWriter {
  readonly #kube: Kube;
  readonly #log: Logger;
  readonly #instance: string;
  /** By uid of the WsCluster, and subject. */
  readonly #rooms = new Map<string, { room: number; at: number }>();

  /** `instance`: name of this process. */
  constructor(kube: Kube, instance: string, log: Logger) {
    this.#kube = kube;
    this.#instance = instance;
    this.#log = log;
  }

  write({ namespace, name, uid }: ClusterResource, happening: ClusterHappening, about: EventAbout): void {
    if (!this.#mayWrite(`${uid} ${about}`)) return;
    const { type, reason, message } = happening;
    const event: Writable & Record<string, unknown> = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: `${name}.${Date.now().toString(16)}${randomBytes(4).toString('hex')}`, namespace },
      eventTime: new Date().toISOString().replace('Z', '000Z'),
      regarding: { apiVersion: API_VERSION, kind: KIND, name, namespace, uid },
      reportingController: REPORTING_CONTROLLER,
      reportingInstance: this.#instance.slice(0, 128),
      action: 'Reconcile',
      reason,
      note: message.length > MAX_NOTE ? `${message.slice(0, MAX_NOTE - 1)}…` : message,
      type,
    };
    createObject(this.#kube, event).catch((error: unknown) =>
      this.#log.debug({ event: 'event-not-written', reason }, messageOf(error)),
    );
  }

  /** The cluster is gone. */
  forget(uid: string): void {
    for (const about of ['condition', 'node']) this.#rooms.delete(`${uid} ${about}`);
  }

  #mayWrite(key: string): boolean {
    const now = performance.now();
    const before = this.#rooms.get(key) ?? { room: BURST, at: now };
    const room = Math.min(BURST, before.room + (now - before.at) / REFILL_MS);
    this.#rooms.set(key, { room: room < 1 ? room : room - 1, at: now });
    return room >= 1;
  }
}
