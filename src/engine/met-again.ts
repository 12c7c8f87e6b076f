/**
 * A remote object that was linked before, whose link ended because the target did not know it for a while. It is what it was: one that we made is ours, and
 * whoever left a group since members were pushed to it may still be in it. So is one that we were making, where the target could not say whether it was made,
 * nor be asked right after, or said that it was, and did not show it yet: seen by then it would have been ours (look.ts). Only what the record says counts,
 * and only where it carries the mark of this very object: with an id that is used again it would be somebody else's.
 */

import { own } from '../core/attributes.ts';
import type { MetAgain } from '../core/plan.ts';
import type { OperationKey, SourceId } from '../model/ids.ts';
import { mayBeInEffect, type RemoteObject } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';
import { carriesMarkOf } from './marked.ts';
import type { Provisioning } from './provisioning.ts';

export type Met = { readonly ref: Ref; readonly remote: RemoteObject };

export const metAgain = async (
  { engine, record }: Pick<Provisioning, 'engine' | 'record'>,
  shown: readonly Met[],
): Promise<ReadonlyMap<SourceId, MetAgain>> => {
  const marked = shown.filter(({ ref, remote }) => carriesMarkOf(record, ref, remote));
  if (marked.length === 0) return new Map();
  const about = await engine.stores.ledger.about(
    record.id,
    marked.map(({ ref }) => ref),
  );
  const met = new Map<SourceId, MetAgain>();
  for (const { ref, remote } of marked) {
    const { former = null, escrowedBy = null } = about.get(ref.id) ?? {};
    if (former?.remoteId === remote.remoteId) met.set(ref.id, former);
    else if (escrowedBy !== null && (await mayHaveMade(engine, record, ref, escrowedBy)))
      met.set(ref.id, { by: 'created', membersSince: null });
  }
  return met;
};

const mayHaveMade = async (
  { stores }: Provisioning['engine'],
  { id }: Provisioning['record'],
  ref: Ref,
  failed: OperationKey,
): Promise<boolean> => {
  const entry = await stores.ledger.entry(id, failed);
  const operation = entry?.operation;
  return (
    operation?.action === 'create' &&
    own(operation.attributes, 'externalId') === ref.id &&
    entry !== null &&
    mayBeInEffect(entry.outcome)
  );
};
