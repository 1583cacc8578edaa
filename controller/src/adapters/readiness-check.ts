import type { ReadinessRule } from '../core/ports/readiness-rule.ts';
import { type HttpProbeResult, type ProbeOptions, type ProbeResult, probeHttp, probeTcp } from './probe.ts';

/** Where nodes that know wscluster say whether they are ready or draining. */
const READYZ = '/readyz';
/** A server that stayed silent on so many GETs in a row is no longer sent any. */
const SILENT_ASKS = 4;

/**
 * Asks one node whether it is ready, by its cluster's rule, and remembers what it speaks: a server that has ever
 * answered HTTP hangs when it falls silent, while one that never has may know only WebSockets.
 */
export class ReadinessCheck {
  readonly #rule: ReadinessRule;
  #answersHttp: boolean;
  #silences = 0;

  /** `answersHttp`: it is known to have answered HTTP before. */
  constructor(rule: ReadinessRule, answersHttp = false) {
    this.#rule = rule;
    this.#answersHttp = answersHttp;
  }

  /** The node has answered HTTP at some time, which matters where the rule leaves it open. */
  get answersHttp(): boolean {
    return this.#answersHttp;
  }

  ask(address: string, options: ProbeOptions = {}): Promise<ProbeResult> {
    const { tcp, http } = this.#rule;
    if (tcp === true) return probeTcp(address, options);
    if (http !== undefined) return probeHttp(address, { ...options, path: http.path, isReady: isBelow(http.below) });
    return this.#askAnything(address, options);
  }

  /** HTTP where the node answers it; otherwise that it accepts connections. */
  async #askAnything(address: string, options: ProbeOptions): Promise<ProbeResult> {
    if (this.#silences >= SILENT_ASKS) return probeTcp(address, options);
    const answer = await probeHttp(address, { ...options, path: READYZ, isReady: works });
    if (answer.state === 'draining' || ('by' in answer && answer.by === 'http')) this.#answersHttp = true;
    if (this.#answersHttp || answer.state !== 'failed' || answer.accepted === undefined) return answer;
    const byTcp = await this.#withoutHttp(address, answer, options);
    if (byTcp.state === 'ready') this.#silences++;
    return byTcp;
  }

  #withoutHttp(address: string, { accepted }: HttpProbeResult, options: ProbeOptions): Promise<ProbeResult> {
    // Silence and bytes that are no HTTP come from a server; an end may come from a relay without one.
    if (accepted === 'closed') return probeTcp(address, options);
    return Promise.resolve({ state: 'ready', by: 'tcp' });
  }
}

function isBelow(limit: number): (status: number) => boolean {
  return (status) => status < limit;
}

/** 4xx is what backends answer that know nothing of the path, and 501 or 505 those that know nothing but WebSockets. */
function works(status: number): boolean {
  return status < 500 || status === 501 || status === 505;
}
