/** The port of a source: a directory that is read. Implementations stream messages and know nothing of snapshots. */

import type { OffBy } from '../core/switch.ts';
import type { CheckReport } from '../model/check.ts';
import type { CredentialEnds } from '../model/connection.ts';
import type { Resume, SourceId, Watermark } from '../model/ids.ts';
import type { Scope } from '../model/scope.ts';
import type { ObjectMessage } from '../model/source-message.ts';
import type { ObjectType, Ref, SourceObject, Standing } from '../model/source-object.ts';
import type { WatchedResource } from '../model/subscription.ts';

export type { Standing };

/** `full`: everything in scope. `delta`: what changed since `from`. */
export type ReadMode = { readonly mode: 'full' } | { readonly mode: 'delta'; readonly from: Watermark };

export type Ask = {
  readonly scope: Scope;
  readonly attributes: Readonly<Record<ObjectType, readonly string[]>>;
  readonly read: ReadMode;
  /** Where an interrupted read of the same mode, scope and attributes is continued. */
  readonly resume: Resume | null;
  /**
   * Whether the watermark is wanted. A one-off read of one group is not a place to continue from: it asks for none and gets
   * an end with `watermark: null`.
   */
  readonly watermark: boolean;
  /** What the snapshot already holds. */
  readonly known: Known;
};

/** What a check proves. `watched`: the source is to say that something changed, too; absent: it is not. */
export type ToProve = Pick<Ask, 'scope' | 'attributes'> & { readonly watched?: boolean };

/** What is said of an object: some of its attributes. */
export type Saying = Pick<SourceObject, 'ref' | 'attributes'>;

/** Questions about what is already stored (committed, and read so far). */
export type Known = {
  /** Those of these that are not stored: whether they once were. */
  absent(refs: readonly Ref[]): Promise<ReadonlyMap<SourceId, 'left' | 'never_seen'>>;
  /** The stored groups that these are direct members of, whether or not they are stored themselves; who is in none is absent from the map. */
  groupsOf(ids: readonly SourceId[]): Promise<ReadonlyMap<SourceId, readonly SourceId[]>>;
  /** Those of these who are stored, and of whom nothing is said that is not. */
  unchanged(said: readonly Saying[]): Promise<ReadonlySet<SourceId>>;
  /** The users that are stored with a manager, out of these. */
  withManager(ids: readonly SourceId[]): Promise<ReadonlySet<SourceId>>;
  /** The stored direct members of a group. */
  members(group: SourceId): AsyncIterable<readonly Ref[]>;
};

/**
 * A part of a read, as it came: at most a thousand messages or so. Messages may be partial, repeated and in any order.
 * - `upsert`: merge these attributes into the object; a cleared attribute is `null`, an absent one is unchanged.
 *   `whole`: every attribute that has a value is there, so an object not seen before may be created from it. An upsert that is not whole,
 *   about an object that is not known, is about a stranger and is dropped; about one that is known it says that it is there.
 * - `members`: `whole` is all direct members of the group (a read of the list, complete); `added` and `removed` are to be merged with what is
 *   stored.
 * - `remove`: the object is gone from the source. A later upsert of the same object brings it back.
 *
 * With a `resume`, this page and everything before it may be made durable together with that place; a read resumed there repeats nothing
 * before it that matters.
 */
export type SourcePage = {
  readonly type: 'page';
  readonly messages: readonly ObjectMessage[];
  readonly resume: Resume | null;
};

/** The last thing a read says, and only the last. Without it nothing may be concluded from absence. */
export type SourceEnd = { readonly type: 'end'; readonly complete: Complete; readonly watermark: Watermark | null };

const proof: unique symbol = Symbol('complete');
/**
 * Proof that a read showed everything there is in its scope, or everything that changed: the source followed every chain of pages to its end.
 * Only `everything` says something about who was not shown.
 */
export type Complete = {
  readonly [proof]: true;
  readonly of: 'everything' | 'changes';
  readonly scope: Scope;
};

/** For the one place in each source that sees how its reads end (test/architecture.test.ts knows them). */
export const completed = ({ scope, read }: Pick<Ask, 'scope' | 'read'>): Complete => ({
  [proof]: true,
  of: read.mode === 'full' ? 'everything' : 'changes',
  scope,
});

/** Asks the source to say that something changed. What it says is a hint, may be missing, and may come twice. */
export interface Subscriptions {
  /** `url`: where it says so; it is asked there at once whether that is ours. `clientState`: what it brings each time. Throws `SourceError`. */
  create(
    resource: WatchedResource,
    ask: { readonly url: string; readonly clientState: string; readonly expiresAt: Date },
    signal: AbortSignal,
  ): Promise<{ readonly id: string; readonly expiresAt: Date }>;
  /** Null: there is none of this id any more. Throws `SourceError`. */
  renew(id: string, expiresAt: Date, signal: AbortSignal): Promise<{ readonly expiresAt: Date } | null>;
  /** Who is gone already is gone. Throws `SourceError`. */
  end(id: string, signal: AbortSignal): Promise<void>;
}

export interface Source {
  /** Absent where the source cannot say by itself that something changed. */
  readonly subscriptions?: Subscriptions;
  /**
   * Proves credentials and every permission that this scope and these attributes need, by real calls that keep nothing. Never throws for what it is
   * meant to find out.
   */
  check(what: ToProve, signal: AbortSignal): Promise<CheckReport>;
  /** Which tenant the credentials open, by its directory id, as the login service says. Throws `SourceError`, also where it does not say. */
  tenant(signal: AbortSignal): Promise<string>;
  /**
   * When each credential ends, as far as the source has a record of it that we may read; null where we may not. Throws `SourceError`.
   */
  credentialEnds(signal: AbortSignal): Promise<CredentialEnds | null>;
  /**
   * Streams what was asked, page by page. Throws `SourceError` (a fault; nothing may be concluded), `WatermarkExpired` (only a full read helps)
   * or `ResumeExpired` (the same read must start over).
   */
  read(ask: Ask, signal: AbortSignal): AsyncIterable<SourcePage | SourceEnd>;
  /**
   * Asks about these objects again, now. Every asked id is in the answer. Members of a scope of kind `groups` are asked for too; as long as one of its
   * groups does not exist, nobody is known to be out of it. `by`: who is there is `disabled` where they are off by this, for which its attribute is asked
   * for as well; unless given, by the source's own switch. Throws `SourceError` when the source cannot be asked at all (throttled, unavailable,
   * unauthorized).
   */
  confirm(
    refs: readonly Ref[],
    scope: Scope,
    signal: AbortSignal,
    by?: OffBy | null,
  ): Promise<ReadonlyMap<SourceId, Standing>>;
  /**
   * Shows who this is now, for a person's question: the user or group of this object id, or users with this user principal name, mail or employee id,
   * without the manager, who is read apart. Whoever is deleted is not shown. Throws `SourceError`.
   */
  lookUp(who: string, attributes: Ask['attributes'], signal: AbortSignal): Promise<readonly SourceObject[]>;
  /**
   * Which of these the source itself keeps as deleted. That is its own word, where not to be found is only an absence; who is not in the answer may be
   * gone all the same.
   */
  deletions(refs: readonly Ref[], signal: AbortSignal): Promise<ReadonlySet<SourceId>>;
  /**
   * Everybody who is in these groups now, also by groups in them, and those groups; whether or not they are in any scope. Null: one of them does not
   * exist. Throws `SourceError`, also where a group hides its members or they have more than anybody could hold.
   */
  everyoneIn(groups: readonly SourceId[], signal: AbortSignal): Promise<readonly Ref[] | null>;
  /** Asks whether these are members of the group now; an id that is not answered for is absent from the map. */
  confirmMembers(
    group: SourceId,
    members: readonly Ref[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<SourceId, boolean>>;
}
