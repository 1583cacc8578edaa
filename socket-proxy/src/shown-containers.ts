import { z } from 'zod';
import { MANAGED } from './managed.ts';

// What a controller reads of containers. Environment, arguments, health checks and mounts may hold passwords.

/** Taken as it is. */
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

/** Leaves out of a list of containers whatever a controller does not read. Throws when it is none. */
export function shownList(answer: unknown): object {
  return listed.parse(answer);
}

/** Leaves out of an inspection whatever a controller does not read. Throws when it is none. */
export function shownInspection(answer: unknown): InspectedContainer {
  return inspected.parse(answer);
}

/** Whether a controller made the container. */
export function isManaged({ Config }: InspectedContainer): boolean {
  return Config.Labels?.[MANAGED.label] === MANAGED.value;
}
