import { formatRevision, type Revision, randomText } from '@wscluster/ring';
import { type AnswerHead, headerOf } from './answer-head.ts';
import { isPortable, sameExtensions } from './extensions.ts';
import { flatCopy, Shared } from './shared.ts';

/** Says to a node that the connection may move, and from a node that it understands that; see docs/migration.md. */
const MIGRATE_HEADER = 'X-WsCluster-Migrate';
/** Names the node that a connection comes from. */
const FROM_HEADER = 'X-WsCluster-Migrated-From';

/** Says that the node that it comes from died. */
const STATE_HEADER = 'X-WsCluster-State';

/** Has what proves to a node that the gateway speaks, not the client. */
const TOKEN_HEADER = 'X-WsCluster-Token';
const TOKEN = new RegExp(`^${TOKEN_HEADER}: (.*)$`, 'm');

const LINE_END = '\r\n';

/** Lines that are made anew for each dial. */
const NOT_KEPT = /^(sec-websocket-key|sec-websocket-extensions|x-wscluster-revision|x-wscluster-token):/i;

/** Lines whose values are a client's own. All others are the same for many clients, and are kept once for all. */
const OWN =
  /^(GET |(?:x-wscluster-key|x-request-id|x-forwarded-for|forwarded|cookie|authorization|sec-websocket-protocol): ?)(.*)$/i;

/** Stands where a client's own value was, in front of its number as a character, from `0` on. No head has it. */
const GAP = '\0';
const FIRST = 0x30;
const gap = (value: number) => `${GAP}${String.fromCharCode(FIRST + value)}`;

/** A line that repeats the value of another one, the client's address: that is held once. */
const FORWARDED = 'forwarded: ';
const ADDRESS = 'x-forwarded-for: ';

/** What is the same for many clients. */
interface Agreed {
  /** The request up to the first value that is a client's own, which is its target. */
  readonly begin: string;
  /** The numbers of such values, each with the part of the request that follows it. */
  readonly rest: readonly { readonly value: number; readonly text: string }[];
  /** What the node has chosen; undefined if nothing. */
  readonly extensions: string | undefined;
  readonly subprotocol: string | undefined;
}

/** Between the parts of the text that something agreed is made of. */
const PART_END = '\x01';
const agreed = new Shared((text): Agreed => {
  const [request = '', extensions, subprotocol] = text.split(PART_END);
  const [begin = '', ...parts] = request.split(GAP);
  const rest = parts.map((part) => ({ value: part.charCodeAt(0) - FIRST, text: part.slice(1) }));
  return { begin, rest, extensions: extensions || undefined, subprotocol: subprotocol || undefined };
});

/** Headers for a node that is to know that the connection may move. */
export function migrateHeaders(): string[] {
  return [`${MIGRATE_HEADER}: offered`, `${TOKEN_HEADER}: ${newToken()}`];
}

/** What it takes to open a connection that is open already at another node: the client's request, made small. */
export class KeptHandshake {
  readonly #agreed: Agreed;
  /** The token, or nothing, and the values that are the client's own: a line each. */
  readonly #own: string;

  private constructor(all: Agreed, token: string | undefined, values: string) {
    this.#agreed = all;
    this.#own = flatCopy(`${token ?? ''}\n${values}`);
  }

  /** `text`: the request that `head` answers. Undefined if another node could not go on with what was agreed on. */
  static of(text: string, head: AnswerHead): KeptHandshake | undefined {
    const extensions = headerOf(head, 'sec-websocket-extensions');
    if (!isPortable(extensions)) return undefined;
    const values: string[] = [];
    /** The number of the value of ADDRESS; 0, which is the target, until there is one. */
    let address = 0;
    const shape = text
      .split(LINE_END)
      .filter((line) => !NOT_KEPT.test(line))
      .map((line) => {
        const [, name, value] = OWN.exec(line) ?? [];
        if (name === undefined || value === undefined) return line;
        const lower = name.toLowerCase();
        const repeated = values[address] ?? '';
        if (lower === FORWARDED && address > 0 && value.includes(repeated))
          return `${name}${value.replace(repeated, () => gap(address))}`;
        if (lower === ADDRESS && value !== '') address = values.length;
        values.push(value);
        return `${name}${gap(values.length - 1)}`;
      });
    const subprotocol = headerOf(head, 'sec-websocket-protocol');
    const all = agreed.of([shape.join(LINE_END), extensions, subprotocol].join(PART_END));
    return new KeptHandshake(all, isAware(head) ? TOKEN.exec(text)?.[1] : undefined, values.join('\n'));
  }

  /** Set if the node that has the connection understands handovers. */
  get token(): string | undefined {
    return this.#own.slice(0, this.#own.indexOf('\n')) || undefined;
  }

  /** The same once another node has the connection, which has answered with `head` to a request with this token. */
  at(head: AnswerHead, token: string): KeptHandshake {
    const values = this.#own.slice(this.#own.indexOf('\n') + 1);
    return new KeptHandshake(this.#agreed, isAware(head) ? token : undefined, values);
  }

  /** The request for another node. `lost`: the present one died, and hands nothing over. */
  compose(from: string, revision: Revision, lost = false): { text: string; webSocketKey: string; token: string } {
    const webSocketKey = randomText(16, 'base64');
    const token = newToken();
    const { begin, rest, extensions } = this.#agreed;
    const [, ...values] = this.#own.split('\n');
    const [target, ...lines] = rest;
    const state = lost ? `${STATE_HEADER}: lost\r\n` : '';
    const chosen = extensions === undefined ? '' : `\r\nSec-WebSocket-Extensions: ${extensions}`;
    let text =
      `${begin}${values[0]}\r\nX-WsCluster-Revision: ${formatRevision(revision)}\r\n` +
      `${FROM_HEADER}: ${encodeURIComponent(from)}\r\n${state}${TOKEN_HEADER}: ${token}\r\n` +
      `Sec-WebSocket-Key: ${webSocketKey}${chosen}${target?.text}`;
    for (const { value, text: behind } of lines) text += `${values[value]}${behind}`;
    return { text, webSocketKey, token };
  }

  /** Whether the answer of another node agrees on the same as that of the first one. */
  agreesWith(head: AnswerHead): boolean {
    const { extensions, subprotocol } = this.#agreed;
    return (
      (headerOf(head, 'sec-websocket-protocol') || undefined) === subprotocol &&
      sameExtensions(headerOf(head, 'sec-websocket-extensions'), extensions)
    );
  }
}

function newToken(): string {
  return randomText(12, 'base64url');
}

/** Whether the node understands handovers. */
function isAware(head: AnswerHead): boolean {
  return headerOf(head, MIGRATE_HEADER.toLowerCase()) === 'accepted';
}
