/**
 * A remote object that was linked before, whose link ended because the target did not know it for a while. It is what it was: one that we made is ours, and
 * whoever left a group since members were pushed to it may still be in it. Only what the record says counts, and only where it carries the mark of this very
 * object: with an id that is used again it would be somebody else's.
 */

import type { MetAgain } from '../core/plan.ts';
import type { SourceId } from '../model/ids.ts';
import type { RemoteObject } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';
import { carriesMarkOf } from './marked.ts';
import type { Provisioning } from './provisioning.ts';

export type Met = { readonly ref: Ref; readonly remote: RemoteObject };

export const metAgain = async (
  { engine, record }: Pick<Provisioning, 'engine' | 'record'>,
  met: readonly Met[],
): Promise<ReadonlyMap<SourceId, MetAgain>> => {
  const marked = met.filter(({ ref, remote }) => carriesMarkOf(record, ref, remote));
  if (marked.length === 0) return new Map();
  const about = await engine.stores.ledger.about(
    record.id,
    marked.map(({ ref }) => ref),
  );
  return new Map(
    marked.flatMap(({ ref, remote }) => {
      const former = about.get(ref.id)?.former ?? null;
      return former?.remoteId === remote.remoteId ? [[ref.id, former] as const] : [];
    }),
  );
};
