/** What happens to the connection of a case; its ends may wait for it. */
export type Mark =
  /** The client has heard from the gateway. */
  | 'open'
  /** Another node has been dialled for it. */
  | 'dialled'
  /** Its node has been asked to let go, by a Close or a Ping. */
  | 'asked'
  /** Its new node has been told that the connection is its own. */
  | 'begun'
  /** A node's end of it is over. */
  | 'left';

/** To the next node, or to the one before. */
export type Way = 'on' | 'back';

/** What one end of a connection does, in order. Bytes are latin1: one character a byte. */
export type Step =
  | { readonly send: string; readonly times?: number }
  | { readonly wait: number }
  /** Until this has happened once more, or for a while if it does not happen. */
  | { readonly until: Mark }
  /** The key gets another owner; until the gateway has been told. */
  | { readonly move: Way }
  /** The 101 that fits the request, of a node that knows of migrations or not, with more header lines; for nodes. */
  | { readonly accept: 'plain' | 'aware'; readonly lines?: readonly string[] }
  | { readonly end: true }
  | { readonly reset: true };

/** One hostile client, and the nodes that its request reaches, if it does. */
export interface Case {
  /** Name of the kind, `side/what`. */
  readonly kind: string;
  readonly client: readonly Step[];
  readonly node: readonly Step[];
  /** What a node does with a connection that comes from another one. Default: the same. */
  readonly arrival?: readonly Step[];
  /** The client waits until the gateway ends the connection, and reads nothing meanwhile if it is `blind`. */
  readonly patience: 'none' | 'patient' | 'blind';
  /** The key gets another owner at once, whatever is going on. */
  readonly wanders?: boolean;
}

/** By this text in its path or query a request finds the steps of its node; it stands for the case's number. */
export const CASE_KEY = 'case-@';
/** In what a node sends it stands for the token of the handover. */
export const TOKEN = 'token-@';

export type Kind = (dice: Dice) => Pick<Case, 'client' | 'node' | 'arrival'>;

/** What generators draw from. */
export class Dice {
  readonly #random: () => number;

  /** `random`: numbers from 0 up to but excluding 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** An integer from `from` to `to`, both included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.#random() * (to - from + 1));
  }

  /** Small numbers far more often than large ones. */
  size(most: number): number {
    return Math.floor((most + 1) ** this.#random()) - 1;
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  of<T>(...items: readonly T[]): T {
    const item = items[this.int(0, items.length - 1)];
    if (item === undefined) throw new Error('there is nothing to pick from');
    return item;
  }

  bytes(length: number): string {
    return Array.from({ length }, () => String.fromCharCode(this.int(0, 255))).join('');
  }

  /** Text of the characters that matter to a parser. */
  syntax(length: number): string {
    const characters = '\r\n \t:;,/\\?#%&=@"{}[]()<>\0\x01\x7f\x80\xff.-_aAzZ019*';
    return Array.from({ length }, () => characters[this.int(0, characters.length - 1)]).join('');
  }

  /** The text with some bytes changed, left out or doubled. */
  mutated(text: string, most = 4): string {
    let mutant = text;
    for (let left = this.int(1, most); left > 0; left--) {
      const at = this.int(0, mutant.length);
      const how = this.int(0, 3);
      const [before, after] = [mutant.slice(0, at), mutant.slice(at)];
      if (how === 0) mutant = before + this.syntax(1) + after.slice(1);
      else if (how === 1) mutant = before + after.slice(this.size(8) + 1);
      else if (how === 2) mutant = before + after.slice(0, this.size(64)) + after;
      else mutant = before + this.syntax(this.size(8)) + after;
    }
    return mutant;
  }
}

/** The steps that send a text in some pieces. */
export function inPieces(dice: Dice, text: string): Step[] {
  const count = dice.chance(0.7) ? 1 : dice.int(2, 6);
  const steps: Step[] = [];
  let from = 0;
  for (let i = 1; i <= count; i++) {
    const to = i === count ? text.length : dice.int(from, text.length);
    steps.push({ send: text.slice(from, to) });
    if (i < count) steps.push({ wait: dice.size(5) });
    from = to;
  }
  return steps;
}
