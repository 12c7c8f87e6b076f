import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { StaleFence } from '../../../src/model/errors.ts';
import { targetId } from '../../../src/model/ids.ts';
import { createMemoryStores } from '../../../src/store/memory/index.ts';
import { createVault } from '../../../src/store/vault.ts';

it('lets the ledger refuse whoever lost the lease', async () => {
  const sites: string[] = [];
  const { leases, ledger } = createMemoryStores({
    now: () => new Date('2026-03-01T08:00:00.000Z'),
    vault: createVault(randomBytes(32)),
    probe: (site) => void sites.push(site),
  });
  const target = targetId('tgt_1');
  const first = await leases.take(target, 'first', 1_000);
  if ('busyUntil' in first) throw new Error('nobody else is here');
  await ledger.advance(first, 1);
  await leases.release(first);
  await leases.take(target, 'second', 1_000);
  await expect(ledger.advance(first, 2)).rejects.toThrow(StaleFence);
  expect(sites).toEqual(['ledger.advanced']);
});
