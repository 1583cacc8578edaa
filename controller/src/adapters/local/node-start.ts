import { type Logger, portsOf, processGroup } from '@wscluster/service';

/** A node that is not ready after this long is told, ms. */
const LATE_MS = 5000;

interface Started {
  /** The port that it was told to listen on; undefined if it announces its own. */
  readonly port: number | undefined;
  /** Of its first process. */
  readonly pid: number;
}

/** Tells why a node does not become ready, and when that counts as failed. */
export class NodeStart {
  readonly #id: string;
  readonly #log: Logger;
  readonly #since = performance.now();
  #toldLate = false;
  #toldTcp = false;

  constructor(id: string, log: Logger) {
    this.#id = id;
    this.#log = log;
  }

  ready(by: 'http' | 'tcp'): void {
    if (by === 'http' || this.#toldTcp) return;
    this.#toldTcp = true;
    this.#log.info(
      { event: 'node-ready-by-tcp', node: this.#id },
      `node ${this.#id} answers no plain HTTP: it is ready because it accepts connections`,
    );
  }

  /** The last probe failed, for this reason, and it has never been ready. */
  judge(reason: string, startSeconds: number, started: Started): 'waits' | 'failed' {
    const forMs = performance.now() - this.#since;
    const failed = forMs >= startSeconds * 1000;
    if (!failed && (this.#toldLate || forMs < LATE_MS)) return 'waits';
    this.#toldLate = true;
    const node = this.#id;
    const action = advice(started);
    if (failed)
      this.#log.error(
        { event: 'node-start-failed', node, action },
        `node ${node} did not become ready within ${startSeconds} s and is ended: ${reason}`,
      );
    else
      this.#log.warn(
        { event: 'node-not-ready', node, action },
        `node ${node} has been running for ${LATE_MS / 1000} s and is not ready: ${reason}`,
      );
    return failed ? 'failed' : 'waits';
  }

  portTaken(reason: string): void {
    this.#log.warn(
      { event: 'node-port-taken', node: this.#id, action: 'none: another node is started on another port' },
      `node ${this.#id} is ended: ${reason}`,
    );
  }
}

function advice({ port, pid }: Started): string {
  if (port === undefined) return 'see the output of the node';
  const ports = portsOf(processGroup(pid));
  if (ports.includes(port)) return 'see the output of the node; spec.nodes.readiness says what must answer';
  const instead = ports.length === 0 ? '' : `; it listens on ${ports.join(', ')} instead`;
  return `let it listen on the port in PORT, or pass {port} in spec.nodes.command or spec.nodes.env${instead}`;
}
