/**
 * The collection of names, `_id` = connection|place: one document per batch of a draft, with the hashes of the names that the batch gave to objects. An
 * index over the names of all objects would cost a first sync a quarter of its writing; so few documents can be searched without one
 * (docs/decisions/0004). What a search finds is a claim: whoever asks looks whether the object exists, and has that name now.
 */

import { batches } from '../../core/batches.ts';
import type { ConnectionId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import { holding } from './holding.ts';
import { keyset, startsWith } from './keyset.ts';
import type { Part } from './places.ts';

/** A name's key and the object that has it, as `type|id`. */
export type Named = { readonly key: string; readonly owner: string };

type NamesDocument = {
  readonly _id: string;
  /** The hash of each name, object by object. */
  readonly hashes: readonly number[];
  /** The objects as one JSON list, and how many of the hashes belong to each, a digit for each: short, because a large tenant has many. */
  readonly owners: string;
  readonly counts: string;
  readonly size: number;
};
/** Names as they are kept: hashes in place of texts. */
type Hashed = { readonly hash: number; readonly owner: string };

const name = 'names';
/** One name stands in as many documents as it was given anew between two prunings. */
const mostDocuments = 200;
/** Documents with fewer names than this are merged, up to about so many to one. */
const small = 1_000;
const mergedSize = 2_000;
const fewest = 20;

export const createNames = (db: Db) => {
  const collection = db.collection<NamesDocument>(name);

  return {
    note: async (connection: ConnectionId, place: number, named: readonly Named[]): Promise<void> => {
      if (named.length === 0) return;
      const hashed = named.map(({ key, owner }) => ({ hash: hashOf(key), owner }));
      await collection.insertOne({ _id: idOf(connection, place), ...contentOf(hashed) });
    },
    /** The objects, as `type|id`, that may have a name with this key. */
    ownersOf: async (connection: ConnectionId, key: string): Promise<readonly string[]> => {
      const hash = hashOf(key);
      const found = await collection
        .find({ _id: startsWith(`${connection}|`), hashes: hash })
        .limit(mostDocuments)
        .toArray();
      const owners = found.flatMap(hashedIn).flatMap((each) => (each.hash === hash ? [each.owner] : []));
      return [...new Set(owners)];
    },
    /** All names of these objects, as `type|id`. */
    forgetOwners: async (connection: ConnectionId, owners: ReadonlySet<string>): Promise<void> => {
      const [one] = owners;
      const naming = owners.size === 1 && one !== undefined ? { owners: holding(one) } : {};
      const pages = keyset<NamesDocument>(
        (last, limit) =>
          collection
            .find({ _id: { ...startsWith(`${connection}|`), ...(last ? { $gt: last._id } : {}) }, ...naming })
            .sort({ _id: 1 })
            .limit(limit)
            .toArray(),
        20,
      );
      for await (const page of pages)
        for (const document of page) {
          const hashed = hashedIn(document);
          const others = hashed.filter(({ owner }) => !owners.has(owner));
          if (others.length === hashed.length) continue;
          if (others.length === 0) await collection.deleteOne({ _id: document._id });
          else await collection.updateOne({ _id: document._id }, { $set: contentOf(others) });
        }
    },
    /** What these parts staged will never count. */
    forget: async (connection: ConnectionId, parts: readonly Part[]): Promise<void> => {
      for (const { first, last } of parts)
        await collection.deleteMany({ _id: { $gte: idOf(connection, first), $lte: idOf(connection, last) } });
    },
    /**
     * Small documents become fewer: each delta sync leaves one. Only up to a place behind which everything is decided. The merged one is there before
     * the others go, so stopping in between leaves names that are found twice.
     */
    merge: async (connection: ConnectionId, through: number): Promise<void> => {
      const decided = {
        $or: [{ _id: { $lte: idOf(connection, through) } }, { _id: startsWith(mergedPrefix(connection)) }],
      };
      const pages = keyset<NamesDocument>(
        (last, limit) =>
          collection
            .find({
              _id: { ...startsWith(`${connection}|`), ...(last ? { $gt: last._id } : {}) },
              size: { $lt: small },
              ...decided,
            })
            .sort({ _id: 1 })
            .limit(limit)
            .toArray(),
        100,
      );
      let group: NamesDocument[] = [];
      for await (const page of pages)
        for (const document of page) {
          group.push(document);
          if (group.reduce((sum, { size }) => sum + size, 0) < mergedSize) continue;
          await mergeGroup(connection, group);
          group = [];
        }
      if (group.length >= fewest) await mergeGroup(connection, group);
    },
    erase: async (connection: ConnectionId): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(`${connection}|`) });
    },
  };

  async function mergeGroup(connection: ConnectionId, group: readonly NamesDocument[]): Promise<void> {
    if (group.length < 2) return;
    const last = group
      .map(({ _id }) => _id.slice(-placeDigits))
      .toSorted()
      .at(-1);
    const _id = `${mergedPrefix(connection)}${last}`;
    const distinct = new Map(group.flatMap(hashedIn).map((each) => [`${each.hash}|${each.owner}`, each]));
    await collection.replaceOne({ _id }, contentOf([...distinct.values()]), { upsert: true });
    await collection.deleteMany({ _id: { $in: group.map((each) => each._id).filter((id) => id !== _id) } });
  }
};
export type Names = ReturnType<typeof createNames>;

/** FNV-1a with 32 bits, as a number that BSON keeps in four bytes. Names that share one are told apart by whoever looks. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash | 0;
};

const contentOf = (named: readonly Hashed[]) => {
  const byOwner = Map.groupBy(named, ({ owner }) => owner);
  const parts = [...byOwner].flatMap(([owner, names]) =>
    [...batches(names, mostNames)].map((some) => ({ owner, some })),
  );
  return {
    hashes: parts.flatMap(({ some }) => some.map(({ hash }) => hash)),
    owners: JSON.stringify(parts.map(({ owner }) => owner)),
    counts: parts.map(({ some }) => some.length).join(''),
    size: named.length,
  };
};

const hashedIn = ({ hashes, owners, counts }: NamesDocument): readonly Hashed[] => {
  const list: readonly string[] = JSON.parse(owners);
  let from = 0;
  return list.flatMap((owner, index) => {
    const some = hashes.slice(from, from + Number(counts[index]));
    from += some.length;
    return some.map((hash) => ({ hash, owner }));
  });
};
/** What fits into a digit. */
const mostNames = 9;

const placeDigits = 16;
const idOf = (connection: ConnectionId, place: number): string =>
  `${connection}|${String(place).padStart(placeDigits, '0')}`;
/** Sorts behind every place, so that `forget` never reaches what was merged. */
const mergedPrefix = (connection: ConnectionId): string => `${connection}|merged-`;
