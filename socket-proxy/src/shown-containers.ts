import { z } from 'zod';
import { MANAGED } from './managed.ts';

// What a controller reads of containers. Environment, arguments, health checks and mounts may hold passwords.

/** Passed on unchanged. */
const value = z.unknown().optional();
const labels = z.record(z.string(), z.string()).nullish();

const listed = z.array(
  z.object({
    Id: value,
    Names: value,
    Labels: labels,
    State: value,
    Status: value,
    NetworkSettings: z.object({ Networks: value }).nullish(),
    Ports: value,
  }),
);

const inspected = z.object({
  Id: value,
  Name: value,
  Created: value,
  State: z.object({
    Status: value,
    Running: value,
    Paused: value,
    StartedAt: value,
    ExitCode: value,
    Health: z.object({ Status: value }).nullish(),
  }),
  Config: z.object({ Image: value, Labels: labels, StopSignal: value }),
  HostConfig: z.object({ NetworkMode: value }),
  NetworkSettings: z.object({ Networks: value, Ports: value }),
});

export type InspectedContainer = z.infer<typeof inspected>;

/** Reduces a list of containers to what a controller reads. Throws if it is not a list. */
export function shownList(answer: unknown): object {
  return listed.parse(answer);
}

/** Reduces an inspection to what a controller reads. Throws if it is not one. */
export function shownInspection(answer: unknown): InspectedContainer {
  return inspected.parse(answer);
}

/** Whether a controller created the container. */
export function isManaged({ Config }: InspectedContainer): boolean {
  return Config.Labels?.[MANAGED.label] === MANAGED.value;
}
