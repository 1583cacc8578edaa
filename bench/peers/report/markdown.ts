import type { BenchResult } from '../../result.ts';
import { type Figure, find, MEASURES, type Measure } from '../figure.ts';
import { PROXIES } from '../proxies/proxy.ts';
import { isLimiting, short } from '../verdicts.ts';

/** The figures, a row for each case and measure, unless there is nothing but zeros; the goals with what was reached. */
export function markdown(machine: string, figures: readonly Figure[], verdicts: readonly BenchResult[]): string {
  const rows = [...new Set(figures.map((figure) => figure.case))].flatMap((name) =>
    (Object.keys(MEASURES) as Measure[]).flatMap((measure) => row(figures, name, measure)),
  );
  const goals = verdicts.map(
    ({ name, measured, limit, atLeast, unit, ok, detail }) =>
      `| ${name.replace('peers: ', '')} | ${short(measured)} ${unit} | ${atLeast === true ? '≥' : '≤'} ${limit} | ${ok ? 'ok' : 'missed'} | ${detail} |`,
  );
  return [
    machine,
    '',
    `| | | ${PROXIES.join(' | ')} |`,
    `|---|---|${PROXIES.map(() => '---|').join('')}`,
    ...rows,
    '',
    '| our figure | measured | goal | | detail |',
    '|---|---|---|---|---|',
    ...goals,
  ].join('\n');
}

function row(figures: readonly Figure[], name: string, measure: Measure): string[] {
  if (measure === 'busy' || PROXIES.every((proxy) => !find(figures, name, proxy, measure)?.highest)) return [];
  const cells = PROXIES.map((proxy) => {
    const figure = find(figures, name, proxy, measure);
    if (figure === undefined) return '–';
    const busy = find(figures, name, proxy, 'busy');
    const rate = measure === 'rate' && busy !== undefined && !isLimiting(busy);
    const shown = `${short(figure.median)}${spread(figure)}`;
    return rate ? `(${shown})` : shown;
  });
  return [`| ${name} | ${MEASURES[measure]} | ${cells.join(' | ')} |`];
}

/** Half of what lies between the lowest and the highest turn, in per cent of the median; nothing for a single turn. */
function spread({ lowest, highest, median, turns }: Figure): string {
  return turns.length < 2 || median === 0 ? '' : ` ±${Math.round((50 * (highest - lowest)) / median)} %`;
}
