/** A ledger under test, its leases, and what may happen to the worker that holds one. */

import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { type TargetId, targetId } from '../../src/model/ids.ts';
import type { Ref } from '../../src/model/source-object.ts';
import type { Lease, Leases } from '../../src/store/leases.ts';
import type { Ledger } from '../../src/store/ledger.ts';
import { applied, creates, intents, linked, start } from './operations.ts';

export type OpenLedger = (around: {
  readonly now: () => Date;
  readonly probe: (site: string) => Promise<void>;
}) => Promise<{ readonly ledger: Ledger; readonly leases: Leases }>;

export type LedgerWorld = Awaited<ReturnType<typeof openLedgerWorld>>;

export const openLedgerWorld = async (open: OpenLedger) => {
  const clock = { now: start };
  const stop: { site: string | null; what: () => Promise<void> } = { site: null, what: async () => {} };
  const { ledger, leases } = await open({
    now: () => clock.now,
    probe: async (site) => {
      if (site !== stop.site) return;
      stop.site = null;
      await stop.what();
    },
  });

  const take = async (target: TargetId, owner: string): Promise<Lease> => {
    const lease = await leases.take(target, owner, 30_000);
    if ('busyUntil' in lease) throw new Error(`${target} is busy`);
    return lease;
  };
  const at = (site: string, what: () => Promise<void>): void => {
    stop.site = site;
    stop.what = what;
  };

  return {
    ledger,
    clock,
    at,
    /** A target nobody knows, held by a worker. */
    held: async (): Promise<{ target: TargetId; lease: Lease }> => {
      clock.now = start;
      const target = targetId(`tgt_${randomUUID()}`);
      return { target, lease: await take(target, 'first') };
    },
    /** A worker is taken for dead: another one holds a newer fence, and the first does not know. */
    takenOver: async (lease: Lease): Promise<Lease> => {
      await leases.release(lease);
      return take(targetId(lease.key), 'second');
    },
    dieAt: async (site: string, work: () => Promise<unknown>): Promise<void> => {
      at(site, () => Promise.reject(new Error('killed')));
      await expect(work()).rejects.toThrow('killed');
    },
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
