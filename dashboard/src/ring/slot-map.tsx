import { type KeyboardEvent, memo, type PointerEvent, useEffect, useRef } from 'react';
import { MapPainter } from './map-painter.ts';
import type { SlotTable } from './use-table.ts';

/** 256 rows of 256 slots. */
const SIDE = 256;
const SLOTS = SIDE * SIDE;
const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -SIDE, ArrowDown: SIDE };

interface Props {
  readonly table: SlotTable | undefined;
  /** Name by node id. */
  readonly names: ReadonlyMap<string, string>;
  readonly selected: number | undefined;
  /** Undefined: the pointer has left. */
  onPoint(slot: number | undefined): void;
  onSelect(slot: number): void;
}

/** Every slot in the colour of its owner, row by row, owner by owner. */
export const SlotMap = memo(function SlotMap({ table, names, selected, onPoint, onSelect }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<MapPainter>(undefined);

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context === null || context === undefined) return;
    const made = new MapPainter(context);
    painter.current = made;
    return () => made.stop();
  }, []);
  useEffect(() => {
    if (table !== undefined) painter.current?.show(table);
  }, [table]);

  const position = (selected === undefined ? undefined : table?.order.positions[selected]) ?? 0;
  const slot = table?.order.slots[position] ?? 0;
  const owner = table?.ownerOf(slot)?.nodeId;
  const slotAt = (event: PointerEvent<HTMLElement>) => {
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    const column = clamp(Math.floor(((event.clientX - left) / width) * SIDE));
    const row = clamp(Math.floor(((event.clientY - top) / height) * SIDE));
    return table?.order.slots[row * SIDE + column];
  };
  const select = (chosen: number | undefined) => {
    if (chosen !== undefined) onSelect(chosen);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    select(table?.order.slots[(position + step + SLOTS) % SLOTS]);
  };
  return (
    <div
      className="map"
      role="slider"
      aria-label="Slots by owner; the arrow keys go from slot to slot"
      aria-valuemin={0}
      aria-valuemax={SLOTS - 1}
      aria-valuenow={position}
      aria-valuetext={`slot ${slot}, owner ${owner === undefined ? 'nobody' : (names.get(owner) ?? owner)}`}
      tabIndex={0}
      onPointerMove={(event) => onPoint(slotAt(event))}
      onPointerLeave={() => onPoint(undefined)}
      onPointerDown={(event) => select(slotAt(event))}
      onKeyDown={onKeyDown}
    >
      <canvas ref={canvas} width={SIDE} height={SIDE} />
      {selected !== undefined && (
        <svg viewBox={`0 0 ${SIDE} ${SIDE}`} aria-hidden="true">
          <circle className="mark" cx={(position % SIDE) + 0.5} cy={Math.floor(position / SIDE) + 0.5} r="5" />
        </svg>
      )}
    </div>
  );
});

function clamp(position: number): number {
  return Math.min(SIDE - 1, Math.max(0, position));
}
