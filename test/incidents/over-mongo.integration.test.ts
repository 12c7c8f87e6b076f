/** What the engine is to keep through an incident, it keeps in MongoDB where it is in use: so they are played over these stores as well, each in a database of its own. */

import { randomBytes } from 'node:crypto';
import { vi } from 'vitest';
import { createMongoStores } from '../../src/store/mongo/index.ts';
import { createVault } from '../../src/store/vault.ts';
import { openTestMongo } from '../support/mongo.ts';
import { keepIn } from './incident.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

keepIn(async () => {
  const { mongo, close } = await openTestMongo();
  return { stores: (now) => createMongoStores(mongo, { vault: createVault(randomBytes(32)), now }), close };
});

await import('./failed-reads.test.ts');
await import('./lying-reads.test.ts');
await import('./leavers.test.ts');
await import('./targets.test.ts');
