import { type LoggedProblem, type Logger, ProblemLog } from '@wscluster/service';
import type { Workload } from '../../core/ports/workload-source.ts';
import type { TakenAddress } from './addresses.ts';
import type { PodFacts } from './pod-facts.ts';
import type { ObservedNode } from './pod-history.ts';

/** A node that is not ready after this long is logged, ms. */
const OVERDUE_MS = 30_000;

interface Entry {
  readonly since: number;
  phase: Workload['phase'] | undefined;
  overdueTold: boolean;
}

/** Logs what happens to nodes, each thing once. */
export class NodeJournal {
  readonly #log: Logger;
  readonly #problems: ProblemLog;
  readonly #namespace: string;
  readonly #tombstoneMs: number;
  readonly #entries = new Map<string, Entry>();
  /** False until the first listing: earlier changes are not worth a log line. */
  #isNews = false;

  constructor(log: Logger, namespace: string, tombstoneMs: number) {
    this.#log = log;
    this.#problems = new ProblemLog(log);
    this.#namespace = namespace;
    this.#tombstoneMs = tombstoneMs;
  }

  /** Takes a complete listing. */
  note(nodes: readonly ObservedNode[], taken: ReadonlyMap<string, TakenAddress>): void {
    const uids = new Set(nodes.map(({ facts }) => facts.uid));
    for (const uid of this.#entries.keys()) if (!uids.has(uid)) this.#entries.delete(uid);
    this.#problems.keepOnly(uids);
    for (const { facts, phase } of nodes) {
      const fresh = { since: performance.now(), phase: undefined, overdueTold: false };
      const entry: Entry = this.#entries.get(facts.uid) ?? fresh;
      this.#entries.set(facts.uid, entry);
      this.#notePhase(facts, phase, entry);
      this.#noteProblems(facts, taken.get(facts.uid));
    }
    this.#isNews = true;
  }

  #notePhase(facts: PodFacts, phase: Workload['phase'], entry: Entry): void {
    const before = entry.phase;
    entry.phase = phase;
    const line = { node: facts.uid, pod: facts.name };
    if (phase === 'starting' && !entry.overdueTold && performance.now() - entry.since > OVERDUE_MS) {
      entry.overdueTold = true;
      this.#log.warn(
        { event: 'node-not-ready', ...line, action: `kubectl describe pod -n ${this.#namespace} ${facts.name}` },
        `node ${facts.name} has existed for ${OVERDUE_MS / 1000} s and is not ready: ${facts.reason || 'Kubernetes gives no reason'}`,
      );
    }
    if (phase === before || !this.#isNews) return;
    if (phase === 'gone' || phase === 'restarting') this.#noteEnd(facts, phase, before);
    else this.#log.info({ event: `node-${phase}`, ...line }, `node ${facts.name} is ${phase}`);
  }

  #noteEnd(facts: PodFacts, phase: 'gone' | 'restarting', before: Workload['phase'] | undefined): void {
    const { uid: node, name: pod, exitCode, reason } = facts;
    const line = { event: 'node-exit', node, pod, exitCode, reason };
    const how = [exitCode === undefined ? '' : ` with exit code ${exitCode}`, reason === '' ? '' : ` (${reason})`].join(
      '',
    );
    const text = `node ${pod} ended${how}${phase === 'restarting' ? '; Kubernetes restarts it' : ''}`;
    const asked = before === 'draining' || facts.deletion !== undefined || facts.drain !== undefined;
    if (asked || (phase === 'gone' && exitCode === 0)) {
      this.#log.info(line, text);
      return;
    }
    const logs = `kubectl logs -n ${this.#namespace} ${pod}${phase === 'restarting' ? ' --previous' : ''}`;
    const within = facts.managed && phase === 'gone' ? ` within ${this.#tombstoneMs / 1000} s; then it is removed` : '';
    this.#log.warn({ ...line, action: `see ${logs}${within}` }, text);
  }

  #noteProblems({ uid, name, problems }: PodFacts, taken: TakenAddress | undefined): void {
    const node = { node: uid, pod: name };
    const now: LoggedProblem[] = [];
    if (problems.length > 0)
      now.push({
        fields: {
          event: 'node-annotation-invalid',
          ...node,
          action: 'annotate it with a valid value: kubectl annotate',
        },
        text: `pod ${name}: ${problems.join('; ')}; the cluster's own value is used`,
      });
    if (taken !== undefined)
      now.push({
        fields: {
          event: 'node-address-taken',
          ...node,
          action: 'give each node on the host its own port with the annotation wscluster.io/port',
        },
        text: `pod ${name}: its address ${taken.address} is already used by ${taken.by}`,
      });
    const solved = { fields: { event: 'node-mended', ...node }, text: `pod ${name} is usable now` };
    this.#problems.note(uid, now, solved);
  }
}
