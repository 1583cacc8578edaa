import { randomBytes } from 'node:crypto';
import { counted, type Surplus } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import type { EventLog } from '../events/event-log.ts';
import type { GatewayStatus } from '../fleet/fleet.ts';

/** A gateway has too many connections above the mean and this part of it, ... */
const TOLERANCE = 0.1;
/** ... and at least so many more than the mean. */
const LEAST = 5;
/** It must have had too many for so long, ms: clients may just be on their way. */
const SETTLE_MS = 10_000;
/** Clients that were told need this long to be back, ms. */
const RETURN_MS = 5_000;
/** No round tells clients for longer than this, ms. */
const MOST_SPREAD_MS = 30_000;
/** A round helps if so much of what was told is gone when the next one would begin. */
const HELP = 0.25;
/** After so many rounds in a row that did not help no more are tried, ... */
const VAIN_ROUNDS = 2;
/** ... for so long, ms, or until gateways come or go. */
const GIVE_UP_MS = 3_600_000;
/** A round says nothing about one that begins this much later, ms. */
const RECENT_MS = 600_000;
/** In this time at most as many are told as there are connections, ms. */
const HOUR_MS = 3_600_000;

type Counted = Pick<GatewayStatus, 'id' | 'connections'>;

export interface GatewayBalanceInput {
  readonly enabled: boolean;
  /** No owners are changing. */
  readonly calm: boolean;
  /** All gateways are heard and counted. */
  readonly known: boolean;
  readonly gateways: readonly Counted[];
  /** Connections that may be told a second, over all gateways. */
  readonly perSecond: number;
  /** Monotonic ms. */
  readonly now: number;
}

interface Round {
  readonly surplus: readonly Surplus[];
  /** Connections above the mean, over all gateways that had too many, and how many of them were told. */
  readonly excess: number;
  readonly told: number;
  readonly begunAt: number;
  readonly until: number;
}

/**
 * Evens out the gateways, in rounds: those that have too many connections are told to send what is above the mean back
 * to the load balancer. Where these clients come back to is up to that one, so the next round waits for the outcome of
 * the last; if clients come back to the same gateway, it gives up.
 */
export class GatewayBalance {
  readonly #log: Logger;
  readonly #events: EventLog;
  #fleet = '';
  #uneven: number | undefined;
  #round: Round | undefined;
  #last: Round | undefined;
  #rounds: readonly Round[] = [];
  #vain = 0;
  #givenUpAt: number | undefined;

  constructor(log: Logger, events: EventLog) {
    this.#log = log;
    this.#events = events;
  }

  /** What gateways have to send away now. */
  get surplus(): readonly Surplus[] {
    return this.#round?.surplus ?? [];
  }

  /** Call it every second. */
  look({ enabled, calm, known, gateways, perSecond, now }: GatewayBalanceInput): void {
    const fleet = JSON.stringify(gateways.map(({ id }) => id));
    const isOver = this.#givenUpAt !== undefined && now - this.#givenUpAt >= GIVE_UP_MS;
    if (!enabled || fleet !== this.#fleet || isOver) this.#forget();
    this.#fleet = fleet;
    if (!enabled || !calm) {
      // What a gateway no longer hears it no longer does.
      this.#round = undefined;
      this.#uneven = undefined;
      return;
    }
    if (!known || (this.#round !== undefined && now < this.#round.until)) return;
    this.#round = undefined;
    const over = overfull(gateways);
    if (over.length === 0 || this.#givenUpAt !== undefined) {
      this.#uneven = undefined;
      return;
    }
    this.#uneven ??= now;
    if (now - this.#uneven < SETTLE_MS) return;
    this.#uneven = undefined;
    this.#begin(over, gateways, perSecond, now);
  }

  #forget(): void {
    this.#round = undefined;
    this.#last = undefined;
    this.#uneven = undefined;
    this.#vain = 0;
    this.#givenUpAt = undefined;
  }

  #begin(over: readonly Overfull[], gateways: readonly Counted[], perSecond: number, now: number): void {
    const excess = over.reduce((sum, gateway) => sum + gateway.excess, 0);
    const last = this.#last;
    const isVain = last !== undefined && now - last.begunAt < RECENT_MS && excess > last.excess - HELP * last.told;
    this.#vain = isVain ? this.#vain + 1 : 0;
    if (this.#vain >= VAIN_ROUNDS) {
      this.#giveUp(over, now);
      return;
    }
    this.#rounds = this.#rounds.filter(({ begunAt }) => now - begunAt < HOUR_MS);
    const told = this.#rounds.reduce((sum, round) => sum + round.told, 0);
    const allowed = gateways.reduce((sum, { connections }) => sum + connections, 0) - told;
    const part = Math.min(1, (perSecond * MOST_SPREAD_MS) / 1000 / excess, allowed / excess);
    const away = over
      .map(({ id, excess: many }) => ({ gateway: id, connections: Math.floor(many * part) }))
      .filter(({ connections }) => connections > 0);
    const sum = away.reduce((so, { connections }) => so + connections, 0);
    if (sum === 0) return;
    const spreadMs = Math.ceil((sum / perSecond) * 1000);
    const order = randomBytes(6).toString('base64url');
    this.#round = {
      surplus: away.map((one) => ({ ...one, order, spreadMs })),
      ...{ excess, told: sum, begunAt: now, until: now + spreadMs + RETURN_MS },
    };
    this.#last = this.#round;
    this.#rounds = [...this.#rounds, this.#round];
    const message = `to even out the gateways, ${counted(sum, 'client')} of ${namesOf(over)} will be told to come back`;
    this.#log.info({ event: 'gateways-evened', surplus: away }, message);
    this.#events.add('gateway', message, { surplus: away });
  }

  #giveUp(over: readonly Overfull[], now: number): void {
    this.#givenUpAt = now;
    const message = `telling clients of ${namesOf(over)} to come back does not even out the gateways: they come back to the same one`;
    const action =
      'use a load balancer that counts connections, not one that goes by the client; it is tried again in an hour, and when gateways come or go';
    this.#log.warn({ event: 'gateways-stay-uneven', gateways: over.map(({ id }) => id), action }, message);
    this.#events.add('gateway', message, { action });
  }
}

interface Overfull {
  readonly id: string;
  /** Connections above the mean. */
  readonly excess: number;
}

function overfull(gateways: readonly Counted[]): Overfull[] {
  const mean = gateways.reduce((sum, { connections }) => sum + connections, 0) / gateways.length;
  return gateways
    .map(({ id, connections }) => ({ id, excess: Math.floor(connections - mean) }))
    .filter(({ excess }) => excess >= LEAST && excess > mean * TOLERANCE);
}

function namesOf(gateways: readonly Overfull[]): string {
  return gateways.map(({ id }) => id).join(', ');
}
