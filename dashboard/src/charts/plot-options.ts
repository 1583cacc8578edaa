import type UPlot from 'uplot';
import { clock, windowOf } from './chart-data.ts';

/** Up to so many seconds, the time axis has seconds. */
const EXACT_SECONDS = 300;

/**
 * How a chart is drawn. A canvas has no style: its colours are those of `element`, as they are at each drawing.
 * `colours` are those of the lines; null: the accent of the page. `top`: the least that the top of the chart stands
 * for.
 */
export function plotOptions(element: HTMLElement, colours: readonly (string | null)[], top: number): UPlot.Options {
  const style = getComputedStyle(element);
  const grid = { stroke: () => style.borderTopColor, width: 1 };
  const axis = { stroke: () => style.color, font: `12px ${style.fontFamily}`, grid, ticks: grid };
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    cursor: { show: false },
    legend: { show: false },
    scales: {
      x: { range: (made) => windowOf(made.data[0] as number[]) },
      y: { range: (_, __, most) => [0, Math.max(top, most * 1.1)] },
    },
    axes: [
      { ...axis, size: 30, space: 90, values: (made, splits) => splits.map((at) => clock(at, isShort(made))) },
      { ...axis, size: 46, space: 28, values: (_, splits) => splits.map((value) => value.toLocaleString('en')) },
    ],
    series: [
      {},
      ...colours.map((colour): UPlot.Series => {
        return { stroke: () => colour ?? style.accentColor, width: 2, points: { show: false } };
      }),
    ],
  };
}

function isShort({ scales }: UPlot): boolean {
  return (scales.x?.max ?? 0) - (scales.x?.min ?? 0) <= EXACT_SECONDS;
}
