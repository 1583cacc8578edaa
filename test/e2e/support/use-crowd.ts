import { afterEach, beforeEach } from 'vitest';
import { Crowd } from './crowd.ts';
import { System, type SystemOptions } from './system.ts';

export interface CrowdedSystem {
  readonly system: System;
  readonly crowd: Crowd;
}

/** A system with so many clients connected, for each test of a file; all of it ends with the test. */
export function useCrowd(size: number, options: SystemOptions | (() => SystemOptions)): () => CrowdedSystem {
  let system: System | undefined;
  let crowd: Crowd | undefined;
  beforeEach(async () => {
    system = await System.start(typeof options === 'function' ? options() : options);
    crowd = await Crowd.connect(system, size);
  });
  afterEach(async () => {
    crowd?.stop();
    await system?.stop();
    system = undefined;
    crowd = undefined;
  });
  return () => {
    if (system === undefined || crowd === undefined) throw new Error('there is a crowd only within a test');
    return { system, crowd };
  };
}
