/**
 * Who was put into a group a moment ago, and was not seen in it: a reader may be behind (decision 41). Where a target replaces a group as a whole, whoever puts
 * back what that reader shows puts them out. It is told by what is on record, for another process may have put them in.
 */

import type { SourceId } from '../model/ids.ts';
import type { Ref } from '../model/source-object.ts';
import type { Provisioning } from './provisioning.ts';

/** Longer than any reader is behind. */
export const longestBehindMs = 60_000;

/**
 * Groups of which something failed within the last minute: whoever waits to be put into them may have been put there, but for whom the target refused by name
 * (by group). Later nobody is kept out for them. What failed need not be what put them in: a worker that died could not say what it did.
 */
export const maybeUnseen = async (
  { engine: { stores, world }, record }: Pick<Provisioning, 'engine' | 'record'>,
  groups: readonly Ref[],
): Promise<ReadonlyMap<SourceId, ReadonlySet<SourceId>>> => {
  const unseen = new Map<SourceId, ReadonlySet<SourceId>>();
  if (groups.length === 0) return unseen;
  const from = world.now().getTime() - longestBehindMs;
  for (const [id, { escrow, escrowedBy }] of await stores.ledger.about(record.id, groups)) {
    if (escrow === null) continue;
    // It may have failed for the first time long before.
    const last = escrowedBy === null ? null : ((await stores.ledger.entry(record.id, escrowedBy))?.outcome ?? null);
    if ((last?.at ?? escrow.since).getTime() < from) continue;
    const isOfAdding = last?.result === 'partly_applied' && last.action === 'add_members';
    unseen.set(id, new Set(isOfAdding ? last.refused : []));
  }
  return unseen;
};
