import { atLeast, atMost, type BenchResult, median } from '../result.ts';
import { CHURN } from './cases/churn.ts';
import { COMEBACK } from './cases/comeback.ts';
import { IDLE } from './cases/idle.ts';
import { MOVE } from './cases/move.ts';
import { STORM } from './cases/storm.ts';
import { echoCase, LATENCY } from './cases/talk.ts';
import { type Figure, find, type Measure } from './figure.ts';
import { ECHO_BYTES } from './plan.ts';
import type { ProxyName } from './proxies/proxy.ts';

/** A proxy that used its core for at least this share of the time was what limited the rate. */
const LIMITING = 0.9;

/** Of our gateway alone. */
const BOUNDS: readonly {
  readonly case: string;
  readonly measure: Measure;
  readonly most: number;
  readonly unit: string;
}[] = [
  { case: MOVE, measure: 'loop', most: 10, unit: 'ms' },
  { case: CHURN, measure: 'grown', most: 1.1, unit: 'times' },
  { case: CHURN, measure: 'descriptors', most: 0, unit: '' },
  { case: CHURN, measure: 'retries', most: 0, unit: '' },
];

interface Goal {
  readonly case: string;
  readonly measure: Measure;
  readonly peer: ProxyName;
  /** Of our figure to the peer's: at least for rates, at most for everything else. */
  readonly ratio: number;
}

const [SMALL, MIDDLE, LARGE] = ECHO_BYTES.map(echoCase) as [string, string, string];

const GOALS: readonly Goal[] = [
  { case: STORM, measure: 'rate', peer: 'nginx', ratio: 0.9 },
  { case: STORM, measure: 'rate', peer: 'http-proxy-3', ratio: 2 },
  { case: STORM, measure: 'cpu', peer: 'haproxy', ratio: 1.5 },
  { case: COMEBACK, measure: 'ms', peer: 'haproxy', ratio: 1.5 },
  { case: SMALL, measure: 'rate', peer: 'haproxy', ratio: 1 },
  { case: SMALL, measure: 'rate', peer: 'nginx', ratio: 0.9 },
  { case: SMALL, measure: 'rate', peer: 'http-proxy-3', ratio: 1.15 },
  { case: SMALL, measure: 'cpu', peer: 'haproxy', ratio: 1.05 },
  { case: MIDDLE, measure: 'cpu', peer: 'haproxy', ratio: 1.05 },
  { case: LARGE, measure: 'cpu', peer: 'haproxy', ratio: 0.9 },
  { case: IDLE, measure: 'rss', peer: 'nginx', ratio: 0.5 },
  { case: IDLE, measure: 'rss', peer: 'http-proxy-3', ratio: 0.35 },
  { case: LATENCY, measure: 'p99', peer: 'haproxy', ratio: 1.3 },
];

const NAMES: Partial<Record<Measure, string>> = {
  rate: 'a second',
  cpu: 'CPU',
  ms: 'time',
  rss: 'memory (RSS)',
  p99: 'p99',
  loop: 'event-loop delay p99',
  grown: 'memory at the end relative to a tenth of it',
  descriptors: 'descriptors left',
  retries: 'connects that failed',
};

/** Our figures as ratios to those of the peers: the median over the rounds of the ratio in each round. */
export function verdicts(figures: readonly Figure[]): BenchResult[] {
  const measured = new Set(figures.map((figure) => figure.case));
  const ratios = GOALS.filter((goal) => measured.has(goal.case)).map((goal) => verdict(figures, goal));
  const bounds = BOUNDS.flatMap(({ case: name, measure, most, unit }) => {
    const figure = find(figures, name, 'wscluster', measure);
    return figure === undefined ? [] : [bounded(figure, most, unit)];
  });
  return [...ratios, ...bounds];
}

function bounded({ case: name, measure, median: measured, lowest, highest }: Figure, most: number, unit: string) {
  const detail = `rounds from ${short(lowest)} to ${short(highest)}`;
  return atMost(`peers: ${name}, ${NAMES[measure]}`, measured, most, unit, detail);
}

function verdict(figures: readonly Figure[], { case: name, measure, peer, ratio }: Goal): BenchResult {
  const of = (proxy: ProxyName, what: Measure) => find(figures, name, proxy, what);
  const byCpu = measure === 'rate' && ![of('wscluster', 'busy'), of(peer, 'busy')].every(isLimiting);
  const counted = byCpu ? 'cpu' : measure;
  const [ours, theirs] = [of('wscluster', counted), of(peer, counted)];
  const ratios = (ours?.turns ?? []).map((value, round) => {
    const theirValue = theirs?.turns[round] ?? Number.NaN;
    return byCpu ? theirValue / value : value / theirValue;
  });
  const measured = median(ratios);
  const detail =
    `${short(ours?.median)} against ${short(theirs?.median)}` +
    `${byCpu ? ' µs of CPU each, since a proxy was not what limited the rate' : ''}; ` +
    `rounds from ${short(Math.min(...ratios))} to ${short(Math.max(...ratios))}`;
  const compare = measure === 'rate' ? atLeast : atMost;
  return compare(`peers: ${name}, ${NAMES[measure]}, relative to ${peer}`, measured, ratio, 'times', detail);
}

export function isLimiting(busy: Figure | undefined): boolean {
  return busy !== undefined && busy.median >= LIMITING;
}

export function short(value = Number.NaN): string {
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}
