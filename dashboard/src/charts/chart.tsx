import 'uplot/dist/uPlot.min.css';
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from 'react';
import UPlot from 'uplot';
import { onColoursChanged } from '../shell/theme.ts';
import { clock, figuresAt, type Line, most, nearest } from './chart-data.ts';
import { KEPT_SECONDS } from './history.ts';
import { Legend } from './legend.tsx';
import { plotOptions } from './plot-options.ts';

/** How many lines the legend names: those with the most. */
const NAMED = 12;
/** Samples that the keys go. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  PageDown: -60,
  PageUp: 60,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

interface Props {
  readonly title: string;
  /** Seconds since 1970, ascending. */
  readonly times: number[];
  readonly lines: readonly Line[];
  /** The least that the top of the chart stands for. */
  readonly top: number;
  format(value: number): string;
}

/** Lines over time. The legend has the figures of the chosen moment, by pointer or arrow keys, else of the last one. */
export function Chart({ title, times, lines, top, format }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const [chosenAt, setChosenAt] = useState<number>();
  const [left, setLeft] = useState<number>();
  const index = chosenAt === undefined ? times.length - 1 : nearest(times, chosenAt);
  const colours = JSON.stringify(lines.map(({ colour }) => colour ?? null));

  // A chart of other lines is another chart.
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const made = new UPlot(plotOptions(element, JSON.parse(colours) as (string | null)[], top), undefined, element);
    plot.current = made;
    const sizes = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: element.clientHeight }));
    sizes.observe(element);
    const stop = onColoursChanged(() => made.redraw(false));
    return () => {
      stop();
      sizes.disconnect();
      made.destroy();
    };
  }, [colours, top]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another chart needs the same data.
  useEffect(() => plot.current?.setData([times, ...lines.map(({ values }) => values)]), [times, lines, colours, top]);
  useEffect(() => {
    const { current } = plot;
    const time = times[index];
    const isChosen = chosenAt !== undefined && current !== undefined && time !== undefined;
    setLeft(isChosen ? current.over.offsetLeft + current.valToPos(time, 'x') : undefined);
  }, [chosenAt, times, index]);

  const point = ({ clientX }: PointerEvent) => {
    const { current } = plot;
    if (current !== undefined) setChosenAt(current.posToVal(clientX - current.over.getBoundingClientRect().left, 'x'));
  };
  const leave = ({ pointerType }: PointerEvent) => {
    // A finger that is lifted leaves too, and its moment is still to be read.
    if (pointerType === 'mouse') setChosenAt(undefined);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (event.key === 'Escape') setChosenAt(undefined);
    if (step === undefined || times.length === 0) return;
    event.preventDefault();
    setChosenAt(times[Math.min(times.length - 1, Math.max(0, index + step))]);
  };
  const moment = chosenAt === undefined ? 'now' : clock(times[index] ?? 0, true);
  const known = figuresAt(lines, index);
  const named = most(known, NAMED);
  const said = named.map(({ name, value }) => `${name} ${format(value)}`);
  return (
    <figure className="chart">
      <figcaption>{title}</figcaption>
      <div
        ref={box}
        className="plot"
        role="slider"
        aria-label={`${title}; the arrow keys go back and forth in time`}
        aria-valuemin={-KEPT_SECONDS}
        aria-valuemax={0}
        aria-valuenow={Math.round((times[index] ?? 0) - (times.at(-1) ?? 0))}
        aria-valuetext={`${moment}: ${said.join(', ') || 'nothing is known'}`}
        tabIndex={0}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={leave}
        onBlur={() => setChosenAt(undefined)}
        onKeyDown={onKeyDown}
      >
        {left !== undefined && <div className="moment" style={{ left }} />}
      </div>
      <Legend label={`${title}: figures`} moment={moment} known={known} named={named} format={format} />
    </figure>
  );
}
