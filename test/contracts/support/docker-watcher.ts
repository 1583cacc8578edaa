import type { Workload, WorkloadSource } from '@wscluster/controller';
import type { DockerSourceOptions } from '@wscluster/controller/adapters/docker';
import { until } from '../../e2e/support/wait.ts';
import type { DockerScene } from './docker-scene.ts';
import { recordingLog } from './log-lines.ts';

/** Three failed probes take longer: what is known within this time, ms, is known by an event. */
export const BY_EVENT_MS = 1400;

/** An open source with what it said, looked at as the controller looks: when it says that something changed. */
export interface DockerWatcher {
  readonly source: WorkloadSource;
  readonly warnings: readonly Record<string, unknown>[];
  find(id: string): Promise<Workload | undefined>;
  /** Waits until the node is listed so; each look follows a change that the source told of. */
  sees(id: string, expected: Partial<Workload>, deadlineMs?: number): Promise<void>;
  /** Waits until the source says of something else what was not so before. */
  warned(event: string, count?: number): Promise<readonly Record<string, unknown>[]>;
}

export async function watchDocker(
  scene: DockerScene,
  options: Partial<DockerSourceOptions> = {},
): Promise<DockerWatcher> {
  const { log, warnings } = recordingLog();
  let changes = 0;
  const source = await scene.open({ onChange: () => changes++ }, { log, ...options });
  let looked = -1;
  let listing: readonly Workload[] = [];
  const look = async () => {
    if (looked === changes) return;
    looked = changes;
    listing = await source.list();
  };
  return {
    source,
    warnings,
    find: async (id) => (await source.list()).find((workload) => workload.id === id),
    async sees(id, expected, deadlineMs = 20_000) {
      let found: Partial<Workload> = {};
      const isAsExpected = async () => {
        await look();
        found = listing.find((workload) => workload.id === id) ?? {};
        return Object.entries(expected).every(([name, value]) => found[name as keyof Workload] === value);
      };
      await until(`it is ${JSON.stringify(expected)}`, isAsExpected, deadlineMs).catch((error: Error) => {
        throw new Error(`${error.message}; it was listed last as ${JSON.stringify(found)}`);
      });
    },
    async warned(event, count = 1) {
      const found = () => warnings.filter((line) => line.event === event);
      await until(`a line ${event}`, async () => {
        await look();
        return found().length >= count;
      });
      return found();
    },
  };
}
