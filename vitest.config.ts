import { defineConfig } from 'vitest/config';

const integration = 'test/**/*.integration.test.ts';

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
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
