/** A ledger under test, its leases, and what may happen to the worker that holds one. */

import type { TargetId } from '../../src/model/ids.ts';
import type { Ref } from '../../src/model/source-object.ts';
import type { Lease, Leases } from '../../src/store/leases.ts';
import type { Ledger } from '../../src/store/ledger.ts';
import { type Around, openMortal } from './mortal.ts';
import { applied, creates, intents, linked } from './operations.ts';

export type OpenLedger = (around: Around) => Promise<{ readonly ledger: Ledger; readonly leases: Leases }>;

export type LedgerWorld = Awaited<ReturnType<typeof openLedgerWorld>>;

export const openLedgerWorld = async (open: OpenLedger) => {
  const { opened, ...mortal } = await openMortal(open);
  const { ledger } = opened;
  return {
    ledger,
    ...mortal,
    created: async (lease: Lease, refs: readonly Ref[]): Promise<void> => {
      const operations = refs.map(creates);
      await ledger.intend(lease, intents(operations));
      await ledger.settle(
        lease,
        operations.map((operation) => applied(operation, linked(operation.ref))),
      );
    },
  };
};

export const all = async <T>(batches: AsyncIterable<readonly T[]>): Promise<readonly T[]> => {
  const found: T[] = [];
  for await (const batch of batches) found.push(...batch);
  return found;
};
export const openKeys = async (ledger: Ledger, target: TargetId): Promise<readonly string[]> =>
  (await all(ledger.openIntents(target))).map(({ operation }) => operation.key);
/** What a survivor would find. */
export const picture = async (ledger: Ledger, target: TargetId) => ({
  open: await openKeys(ledger, target),
  links: [...(await all(ledger.scanLinks(target, 'user'))), ...(await all(ledger.scanLinks(target, 'group')))],
  escrows: (await ledger.escrows(target, null, 100)).items,
});
