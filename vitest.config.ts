import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['*/src/**/*.test.ts'],
          testTimeout: 10_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/**/*.test.ts'],
          setupFiles: ['test/e2e/support/no-leaks.ts'],
          // Real processes and rates are measured here; files beside each other, or unit tests,
          // would disturb the figures.
          fileParallelism: false,
          // Killed servers come back at their own pace on a small machine: what fails twice has failed. Retries are printed.
          retry: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
