import { randomBytes } from 'node:crypto';
import { formatRevision, type Revision } from '@wscluster/ring';
import { type AnswerHead, headerOf } from './answer-head.ts';
import { isPortable, sameExtensions } from './extensions.ts';

/** Says to a node that the connection may move, and from a node that it understands that; see docs/migration.md. */
const MIGRATE_HEADER = 'X-WsCluster-Migrate';
/** Names the node that a connection comes from. */
const FROM_HEADER = 'X-WsCluster-Migrated-From';

/** Says that the node that it comes from died. */
const STATE_HEADER = 'X-WsCluster-State';

/** Has what proves to a node that the gateway speaks, not the client. */
const TOKEN_HEADER = 'X-WsCluster-Token';
const TOKEN = new RegExp(`^${TOKEN_HEADER}: (.*)$`, 'm');

/** Lines that are made anew for each dial. */
const NOT_KEPT = /^(sec-websocket-key|sec-websocket-extensions|x-wscluster-revision|x-wscluster-token):/i;

/** Headers for a node that is to know that the connection may move. */
export function migrateHeaders(): string[] {
  return [`${MIGRATE_HEADER}: offered`, `${TOKEN_HEADER}: ${newToken()}`];
}

/** What it takes to open a connection that is open already at another node: the client's request, as small as possible. */
export class KeptHandshake {
  readonly #text: string;
  readonly #extensions: string | undefined;
  readonly #subprotocol: string | undefined;
  /** Set if the node that has the connection understands handovers. */
  readonly token: string | undefined;

  private constructor(
    text: string,
    extensions: string | undefined,
    subprotocol: string | undefined,
    token: string | undefined,
  ) {
    this.#text = text;
    this.#extensions = extensions;
    this.#subprotocol = subprotocol;
    this.token = token;
  }

  /** `text`: the request that `head` answers. Undefined if another node could not go on with what was agreed on. */
  static of(text: string, head: AnswerHead): KeptHandshake | undefined {
    const extensions = headerOf(head, 'sec-websocket-extensions');
    if (!isPortable(extensions)) return undefined;
    const lines = text.split('\r\n').filter((line) => !NOT_KEPT.test(line));
    const subprotocol = headerOf(head, 'sec-websocket-protocol');
    const token = isAware(head) ? copied(TOKEN.exec(text)?.[1]) : undefined;
    return new KeptHandshake(copied(lines.join('\r\n')), copied(extensions), copied(subprotocol), token);
  }

  /** The same once another node has the connection, which has answered with `head` to a request with this token. */
  at(head: AnswerHead, token: string): KeptHandshake {
    return new KeptHandshake(this.#text, this.#extensions, this.#subprotocol, isAware(head) ? token : undefined);
  }

  /** The request for another node. `lost`: the present one died, and hands nothing over. */
  compose(from: string, revision: Revision, lost = false): { text: string; webSocketKey: string; token: string } {
    const webSocketKey = randomBytes(16).toString('base64');
    const token = newToken();
    const [requestLine, ...lines] = this.#text.split('\r\n');
    const made = [
      `X-WsCluster-Revision: ${formatRevision(revision)}`,
      `${FROM_HEADER}: ${encodeURIComponent(from)}`,
      ...(lost ? [`${STATE_HEADER}: lost`] : []),
      `${TOKEN_HEADER}: ${token}`,
      `Sec-WebSocket-Key: ${webSocketKey}`,
      ...(this.#extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${this.#extensions}`]),
    ];
    return { text: [requestLine, ...made, ...lines].join('\r\n'), webSocketKey, token };
  }

  /** Whether the answer of another node agrees on the same as that of the first one. */
  agreesWith(head: AnswerHead): boolean {
    return (
      headerOf(head, 'sec-websocket-protocol') === this.#subprotocol &&
      sameExtensions(headerOf(head, 'sec-websocket-extensions'), this.#extensions)
    );
  }
}

function newToken(): string {
  return randomBytes(12).toString('base64url');
}

/** Whether the node understands handovers. */
function isAware(head: AnswerHead): boolean {
  return headerOf(head, MIGRATE_HEADER.toLowerCase()) === 'accepted';
}

/** A part of a string would keep the whole one in memory. */
function copied<T extends string | undefined>(text: T): T {
  return (text === undefined ? undefined : Buffer.from(text, 'latin1').toString('latin1')) as T;
}
