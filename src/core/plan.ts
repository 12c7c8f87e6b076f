/**
 * Decides what one object needs at one target. Everything is derived from state: what the snapshot holds now, what the target was last told
 * (the link), and the rules. So planning the same thing twice, after a crash or a retry, plans nothing more.
 */

import type { OperationKey, RemoteId, SourceId } from '../model/ids.ts';
import { operationKey } from '../model/ids.ts';
import { type MappingRule, switchPath } from '../model/mapping.ts';
import type {
  Cause,
  EscrowReason,
  Link,
  Member,
  Operation,
  RemoteObject,
  SkipReason,
  WaitingReference,
} from '../model/operation.ts';
import type { Attributes, GoneReason, Ref, Remembered, SourceObject } from '../model/source-object.ts';
import type { TargetRecord } from '../model/target-record.ts';
import { isBlank, own } from './attributes.ts';
import { difference, mapForCreate, mapForUpdate, type Resolve, references } from './mapping.ts';
import type { Mark, Match } from './matching.ts';
import { ownSwitch, rulesOfSwitch, switchOf } from './switch.ts';
import { valuesInDoubt } from './told.ts';

export type PlannedOperation = { readonly operation: Operation; readonly why: Cause['why'] };

export type ObjectPlan =
  | {
      readonly kind: 'do';
      readonly operations: readonly PlannedOperation[];
      readonly adopt: Link | null;
      readonly waiting: readonly WaitingReference[];
    }
  | { readonly kind: 'unchanged'; readonly waiting: readonly WaitingReference[] }
  | { readonly kind: 'skip'; readonly reason: SkipReason }
  | { readonly kind: 'escrow'; readonly reason: EscrowReason; readonly detail: string };

export type Context = {
  /** Names the pass of the run that plans (run, fence, wave, round): an operation planned again in a later pass has a key of its own. */
  readonly pass: string;
  readonly rules: readonly MappingRule[];
  /** Target paths without which the target makes nobody. */
  readonly required: readonly string[];
  readonly resolve: Resolve;
  readonly why: Cause['why'];
  readonly now: Date;
};

/** Of a remote object that was linked to this source object before: whether we made it, and since when members were pushed to it. */
export type MetAgain = Pick<Link, 'by' | 'membersSince'>;

/** What is known of a match. */
export type Met = { readonly mark: Mark; readonly before: MetAgain | null };
export const stranger: Met = { mark: 'none', before: null };

/** An object of the snapshot without a link: adopt the match, or create it. Someone disabled in the source is never created. */
export const planUnlinked = (object: SourceObject, match: Match, context: Context, met: Met = stranger): ObjectPlan => {
  switch (match.kind) {
    case 'match':
      return planAdoption(object, match.remote, context, met);
    case 'ambiguous':
      return {
        kind: 'escrow',
        reason: 'ambiguous_match',
        detail: `${match.hits} remote objects have the same ${match.attribute}`,
      };
    case 'linked_elsewhere':
    case 'unclaimed_group':
      return { kind: 'escrow', ...notFree(match) };
    case 'no_key':
      return planUnmatchable(object, match.attributes, context);
    case 'none':
      return planCreation(object, context);
  }
};

/** Why nobody is given what matches them. */
export const notFree = (
  match: Extract<Match, { readonly kind: 'linked_elsewhere' | 'unclaimed_group' }>,
): { readonly reason: EscrowReason; readonly detail: string } => {
  const { kind: reason, attribute } = match;
  if (match.kind === 'unclaimed_group')
    return {
      reason,
      detail: `a group with this ${attribute} was there before, and nobody has looked at taking it over`,
    };
  return { reason, detail: `the remote object with this ${attribute} ${othersBy[match.mark ?? 'of_another']}` };
};

const othersBy: Readonly<Record<Mark, string>> = {
  ours: 'belongs to another source object',
  of_another: 'belongs to another source object',
  of_a_leaver: 'carries the id of somebody who left',
  was_of_a_leaver: 'was that of somebody who left',
  unknown: 'carries an id that nobody has here',
  none: 'belongs to another source object',
};

/** An object of the snapshot with a link: bring the target to what is wanted, by the smallest update. */
export const planLinked = (object: SourceObject, link: Link, context: Context): ObjectPlan =>
  planUpdate(object, link, context, isToComeBack(object, link, context.rules) ? { active: true } : {});

/** The same, for references alone: what the second wave adds once everybody has a remote id. */
export const planReferences = (object: SourceObject, link: Link, context: Context): ObjectPlan =>
  planUpdate(object, link, { ...context, rules: references(context.rules) }, {});

/** Whether somebody is switched off by this other than by what the mapping says of them. */
export const isOfLeaving = (why: Cause['why']): boolean => why !== 'disabled_in_source';

/** How a target treats who leaves: people by one policy, groups by another. */
export type LeavingPolicies = Pick<TargetRecord, 'deprovision' | 'leftGroups'>;

/** An object that left the snapshot. */
export const planGone = (
  ref: Ref,
  link: Link | null,
  { deprovision, leftGroups }: LeavingPolicies,
  can: { groups: boolean; disable: boolean; delete: boolean },
  why: GoneReason,
  context: Pick<Context, 'pass'>,
): ObjectPlan => {
  if (link === null) return { kind: 'skip', reason: 'not_managed' };
  if (ref.type === 'group') {
    if (!can.groups) return { kind: 'skip', reason: 'groups_not_supported' };
    // A group that was there before us is not ours to delete, whatever the policy.
    if (link.by === 'matched') return { kind: 'skip', reason: 'not_managed' };
    if (leftGroups === 'leave') return { kind: 'skip', reason: 'group_kept' };
  } else if (deprovision.kind === 'none') return { kind: 'skip', reason: 'deprovision_off' };
  const remove = ref.type === 'group' || deprovision.kind === 'delete';
  if (!remove && link.state === 'disabled') return { kind: 'unchanged', waiting: [] };
  const action = remove ? 'delete' : 'disable';
  if (!can[action]) return { kind: 'skip', reason: 'deprovision_off' };
  return single({ key: keyOf(context.pass, ref, action), ref, action, remoteId: link.remoteId }, why);
};

/**
 * Someone who has been switched off, and gone, for as many days as the policy gives; null: nobody to delete. Both are counted: whoever was switched off
 * while they were here has all of these days from their leaving. Of whom it is not on record when they left, it may have been yesterday.
 */
export const planExpired = (
  { ref, remoteId, state, since }: Link,
  { gone, left }: Pick<Remembered, 'gone' | 'left'>,
  { deprovision }: Pick<LeavingPolicies, 'deprovision'>,
  { pass, now }: Pick<Context, 'pass' | 'now'>,
): PlannedOperation | null => {
  const leftAt = left?.at ?? null;
  if (ref.type !== 'user' || deprovision.kind !== 'delete_after_days' || state !== 'disabled') return null;
  if (gone === null || leftAt === null) return null;
  const before = expiredBefore(deprovision.days, now);
  if (since >= before || leftAt >= before) return null;
  return { operation: { key: keyOf(pass, ref, 'delete'), ref, action: 'delete', remoteId }, why: gone };
};

/** Whoever has been off, and gone, since before this has had all their days. */
export const expiredBefore = (days: number, now: Date): Date => new Date(now.getTime() - days * 86_400_000);

/** Members a group gains or loses. Who has no link yet waits; nobody without a link of ours is ever removed. */
export const planMembers = (
  group: Link,
  change: { readonly add: readonly Ref[]; readonly remove: readonly Ref[] },
  linkOf: (id: SourceId) => Link | undefined,
  pass: string,
): {
  readonly add: PlannedOperation | null;
  readonly remove: PlannedOperation | null;
  readonly waiting: readonly WaitingReference[];
} => {
  const linked = (refs: readonly Ref[]): readonly Member[] =>
    refs.flatMap((ref) => {
      const link = linkOf(ref.id);
      return link === undefined ? [] : [{ ref, remoteId: link.remoteId }];
    });
  const operation = (action: 'add_members' | 'remove_members', members: readonly Member[]): PlannedOperation | null =>
    members.length === 0
      ? null
      : {
          operation: {
            key: keyOf(pass, group.ref, action),
            ref: group.ref,
            action,
            remoteId: group.remoteId,
            members,
          },
          why: 'members',
        };
  return {
    add: operation('add_members', linked(change.add)),
    remove: operation('remove_members', linked(change.remove)),
    waiting: waitingFor(
      group.ref,
      change.add.filter((ref) => linkOf(ref.id) === undefined).map((ref) => ({ path: 'members', to: ref.id })),
    ),
  };
};

export const keyOf = (pass: string, ref: Ref, what: string): OperationKey =>
  operationKey(`${pass}.${ref.type}.${ref.id}.${what}`);

/** `besides`: what is wanted apart from the mapping. */
const planUpdate = (object: SourceObject, link: Link, context: Context, besides: Attributes): ObjectPlan => {
  const mapped = mapForUpdate(object, context.rules, context.resolve, link.pushed);
  const waiting = waitingFor(object.ref, mapped.unresolved);
  const wanted = { ...withoutClearing(mapped.attributes, context), ...besides };
  const { attributes, before } = difference(wanted, link);
  const operations = updates(object.ref, link.remoteId, attributes, before, context);
  return operations.length === 0 ? { kind: 'unchanged', waiting } : { kind: 'do', operations, adopt: null, waiting };
};

/** What the target makes nobody without, it takes from nobody either: the account keeps what it has. */
const withoutClearing = (attributes: Attributes, { required }: Context): Attributes =>
  Object.fromEntries(
    Object.entries(attributes).filter(([path, value]) => !(required.includes(path) && isBlank(value))),
  );

/**
 * We switched the account off when its owner left, or may have, and the mapping does not say of it now that they are back: no rule names the switch, or one
 * does on create alone, or has no value. Whom a rule switched off while it had one stays off.
 */
const isToComeBack = (object: SourceObject, link: Link, rules: readonly MappingRule[]): boolean =>
  isOff(link, rules) && switchOf(object, rules) === null && own(object.attributes, ownSwitch) !== false;

const isOff = (link: Link, rules: readonly MappingRule[]): boolean =>
  valuesInDoubt(link, switchPath).includes(false) ||
  (own(link.pushed, switchPath) === false && (link.hasLeft || rulesOfSwitch(rules).length === 0));

/** Whether they have an account already cannot be asked, so none is made: it might be their second. */
const planUnmatchable = (object: SourceObject, attributes: readonly string[], context: Context): ObjectPlan => {
  const plan = planCreation(object, context);
  if (plan.kind === 'skip') return plan;
  const detail = attributes.length === 1 ? `${attributes[0]} is not set` : `none of ${attributes.join(', ')} is set`;
  return { kind: 'escrow', reason: 'no_match_key', detail };
};

const planCreation = (object: SourceObject, context: Context): ObjectPlan => {
  const mapped = mapForCreate(object, context.rules, context.resolve);
  if (own(mapped.attributes, 'active') === false) return { kind: 'skip', reason: 'disabled_in_source' };
  const missing = missingRule(mapped.attributes, context);
  if (missing !== undefined)
    return { kind: 'escrow', reason: 'missing_required_attribute', detail: withoutValue(missing) };
  const operation: Operation = {
    key: keyOf(context.pass, object.ref, 'create'),
    ref: object.ref,
    action: 'create',
    attributes: mapped.attributes,
  };
  return {
    kind: 'do',
    operations: [{ operation, why: context.why }],
    adopt: null,
    waiting: waitingFor(object.ref, mapped.unresolved),
  };
};

/** A rule that is to give what the target requires, and gives nothing. Where no rule is to, it is for the target to say what it makes of that. */
const missingRule = (attributes: Attributes, { rules, required }: Context): MappingRule | undefined =>
  rules.find(({ to }) => required.includes(to) && isBlank(own(attributes, to)));

const withoutValue = (rule: MappingRule): string =>
  rule.kind === 'constant' ? `${rule.to} has no value` : `${rule.to} is mapped from ${rule.from}, which is not set`;

const planAdoption = (
  object: SourceObject,
  remote: RemoteObject,
  context: Context,
  { before, mark }: Met,
): ObjectPlan => {
  const link: Link = {
    ref: object.ref,
    remoteId: remote.remoteId,
    by: before?.by ?? 'matched',
    state: own(remote.attributes, 'active') === false ? 'disabled' : 'active',
    since: context.now,
    hasLeft: false,
    pushed: shownOf(remote.attributes, context.rules),
    looked: true,
    // Whoever left since members were first pushed may still be in it; who of the others is in it nobody knows, so all of them are pushed again.
    membersSince: before?.membersSince ?? null,
    membersAt: null,
  };
  const plan = planLinked(object, link, { ...context, why: whyAdopted(link, mark, context.why) });
  if (plan.kind === 'do') return { ...plan, adopt: link };
  return { kind: 'do', operations: [], adopt: link, waiting: plan.kind === 'unchanged' ? plan.waiting : [] };
};

/** What we made, and meet again, is taken over from nobody: then it is done for what it would have been done for. */
export const whyAdopted = ({ by }: Pick<Link, 'by'>, mark: Mark, otherwise: Cause['why']): Cause['why'] => {
  if (by === 'created') return otherwise;
  if (mark === 'ours') return 'recognized';
  return mark === 'of_a_leaver' || mark === 'was_of_a_leaver' ? 'inherited' : 'adopted';
};

/** What we know of a remote object we did not make: only the paths we map. */
export const shownOf = (attributes: Attributes, rules: readonly MappingRule[]): Attributes =>
  Object.fromEntries(rules.map((rule) => [rule.to, own(attributes, rule.to)]));

/** Switching an account off takes something away from a person, so it is an operation of its own that the guard counts. */
export const updates = (
  ref: Ref,
  remoteId: RemoteId,
  attributes: Attributes,
  before: Attributes,
  { pass, why }: Pick<Context, 'pass' | 'why'>,
): readonly PlannedOperation[] => {
  const { active, ...others } = attributes;
  const disable = active === false;
  // An account is on or off. To unassign that is no update: many targets take it for off.
  const rest = active === true ? attributes : others;
  const update: Operation = {
    key: keyOf(pass, ref, 'update'),
    ref,
    action: 'update',
    remoteId,
    attributes: rest,
    before: pick(before, rest),
  };
  return [
    ...(Object.keys(rest).length > 0 ? [{ operation: update, why }] : []),
    ...(disable
      ? [
          {
            operation: { key: keyOf(pass, ref, 'disable'), ref, action: 'disable', remoteId } as const,
            why: 'disabled_in_source' as const,
          },
        ]
      : []),
  ];
};

const pick = (from: Attributes, names: Attributes): Attributes =>
  Object.fromEntries(Object.keys(names).map((name) => [name, own(from, name)]));

const single = (operation: Operation, why: Cause['why']): ObjectPlan => ({
  kind: 'do',
  operations: [{ operation, why }],
  adopt: null,
  waiting: [],
});

const waitingFor = (
  owner: Ref,
  unresolved: readonly { readonly path: string; readonly to: SourceId }[],
): readonly WaitingReference[] => unresolved.map(({ path, to }) => ({ owner, path, to, want: 'add' }));
