import { defineConfig } from 'vitest/config';
import { GROUPS } from './test/run/groups.ts';

/** Node itself loads all files, which takes less processor time than Vite's loader. There is no `vi.mock` this way. */
const experimental = { viteModuleRunner: false, nodeLoader: false };

/** A project for each group of tests; test/run decides which run when. */
export default defineConfig({
  test: {
    projects: GROUPS.map(({ name, include, workers, sharesBrokers }) => ({
      test: {
        name,
        experimental,
        include: [...include],
        maxWorkers: workers,
        // Nobody reads a difference of 100,000 lines.
        diff: { truncateThreshold: 200 },
        ...(sharesBrokers === true ? { globalSetup: ['test/run/shared-brokers.ts'] } : {}),
        ...(name === 'unit'
          ? // Pure logic: a process for each file would take longer than the tests.
            { pool: 'threads' as const, isolate: false, testTimeout: 60_000, hookTimeout: 60_000 }
          : { testTimeout: 300_000, hookTimeout: 300_000 }),
        setupFiles: ['test/run/keep-compiled.mjs', ...(name === 'unit' ? [] : ['test/e2e/support/no-leaks.ts'])],
        sequence: { setupFiles: 'list' },
      },
    })),
  },
});
