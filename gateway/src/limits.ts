/** Time and size limits of the data plane, each with its reason. Milliseconds and bytes. */
export interface Limits {
  /** TCP connect to the owner: a node in the same network answers in a few ms; a lost SYN is sent again after 1 s. */
  readonly connectMs: number;
  /** The owner's answer to an upgrade, from the connect on; covers a node that authenticates against something slow. */
  readonly answerMs: number;
  /** Head of the owner's answer; Node's own bound for request heads is the same. */
  readonly answerHeadBytes: number;
  /** How long a refused dial waits for a ring with another owner: a lost node is seen and reassigned within that. */
  readonly ownerWaitMs: number;
  /** How long a Close waits for the end of a message before the end of any frame will do. */
  readonly messageGraceMs: number;
  /** From the Close to the client's own Close, and the time without progress after which a closing connection is cut. */
  readonly closeMs: number;
  /** The node's time for its part of the close handshake, when the client did not do its own. */
  readonly nodeCloseMs: number;
  /** A request's head (slow loris). */
  readonly requestHeadMs: number;
  /** The owner's answer to a plain HTTP request, and silence within one. */
  readonly httpAnswerMs: number;
  /** Bodies up to this are held so that a refused connect can be tried again at the new owner. */
  readonly heldBodyBytes: number;
  /** How long after an owner change requests are marked as settling: clients have come back by then. */
  readonly settlingMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  connectMs: 3_000,
  answerMs: 10_000,
  answerHeadBytes: 16_384,
  ownerWaitMs: 2_000,
  messageGraceMs: 500,
  closeMs: 5_000,
  nodeCloseMs: 1_000,
  requestHeadMs: 10_000,
  httpAnswerMs: 60_000,
  heldBodyBytes: 65_536,
  settlingMs: 10_000,
};
