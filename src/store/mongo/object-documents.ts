/** What a document of an object says, and what is to be written over it. Pure. */

import { nameKeysOf } from '../../core/names.ts';
import { type ConnectionId, sourceId } from '../../model/ids.ts';
import type { Gone, GoneReason, Left, Ref, Remembered, SourceObject } from '../../model/source-object.ts';
import { isGone } from '../../model/source-object.ts';
import type { Pair } from '../snapshot-store.ts';
import { canonical, decode, sameWhenDecoded } from './attributes-json.ts';
import type { Named } from './names.ts';
import type { Settled } from './places.ts';
import { committedIn, effectiveIn, type Sight, type Slot, type Slotted, stagedIn, type Write } from './slots.ts';

/** What a reader looks at: the committed version, overlaid with what these parts staged. */
export type View = Sight & { readonly connection: ConnectionId };

/**
 * `attributes` is JSON: their names are the tenant's, and may hold `$`, `.`, NUL or `__proto__`. Of one that is gone, the last ones known; it has `left`,
 * which says when (`connection|type|time|id`), until these go, and `leftAt` after that.
 */
type Content = {
  readonly attributes: string;
  readonly gone?: GoneReason;
  readonly left?: string;
  readonly leftAt?: Date;
};
export type ObjectDocument = Slotted<Content>;
export type ObjectWrite = Write<Content>;

export const keyOf = (ref: Ref): string => `${ref.type}|${ref.id}`;
/** `key`: what `keyOf` made. */
export const refOf = (key: string): Ref => {
  const bar = key.indexOf('|');
  return { type: key.startsWith('user|') ? 'user' : 'group', id: sourceId(key.slice(bar + 1)) };
};

/** Whether it is in the committed version. */
export const isCommitted = (document: ObjectDocument, settled: Settled | null): boolean => {
  const slot = committedIn(document, settled);
  return slot !== null && slot.gone === undefined;
};

/** The objects of these documents that are in. */
export const presentIn = (document: ObjectDocument, sight: Sight): readonly SourceObject[] => {
  const slot = effectiveIn(document, sight);
  return slot && slot.gone === undefined ? [objectOf(document._id, slot)] : [];
};

/** `version`: what is staged in the view's parts belongs to it. */
export const rememberedIn = (document: ObjectDocument, view: View, version: number): readonly Remembered[] => {
  const slot = effectiveIn(document, view);
  if (!slot) return [];
  const isStaged = stagedIn(document, view.parts) !== null;
  const since = document.current ? document.v : (view.settled?.version ?? version);
  const gone = slot.gone === undefined ? {} : { left: leftOf(slot) };
  return [
    { object: objectOf(document._id, slot), gone: slot.gone ?? null, version: isStaged ? version : since, ...gone },
  ];
};

const leftOf = ({ left, leftAt }: Content): Left => {
  if (leftAt !== undefined) return { at: leftAt, isStripped: true };
  return { at: left === undefined ? null : new Date(left.split('|')[2] ?? ''), isStripped: false };
};

/** The names an object gets with its next state, if it has not got them already. */
export const newNames = (
  view: View,
  owner: string,
  next: SourceObject | Gone,
  existing: ObjectDocument | null,
): readonly Named[] => {
  if (isGone(next)) return [];
  const before = existing && effectiveIn(existing, view);
  const known = before === null ? [] : nameKeysOf(decode(before.attributes));
  return nameKeysOf(next.attributes)
    .filter((key) => !known.includes(key))
    .map((key) => ({ key, owner }));
};

/** What an object that is in looks like, as canonical text. */
export const textIn = (document: ObjectDocument | null, sight: Sight): string | null => {
  const slot = document && effectiveIn(document, sight);
  return slot && slot.gone === undefined ? slot.attributes : null;
};

/** What is to be written for an object; null when it is so already. */
export const writeOf = (
  view: View,
  ref: Ref,
  next: SourceObject | Gone,
  existing: ObjectDocument | null,
  at: Date,
): ObjectWrite | null => {
  const before = existing && effectiveIn(existing, view);
  const left = `${view.connection}|${ref.type}|${at.toISOString()}|${ref.id}`;
  const content = contentOf(before, next, left);
  if (content === null || (before?.attributes === content.attributes && before.gone === content.gone)) return null;
  return { id: `${view.connection}|${keyOf(ref)}`, existing, content };
};

/** Null when nobody can go because nobody is there. */
const contentOf = (before: Content | null, next: SourceObject | Gone, left: string): Content | null => {
  if (!isGone(next)) return { attributes: canonical(next.attributes) };
  if (before === null || before.gone !== undefined) return null;
  return { attributes: before.attributes, gone: next.gone, left };
};

export const pairOf = (id: string, committed: Slot<Content> | null, staged: Slot<Content>): readonly Pair[] => {
  const before = committed && committed.gone === undefined ? committed : null;
  const ref = refIn(id);
  if (staged.gone !== undefined)
    return before ? [{ ref, before: objectOf(id, before), after: null, why: staged.gone }] : [];
  if (before && sameWhenDecoded(before.attributes, staged.attributes)) return [];
  return [{ ref, before: before && objectOf(id, before), after: objectOf(id, staged) }];
};

const objectOf = (id: string, { attributes }: Content): SourceObject => ({
  ref: refIn(id),
  attributes: decode(attributes),
});
export const keyIn = (id: string): string => id.slice(id.indexOf('|') + 1);
export const refIn = (id: string): Ref => refOf(keyIn(id));
