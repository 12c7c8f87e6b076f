/** The port of the ledger: what we did to each target and what we own there. Everything of it is written under the target's lease. */

import type { TakenAmounts } from '../core/guard.ts';
import type { OperationKey, RemoteId, RunId, SourceId, TargetId } from '../model/ids.ts';
import type { Cause, Escrow, Intent, Link, Operation, Outcome, WaitingReference } from '../model/operation.ts';
import type { ObjectType, Ref } from '../model/source-object.ts';
import type { EscrowPolicy } from '../model/target-record.ts';
import type { Lease } from './leases.ts';
import type { Page } from './snapshot-store.ts';

/**
 * An operation with what became of it, for the record of a run. `open` until settled. `order`: of those of one target, texts that sort as these were made,
 * by whichever run and process, and whatever its clock said.
 */
export type Entry = Intent & {
  readonly state: 'open' | 'settled';
  readonly outcome: Outcome | null;
  readonly order: string;
};

/** A link that ended: what it was of, whether we made that, and since when we pushed members to it. */
export type Former = Pick<Link, 'remoteId' | 'by' | 'membersSince'> & { readonly until: Date };

/** A link that ended, of whom, and the operation that ended it. */
export type Ended = { readonly ref: Ref; readonly former: Former; readonly by: OperationKey | null };
/** Whose remote objects are, and whose they were. */
export type Claims = {
  readonly links: ReadonlyMap<RemoteId, Link>;
  readonly ended: ReadonlyMap<RemoteId, readonly Ended[]>;
};

/** What is kept about one object. */
export type About = {
  readonly link: Link | null;
  /** The remote object that is not there any more, and since when, when the last link ended with it. Forgotten after a while. */
  readonly former: Former | null;
  /** The operation that made the link what it is, or ended it. */
  readonly linkedBy: OperationKey | null;
  readonly escrow: Escrow | null;
  /** The operation that failed; null when it could not even be planned. */
  readonly escrowedBy: OperationKey | null;
};

/**
 * By fingerprints of what is set for the target. `proved`: set so, it is the system the links are of; null: nobody asked yet. `refused`: set so, it
 * showed none of them; null: it was never in doubt since.
 */
export type Reach = { readonly proved: string | null; readonly refused: string | null };

/** A look at everybody. `after`: the run that was under way when it came to be owed, and may have passed some of them by; null: none was. */
export type OwedLook = { readonly after: RunId | null };
/**
 * Looks at everybody that a target is owed, though nobody asked for one (engine/owed-looks.ts). `groups`: for runs that met none there. `protection`: for
 * runs that left alone who is protected no more, and for whatever else is owed one: it is kept by the name of its first reason. `protectedBy`: who was
 * protected in the run before, as a fingerprint; null: no run has noted it.
 */
export type Owed = {
  readonly groups: OwedLook | null;
  readonly protection: OwedLook | null;
  readonly protectedBy: string | null;
};

export const nothingOwed: Owed = { groups: null, protection: null, protectedBy: null };

export const nowhere: Reach = { proved: null, refused: null };

export type EscrowState = 'waiting' | 'given_up';
/** Whom a failure was the last one for: from now on they are tried only when they change, or a person asks. */
export type Escrowed = { readonly givenUp: readonly Ref[] };
/** Objects by their ids, or everybody who is in escrow for a reason. */
export type Which = { readonly ids: readonly SourceId[] } | { readonly reason: Escrow['reason'] | null };

export interface Ledger {
  /** The version of the snapshot the target was brought to; null: never, everything is to be looked at. */
  position(target: TargetId): Promise<number | null>;
  /** Throws `StaleFence`. Never moves back. */
  advance(lease: Lease, version: number): Promise<void>;

  /** Which system the links are of, as far as that was proved (`engine/prove-reach.ts`). */
  reach(target: TargetId): Promise<Reach>;
  /** Throws `StaleFence`. */
  noteReach(lease: Lease, reach: Reach): Promise<void>;

  /** Which looks at everybody it is owed. */
  owed(target: TargetId): Promise<Owed>;
  /** Throws `StaleFence`. */
  noteOwed(lease: Lease, owed: Owed): Promise<void>;

  /** The rules and the scope by which somebody let this target be written to; null: none yet. */
  rules(target: TargetId): Promise<string | null>;
  /** Throws `StaleFence`. */
  acceptRules(lease: Lease, rules: string): Promise<void>;

  /** Who was in the protected groups when a run last looked, or left the tenant from among them; of each group in id order. */
  guarded(target: TargetId): Promise<ReadonlyMap<SourceId, readonly Ref[]>>;
  /** In place of what was noted before. Throws `StaleFence`. */
  noteGuarded(lease: Lease, groups: ReadonlyMap<SourceId, readonly Ref[]>): Promise<void>;

  /** Through which version it was noticed who left a protected group, at a target that was not brought to it; 0: none. */
  noticed(target: TargetId): Promise<number>;
  /** Throws `StaleFence`. Never moves back. */
  noteNoticed(lease: Lease, version: number): Promise<void>;

  links(target: TargetId, refs: readonly Ref[]): Promise<ReadonlyMap<SourceId, Link>>;
  /** Which of these remote objects are linked already, and to whom; and whose links to them ended. */
  linkedRemotes(target: TargetId, type: ObjectType, ids: readonly RemoteId[]): Promise<Claims>;
  /** What is kept about these objects; every one asked for is in the answer. */
  about(target: TargetId, refs: readonly Ref[]): Promise<ReadonlyMap<SourceId, About>>;
  /** The objects whose link names this remote object, or did when it ended. */
  ownersOf(target: TargetId, id: RemoteId): Promise<readonly Ref[]>;
  /** In id order, in batches; `after`: from there on, exclusive. */
  scanLinks(target: TargetId, type: ObjectType, after?: SourceId): AsyncIterable<readonly Link[]>;
  /** Who is linked, in id order, in batches. */
  linkedIds(target: TargetId, type: ObjectType): AsyncIterable<readonly SourceId[]>;
  /** Links that have been `disabled` since before this time, in batches. */
  disabledBefore(target: TargetId, before: Date): AsyncIterable<readonly Link[]>;
  /** Members of these groups are about to be pushed for the first time, as of this version; known before anybody is. Throws `StaleFence`. */
  membersStarted(lease: Lease, groups: readonly Ref[], version: number): Promise<void>;
  /** The members of these groups are as wanted up to this version. Throws `StaleFence`. */
  membersPushed(lease: Lease, groups: readonly Ref[], version: number): Promise<void>;
  countLinks(target: TargetId): Promise<Readonly<Record<ObjectType, number>>>;
  /** Accounts and groups that are not switched off. */
  countActive(target: TargetId): Promise<Readonly<Record<ObjectType, number>>>;

  /** Durable on return, before any effect. A key that exists already is left as it is. Throws `StaleFence`. */
  intend(lease: Lease, intents: readonly { readonly operation: Operation; readonly cause: Cause }[]): Promise<void>;
  /** The newest operation at the target, and the run it is of; null: there was none yet. */
  lastWrite(target: TargetId): Promise<{ readonly mark: string; readonly run: RunId } | null>;
  /** Intents without an outcome, oldest first, in batches. */
  openIntents(target: TargetId): AsyncIterable<readonly Intent[]>;
  /**
   * What intents since then that count against a limit (`cause.limited`) did, or may have done: they are settled as applied, or still open, or the target
   * said that it did them and does not show it; but for those who are to go `again`, whom their earlier tries are not counted for.
   */
  taken(target: TargetId, since: Date, again?: ReadonlySet<SourceId>): Promise<TakenAmounts>;
  /**
   * Per outcome: escrow (made on `escrowed`, with growing delay; removed otherwise, unless another operation of the same run failed or the outcome only
   * puts the operation off), link, then the intent is closed. An escrow is made before the link is written and removed after it: where nobody gets to the
   * second, somebody is tried once too often, and never forgotten. Repeating it changes nothing. Throws `StaleFence`.
   */
  settle(lease: Lease, outcomes: readonly Outcome[], policy?: EscrowPolicy): Promise<Escrowed>;
  /** An object that could not even be planned: escrowed without an operation. `anew`: as if it had never been in escrow. */
  escrow(
    lease: Lease,
    failures: readonly { readonly ref: Ref; readonly reason: Escrow['reason']; readonly detail: string }[],
    policy?: EscrowPolicy,
    ladder?: 'as_before' | 'anew',
  ): Promise<Escrowed>;
  /** The object needs no more care: its escrow goes. */
  release(lease: Lease, refs: readonly Ref[]): Promise<void>;
  /** Objects in escrow whose time has come, in batches. */
  dueEscrows(target: TargetId): AsyncIterable<readonly Escrow[]>;
  escrows(target: TargetId, after: string | null, limit: number, state?: EscrowState): Promise<Page<Escrow>>;
  escrowsOf(target: TargetId, ids: readonly SourceId[]): Promise<readonly Escrow[]>;
  /** Makes them due now, also what is given up. A person asks for it, so it needs no lease: it moves a time and nothing else. How many there are. */
  retry(target: TargetId, which: Which): Promise<number>;
  countEscrows(target: TargetId): Promise<number>;

  /** References that are not yet as wanted. One per owner, path and `to`: the last want counts. */
  wait(lease: Lease, references: readonly WaitingReference[]): Promise<void>;
  /** References that wait for any of these. */
  waitingOn(target: TargetId, to: readonly SourceId[]): AsyncIterable<readonly WaitingReference[]>;
  /** References of these owners that wait. */
  waitingFor(target: TargetId, owners: readonly Ref[]): AsyncIterable<readonly WaitingReference[]>;
  /** These wait no longer (whatever they wanted). */
  stopWaiting(lease: Lease, references: readonly WaitingReference[]): Promise<void>;

  /** Operations of one run, oldest first. */
  entries(target: TargetId, run: Cause['run'], after: string | null, limit: number): Promise<Page<Entry>>;
  entry(target: TargetId, key: OperationKey): Promise<Entry | null>;
  /**
   * Operations on somebody, and on groups as far as it is them, oldest first, in batches. It looks through all operations of the target, or those made
   * `since` a time: for the few who ask about one person.
   */
  entriesAbout(target: TargetId, person: SourceId, since?: Date): AsyncIterable<readonly Entry[]>;
  /**
   * Removes what is kept of somebody: link, escrow, operations, what waits for them, and them from operations on groups. Repeating it changes nothing.
   * Throws `StaleFence`.
   */
  forgetPerson(lease: Lease, person: SourceId): Promise<void>;
  /** Removes the links of people of whom nothing is to be done any more, and what waits for them; operations go when they are old. Throws `StaleFence`. */
  letGo(lease: Lease, people: readonly SourceId[]): Promise<void>;
  /** Removes settled intents older than this, and everything of a target. */
  prune(target: TargetId, before: Date): Promise<void>;
  erase(target: TargetId): Promise<void>;
}
