/**
 * Decides what takes back what a run did to one object: from the record of its operations, what they found before, and the link as it is now. Whatever
 * somebody else changed since is left as it is.
 */

import type { RemoteId, RunId, SourceId } from '../model/ids.ts';
import type { Cause, Link, Member, Operation, Outcome } from '../model/operation.ts';
import { isInEffect, isTakenOver, notRefused } from '../model/operation.ts';
import type { Attributes, Ref, Value } from '../model/source-object.ts';
import { own, sameValue } from './attributes.ts';
import { batches } from './batches.ts';
import { difference } from './mapping.ts';
import { keyOf, type LeavingPolicies, type PlannedOperation, planGone, updates } from './plan.ts';

/** What one run did to one object. */
export type Trace = {
  readonly ref: Ref;
  remoteId: RemoteId;
  created: boolean;
  deleted: boolean;
  /** It took over an account or group that was there before. */
  adopted: boolean;
  /** It switched off an account that was off. */
  wasOff: boolean;
  /** The newest version of the snapshot that any of it went by. */
  version: number;
  /** Whether any of it was done in the name of a plan. */
  isOfPlan: boolean;
  /** What it did to the account or group itself, in order. */
  readonly operations: Operation[];
  /** By target path: what was there before the first of its writes, and after the last. */
  readonly before: Map<string, Value>;
  readonly written: Map<string, Value>;
  /** Of a group; whom it both added and removed it did nothing to. */
  readonly added: Map<SourceId, Member>;
  readonly removed: Map<SourceId, Member>;
  /** Of each of those it added, the order of the operation that first said so. */
  readonly addedIn: Map<SourceId, string>;
};

/** Why something the run did is not taken back. */
export const leftOutReasons = [
  /** Another run wrote to the same account, or to the same membership, since this one began; or gave it before this one gave it once more. */
  'changed_since',
  /** The run deleted the account: a new one would not be the old. */
  'deleted',
  /** The account is not linked any more, or another one is. */
  'not_linked',
  /** Nothing is taken away from this target, or it cannot be. */
  'deprovision_off',
  /** It is a group that the run made, and groups are left alone there. */
  'group_kept',
  /** The run told a group all of its members, and this one may have been there before it. */
  'there_before',
  /** The account that the run switched off was off before. */
  'off_before',
  /** The run took the account over, and not all of it could be given back, so it stays linked. */
  'not_given_back',
] as const;
export type LeftOutReason = (typeof leftOutReasons)[number];

/** One operation of the run, and what became of it. `order`: texts that sort as the operations of all runs were made. */
export type Step = {
  readonly operation: Operation;
  readonly outcome: Outcome | null;
  readonly cause: Pick<Cause, 'version' | 'plan' | 'why'>;
  readonly order: string;
};

/** Adds a step, in the order they were made. What took no effect leaves no trace. */
export const follow = (traces: Map<SourceId, Trace>, { operation, outcome, cause, order }: Step): void => {
  const { version, plan, why } = cause;
  if (outcome === null || !isInEffect(outcome)) return;
  const link = outcome.result === 'applied' ? outcome.link : undefined;
  const remoteId = operation.action === 'create' ? link?.remoteId : operation.remoteId;
  // An account that was gone already when it was to be changed.
  if (remoteId === undefined || (link === null && operation.action !== 'delete')) return;
  const { id } = operation.ref;
  const trace = traces.get(id) ?? begin(operation.ref, remoteId);
  traces.set(id, trace);
  trace.version = Math.max(trace.version, version);
  trace.isOfPlan ||= plan !== null;
  if (!('members' in operation)) trace.operations.push(operation);
  switch (operation.action) {
    case 'create':
      // The target had one already, which the rules found.
      if (link?.by === 'matched') trace.adopted = true;
      else trace.created = true;
      trace.remoteId = remoteId;
      return;
    case 'update':
      trace.adopted ||= isTakenOver(why);
      write(trace, operation.attributes, operation.before);
      return;
    case 'disable':
      trace.wasOff = outcome.result === 'applied' && outcome.wasOff === true;
      if (trace.wasOff) return;
      write(trace, { active: false }, { active: true });
      return;
    case 'delete':
      trace.deleted = true;
      return;
    case 'add_members':
      for (const { ref: of } of notRefused(operation.members, outcome))
        if (!trace.added.has(of.id)) trace.addedIn.set(of.id, order);
      move(operation.members, outcome, trace.removed, trace.added);
      return;
    case 'remove_members':
      move(operation.members, outcome, trace.added, trace.removed);
      return;
  }
};

const begin = (ref: Ref, remoteId: RemoteId): Trace => ({
  ref,
  remoteId,
  created: false,
  deleted: false,
  adopted: false,
  wasOff: false,
  version: 0,
  isOfPlan: false,
  operations: [],
  before: new Map(),
  written: new Map(),
  added: new Map(),
  removed: new Map(),
  addedIn: new Map(),
});

const write = (trace: Trace, attributes: Attributes, before: Attributes): void => {
  for (const path of Object.keys(attributes)) {
    if (!trace.before.has(path)) trace.before.set(path, own(before, path));
    trace.written.set(path, own(attributes, path));
  }
};

const move = (
  members: readonly Member[],
  outcome: Outcome,
  from: Map<SourceId, Member>,
  to: Map<SourceId, Member>,
): void => {
  for (const member of notRefused(members, outcome)) if (!from.delete(member.ref.id)) to.set(member.ref.id, member);
};

/** What others did since: the run that did it, by account and by membership; of a membership also the one that gave it before. */
export type Since = {
  readonly account: (id: SourceId) => RunId | null;
  readonly membership: (group: SourceId, member: SourceId) => RunId | null;
  /** Of an account that the run took over: who put it into a group since, in which it is by all that is on record. The undo does not take it out. */
  readonly putIn: (id: SourceId) => RunId | null;
};

/** Whether a membership that the run added came with it: there was none before. */
export type Came = (group: SourceId, member: SourceId) => boolean;

export type UndoContext = {
  readonly pass: string;
  readonly policies: LeavingPolicies;
  readonly can: { readonly groups: boolean; readonly disable: boolean; readonly delete: boolean };
  readonly since: Since;
  readonly came: Came;
  readonly linkOf: (id: SourceId) => Link | undefined;
};

/** `operation` is the run's own; of several members those whose membership stays. `by`: the run that changed it since, or gave it before. */
export type LeftOut = { readonly operation: Operation; readonly reason: LeftOutReason; readonly by: RunId | null };

export type Undone = { readonly operations: readonly PlannedOperation[]; readonly leftOut: readonly LeftOut[] };

const nothing: Undone = { operations: [], leftOut: [] };

/** The account or group itself. What was made goes by the policies for who leaves: we made it, and nobody else wrote to it. */
export const undoAccount = (trace: Trace, context: UndoContext): Undone => {
  const { ref, created, deleted, adopted, written, wasOff } = trace;
  if (!created && !deleted && !adopted && !wasOff && written.size === 0) return nothing;
  if (created && deleted) return nothing;
  const leave = (reason: LeftOutReason, by: RunId | null = null): Undone => ({
    operations: [],
    leftOut: trace.operations.map((operation) => ({ operation, reason, by })),
  });
  if (deleted) return leave('deleted');
  // An account that is let go of would stay in that group, and whoever has it next would be in it.
  const later = context.since.account(ref.id) ?? (adopted ? context.since.putIn(ref.id) : null);
  if (later !== null) return leave('changed_since', later);
  const link = context.linkOf(ref.id);
  if (link === undefined || link.remoteId !== trace.remoteId) return leave('not_linked');
  return created ? takeAway(link, context, leave) : giveBack(trace, link, context, leave);
};

const takeAway = (link: Link, context: UndoContext, leave: (reason: LeftOutReason) => Undone): Undone => {
  const { policies, can, pass } = context;
  const plan = planGone(link.ref, link, policies, can, 'out_of_scope', { pass });
  if (plan.kind === 'skip') return leave(plan.reason === 'group_kept' ? 'group_kept' : 'deprovision_off');
  return plan.kind === 'do' ? { operations: plan.operations.map(asUndo), leftOut: [] } : nothing;
};

const giveBack = (
  trace: Trace,
  link: Link,
  { pass, can }: UndoContext,
  leave: (reason: LeftOutReason) => Undone,
): Undone => {
  const { ref, remoteId, adopted, before, written } = trace;
  // What was told otherwise since, by whatever way, is not what this run wrote.
  const ours = [...before].filter(([path]) => sameValue(own(link.pushed, path), written.get(path) ?? null));
  const { attributes, before: now } = difference(Object.fromEntries(ours), link);
  if (own(attributes, 'active') === false && !can.disable) return leave('deprovision_off');
  const operations = updates(ref, remoteId, attributes, now, { pass, why: 'undo' }).map(asUndo);
  return { operations: adopted ? [...operations, letGo(link, pass)] : operations, leftOut: offBefore(trace) };
};

const offBefore = ({ wasOff, operations }: Trace): readonly LeftOut[] =>
  wasOff
    ? operations
        .filter(({ action }) => action === 'disable')
        .map((operation) => ({ operation, reason: 'off_before', by: null }))
    : [];

/** Without the link it is nobody's again, and nothing more is written to it. */
export const letGo = ({ ref, remoteId }: Pick<Link, 'ref' | 'remoteId'>, pass: string): PlannedOperation => ({
  operation: { key: keyOf(pass, ref, 'unlink'), ref, action: 'update', remoteId, attributes: {}, before: {} },
  why: 'unlinked',
});

/** What of these is in effect, as one text for each account, or membership, and what was done to it. */
export const stepsOf = (operation: Operation, outcome: Outcome | null): readonly string[] => {
  const { ref, action } = operation;
  if (!('members' in operation)) return [`${ref.id}|${action}`];
  return notRefused(operation.members, outcome).map(({ ref: member }) => `${ref.id}|${action}|${member.id}`);
};

const asUndo = ({ operation }: PlannedOperation): PlannedOperation => ({ operation, why: 'undo' });

/** Who it added goes, who it removed comes back. A group that goes as a whole takes its members along; one that is left alone does not. */
export const undoMembers = (trace: Trace, context: UndoContext): Undone => {
  const { ref, created, deleted, added, removed } = trace;
  if (added.size + removed.size === 0 || deleted) return nothing;
  if (created && undoAccount(trace, context).operations.length > 0) return nothing;
  const link = context.linkOf(ref.id);
  if (link === undefined || link.remoteId !== trace.remoteId)
    return {
      operations: [],
      leftOut: [...unlinked(trace, 'add_members', added), ...unlinked(trace, 'remove_members', removed)],
    };
  const back = sorted(trace, 'remove_members', removed, context);
  const [came, before] = parted(added, ({ ref: member }) => created || context.came(ref.id, member.id));
  const away = sorted(trace, 'add_members', came, context);
  return {
    operations: [
      ...membersOperation('add_members', link, back.go, context),
      ...membersOperation('remove_members', link, away.go, context),
    ],
    leftOut: [...back.leftOut, ...away.leftOut, ...stay(trace, 'add_members', before, 'there_before', null)],
  };
};

type MemberAction = 'add_members' | 'remove_members';
type Members = ReadonlyMap<SourceId, Member>;

const parted = (members: Members, holds: (member: Member) => boolean): readonly [Members, readonly Member[]] => [
  new Map([...members].filter(([, member]) => holds(member))),
  [...members.values()].filter((member) => !holds(member)),
];

/** `action`: what the run did with them. */
const sorted = (trace: Trace, action: MemberAction, members: Members, { since, linkOf }: UndoContext) => {
  const later = Map.groupBy(members.values(), ({ ref }) => since.membership(trace.ref.id, ref.id));
  const untouched = later.get(null) ?? [];
  const isLinked = ({ ref, remoteId }: Member): boolean => linkOf(ref.id)?.remoteId === remoteId;
  return {
    go: untouched.filter(isLinked).toSorted((a, b) => (a.ref.id < b.ref.id ? -1 : 1)),
    leftOut: [
      ...[...later].flatMap(([by, some]) => (by === null ? [] : stay(trace, action, some, 'changed_since', by))),
      ...stay(
        trace,
        action,
        untouched.filter((member) => !isLinked(member)),
        'not_linked',
        null,
      ),
    ],
  };
};

const unlinked = (trace: Trace, action: MemberAction, members: Members): readonly LeftOut[] =>
  stay(trace, action, [...members.values()], 'not_linked', null);

const stay = (
  { ref, remoteId }: Trace,
  action: MemberAction,
  members: readonly Member[],
  reason: LeftOutReason,
  by: RunId | null,
): readonly LeftOut[] =>
  members.length === 0
    ? []
    : [{ operation: { key: keyOf(`${reason}.${by ?? ''}`, ref, action), ref, action, remoteId, members }, reason, by }];

const membersOperation = (
  action: MemberAction,
  { ref, remoteId }: Link,
  members: readonly Member[],
  { pass }: UndoContext,
): readonly PlannedOperation[] =>
  [...batches(members, membersAtOnce)].map((some, nth) => ({
    operation: { key: keyOf(pass, ref, `${action}.${nth}`), ref, action, remoteId, members: some },
    why: 'undo',
  }));

const membersAtOnce = 1_000;
