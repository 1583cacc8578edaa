import { colourOf } from './colours.ts';
import type { SlotTable } from './use-table.ts';

/** How long slots are white where they leave, and then in the colour of their former owner where they arrive, ms. */
const LEAVE_MS = 400;
const ARRIVE_MS = 600;

const WHITE = 0xffff_ffff;
const GREY = 0xff80_8080;

/**
 * Paints the slots in the order of their owners. Slots that change their owner are white for a moment, and then seen in
 * the colour of their former owner among those of the new one. At rest nothing is painted.
 */
export class MapPainter {
  readonly #context: CanvasRenderingContext2D;
  /** What is seen, or was when slots began to leave. */
  #before: SlotTable | undefined;
  #after: SlotTable | undefined;
  #stage: 'rest' | 'leaving' | 'arriving' = 'rest';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(context: CanvasRenderingContext2D) {
    this.#context = context;
  }

  show(table: SlotTable): void {
    if (this.#stage === 'arriving') this.#before = this.#after;
    this.#after = table;
    const moved = this.#before === undefined ? [] : movedSlots(this.#before, table);
    if (this.#before === undefined || moved.length === 0) this.#rest();
    else this.#leave(this.#before, moved);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #leave(from: SlotTable, moved: readonly number[]): void {
    this.#paint(from, moved, () => WHITE);
    // A rollout of many steps must not put off the arrivals.
    if (this.#stage === 'leaving') return;
    this.#stage = 'leaving';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#arrive(), LEAVE_MS);
  }

  #arrive(): void {
    if (this.#before === undefined || this.#after === undefined) return;
    this.#stage = 'arriving';
    this.#paint(this.#after, movedSlots(this.#before, this.#after), colouring(this.#before));
    this.#timer = setTimeout(() => this.#rest(), ARRIVE_MS);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#stage = 'rest';
    this.#before = this.#after;
    if (this.#after !== undefined) this.#paint(this.#after, [], () => WHITE);
  }

  #paint(shown: SlotTable, moved: readonly number[], colourOfMoved: (slot: number) => number): void {
    const { slots, positions } = shown.order;
    const { width, height } = this.#context.canvas;
    const image = new ImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const colour = colouring(shown);
    for (const [position, slot] of slots.entries()) pixels[position] = colour(slot);
    for (const slot of moved) pixels[positions[slot] ?? 0] = colourOfMoved(slot);
    this.#context.putImageData(image, 0, 0);
  }
}

/** The colour of each slot's owner, as a pixel. */
function colouring({ table, members }: SlotTable): (slot: number) => number {
  const colours = members.map(({ ringId }) => {
    const [red, green, blue] = colourOf(ringId);
    return (255 << 24) | (blue << 16) | (green << 8) | red;
  });
  return (slot) => colours[table[slot] ?? -1] ?? GREY;
}

function movedSlots(before: SlotTable, after: SlotTable): number[] {
  const moved: number[] = [];
  for (let slot = 0; slot < after.table.length; slot++)
    if (before.ownerOf(slot)?.nodeId !== after.ownerOf(slot)?.nodeId) moved.push(slot);
  return moved;
}
