/**
 * Attributes that many lost at once. Graph answers 200 with null for what an application may not read, so a permission that was lost in part looks as
 * if everybody's department had been cleared. Of a full read that is told by the share of those who had a value. A delta, or the read of one group,
 * speaks of a few, so few are lost of all who had one; then others are asked about, of whom it says nothing.
 */

import { isUnassigned, own } from '../core/attributes.ts';
import type { Asked } from '../core/fold.ts';
import type { Limit } from '../model/limit.ts';
import type { Cleared } from '../model/run.ts';
import type { ObjectType, SourceObject } from '../model/source-object.ts';
import type { Source } from '../source/source.ts';
import type { Draft, SnapshotStore } from '../store/snapshot-store.ts';
import type { Kept } from './record-changes.ts';

export type Reader = {
  readonly source: Source;
  readonly asked: Asked;
  /** What may be lost without anybody looking. */
  readonly limit: Limit;
  readonly signal: AbortSignal;
};

/** `isWhole`: the read showed everybody. To be asked after the read, while the draft is open. */
export const clearedAttributes = async (
  snapshots: SnapshotStore,
  draft: Draft,
  { source, asked, limit, signal }: Reader,
  losses: readonly Kept[],
  isWhole: boolean,
): Promise<readonly Cleared[]> => {
  const many = losses.filter(({ lost }) => lost > limit.floor);
  const cleared: Cleared[] = [];
  for (const type of ['user', 'group'] as const) {
    const ours = many.filter((loss) => loss.type === type);
    if (ours.length === 0) continue;
    const known = await valuesKnown(snapshots, draft, type, ours);
    for (const { attribute, lost, kept } of ours) {
      // A manager is no property of a user: who is shown alone is shown without.
      const isDoubtful = !isWhole && lost > kept && attribute !== 'manager';
      const hidden = isDoubtful && !(await isShown(draft, source, asked, { type, attribute }, signal));
      cleared.push({ type, attribute, lost, known: known.get(attribute) ?? lost, hidden });
    }
  }
  return cleared;
};

/** Of how many committed objects each of these attributes has a value. It is counted only when somebody may have to look. */
const valuesKnown = async (
  snapshots: SnapshotStore,
  draft: Draft,
  type: ObjectType,
  losses: readonly Kept[],
): Promise<ReadonlyMap<string, number>> => {
  const known = new Map(losses.map(({ attribute }) => [attribute, 0]));
  for await (const objects of snapshots.scan(draft.base.connection, type))
    for (const [attribute, count] of known) known.set(attribute, count + objects.filter(withValue(attribute)).length);
  return known;
};

/** One of them may have lost it since, each for a reason of its own; hardly all. */
const mostAsked = 3;

const isShown = async (
  draft: Draft,
  source: Source,
  asked: Asked,
  { type, attribute }: { readonly type: ObjectType; readonly attribute: string },
  signal: AbortSignal,
): Promise<boolean> => {
  const has = withValue(attribute);
  let left = mostAsked;
  for await (const objects of draft.scan(type))
    for (const { ref } of objects.filter(has).slice(0, left)) {
      if ((await source.lookUp(ref.id, asked, signal)).some(has)) return true;
      left -= 1;
      if (left === 0) return false;
    }
  return false;
};

const withValue =
  (attribute: string) =>
  ({ attributes }: SourceObject): boolean =>
    !isUnassigned(own(attributes, attribute));
