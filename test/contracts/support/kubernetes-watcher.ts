import type { Workload } from '@wscluster/controller';
import type { KubernetesSource, KubernetesSourceOptions } from '@wscluster/controller/kubernetes/pods';
import { until } from '../../e2e/support/wait.ts';
import type { KubernetesScene } from './kubernetes-scene.ts';
import { recordingLog } from './log-lines.ts';

/** An open source with what it said, looked at as the controller looks: when it says that something changed. */
export interface KubernetesWatcher {
  readonly source: KubernetesSource;
  readonly lines: readonly Record<string, unknown>[];
  readonly warnings: readonly Record<string, unknown>[];
  find(id: string): Promise<Workload | undefined>;
  /** Waits until the node is listed so; each look follows a change that the source told of. */
  sees(id: string, expected: Partial<Workload>, deadlineMs?: number): Promise<void>;
  /** Waits until the source says of something. */
  warned(event: string, count?: number): Promise<readonly Record<string, unknown>[]>;
}

export async function watchKubernetes(
  scene: KubernetesScene,
  options: Partial<KubernetesSourceOptions> & { kubeconfig?: string } = {},
): Promise<KubernetesWatcher> {
  const { log, lines, warnings } = recordingLog('info');
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
    lines,
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
