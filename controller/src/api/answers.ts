import type { z } from 'zod';
import type { clustersAnswer, messageAnswer, ownerAnswer, planAnswer, problemAnswer, slotAnswer } from './schemas.ts';

// What the API answers, as types, for programs that call it.

export type { Link } from '../core/loop/status/links.ts';
export type { LiveState } from './live-schema.ts';
export type Clusters = z.infer<typeof clustersAnswer>;
export type Owner = z.infer<typeof ownerAnswer>;
export type SlotOwner = z.infer<typeof slotAnswer>;
export type Plan = z.infer<typeof planAnswer>;
export type Delivery = z.infer<typeof messageAnswer>;
export type Problem = z.infer<typeof problemAnswer>;
