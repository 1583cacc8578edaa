import { barCharts, type Panel } from '../../report/bars.ts';
import { COMEBACK } from '../cases/comeback.ts';
import { IDLE } from '../cases/idle.ts';
import { LATENCY } from '../cases/talk.ts';
import { type Figure, find, MEASURES, type Measure } from '../figure.ts';
import { PROXIES } from '../proxies/proxy.ts';
import { short } from '../verdicts.ts';

/** What a panel shows of a case, unless it is the CPU time. */
const SHOWN: Readonly<Record<string, Measure>> = { [COMEBACK]: 'ms', [IDLE]: 'rss', [LATENCY]: 'p99' };

/** An SVG with a panel of bars for each case; shorter is better in all of them. */
export function picture(figures: readonly Figure[]): string {
  // What only we do is nothing to compare.
  const cases = [...new Set(figures.filter(({ proxy }) => proxy !== 'wscluster').map((figure) => figure.case))];
  return barCharts(
    cases.map((name) => panel(figures, name)),
    { labels: 82, columns: 3, width: 330 },
  );
}

function panel(figures: readonly Figure[], name: string): Panel {
  const measure = SHOWN[name] ?? 'cpu';
  const found = PROXIES.flatMap((proxy) => find(figures, name, proxy, measure) ?? []);
  const bars = found.map(({ proxy, median }) => {
    return { name: proxy, value: median, text: short(median), isOurs: proxy === 'wscluster' };
  });
  return { title: name, subtitle: MEASURES[measure], bars };
}
