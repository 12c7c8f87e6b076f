import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { memoryBackups } from '../../../src/store/memory/backup.ts';
import { createMemoryStores } from '../../../src/store/memory/index.ts';
import { createVault } from '../../../src/store/vault.ts';
import { connection, plainConnection, plainTarget, target } from '../../support/story.ts';

const now = (): Date => new Date('2026-03-02T08:00:00Z');

describe('stores in memory that were put back', () => {
  it('hold what they held when the backup was made, however often, and go on from there', async () => {
    const backups = memoryBackups();
    const stores = createMemoryStores({ now, vault: createVault(randomBytes(32)), keep: backups.keep });
    await stores.connections.add(plainConnection(now()), {});
    await stores.targets.add(plainTarget(now()), {});
    const lease = await stores.leases.take(target, 'worker', 30_000);
    if ('busyUntil' in lease) throw new Error('Nobody else holds it.');
    await stores.ledger.advance(lease, 1);
    await stores.installation.count(null);
    const putBack = backups.take();
    for (const _ of ['once', 'again']) {
      await stores.connections.edit(connection, 1, { description: 'Another' });
      await stores.ledger.advance(lease, 7);
      await stores.installation.count(null);
      putBack();
      expect(await stores.connections.get(connection)).toMatchObject({ description: null, revision: 1 });
      expect(await stores.ledger.position(target)).toBe(1);
      expect(await stores.installation.count(null)).toMatchObject({ count: 2 });
    }
    await stores.ledger.advance(lease, 2);
    expect(await stores.ledger.position(target)).toBe(2);
  });
});
