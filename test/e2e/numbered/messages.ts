// What the clients and the nodes of this folder say to each other: each side numbers its messages, and the number
// decides all else, so that each end knows the next message of the other one byte for byte.

/** One client in so many has a large message under way, since each begins with another number. */
export const CYCLE = 50;
const SMALL = [1, 7, 125, 126, 1_000];
const LARGE: Readonly<Record<number, number>> = { 17: 65_535, 34: 65_536, 49: 262_144 };

export interface Message {
  readonly body: Buffer;
  readonly binary: boolean;
  /** Sent as three frames. */
  readonly fragmented: boolean;
  /** A Ping is sent before it, or between its frames. */
  readonly withPing: boolean;
}

/** `from`: c for a client, n for a node. */
export function messageOf(from: 'c' | 'n', number: number): Message {
  const size = LARGE[number % CYCLE] ?? (SMALL[number % SMALL.length] as number);
  return {
    body: Buffer.alloc(size, `${from}${number},`),
    binary: number % 3 === 0,
    fragmented: number % 4 === 0,
    withPing: number % 10 === 0,
  };
}

/** What is wrong with a message that should be this one; undefined if nothing is. */
export function faultOf(from: 'c' | 'n', number: number, data: Buffer, binary: boolean): string | undefined {
  const expected = messageOf(from, number);
  if (expected.body.equals(data) && expected.binary === binary) return undefined;
  return `message ${number} is ${data.length} bytes: ${data.toString('latin1', 0, 60)}`;
}
