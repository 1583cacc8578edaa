import { type KeyboardEvent, type PointerEvent, useEffect, useRef } from 'react';
import { colourOf } from './colours.ts';
import type { SlotTable } from './use-table.ts';

/** 256 rows of 256 slots. */
const SIDE = 256;
/** How long slots with a new owner are shown in white, ms. */
const FLASH_MS = 500;
const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -SIDE, ArrowDown: SIDE };

interface Props {
  readonly table: SlotTable | undefined;
  /** Ring id by node id. */
  readonly ringIds: ReadonlyMap<string, number>;
  readonly selected: number | undefined;
  /** Undefined: the pointer has left. */
  onPoint(slot: number | undefined): void;
  onSelect(slot: number): void;
}

/** Every slot in the colour of its owner, row by row. */
export function SlotMap({ table, ringIds, selected, onPoint, onSelect }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const before = useRef<readonly (string | undefined)[]>([]);

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (table === undefined || context === null || context === undefined) return;
    const owners = Array.from({ length: SIDE * SIDE }, (_, slot) => table.ownerOf(slot));
    const changed = before.current.length === 0 ? [] : changedSlots(before.current, owners);
    before.current = owners;
    const draw = (white: readonly number[]) => context.putImageData(picture(owners, ringIds, white), 0, 0);
    draw(changed);
    if (changed.length === 0) return;
    const timer = setTimeout(() => draw([]), FLASH_MS);
    return () => clearTimeout(timer);
  }, [table, ringIds]);

  const slotAt = (event: PointerEvent<HTMLElement>) => {
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    const column = clamp(Math.floor(((event.clientX - left) / width) * SIDE));
    const row = clamp(Math.floor(((event.clientY - top) / height) * SIDE));
    return row * SIDE + column;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    onSelect(((selected ?? 0) + step + SIDE * SIDE) % (SIDE * SIDE));
  };
  return (
    <div
      className="map"
      role="slider"
      aria-label="Slots by owner; the arrow keys go from slot to slot"
      aria-valuemin={0}
      aria-valuemax={SIDE * SIDE - 1}
      aria-valuenow={selected ?? 0}
      aria-valuetext={`slot ${selected ?? 0}, owner ${table?.ownerOf(selected ?? 0) ?? 'nobody'}`}
      tabIndex={0}
      onPointerMove={(event) => onPoint(slotAt(event))}
      onPointerLeave={() => onPoint(undefined)}
      onPointerDown={(event) => onSelect(slotAt(event))}
      onKeyDown={onKeyDown}
    >
      <canvas ref={canvas} width={SIDE} height={SIDE} />
      {selected !== undefined && (
        <svg viewBox={`0 0 ${SIDE} ${SIDE}`} aria-hidden="true">
          <circle className="mark" cx={(selected % SIDE) + 0.5} cy={Math.floor(selected / SIDE) + 0.5} r="5" />
        </svg>
      )}
    </div>
  );
}

function changedSlots(before: readonly (string | undefined)[], after: readonly (string | undefined)[]): number[] {
  return after.flatMap((owner, slot) => (owner === before[slot] ? [] : [slot]));
}

function picture(
  owners: readonly (string | undefined)[],
  ringIds: ReadonlyMap<string, number>,
  white: readonly number[],
): ImageData {
  const image = new ImageData(SIDE, SIDE);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = new Map<string | undefined, number>();
  for (const [node, ringId] of ringIds) {
    const [red, green, blue] = colourOf(ringId);
    colours.set(node, (255 << 24) | (blue << 16) | (green << 8) | red);
  }
  const nobody = 0xff80_8080;
  for (let slot = 0; slot < owners.length; slot++) pixels[slot] = colours.get(owners[slot]) ?? nobody;
  for (const slot of white) pixels[slot] = 0xffff_ffff;
  return image;
}

function clamp(position: number): number {
  return Math.min(SIDE - 1, Math.max(0, position));
}
