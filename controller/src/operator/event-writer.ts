import { randomBytes } from 'node:crypto';
import { messageOf } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import type { Kube } from '../kubernetes/kube.ts';
import { createObject, type Writable } from '../kubernetes/objects.ts';
import type { ClusterResource } from './resource.ts';

export interface ClusterHappening {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
}

/** The API server refuses longer ones. */
const MAX_NOTE = 1024;
/** Events that may be written at once, and then one each `REFILL_MS`: a fleet that flaps must not fill the API server. */
const BURST = 25;
const REFILL_MS = 2_000;

/** Writes Events about WsClusters, as `kubectl describe` shows them. They are a courtesy: what fails is not repeated. */
export class EventWriter {
  readonly #kube: Kube;
  readonly #log: Logger;
  readonly #instance: string;
  #room = BURST;
  #at = performance.now();

  /** `instance`: name of this process. */
  constructor(kube: Kube, instance: string, log: Logger) {
    this.#kube = kube;
    this.#instance = instance;
    this.#log = log;
  }

  write({ namespace, name, uid }: ClusterResource, { type, reason, message }: ClusterHappening): void {
    if (!this.#mayWrite()) return;
    const apiVersion = 'wscluster.io/v1alpha1';
    const event: Writable & Record<string, unknown> = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: `${name}.${Date.now().toString(16)}${randomBytes(4).toString('hex')}`, namespace },
      eventTime: new Date().toISOString().replace('Z', '000Z'),
      regarding: { apiVersion, kind: 'WsCluster', name, namespace, uid },
      reportingController: 'wscluster.io/controller',
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

  #mayWrite(): boolean {
    const now = performance.now();
    this.#room = Math.min(BURST, this.#room + (now - this.#at) / REFILL_MS);
    this.#at = now;
    if (this.#room < 1) return false;
    this.#room--;
    return true;
  }
}
