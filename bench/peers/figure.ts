import { median } from '../result.ts';
import type { ProxyName } from './proxies/proxy.ts';

export const MEASURES = {
  rate: 'a second',
  cpu: 'µs of CPU each',
  busy: 'share of its core',
  first: 'ms till the first',
  ms: 'ms till the last',
  retries: 'attempts that failed',
  p50: 'µs, p50',
  p99: 'µs, p99',
  p999: 'µs, p99.9',
  loop: 'ms of event-loop delay, p99',
  rss: 'kB of RSS',
  kernel: 'kB in the kernel',
  grown: 'times the RSS after a tenth of it',
  descriptors: 'more descriptors than after a tenth of it',
} as const;
export type Measure = keyof typeof MEASURES;

/** What a turn of a proxy gave. */
export type Sample = Partial<Readonly<Record<Measure, number>>>;

/** One measure of one proxy in one case, over its turns. */
export interface Figure {
  readonly case: string;
  readonly proxy: ProxyName;
  readonly measure: Measure;
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  /** In the order of the rounds: those of two proxies belong together. */
  readonly turns: readonly number[];
}

export function figuresOf(name: string, proxy: ProxyName, samples: readonly Sample[]): Figure[] {
  return (Object.keys(MEASURES) as Measure[]).flatMap((measure) => {
    const turns = samples.flatMap((sample) => sample[measure] ?? []);
    if (turns.length === 0) return [];
    const [lowest, highest] = [Math.min(...turns), Math.max(...turns)];
    return [{ case: name, proxy, measure, median: median(turns), lowest, highest, turns }];
  });
}

export function find(figures: readonly Figure[], name: string, proxy: ProxyName, measure: Measure): Figure | undefined {
  return figures.find((figure) => figure.case === name && figure.proxy === proxy && figure.measure === measure);
}
