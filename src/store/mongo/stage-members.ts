/** Stages what a batch says about members: only buckets whose members differ are written. */

import { batches } from '../../core/batches.ts';
import type { SourceId } from '../../model/ids.ts';
import type { Ref } from '../../model/source-object.ts';
import type { MembersPatch } from '../snapshot-store.ts';
import type { StagedMembers } from './batches.ts';

import {
  bucketsFor,
  byId,
  type Content,
  contentOf,
  type Folded,
  fits,
  foldPatches,
  type Members,
  membersIn,
  merge,
  mostMembers,
  noMembers,
  spread,
} from './member-buckets.ts';
import { type BucketDocument, bucketKey, spreadKey } from './members.ts';
import type { View } from './object-documents.ts';
import type { Staging } from './places.ts';
import { effectiveIn, type Write } from './slots.ts';
import type { SnapshotCollections } from './snapshot-collections.ts';

type Stores = Pick<SnapshotCollections, 'members' | 'layouts'> & { readonly isNew: (group: SourceId) => boolean };

/** Buckets are read and written so many at once: some 50,000 members. */
const chunkSize = 100;

/** `isNew`: groups of which nothing is stored, so that nobody needs to look. */
export const stageMembers = async (
  { members, layouts: stored }: Pick<SnapshotCollections, 'members' | 'layouts'>,
  view: View,
  patches: readonly MembersPatch[],
  staging: Staging,
  isNew: (group: SourceId) => boolean,
): Promise<StagedMembers> => {
  const stores: Stores = { members, layouts: stored, isNew };
  const folded = foldPatches(patches);
  const layouts = await stored.of(
    view,
    [...folded.keys()].filter((group) => !isNew(group)),
  );
  const planned = [...folded].map(([group, patch]) => planFor(group, patch, layouts.get(group) ?? 1));
  const first = await carryOut(stores, view, planned, staging);
  const anew: Plan[] = [];
  for (const group of first.outgrown) {
    const patch = folded.get(group);
    const buckets = layouts.get(group) ?? 1;
    if (patch)
      anew.push(spreadAnew(group, merge(await allMembers(stores, view, group), patch.added, patch.removed), buckets));
  }
  const second = await carryOut(stores, view, anew, staging);
  const spreads = [...planned, ...anew].filter(({ from }) => from !== null);
  return {
    buckets: [...first.keys, ...second.keys],
    layouts: spreads.map(({ group }) => group),
    left: spreads.map(({ group, from }) => spreadKey(group, from ?? 1)),
  };
};

/** `from`: the number of buckets a group had that is spread anew. */
type Plan = {
  readonly group: SourceId;
  readonly buckets: number;
  readonly from: number | null;
  readonly entries: readonly Entry[];
};
/** What one bucket is to hold: these, or what it holds with these merged. */
type Entry = { readonly group: SourceId; readonly key: string; readonly target: Target };
type Target = { readonly whole: readonly Ref[] } | { readonly added: Members; readonly removed: Members };

const planFor = (group: SourceId, patch: Folded, buckets: number): Plan => {
  if (!patch.whole) return { group, buckets, from: null, entries: mergedEntries(group, patch, buckets) };
  if (!fits(patch.whole.size, buckets)) return spreadAnew(group, patch.whole, buckets);
  return { group, buckets, from: null, entries: wholeEntries(group, patch.whole, buckets) };
};

const spreadAnew = (group: SourceId, members: Members, from: number): Plan => {
  const buckets = bucketsFor(members.size);
  return { group, buckets, from, entries: wholeEntries(group, members, buckets) };
};

const wholeEntries = (group: SourceId, members: Members, buckets: number): readonly Entry[] => {
  const spreads = spread(members.values(), buckets);
  return Array.from({ length: buckets }, (_, bucket) => ({
    group,
    key: bucketKey({ group, buckets, bucket }),
    target: { whole: spreads.get(bucket) ?? [] },
  }));
};

const mergedEntries = (group: SourceId, { added, removed }: Folded, buckets: number): readonly Entry[] => {
  const [adding, removing] = [spread(added.values(), buckets), spread(removed.values(), buckets)];
  return [...new Set([...adding.keys(), ...removing.keys()])].map((bucket) => ({
    group,
    key: bucketKey({ group, buckets, bucket }),
    target: { added: byId(adding.get(bucket) ?? []), removed: byId(removing.get(bucket) ?? []) },
  }));
};

type Done = { readonly keys: readonly string[]; readonly outgrown: ReadonlySet<SourceId> };

/** Groups whose buckets would become too large are left for the caller to spread anew. */
const carryOut = async (stores: Stores, view: View, plans: readonly Plan[], staging: Staging): Promise<Done> => {
  const keys: string[] = [];
  const outgrown = new Set<SourceId>();
  for (const { group, buckets, from } of plans)
    if (from !== null) await stores.layouts.stage(view.connection, group, buckets, staging);
  for (const chunk of batches(
    plans.flatMap(({ entries }) => entries),
    chunkSize,
  )) {
    const differing = await differingOf(stores, view, chunk);
    for (const { entry, members } of differing)
      if (members.length > mostMembers && !('whole' in entry.target)) outgrown.add(entry.group);
    const written = differing.filter(({ entry }) => !outgrown.has(entry.group));
    await stores.members.stage(
      written.map((each) => writeOf(view, each)),
      staging,
    );
    keys.push(...written.map(({ entry }) => entry.key));
  }
  return { keys, outgrown };
};

type Differing = {
  readonly entry: Entry;
  readonly existing: BucketDocument | null;
  readonly content: Content;
  readonly members: readonly Ref[];
};

/** Compares by hash first, so that an unchanged group of a million costs no more than its hashes. */
const differingOf = async (
  { members, isNew }: Stores,
  view: View,
  entries: readonly Entry[],
): Promise<readonly Differing[]> => {
  const keys = entries.filter(({ group }) => !isNew(group)).map(({ key }) => key);
  const hashes = await members.documents(view.connection, keys, withoutMembers);
  const contents = new Map(
    entries.flatMap(({ key, target }) => ('whole' in target ? [[key, contentOf(target.whole)]] : [])),
  );
  const open = entries.filter(({ key }) => contents.get(key)?.hash !== hashIn(hashes.get(key), view));
  const stored = open.map(({ key }) => key).filter((key) => hashes.has(key));
  const documents = await members.documents(view.connection, stored);
  return open.flatMap((entry) => {
    const existing = documents.get(entry.key) ?? null;
    const next = targetOf(entry.target, existing, view);
    const content = contents.get(entry.key) ?? contentOf(next);
    return content.hash === hashIn(existing ?? undefined, view) ? [] : [{ entry, existing, content, members: next }];
  });
};

const targetOf = (target: Target, existing: BucketDocument | null, view: View): readonly Ref[] => {
  if ('whole' in target) return target.whole;
  const before = membersIn(existing && effectiveIn(existing, view));
  return [...merge(byId(before), target.added, target.removed).values()];
};

const writeOf = ({ connection }: View, { entry, existing, content, members }: Differing): Write<Content> => {
  const holds = new Set(members.map(({ id }) => id));
  for (const slot of [existing?.current, existing?.kept, existing?.next])
    for (const { id } of membersIn(slot ?? null)) holds.add(id);
  return { id: `${connection}|${entry.key}`, existing, content, fields: { connection, holds: [...holds] } };
};

const allMembers = async ({ members }: Stores, view: View, group: SourceId): Promise<Members> => {
  const found: Ref[] = [];
  for await (const some of members.of(view, group)) found.push(...some);
  return byId(found);
};

/** A bucket that was never written holds nobody. */
const hashIn = (document: BucketDocument | undefined, view: View): string =>
  (document && effectiveIn(document, view)?.hash) ?? noMembers.hash;
const withoutMembers = { 'current.members': 0, 'next.members': 0, 'kept.members': 0 } as const;
