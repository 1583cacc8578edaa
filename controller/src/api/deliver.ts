import { setTimeout as delay } from 'node:timers/promises';
import { type Member, type Revision, WsClusterError } from '@wscluster/ring';
import { sendToNode } from '@wscluster/service';
import type { Whereabouts } from '../core/loop/recent-owners.ts';

/** How long to wait for a client that is being moved, ms; after that, nobody has the key. */
const RECONNECT_MS = 5000;
const RETRY_MS = 100;

const NOBODY: Delivery = { connections: 0, nodes: [] };

export interface Delivery {
  /** Connections of the key that the message was sent to. */
  readonly connections: number;
  /** Ids of the nodes that have them. */
  readonly nodes: readonly string[];
}

/**
 * Sends a message to all connections of a key, through the node that owns it. While the key is being moved, the
 * previous owner is tried too. A client that is being told to reconnect may miss it there, so this waits up to 5 s for
 * the client to reconnect, and also sends it through the new owner; the client may then get it twice. Throws
 * OWNER_UNREACHABLE or OWNER_PROTOCOL if the owner does not accept it.
 */
export async function deliver(
  key: string,
  message: string,
  sendPath: string,
  where: () => Whereabouts,
): Promise<Delivery> {
  const deadline = performance.now() + RECONNECT_MS;
  let atPrevious: Delivery = NOBODY;
  for (;;) {
    const { owner, previous, revision } = where();
    const late = performance.now() + RETRY_MS > deadline;
    const moving = previous !== undefined && previous.nodeId !== owner.nodeId;
    if (moving && atPrevious.connections === 0)
      atPrevious = await post(previous, sendPath, key, message, revision).catch(() => NOBODY);
    try {
      const atOwner = await post(owner, sendPath, key, message, revision);
      if (atOwner.connections > 0) return atOwner;
      if (!moving || late) return atPrevious;
    } catch (error) {
      // An owner that has just gone will have a successor soon. A node that may have accepted the message must not get
      // it again.
      if (late || !(error instanceof WsClusterError) || error.code !== 'OWNER_UNREACHABLE' || !isUnsent(error))
        throw error;
    }
    await delay(RETRY_MS);
  }
}

/** The connection was refused, so no byte of the message was read. */
function isUnsent({ cause }: WsClusterError): boolean {
  const { cause: reason } = cause as { cause?: { code?: string } };
  return reason?.code === 'ECONNREFUSED';
}

async function post(node: Member, path: string, key: string, data: string, revision: Revision): Promise<Delivery> {
  const sent = await sendToNode({ node, path, key, data, revision });
  return sent === 0 ? NOBODY : { connections: sent, nodes: [node.nodeId] };
}
