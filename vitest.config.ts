import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

const integration = 'test/**/*.integration.test.ts';

export default defineConfig({
  test: {
    pool: 'forks',
    // One more than the two cores this is made for: integration tests wait a lot, for leases to run out and for processes to start.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: 20_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        // Modules are loaded once for all files of a worker: nothing here keeps anything in them.
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [integration], isolate: false },
      },
      {
        extends: true,
        test: { name: 'integration', include: [integration], globalSetup: 'test/support/services.ts' },
      },
    ],
  },
});
