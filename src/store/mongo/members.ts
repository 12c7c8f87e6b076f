/**
 * The collection of members, `_id` = connection|group|buckets|bucket: so that a group of a million members fits, and a change of one of them is one
 * small write. A group that is spread anew gets new documents beside the old ones, which go when that is committed.
 */

import type mongoose from 'mongoose';
import { batches } from '../../core/batches.ts';
import { type ConnectionId, type SourceId, sourceId } from '../../model/ids.ts';
import type { Membership, Ref } from '../../model/source-object.ts';
import type { Db } from './connect.ts';
import { holding } from './holding.ts';
import { startsWith } from './keyset.ts';
import type { Layouts } from './layouts.ts';
import { bucketOf, type Content, membersIn, positionOf } from './member-buckets.ts';
import type { View } from './object-documents.ts';
import { placeOf } from './places.ts';
import { effectiveIn, type Slotted, slots } from './slots.ts';

/**
 * `holds`: every id that is in any of the slots, or was when the bucket was last written. The one index on members: it is written when something is
 * staged and not again when that is committed, and what it finds is looked at before it is believed.
 */
export type BucketDocument = Slotted<Content> & { readonly connection: string; readonly holds: readonly string[] };
/** A bucket without its connection, as batches note it. */
export type BucketKey = { readonly group: SourceId; readonly buckets: number; readonly bucket: number };

export const name = 'members';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [{ key: { connection: 1, holds: 1 } }];

/** Buckets are read so many at once: about 10,000 members. */
const readSize = 20;

export const createMembers = (db: Db, layouts: Layouts) => {
  const collection = db.collection<BucketDocument>(name);
  const written = slots(db, name);

  const documents = async (
    connection: ConnectionId,
    keys: readonly string[],
    projection: Readonly<Record<string, 0>> = {},
  ): Promise<ReadonlyMap<string, BucketDocument>> => {
    if (keys.length === 0) return new Map();
    const found = await collection
      .find({ _id: { $in: keys.map((key) => `${connection}|${key}`) } }, { projection: { holds: 0, ...projection } })
      .toArray();
    return new Map(found.map((document) => [keyIn(document._id), document]));
  };

  /** Members of a group whose hash is from `from` to below `to`. */
  const stretch = async (view: View, group: SourceId, buckets: number, from: number, to: number): Promise<Ref[]> => {
    const first = Math.floor(from * buckets);
    const keys = Array.from({ length: Math.ceil(to * buckets) - first }, (_, at) =>
      bucketKey({ group, buckets, bucket: first + at }),
    );
    const found = await documents(view.connection, keys);
    return [...found.values()]
      .flatMap((document) => membersIn(effectiveIn(document, view)))
      .filter(({ id }) => isBetween(positionOf(id), from, to));
  };

  return {
    ...written,
    documents,
    stretch,

    /**
     * All members of a group. It may be spread anew while we read, and then the documents we were about to read are gone: what was read counts only
     * if the layout is still the same afterwards, and reading goes on at the same hash.
     */
    async *of(view: View, group: SourceId): AsyncGenerator<readonly Ref[]> {
      const layout = async (): Promise<number> => (await layouts.of(view, [group])).get(group) ?? 1;
      let buckets = await layout();
      for (let from = 0; from < 1; ) {
        const to = Math.min(1, from + readSize / buckets);
        const members = await stretch(view, group, buckets, from, to);
        const after = await layout();
        if (after === buckets) {
          if (members.length > 0) yield members;
          from = to;
        }
        buckets = after;
      }
    },

    /** Every edge whose member is one of these. */
    async *groupsOf(view: View, members: readonly SourceId[]): AsyncGenerator<readonly Membership[]> {
      const wanted = new Set(members);
      const candidates = await candidatesOf(view.connection, members);
      for (const groups of batches([...new Set(candidates.map(({ group }) => group))], 500)) {
        for (let before = await layouts.of(view, groups); ; ) {
          const keys = keysToRead(candidates, groups, before, members);
          const edges = await edgesIn(view, keys, wanted);
          const after = await layouts.of(view, groups);
          if (groups.every((group) => before.get(group) === after.get(group))) {
            yield* edges;
            break;
          }
          before = after;
        }
      }
    },

    /** Removes what a group left behind when it was spread anew, unless a later draft or version has come back to it. */
    leave: async (connection: ConnectionId, spreads: readonly string[], version: number): Promise<void> => {
      for (const spread of spreads)
        await collection.deleteMany({
          _id: startsWith(`${connection}|${spread}|`),
          v: { $lte: version },
          'next.place': { $not: { $gt: placeOf(version + 1, 0) } },
        });
    },
    /** Where they are in no slot any more, the index need not find them. */
    forgetHolds: async (connection: ConnectionId, member: SourceId): Promise<void> => {
      const nowhere = { $not: { $regex: holding(member).$regex } };
      await collection.updateMany(
        {
          connection,
          holds: member,
          'current.members': nowhere,
          'kept.members': nowhere,
          'next.members': nowhere,
        },
        { $pull: { holds: member } },
      );
    },
    erase: async (connection: ConnectionId): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(`${connection}|`) });
    },
  };

  async function candidatesOf(connection: ConnectionId, members: readonly SourceId[]): Promise<readonly BucketKey[]> {
    const found: BucketKey[] = [];
    for (const batch of batches(members, 1_000)) {
      const documents = await collection
        .find({ connection, holds: { $in: [...batch] } }, { projection: { _id: 1 }, batchSize: 1_000 })
        .toArray();
      found.push(...documents.map(({ _id }) => parseBucketKey(keyIn(_id))));
    }
    return found;
  }

  async function edgesIn(
    view: View,
    keys: readonly string[],
    wanted: ReadonlySet<SourceId>,
  ): Promise<readonly (readonly Membership[])[]> {
    const edges: (readonly Membership[])[] = [];
    for (const batch of batches(keys, readSize)) {
      const found = await documents(view.connection, batch);
      edges.push(
        [...found].flatMap(([key, document]) =>
          membersIn(effectiveIn(document, view))
            .filter(({ id }) => wanted.has(id))
            .map((member) => ({ group: parseBucketKey(key).group, member })),
        ),
      );
    }
    return edges.filter((some) => some.length > 0);
  }
};
export type MembersCollection = ReturnType<typeof createMembers>;

/** The buckets in which the index found something; for a group it found only in an earlier or later layout, where these members stand in this one. */
const keysToRead = (
  candidates: readonly BucketKey[],
  groups: readonly SourceId[],
  layouts: ReadonlyMap<SourceId, number>,
  members: readonly SourceId[],
): readonly string[] => {
  const asked = new Set(groups);
  const keys = new Set<string>();
  for (const candidate of candidates) {
    const { group } = candidate;
    if (!asked.has(group)) continue;
    const buckets = layouts.get(group) ?? 1;
    if (candidate.buckets === buckets) keys.add(bucketKey(candidate));
    else for (const id of members) keys.add(bucketKey({ group, buckets, bucket: bucketOf(id, buckets) }));
  }
  return [...keys];
};

export const bucketKey = ({ group, buckets, bucket }: BucketKey): string =>
  `${spreadKey(group, buckets)}|${String(bucket).padStart(5, '0')}`;
/** Names all buckets of one layout of a group. */
export const spreadKey = (group: SourceId, buckets: number): string => `${group}|${String(buckets).padStart(5, '0')}`;

export const parseSpreadKey = (key: string): { readonly group: SourceId; readonly buckets: number } => {
  const bar = key.lastIndexOf('|');
  return { group: sourceId(key.slice(0, bar)), buckets: Number(key.slice(bar + 1)) };
};
export const parseBucketKey = (key: string): BucketKey => {
  const bar = key.lastIndexOf('|');
  return { ...parseSpreadKey(key.slice(0, bar)), bucket: Number(key.slice(bar + 1)) };
};

const keyIn = (id: string): string => id.slice(id.indexOf('|') + 1);
const isBetween = (position: number, from: number, to: number): boolean => from <= position && position < to;
