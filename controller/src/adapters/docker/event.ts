import { z } from 'zod';

/** Something that happened to a container. */
export interface ContainerEvent {
  readonly container: string;
  /** As Docker names it, without what follows a colon: `start`, `die`, `health_status`, `network-connect`. */
  readonly action: string;
  /** Number of the signal that was sent. */
  readonly signal: number | undefined;
  /** Undefined for events of networks, which do not name the labels of a container. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** Unix ms by the engine's clock. */
  readonly at: number;
}

const eventSchema = z.object({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).nullish() }),
  timeNano: z.number(),
});

/** Filters on the server: without them every run of a health check would cause three events. */
export const EVENT_FILTERS = {
  type: ['container', 'network'],
  event: [
    'create',
    'start',
    'die',
    'oom',
    'kill',
    'pause',
    'unpause',
    'health_status',
    'destroy',
    'connect',
    'disconnect',
  ],
};

/** An event of the stream; undefined if it is not about a container. Throws if the text is not an event. */
export function parseEvent(text: string): ContainerEvent | undefined {
  const { Type, Action, Actor, timeNano } = eventSchema.parse(JSON.parse(text));
  const attributes = Actor.Attributes ?? {};
  const at = timeNano / 1e6;
  if (Type === 'network') {
    const { container } = attributes;
    if (container === undefined || container === '') return undefined;
    return { container, action: `network-${Action}`, signal: undefined, labels: undefined, at };
  }
  if (Type !== 'container') return undefined;
  const signal = attributes.signal === undefined ? undefined : Number(attributes.signal);
  return { container: Actor.ID, action: Action.split(':')[0] ?? Action, signal, labels: attributes, at };
}

/**
 * The moment just after an event, in the engine's format for `since`. Read from the text, since nanoseconds exceed what
 * a JavaScript number can hold.
 */
export function momentAfter(text: string): string | undefined {
  const nanos = /"timeNano":(\d+)/.exec(text)?.[1];
  if (nanos === undefined) return undefined;
  const after = (BigInt(nanos) + 1n).toString().padStart(10, '0');
  return `${after.slice(0, -9)}.${after.slice(-9)}`;
}
