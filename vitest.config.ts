import { defineConfig } from 'vitest/config';

const integration = 'test/**/*.integration.test.ts';

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [integration] } },
      {
        extends: true,
        test: { name: 'integration', include: [integration], globalSetup: 'test/support/services.ts' },
      },
    ],
  },
});
