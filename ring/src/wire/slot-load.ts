import { z } from 'zod';

/** What gateways can measure of slots beside their connections. */
const LOAD_MEASURES = ['messages', 'bytes'] as const;
export type LoadMeasure = (typeof LOAD_MEASURES)[number];

/** How many messages, or bytes, a unit of a reported load stands for. */
export const LOAD_UNITS: Readonly<Record<LoadMeasure, number>> = { messages: 1, bytes: 1024 };

/** What a gateway is asked to measure; something that only newer ones know counts as nothing. */
export const askedLoadSchema = z.enum(LOAD_MEASURES).optional().catch(undefined);

/** What a gateway has relayed since its last report, in both directions. */
export const slotLoadSchema = z.object({
  measure: z.enum(LOAD_MEASURES),
  /** Units on each slot, see encodeSlotChanges: those that have had most of it, the others in a later report. */
  slots: z.string(),
});
export type ReportedLoad = Readonly<z.infer<typeof slotLoadSchema>>;
