/**
 * How the members of a group are spread over buckets: by the hash of their id, each bucket an equal stretch of all hashes, so that twice as many
 * buckets are every bucket cut in two. Pure.
 */

import { hash } from 'node:crypto';
import { type SourceId, sourceId } from '../../model/ids.ts';
import type { Ref } from '../../model/source-object.ts';
import type { MembersPatch } from '../snapshot-store.ts';

/** The members of one bucket as JSON, in order, so that equal members are equal texts; `hash` tells so without reading them. */
export type Content = { readonly members: string; readonly hash: string };
export type Members = ReadonlyMap<SourceId, Ref>;

/** A bucket is cut when it has more members than this, into buckets of half as many. */
export const mostMembers = 1_000;
const goodMembers = 500;
const mostBuckets = 65_536;

/** Where an id stands among all hashes: from 0 to below 1. FNV-1a, and the finish of MurmurHash3, as the leading bits count here. */
export const positionOf = (id: SourceId): number => {
  let h = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) h = Math.imul(h ^ id.charCodeAt(at), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
};
export const bucketOf = (id: SourceId, buckets: number): number => Math.floor(positionOf(id) * buckets);

/** How many buckets this many members want: a power of two. */
export const bucketsFor = (members: number): number =>
  members <= mostMembers ? 1 : Math.min(mostBuckets, 2 ** Math.ceil(Math.log2(members / goodMembers)));

/** Whether a group of this size may stay in so many buckets: spreading it anew writes all of them. */
export const fits = (members: number, buckets: number): boolean => {
  const wanted = bucketsFor(members);
  return wanted <= buckets && buckets <= 4 * wanted;
};

export const spread = (members: Iterable<Ref>, buckets: number): ReadonlyMap<number, readonly Ref[]> => {
  const found = new Map<number, Ref[]>();
  for (const ref of members) {
    const bucket = bucketOf(ref.id, buckets);
    const list = found.get(bucket);
    if (list) list.push(ref);
    else found.set(bucket, [ref]);
  }
  return found;
};

export const contentOf = (members: readonly Ref[]): Content => {
  const text = JSON.stringify(members.map(({ type, id }) => `${type === 'user' ? 'u' : 'g'}:${id}`).sort());
  return { members: text, hash: hash('sha256', text, 'base64url') };
};
export const noMembers = contentOf([]);

export const membersIn = (content: { readonly members: string } | null): readonly Ref[] => {
  if (content === null) return [];
  const edges: readonly string[] = JSON.parse(content.members);
  return edges.map((edge) => ({ type: edge.startsWith('u') ? 'user' : 'group', id: sourceId(edge.slice(2)) }));
};

/** All patches of a batch to one group as one. `whole` null: merge with what is stored. */
export type Folded = { readonly whole: Members | null; readonly added: Members; readonly removed: Members };

export const foldPatches = (patches: readonly MembersPatch[]): ReadonlyMap<SourceId, Folded> => {
  const folded = new Map<SourceId, Folded>();
  for (const patch of patches)
    folded.set(
      patch.group,
      foldPatch(folded.get(patch.group) ?? { whole: null, added: new Map(), removed: new Map() }, patch),
    );
  return folded;
};

const foldPatch = (before: Folded, patch: MembersPatch): Folded => {
  if ('whole' in patch) return { whole: byId(patch.whole), added: new Map(), removed: new Map() };
  if (before.whole) return { ...before, whole: merge(before.whole, byId(patch.added), byId(patch.removed)) };
  const added = byId(patch.added);
  const removed = byId(patch.removed);
  return { whole: null, added: merge(before.added, added, removed), removed: merge(before.removed, removed, added) };
};

/** Without the removed, with the added. */
export const merge = (members: Members, added: Members, removed: Members): Members => {
  const next = new Map(members);
  for (const id of removed.keys()) next.delete(id);
  for (const [id, ref] of added) next.set(id, ref);
  return next;
};

export const byId = (refs: readonly Ref[]): Members => new Map(refs.map((ref) => [ref.id, ref]));
