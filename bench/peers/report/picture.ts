import { COMEBACK } from '../cases/comeback.ts';
import { IDLE } from '../cases/idle.ts';
import { LATENCY } from '../cases/talk.ts';
import { type Figure, find, MEASURES, type Measure } from '../figure.ts';
import { PROXIES } from '../proxies/proxy.ts';
import { short } from '../verdicts.ts';

/** What a panel shows of a case, unless it is the CPU time. */
const SHOWN: Readonly<Record<string, Measure>> = { [COMEBACK]: 'ms', [IDLE]: 'rss', [LATENCY]: 'p99' };
const COLUMNS = 3;
const [WIDTH, BAR, GAP, LABELS, VALUES, TITLE] = [330, 14, 4, 82, 78, 40];
const HEIGHT = TITLE + PROXIES.length * (BAR + GAP) + 16;

/** An SVG with a panel of bars for each case; shorter is better in all of them. */
export function picture(figures: readonly Figure[]): string {
  // What only we do is nothing to compare.
  const cases = [...new Set(figures.filter(({ proxy }) => proxy !== 'wscluster').map((figure) => figure.case))];
  const panels = cases.map((name, index) => {
    const [x, y] = [(index % COLUMNS) * WIDTH, Math.floor(index / COLUMNS) * HEIGHT];
    return `<g transform="translate(${x + 10} ${y + 10})">${panel(figures, name)}</g>`;
  });
  const [width, height] = [COLUMNS * WIDTH + 10, Math.ceil(cases.length / COLUMNS) * HEIGHT + 10];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11">\n` +
    `<rect width="${width}" height="${height}" fill="#fff"/>\n${panels.join('\n')}\n</svg>\n`
  );
}

function panel(figures: readonly Figure[], name: string): string {
  const measure = SHOWN[name] ?? 'cpu';
  const found = PROXIES.flatMap((proxy) => find(figures, name, proxy, measure) ?? []);
  const most = Math.max(...found.map(({ median }) => median));
  const room = WIDTH - LABELS - VALUES - 10;
  const bars = found.map(({ proxy, median }, line) => {
    const y = TITLE + line * (BAR + GAP);
    const width = Math.max(1, (room * median) / most).toFixed(1);
    const colour = proxy === 'wscluster' ? '#1f6feb' : '#9aa4b0';
    return (
      `<text x="${LABELS - 6}" y="${y + BAR - 3}" text-anchor="end">${proxy}</text>` +
      `<rect x="${LABELS}" y="${y}" width="${width}" height="${BAR}" fill="${colour}"/>` +
      `<text x="${LABELS + Number(width) + 4}" y="${y + BAR - 3}">${short(median)}</text>`
    );
  });
  const title = `<text x="0" y="12" font-weight="bold">${name}</text><text x="0" y="28" fill="#555">${MEASURES[measure]}</text>`;
  return title + bars.join('');
}
