/**
 * The collection of heads, `_id` = connection or target id: who holds it (leases.ts), and for a connection which version is committed and which draft
 * is open. Every step of a draft is a compare-and-set here: on the fence of its lease, and on `opened`, the number of the draft opened last.
 */

import { nothingRead, type ReadSince } from '../../core/read-attributes.ts';
import type { ChangePlace } from '../../model/change.ts';
import { StaleFence } from '../../model/errors.ts';
import { type ConnectionId, watermark } from '../../model/ids.ts';
import type { ObjectType } from '../../model/source-object.ts';
import type { Lease } from '../leases.ts';
import type { Head, Restored } from '../snapshot-store.ts';
import type { Db } from './connect.ts';
import type { Part, RosterNote, Settled } from './places.ts';

/** Names of attributes are the tenant's, and may hold `.`, so none is the name of a field. */
type StoredRead = Readonly<Record<ObjectType, readonly { readonly name: string; readonly since: number }[]>>;

export type HeadDocument = {
  readonly _id: string;
  /** Counts leases; it never goes back, also when everything else is removed. */
  readonly fence: number;
  readonly lease: { readonly owner: string; readonly until: Date } | null;
  /** Counts drafts. A draft commits the version of its own number. */
  readonly opened: number;
  readonly version: number;
  /** The version up to which everything staged has been rolled forward. */
  readonly rolled: number;
  readonly watermark: string | null;
  readonly counts: Readonly<Record<ObjectType, number>>;
  readonly committedAt: Date | null;
  readonly fullAt: Date | null;
  readonly scope: string | null;
  /** Absent from a head of before it was noted: then nobody knows what was read. */
  readonly attributes?: StoredRead;
  /** Absent from a head that was made before there were rosters. */
  readonly roster?: RosterNote | null;
  /** Absent where the first version was rolled forward. */
  readonly settled?: Settled | null;
  /** Absent where the database was never put back. */
  readonly restored?: Restored | null;
  /** The newest change that is not kept any more, or is about to go. Absent while all are kept. */
  readonly pruned?: ChangePlace | null;
  /** The format of a newer version, whose leases an older one does not take (format.ts). */
  readonly format?: number;
  /** The draft of number `opened`. `parts`: what it has taken over from earlier ones. */
  readonly draft: { readonly signature: string; readonly parts: readonly Part[] } | null;
};

export const headsName = 'heads';

/** What a head is before anything was committed. */
export const nothingCommitted = {
  version: 0,
  rolled: 0,
  watermark: null,
  counts: { user: 0, group: 0 },
  committedAt: null,
  fullAt: null,
  scope: null,
  attributes: { user: [], group: [] },
  roster: null,
  settled: null,
  pruned: null,
  draft: null,
} as const;

export const createHeads = (db: Db) => {
  const collection = db.collection<HeadDocument>(headsName);
  const read = (key: string): Promise<HeadDocument | null> => collection.findOne({ _id: key });

  return {
    read,
    /** Throws `StaleFence` when the lease is not the newest. */
    held: async ({ key, fence }: Lease): Promise<HeadDocument> => {
      const head = await read(key);
      if (head?.fence !== fence) throw new StaleFence(`Another worker took ${key} over.`);
      return head;
    },
    /** False when another draft was opened since `head` was read. */
    open: async ({ key, fence }: Lease, head: HeadDocument, draft: HeadDocument['draft']): Promise<boolean> => {
      const { matchedCount } = await collection.updateOne(
        { _id: key, fence, opened: head.opened },
        { $set: { opened: head.opened + 1, draft } },
      );
      return matchedCount === 1;
    },
    /** Throws `StaleFence` when the lease or the draft is not the newest. */
    assertOpen: async ({ key, fence }: Lease, opened: number): Promise<void> => {
      const found = await collection.findOne({ _id: key, fence, opened }, { projection: { _id: 1 } });
      if (found === null) throw overtaken(key);
    },
    /** Changes the head if the draft is still the newest one, else throws `StaleFence`. */
    close: async (
      { key, fence }: Lease,
      opened: number,
      change: Partial<Omit<HeadDocument, '_id' | 'fence' | 'lease' | 'opened'>>,
    ): Promise<void> => {
      const { matchedCount } = await collection.updateOne(
        { _id: key, fence, opened },
        { $set: { ...change, draft: null } },
      );
      if (matchedCount === 0) throw overtaken(key);
    },
    pruned: async (connection: ConnectionId): Promise<ChangePlace | null> => {
      const found = await collection.findOne({ _id: connection }, { projection: { pruned: 1 } });
      return found?.pruned ?? null;
    },
    /** Before the changes go, so that nobody reads over a gap unawares. */
    notePruned: async (connection: ConnectionId, { version, sequence }: ChangePlace): Promise<void> => {
      await collection.updateOne({ _id: connection }, { $set: { pruned: { version, sequence } } });
    },
    rolled: async (connection: ConnectionId, version: number): Promise<void> => {
      await collection.updateOne({ _id: connection, version, rolled: { $lt: version } }, { $set: { rolled: version } });
    },
    /** Whatever draft is open can never commit. The fence stays, so that a late holder is still refused. */
    erase: async (connection: ConnectionId): Promise<void> => {
      await collection.updateOne({ _id: connection }, { $set: nothingCommitted, $inc: { opened: 1 } });
    },
  };
};
export type Heads = ReturnType<typeof createHeads>;

export const headOf = (connection: ConnectionId, document: HeadDocument | null): Head => {
  const { version, watermark: place, counts, committedAt, fullAt, scope } = document ?? nothingCommitted;
  const restored = document?.restored ?? null;
  const mark = place === null ? null : watermark(place);
  const attributes = document?.attributes === undefined ? nothingRead : readIn(document.attributes);
  return { connection, version, watermark: mark, counts, committedAt, fullAt, scope, attributes, restored };
};

export const storedRead = (read: ReadSince): StoredRead => {
  const listed = (type: ObjectType) => [...read[type]].map(([name, since]) => ({ name, since }));
  return { user: listed('user'), group: listed('group') };
};

const readIn = (stored: StoredRead): ReadSince => {
  const mapped = (type: ObjectType) => new Map(stored[type].map(({ name, since }) => [name, since]));
  return { user: mapped('user'), group: mapped('group') };
};

const overtaken = (key: string): StaleFence =>
  new StaleFence(`Another worker took ${key} over, or another draft was opened.`);
