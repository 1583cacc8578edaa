import { processesWith, processGroup, processIdentity } from '@wscluster/service';

export interface GroupOptions {
  /** Of the process that was started; it leads a process group of its own. */
  readonly pid: number;
  /** See processIdentity. */
  readonly identity: string;
  /** Variable and value in the environment of all of them, by which they are told from strangers. */
  readonly mark: readonly [variable: string, value: string];
}

/**
 * The processes of one node: the one that was started, which leads, and what it has started in turn (`npm start` starts
 * a shell, which starts the server). A process that merely has the pid of one that has ended is never taken for it.
 */
export class NodeGroup {
  readonly #options: GroupOptions;
  /** The leader was seen alive by this process: a group of its number is its group. */
  #seen = false;

  constructor(options: GroupOptions) {
    this.#options = options;
  }

  /** The process that was started is alive. */
  get leads(): boolean {
    const { pid, identity } = this.#options;
    const leads = processIdentity(pid) === identity;
    if (leads) this.#seen = true;
    return leads;
  }

  /** The others that still run once the leader has ended; empty while it leads. */
  get orphans(): readonly number[] {
    const { pid, mark } = this.#options;
    // Nobody gets the number of a group that has members: who has it now came after the last of them.
    if (processIdentity(pid) !== undefined) return [];
    const left = processGroup(pid);
    if (left.length === 0 || this.#seen) return left;
    const marked = processesWith(...mark);
    return left.filter((member) => marked?.get(member)?.value === mark[1]);
  }

  /** Sends a signal to all of them. Throws what the system says when it refuses. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.leads) ignoreEnded(() => process.kill(-this.#options.pid, signal));
    else for (const pid of this.orphans) ignoreEnded(() => process.kill(pid, signal));
  }
}

function ignoreEnded(send: () => void): void {
  try {
    send();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
