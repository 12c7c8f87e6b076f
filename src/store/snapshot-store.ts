/**
 * The port of the snapshot: what a connection's source held as of the last committed version, and the change log between versions.
 * Nobody reads anything above the head's version. A draft is made under a lease; only its commit moves the head.
 */

import type { AttributeNames, ReadSince } from '../core/read-attributes.ts';
import type { Change, ChangePlace, RecordedChange } from '../model/change.ts';
import type { EdgePair, MembersPatch, Pair } from '../model/draft.ts';
import type { ConnectionId, Resume, RunId, SourceId, Watermark } from '../model/ids.ts';
import type { ReadKind } from '../model/operation.ts';
import type { Gone, Membership, ObjectType, Ref, Remembered, SourceObject } from '../model/source-object.ts';
import type { Lease } from './leases.ts';

export type { EdgePair, MembersPatch, Pair, Remembered };

/** `version` grows with each commit, with gaps; 0 is the empty snapshot before the first. */
export type Head = {
  readonly connection: ConnectionId;
  readonly version: number;
  readonly watermark: Watermark | null;
  readonly counts: Readonly<Record<ObjectType, number>>;
  readonly committedAt: Date | null;
  /** When the last full sync of the whole scope was committed. */
  readonly fullAt: Date | null;
  /** What it holds, as the last sync of the whole scope was told (`scopeKey`); null before the first. */
  readonly scope: string | null;
  /** Which attributes were read of everybody in it, and since which version. */
  readonly attributes: ReadSince;
  /** The database was put back from a backup then; null: never since this connection is known. */
  readonly restored: Restored | null;
};
export type Restored = { readonly epoch: number; readonly at: Date };

/** The sync run that committed a version, and how it had read. */
export type Committer = { readonly run: RunId; readonly kind: ReadKind };
export type Committed = Committer & { readonly version: number; readonly at: Date };

export type Page<T> = { readonly items: readonly T[]; readonly next: string | null };

/** `pruned`: the newest change that is not kept any more; whoever is at an earlier place has missed some. Null: all are kept. */
export type ChangesPage = {
  readonly items: readonly RecordedChange[];
  readonly hasMore: boolean;
  readonly pruned: ChangePlace | null;
};

/** What can be asked of a version of the snapshot. */
export interface SnapshotReads {
  head(connection: ConnectionId): Promise<Head>;
  /** Committed objects by id; absent when not in the snapshot. */
  find(connection: ConnectionId, refs: readonly Ref[]): Promise<ReadonlyMap<SourceId, SourceObject>>;
  /** Objects ever seen, also those that are gone. */
  recall(connection: ConnectionId, refs: readonly Ref[]): Promise<ReadonlyMap<SourceId, Remembered>>;
  /**
   * Objects ever seen that have this user principal name, mail or employee id, or had it when they left (`core/names.ts` says how names compare).
   * At most `limit`, in no order.
   */
  named(connection: ConnectionId, name: string, limit: number): Promise<readonly Remembered[]>;
  /** A page of the objects ever seen, also those that are gone, in id order; `after` an id (exclusive). */
  recallPage(
    connection: ConnectionId,
    type: ObjectType,
    after: string | null,
    limit: number,
  ): Promise<Page<Remembered>>;
  /** All committed objects of a type in batches (by id order). */
  scan(connection: ConnectionId, type: ObjectType): AsyncIterable<readonly SourceObject[]>;
  /** A page of committed objects in id order, `after` an id (exclusive). */
  page(connection: ConnectionId, type: ObjectType, after: string | null, limit: number): Promise<Page<SourceObject>>;
  /** Committed, effective members of a group in batches: only those that are in the snapshot themselves. */
  members(connection: ConnectionId, group: SourceId): AsyncIterable<readonly Ref[]>;
  /** The committed groups that hold any of these members directly, one membership each. */
  groupsOf(connection: ConnectionId, members: readonly SourceId[]): AsyncIterable<readonly Membership[]>;
  /** Committed changes after a version, oldest first, in batches. `through` (inclusive) narrows the end. */
  changesAfter(connection: ConnectionId, version: number, through?: number): AsyncIterable<readonly RecordedChange[]>;
  /** The committed changes after a place, oldest first, at most `limit`; null: from the oldest that is kept. */
  changesPage(connection: ConnectionId, after: ChangePlace | null, limit: number): Promise<ChangesPage>;
}

export interface SnapshotStore extends SnapshotReads {
  /**
   * Opens the draft of this lease. A draft left by an earlier holder with the same signature is continued from its last place; any other is
   * forgotten. What an earlier holder staged after its last place is forgotten too, also if it arrives late.
   */
  begin(lease: Lease, signature: string): Promise<Draft>;
  /**
   * The last version up to this one with which something changed, and who committed it, when, also where they died before their run could say so. Null where
   * it is not on record: nobody said who they are, or it was pruned.
   */
  committedBy(connection: ConnectionId, through: number): Promise<Committed | null>;
  /** Drops changes up to and including this version, who committed them, and what no version refers to any more; tidies up what look-ups go by. */
  prune(connection: ConnectionId, through: number): Promise<void>;
  /** The committed changes of somebody, and of members as far as it is them, oldest first, in batches. */
  changesAbout(connection: ConnectionId, person: SourceId): AsyncIterable<readonly RecordedChange[]>;
  /**
   * Removes what is kept of somebody who is gone: what they looked like, their changes, their names. Where they are in the list of whom the last full
   * sync saw, or in a group as the tenant shows it, goes with the next full sync. Repeating it changes nothing. Throws `StaleFence`.
   */
  forgetPerson(lease: Lease, person: SourceId): Promise<void>;
  /** People who left before this and of whom it is kept still what they looked like, first who left first, in batches. */
  leftBefore(connection: ConnectionId, before: Date): AsyncIterable<readonly Remembered[]>;
  /**
   * Of these, if they are gone, it is kept no more what they looked like and what they were called; only that they were there, and when and why they
   * left. While no draft is open. Repeating it changes nothing. Throws `StaleFence`.
   */
  strip(lease: Lease, people: readonly SourceId[]): Promise<void>;
  /** Removes everything of a connection. */
  erase(connection: ConnectionId): Promise<void>;
}

/** What one batch of a read does to the draft; it becomes durable as a whole, together with the place to continue from. */
export type Batch = {
  /** Objects that differ from what `find` said: the next state, or that they are gone. */
  readonly objects: readonly { readonly ref: Ref; readonly next: SourceObject | Gone }[];
  readonly members: readonly MembersPatch[];
  /** All objects the source showed in this batch, changed or not; a full sync sweeps what was in none. */
  readonly seen: readonly Ref[];
  readonly resume: Resume | null;
};
export interface Draft {
  readonly base: Head;
  /** The place this draft was continued from; null when it starts fresh. */
  readonly resume: Resume | null;
  /** The committed version overlaid with this draft, and with a batch that is on its way. */
  find(refs: readonly Ref[]): Promise<ReadonlyMap<SourceId, SourceObject>>;
  /**
   * Which of these objects have these values now and no others. Some that do may be missing in the answer: it saves reading what has not changed,
   * and whoever is missing is looked at with `find`. May be asked while a batch is being made durable; then that batch counts.
   */
  holds(shown: readonly SourceObject[]): Promise<ReadonlySet<SourceId>>;
  /** Which of these are in the draft's view, where nobody asks what they look like. */
  present(refs: readonly Ref[]): Promise<ReadonlySet<SourceId>>;
  /** The same for direct members of a group: all edges, whether or not their ends are known. */
  members(group: SourceId): AsyncIterable<readonly Ref[]>;
  /** The same backwards: every edge whose member is one of these. */
  groupsOf(members: readonly SourceId[]): AsyncIterable<readonly Membership[]>;
  /** Makes a batch durable. Writes nothing for what does not differ. Throws `StaleFence`. */
  put(batch: Batch): Promise<void>;
  /** Objects of the base (overlaid) that no batch of this draft has seen, in batches. */
  unseen(): AsyncIterable<readonly SourceObject[]>;
  /** All objects of a type in the draft's view, in batches. */
  scan(type: ObjectType): AsyncIterable<readonly SourceObject[]>;
  /** Objects this draft changes, in batches. An object that ended as it began is not among them. */
  touched(): AsyncIterable<readonly Pair[]>;
  /** Edges this draft changes, in batches. */
  touchedMembers(): AsyncIterable<readonly EdgePair[]>;
  /** Appends to the changes of the version to come; called as often as needed, after the last `put`. Recording starts over in a continued draft. */
  record(changes: readonly Change[]): Promise<void>;
  /**
   * The snapshot of the draft's connection as it would be, were the draft committed now as a full sync with this scope, these counts and these attributes:
   * every answer is the one that would be given then. For as long as the draft is open and nothing else is put into it.
   */
  asCommitted(end: {
    readonly scope: string;
    readonly counts: Readonly<Record<ObjectType, number>>;
    readonly attributes: AttributeNames;
  }): SnapshotReads;
  /**
   * The one commit point. `watermark: 'keep'` leaves the base's. `full` marks a full sync of the whole scope. Throws `StaleFence`.
   * Without any recorded change the version still moves on with its watermark.
   */
  commit(end: {
    readonly watermark: Watermark | null | 'keep';
    readonly counts: Readonly<Record<ObjectType, number>>;
    readonly full: boolean;
    /** What the snapshot holds from now on; left out, as before. */
    readonly scope?: string;
    /** What was read of whoever was read; left out where nobody was. */
    readonly attributes?: AttributeNames;
    /** Kept with the version, if anything changed. */
    readonly by?: Committer;
  }): Promise<Head>;
  /** Forgets everything this draft staged. */
  discard(): Promise<void>;
}
