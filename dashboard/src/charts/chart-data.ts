import { colourOf, css } from '../ring/colours.ts';
import type { HistoryView } from './history.ts';

/** A line of a chart: a value for each sample, null where there is none. */
export interface Line {
  readonly id: string;
  readonly name: string;
  /** As in CSS; undefined: the accent of the page. */
  readonly colour: string | undefined;
  readonly values: (number | null)[];
}

/** How much time a chart shows, seconds: the first that all samples fit into. */
const WINDOWS = [60, 300, 900] as const;

/** Seconds since 1970 at the left and right edge. */
export function windowOf(times: readonly number[]): [from: number, to: number] {
  const to = times.at(-1) ?? 0;
  const span = to - (times[0] ?? to);
  return [to - (WINDOWS.find((window) => span <= window) ?? WINDOWS[2]), to];
}

export function connectionLines({ samples, nodes }: HistoryView): Line[] {
  return nodes.map(({ id, name, ringId }) => ({
    id,
    name,
    colour: ringId === null ? 'gray' : css(colourOf(ringId)),
    values: samples.map(({ connections }) => connections?.get(id) ?? null),
  }));
}

export function moveLines({ samples }: HistoryView): Line[] {
  const moves = samples.map(({ movesPerSecond }) => movesPerSecond ?? null);
  const migrations = samples.map(({ migrationsPerSecond }) => migrationsPerSecond ?? null);
  return [
    { id: 'moves', name: 'All moves', colour: undefined, values: moves },
    { id: 'migrations', name: 'Unnoticed', colour: 'gray', values: migrations },
  ];
}

/** The value of a line at one moment. */
export interface LineFigure extends Pick<Line, 'id' | 'name' | 'colour'> {
  readonly value: number;
}

/** The lines that have a value at a sample. */
export function figuresAt(lines: readonly Line[], index: number): LineFigure[] {
  return lines.flatMap(({ id, name, colour, values }) => {
    const value = values[index];
    return value === null || value === undefined ? [] : [{ id, name, colour, value }];
  });
}

/** Those `count` with the largest values, in the order given. */
export function most(figures: readonly LineFigure[], count: number): LineFigure[] {
  const largest = new Set([...figures].sort((a, b) => b.value - a.value).slice(0, count));
  return figures.filter((figure) => largest.has(figure));
}

/** The index of the sample nearest to a time; 0 if there is none. */
export function nearest(times: readonly number[], at: number): number {
  const after = times.findIndex((time) => time >= at);
  if (after === -1) return Math.max(0, times.length - 1);
  const before = after - 1;
  const isBefore = before >= 0 && at - (times[before] ?? 0) < (times[after] ?? 0) - at;
  return isBefore ? before : after;
}

/** As the timeline has it; `exact`: with seconds. */
export function clock(at: number, exact: boolean): string {
  return new Date(at * 1000).toLocaleTimeString(undefined, { timeStyle: exact ? 'medium' : 'short' });
}
