import { encodeKey, formatRevision, type Member, messageOf, type Revision, WsClusterError } from '@wscluster/ring';
import { z } from 'zod';

/** Milliseconds in which a node must answer. */
const TIMEOUT_MS = 2_000;

const answerSchema = z.object({ sent: z.int().nonnegative() });

export interface SendToNode {
  readonly node: Pick<Member, 'nodeId' | 'address'>;
  /** Path at which nodes take messages, as in spec.nodes.sendPath. */
  readonly path: string;
  readonly key: string;
  /** A string is sent as text, bytes as binary. */
  readonly data: string | Uint8Array;
  readonly revision: Revision;
}

/**
 * Sends to all connections that a key has at a node: `POST <path>?userId=<key>`. Returns their number. Throws
 * OWNER_UNREACHABLE, whose cause is that of fetch, or OWNER_PROTOCOL.
 */
export async function sendToNode({ node, path, key, data, revision }: SendToNode): Promise<number> {
  const { nodeId, address } = node;
  const encoded = encodeKey(key);
  let answer: Response;
  try {
    answer = await fetch(`http://${address}${path}?userId=${encoded}`, {
      method: 'POST',
      body: typeof data === 'string' ? data : new Uint8Array(data),
      headers: {
        'content-type': typeof data === 'string' ? 'text/plain; charset=utf-8' : 'application/octet-stream',
        'x-wscluster-key': encoded,
        'x-wscluster-revision': formatRevision(revision),
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (cause) {
    const text = `node ${nodeId} does not accept the message: ${messageOf(cause)}`;
    throw new WsClusterError('OWNER_UNREACHABLE', text, { cause });
  }
  const parsed = answerSchema.safeParse(await answer.json().catch(() => undefined));
  if (answer.ok && parsed.success) return parsed.data.sent;
  throw new WsClusterError(
    'OWNER_PROTOCOL',
    `node ${nodeId} answered POST ${path} with ${answer.status}, not with {"sent": n}; see spec.nodes.sendPath`,
  );
}
