/** What is done to a target, why, and what became of it. */

import type { ConnectionId, OperationKey, PlanId, RemoteId, RunId, SourceId, TargetId } from './ids.ts';
import type { Attributes, GoneReason, ObjectType, Ref, Standing, Value } from './source-object.ts';

/** A user or group as the target holds it; attributes are named by target path, as in the attribute mapping. */
export type RemoteObject = { readonly type: ObjectType; readonly remoteId: RemoteId; readonly attributes: Attributes };

/**
 * One write to a target. `attributes` are named by target path; in an update they hold only what differs, `null` clears,
 * and `before` holds the last known values of the same paths (a SCIM PATCH chooses add or replace by them). `mayHold`, which an update is given as it is
 * sent, and is not kept with it: the values, by path, which the target may hold in place of that, for it was told so and not seen to take them.
 */
export type Operation = { readonly key: OperationKey; readonly ref: Ref } & (
  | { readonly action: 'create'; readonly attributes: Attributes }
  | {
      readonly action: 'update';
      readonly remoteId: RemoteId;
      readonly attributes: Attributes;
      readonly before: Attributes;
      readonly mayHold?: ValuesByPath;
    }
  | {
      readonly action: 'add_members' | 'remove_members';
      readonly remoteId: RemoteId;
      readonly members: readonly Member[];
    }
  | { readonly action: 'disable' | 'delete'; readonly remoteId: RemoteId }
);
export type Action = Operation['action'];
export type ValuesByPath = Readonly<Record<string, readonly Value[]>>;
/** A member as both sides know it. */
export type Member = { readonly ref: Ref; readonly remoteId: RemoteId };

/** It lets somebody in again whose account is off. */
export const switchesOn = (operation: Operation): boolean =>
  operation.action === 'update' && operation.attributes['active'] === true;

/** An account or a group goes by it: it is switched off, or deleted. */
export const isGoing = (action: Action): boolean => action === 'disable' || action === 'delete';

/** Operations that take something away from a person. Only they pass the guard's limits and are confirmed at the source first. */
export const isDestructive = (action: Action): boolean => isGoing(action) || action === 'remove_members';

/** Why an operation is made: which run, from which version of the snapshot, and for a destructive one on what evidence. */
export type Cause = {
  readonly run: RunId;
  readonly connection: ConnectionId;
  readonly version: number;
  readonly why: Why;
  /** It counts against a limit of the target: somebody may have to look before more of its kind is done. */
  readonly limited: boolean;
  /** The plan that a person approved, and that holds this operation. */
  readonly plan: PlanId | null;
  /** Null where nothing is taken away. Where an undo takes back what a run gave, it is what that run went by: nobody is asked about it. */
  readonly evidence: Evidence | null;
};

export type ReadKind = 'full' | 'delta' | 'group';
/** What taking something away rests on: which read told it, and what the source said when it was asked again. */
export type Evidence = {
  /**
   * The version of the snapshot that has it; of several members the newest, or, where no change is on record, the one that lacks them. Null: it is not on
   * record any more.
   */
  readonly version: number | null;
  /** The sync run that committed the version, and the kind of its read. */
  readonly run: RunId | null;
  readonly read: ReadKind | null;
  /** How many of them the source said what of, and when. `by`: the attribute that said `off_by_mapping`. Null: it was not asked yet. */
  readonly confirmed: {
    readonly at: Date;
    readonly said: Readonly<Partial<Record<Said, number>>>;
    readonly by?: string;
  } | null;
};
/**
 * `off_by_mapping`: they are there, and off by the attribute that the mapping takes for the switch, in place of the source's own. `present`, of somebody who
 * is switched off: they are there, and the mapping has everybody off.
 */
export type Said = Standing | 'not_a_member' | 'deleted' | 'off_by_mapping';
/** How something that was there before became somebody's. */
export const takenOver = ['adopted', 'recognized', 'inherited'] as const;
export type TakenOver = (typeof takenOver)[number];
export const isTakenOver = (why: Why): why is TakenOver => takenOver.some((each) => each === why);

/** `adopted`: the account was there before, and is linked with this; `recognized`: so is one that carries the id of this very object; `inherited`: and one that carries that of somebody who left. `unlinked`: an undo gives it back. `members`: who stays, but not in this group. `leavers`: members of it who leave altogether. `repair`: the target does not hold what it was told. `undo`: a run did the opposite. */
export type Why =
  | 'created'
  | 'updated'
  | TakenOver
  | 'unlinked'
  | 'members'
  | 'leavers'
  | 'retry'
  | 'repair'
  | 'undo'
  | 'disabled_in_source'
  | GoneReason;

/** The durable note of an operation before its effect. Open until an outcome settles it. */
export type Intent = {
  readonly target: TargetId;
  readonly operation: Operation;
  readonly cause: Cause;
  readonly at: Date;
};

/** Our claim of ownership: this source object is this remote object. */
export type Link = {
  readonly ref: Ref;
  readonly remoteId: RemoteId;
  readonly by: 'created' | 'matched';
  readonly state: 'active' | 'disabled';
  /** When it came to this state. */
  readonly since: Date;
  /** It was switched off because its owner left, or to take a run back, and not by what the mapping says of somebody who is here. */
  readonly hasLeft: boolean;
  /** What the target was last told, by target path, as far as it is known to have taken it. */
  readonly pushed: Attributes;
  /** What it was told besides, by target path, and what could not be seen there afterwards: it may hold that in place of what is in `pushed`. */
  readonly mayHold?: Attributes;
  /** Of a path in `mayHold`: what it was told before that, the last first, and what could not be seen either. It may hold any of these. */
  readonly mayHoldToo?: ValuesByPath;
  /** Of an account that was there before us: `pushed` names each path that was looked at or told, also without a value. Of any other path nothing is known. */
  readonly looked?: true;
  /** Groups: the version at which members were first pushed; whoever left since then may still be in the remote group. Null: nobody was ever pushed. */
  readonly membersSince: number | null;
  /** Groups: the version up to which members are as wanted, apart from the target's position. Null: not all of them were pushed yet. */
  readonly membersAt: number | null;
};

/** Why an object was left as it is, or could not be written. One code of a closed list. */
export type SkipReason =
  | 'disabled_in_source'
  | 'groups_not_supported'
  | 'not_managed'
  /** It left, and the target's policy leaves groups as they are. */
  | 'group_kept'
  | 'confirmed_present'
  | 'guard_hold'
  | 'protected'
  /** It is not known whether it is protected, so nothing is taken away. */
  | 'protection_unknown'
  /** The run carries out a plan, and the plan does not hold it. */
  | 'not_in_plan'
  /** The source does not know it, but it was there a short while ago; it is asked again later. */
  | 'absence_unproven'
  /** The target shows no trace of an operation that was under way when a worker died; it is planned again. */
  | 'no_trace'
  /** It was never sent, because the target asked to wait; it is planned again. */
  | 'postponed'
  | 'deprovision_off'
  | 'member_not_linked';
export const escrowReasons = [
  'ambiguous_match',
  'linked_elsewhere',
  /** A group of that name was there before us, and nobody has looked at taking it over. */
  'unclaimed_group',
  /** The target makes nobody without it, and the mapping has no value for it. */
  'missing_required_attribute',
  /** The matching rules have nothing to ask by: whether there is an account already nobody can tell. */
  'no_match_key',
  'target_rejected',
  'target_conflict',
  'not_applied',
  'source_unsure',
  'absence_unproven',
] as const;
export type EscrowReason = (typeof escrowReasons)[number];

export type Outcome = {
  readonly key: OperationKey;
  readonly ref: Ref;
  readonly action: Action;
  readonly at: Date;
  /** An update that names references alone, once those they point to are linked; or the values of an object, and references with them. */
  readonly step?: 'references' | 'with_references';
} /**
 * `link`: the link as it is from now on; null when the object is gone from the target. Absent for membership operations. `wasOff`: the account that was
 * switched off was off before.
 */ & (
  | { readonly result: 'applied'; readonly link?: Link | null; readonly wasOff?: true }
  | { readonly result: 'skipped'; readonly reason: SkipReason; readonly link?: Link | null }
  /** A membership operation of several members, of whom the target refused some: they wait, with the group in escrow. */
  | {
      readonly result: 'partly_applied';
      readonly refused: readonly SourceId[];
      readonly reason: EscrowReason;
      readonly detail: string;
    }
  /**
   * `link`: whose account it is, which is known all the same; null: it is gone from the target, and another one is made when its time has come.
   * `mayBeDone`: what became of it, or of a first try of it, the target did not say, and it could not be seen.
   */
  | {
      readonly result: 'escrowed';
      readonly reason: EscrowReason;
      readonly detail: string;
      readonly link?: Link | null;
      readonly mayBeDone?: true;
    }
);

/** The link as it is after it; null: there is none any more. Undefined where it stays as it was. */
export const linkIn = (outcome: Outcome): Link | null | undefined =>
  outcome.result === 'partly_applied' ? undefined : outcome.link;

/** The members whom the target refused by name. */
export const refusedIn = (outcome: Outcome | null): ReadonlySet<SourceId> =>
  new Set(outcome?.result === 'partly_applied' ? outcome.refused : []);

/** All but those. */
export const notRefused = (members: readonly Member[], outcome: Outcome | null): readonly Member[] => {
  const refused = refusedIn(outcome);
  return members.filter(({ ref }) => !refused.has(ref.id));
};

/** Whether the target is another one than before. */
export const isInEffect = ({ result }: Outcome): boolean => result === 'applied' || result === 'partly_applied';

/** Whether it may be: what is open may have been done, what could not be seen, and what the target said it did and did not show. */
export const mayBeInEffect = (outcome: Outcome | null): boolean =>
  outcome === null || isInEffect(outcome) || mayBeDone(outcome) || isUnseen(outcome);

const mayBeDone = (outcome: Outcome): boolean => outcome.result === 'escrowed' && outcome.mayBeDone === true;
const isUnseen = (outcome: Outcome): boolean => outcome.result === 'escrowed' && outcome.reason === 'not_applied';

/**
 * Whether it counts against the limits of the day: also what the target said it did and does not show yet, for it may show it later; what may have been
 * done, and could not be seen; and members who may have been removed by whoever died before they could say so, for nobody looks whether they were.
 */
export const countsAsTaken = (outcome: Outcome): boolean =>
  mayBeInEffect(outcome) ||
  (outcome.result === 'skipped' && outcome.reason === 'no_trace' && outcome.action === 'remove_members');

/** One object whose operation failed, kept and retried in later runs. */
export type Escrow = {
  readonly ref: Ref;
  readonly reason: EscrowReason;
  readonly detail: string;
  readonly attempts: number;
  /** When it failed for the first time. */
  readonly since: Date;
  /** When it is tried again by itself; null: it is given up. */
  readonly dueAt: Date | null;
};

/**
 * A reference that is not yet as wanted: what it points to has no link, or the target refused it. `path` is `members` for a group's member,
 * else the target path (a manager).
 */
export type WaitingReference = {
  readonly owner: Ref;
  readonly path: string;
  readonly to: SourceId;
  readonly want: 'add' | 'remove';
  /** Of a member who is to be removed: the version of the snapshot that has it, where that is known. */
  readonly version?: number;
};
