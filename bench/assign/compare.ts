import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SLOTS } from '@wscluster/ring';
import { barCharts, type Panel } from '../report/bars.ts';
import { DOCS, replacePart } from '../report/document.ts';
import { keysOf } from './clients.ts';
import { type Change, changesOf, leastMoved, type Moved, measure, peakOf } from './measure.ts';
import { envoyRing, former, hashring, maglev, type Node, ours, type Rule, rendezvous } from './rules.ts';

/** Clients that have connected before the first change, to a ring that could not know them. */
const CLIENTS = 10_000;
const TOLERANCE = 0.05;
const OWN = 'The same changes by this project’s rule, with the most clients of a node / its share before and after:';
const PICTURE = 'benchmarks/assign.svg';

/** One change of one cluster. */
interface Row {
  readonly count: number;
  readonly change: Change;
  /** The fewest clients that any rule has to move to bring all nodes within the tolerance / ideal. */
  readonly least: number;
  /** Of this project's rule before the change: the most clients of a node / its share. */
  readonly peakBefore: number;
  readonly cells: readonly Cell[];
}

interface Cell {
  readonly rule: string;
  /** Keys that are clients, ... */
  readonly clients: Moved;
  /** ... and keys that are nobody's. */
  readonly space: Moved;
}

const keys = keysOf(CLIENTS, 'uniform');
const probes = Array.from({ length: SLOTS }, (_, n) => `probe-${n}`);
const OTHERS = [former, rendezvous, maglev, envoyRing, hashring];

/**
 * Prints how this project's rule and others take the first change: the tables of docs/scaling.md. `forDocs`: writes
 * them there too, with a picture.
 */
export function compareRules(sizes: readonly number[], forDocs: boolean): void {
  const rows = sizes.flatMap((count) => {
    const before: readonly Node[] = Array.from({ length: count }, (_, ringId) => ({ ringId, weight: 1 }));
    return changesOf(before).map((change) => rowOf(before, change));
  });
  const text = `![Clients that one node more moves, and the fullest node afterwards](${PICTURE})\n\n${rules(rows)}\n\n${OWN}\n\n${firstChange(rows)}`;
  process.stdout.write(`${text}\n\n`);
  if (!forDocs) return;
  writeFileSync(join(DOCS, PICTURE), picture(rows));
  replacePart('scaling.md', 'assign', text);
}

function rowOf(before: readonly Node[], change: Change): Row {
  const own = [ours(() => keys), ours(() => keys, 0)];
  const cells = [...own, ...OTHERS].map((rule) => cellOf(rule, before, change));
  const old = ours(() => keys).owners(before, keys);
  const least = leastMoved(old, before, change, TOLERANCE);
  return { count: before.length, change, least, peakBefore: peakOf(old, before), cells };
}

function cellOf(rule: Rule, before: readonly Node[], change: Change): Cell {
  const all = [...keys, ...probes];
  const [old, owners] = [rule.owners(before, all), rule.owners(change.after, all)];
  const part = (from: number, to?: number) =>
    measure(old.subarray(from, to), owners.subarray(from, to), before, change);
  return { rule: rule.name, clients: part(0, keys.length), space: part(keys.length) };
}

const figure = (value: number) => value.toFixed(2);

function rules(rows: readonly Row[]): string {
  const shown = (cells: readonly Cell[]) => cells.filter(({ rule }) => rule !== ours(() => keys, 0).name);
  const lines = rows.map(({ count, change, cells }) => [
    ...[String(count), change.name],
    ...shown(cells).map(
      ({ clients, space }) => `${figure(clients.moved)}; ${figure(clients.peak)}; ${figure(space.peak)}`,
    ),
  ]);
  return table(['nodes', 'change', ...shown(rows[0]?.cells ?? []).map(({ rule }) => rule)], lines);
}

/** What this project's rule moves, and why. */
function firstChange(rows: readonly Row[]): string {
  const lines = rows.map(({ count, change, least, peakBefore, cells: [full, alone] }) => [
    ...[String(count), change.name, figure(peakBefore), figure(least)],
    ...[full, alone].flatMap((cell) => [figure(cell?.clients.moved ?? 0), figure(cell?.clients.peak ?? 0)]),
  ]);
  const titles = ['before', 'needed / ideal', 'moved / ideal', 'after', 'others left alone: moved / ideal', 'after'];
  return table(['nodes', 'change', ...titles], lines);
}

function table(titles: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(titles), `|${titles.map(() => '---|').join('')}`, ...lines.map(line)].join('\n');
}

/** One node more, by the number of nodes. Shorter is better. */
function picture(rows: readonly Row[]): string {
  const more = rows.filter(({ change }) => change.name === 'one more');
  const panel = ({ count, cells }: Row, subtitle: string, of: (cell: Cell) => number): Panel => ({
    title: `${count} nodes`,
    subtitle,
    bars: cells.map((cell) => {
      return { name: cell.rule, value: of(cell), text: figure(of(cell)), isOurs: cell.rule.startsWith('wscluster') };
    }),
  });
  const panels = more.flatMap((row) => [
    panel(row, 'clients moved by one node more / ideal', ({ clients }) => clients.moved),
    panel(row, 'most clients of a node afterwards / its share', ({ clients }) => clients.peak),
  ]);
  return barCharts(panels, { labels: 170, columns: 2, width: 400 });
}
