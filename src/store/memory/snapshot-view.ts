/** What a snapshot holds, with or without a draft laid over it. Pure: the store and its drafts share it. */

import { batches } from '../../core/batches.ts';
import type { SourceId } from '../../model/ids.ts';
import type { Membership, ObjectType, Ref, Remembered, SourceObject } from '../../model/source-object.ts';
import { isGone } from '../../model/source-object.ts';
import type { Batch, MembersPatch } from '../snapshot-store.ts';

export type Members = ReadonlyMap<SourceId, Ref>;

/** Objects by `type|id`, also those that are gone; members by group, whether or not their ends are known. */
export type Layer = { readonly objects: Map<string, Remembered>; readonly members: Map<SourceId, Members> };

/** `over` decides where it says something; only `over` is ever written to. */
export type View = { readonly base: Layer; readonly over: Layer };

export const emptyLayer = (): Layer => ({ objects: new Map(), members: new Map() });
export const keyOf = (ref: Ref): string => `${ref.type}|${ref.id}`;

/** Lays a batch over the view. `version` is what the objects will say last changed them, `at` when those who go have left. */
export const lay = ({ base, over }: View, batch: Batch, version: number, at: Date): void => {
  for (const { ref, next } of batch.objects) {
    const before = over.objects.get(keyOf(ref)) ?? base.objects.get(keyOf(ref));
    if (!isGone(next)) over.objects.set(keyOf(ref), { object: next, gone: null, version });
    else if (before && before.gone === null)
      over.objects.set(keyOf(ref), {
        object: before.object,
        gone: next.gone,
        version,
        left: { at, isStripped: false },
      });
  }
  for (const patch of batch.members)
    over.members.set(patch.group, patched(membersOf({ base, over }, patch.group), patch));
};

const patched = (members: Members, patch: MembersPatch): Members => {
  if ('whole' in patch) return new Map(patch.whole.map((ref) => [ref.id, ref]));
  const next = new Map(members);
  for (const { id } of patch.removed) next.delete(id);
  for (const ref of patch.added) next.set(ref.id, ref);
  return next;
};

export const rememberedIn = ({ base, over }: View, ref: Ref): Remembered | null =>
  over.objects.get(keyOf(ref)) ?? base.objects.get(keyOf(ref)) ?? null;

export const objectIn = (view: View, ref: Ref): SourceObject | null => {
  const remembered = rememberedIn(view, ref);
  return remembered?.gone === null ? remembered.object : null;
};

export const findIn = (view: View, refs: readonly Ref[]): ReadonlyMap<SourceId, SourceObject> =>
  new Map(
    refs.flatMap((ref) => {
      const object = objectIn(view, ref);
      return object ? [[ref.id, object]] : [];
    }),
  );

/** In id order. */
export const scanIn = (view: View, type: ObjectType): readonly SourceObject[] => {
  const remembered = new Map([...view.base.objects, ...view.over.objects]);
  return [...remembered.values()]
    .filter(({ gone, object }) => gone === null && object.ref.type === type)
    .map(({ object }) => object)
    .sort((a, b) => (a.ref.id < b.ref.id ? -1 : 1));
};

export const membersOf = ({ base, over }: View, group: SourceId): Members =>
  over.members.get(group) ?? base.members.get(group) ?? new Map();

export const groupsIn = (view: View, members: readonly SourceId[]): readonly Membership[] => {
  const groups = new Set([...view.base.members.keys(), ...view.over.members.keys()]);
  return [...groups].flatMap((group) => {
    const held = membersOf(view, group);
    return members.flatMap((id) => {
      const member = held.get(id);
      return member ? [{ group, member }] : [];
    });
  });
};

export async function* inBatches<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield* batches(items, 500);
}
