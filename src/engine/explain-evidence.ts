/** Gathers what is on record of objects at a target, for `core/finding.ts` to judge. Objects are looked at in batches, whoever asks. */

import { attributeOf } from '../core/attributes.ts';
import { mostWaiting, type ObjectNow, type TargetNow } from '../core/finding.ts';
import { references } from '../core/mapping.ts';
import { sayingOnlyRead } from '../core/read-attributes.ts';
import { accountOf } from '../core/told.ts';
import { unreadableRules } from '../core/unreadable-rules.ts';
import type { Connection } from '../model/connection.ts';
import { type ConnectionId, type SourceId, sourceId, type TargetId } from '../model/ids.ts';
import type { Action, WaitingReference } from '../model/operation.ts';
import type { Plan, PlanState } from '../model/plan.ts';
import { type HeldCode, isEnded, type ProvisionRun } from '../model/run.ts';
import type { Ref, Remembered } from '../model/source-object.ts';
import type { TargetInForce, TargetRecord } from '../model/target-record.ts';
import type { Secrets } from '../store/connection-store.ts';
import type { About } from '../store/ledger.ts';
import type { Head } from '../store/snapshot-store.ts';
import type { Stores } from '../store/stores.ts';
import type { Target } from '../target/target.ts';
import type { Edge } from './gather.ts';
import { owesLook } from './owed-looks.ts';
import { raiseShield } from './shield.ts';
import { undoneIn } from './undone-mark.ts';

export type ConnectTarget = (record: TargetRecord, secrets: Secrets) => Target;

/** What is the same for all objects of one target. */
export type TargetSide = {
  readonly record: TargetInForce;
  readonly now: TargetNow;
  readonly head: Head;
  readonly open: ReadonlyMap<SourceId, readonly Action[]>;
  readonly members: MemberNeeds;
};

/** What the change log says of the members of groups after the target's position: the last word on each. */
type MemberNeeds = ReadonlyMap<SourceId, readonly Edge[]>;

/** `groups`: whose members are of interest; null for all. */
export const targetSide = async (
  stores: Stores,
  connect: ConnectTarget,
  connection: Connection,
  record: TargetInForce,
  at: Date,
  groups: ReadonlySet<SourceId> | null,
): Promise<TargetSide | null> => {
  const { state } = record;
  if (state === 'deleting') return null;
  const [head, position, owed, rules, runs] = await Promise.all([
    stores.snapshots.head(connection.id),
    stores.ledger.position(record.id),
    stores.ledger.owed(record.id),
    stores.ledger.rules(record.id),
    wholeRuns(stores, record.id),
  ]);
  const can = await abilitiesOf(stores, connect, record);
  const metNone = owed.groups !== null && owed.groups.after === runs.ended?.id && !isEditedSince(record, runs.ended);
  // Who went from a protected group of late is protected still, as a run sees it.
  const isGuarded = record.protected.groups.length > 0;
  const edges = await memberNeeds(stores, connection.id, position, head, isGuarded ? null : groups);
  return {
    record,
    head,
    now: {
      record: { ...record, state, mapping: sayingOnlyRead(record.mapping, head.attributes) },
      unreadable: unreadableRules(connection.attributes, head.attributes, record),
      ...(await shieldNow(stores, connection, record, edges)),
      can,
      hasNoGroups: metNone || (groups?.size !== 0 && (await takesNone(stores, record, head, runs.ended))),
      owesLook: owesLook(owed, record, can.groups && !metNone),
      undone: undoneIn(rules),
      position,
      plan: await planOf(stores, record.id, runs.ended),
      ...runs,
      now: at,
    },
    open: await openActions(stores, record.id),
    members: edges,
  };
};

const shieldNow = async (
  stores: Stores,
  connection: Connection,
  record: TargetInForce,
  edges: MemberNeeds,
): Promise<Pick<TargetNow, 'shield'>> => {
  const { shield } = await raiseShield({ stores, connection, record, gathered: { edges }, asks: null });
  return { shield };
};

/** Everything of these objects at that target. */
export const objectsNow = async (
  stores: Stores,
  side: TargetSide,
  seen: readonly Remembered[],
): Promise<readonly { readonly object: ObjectNow; readonly about: About }[]> => {
  const { record, now, open, members } = side;
  const refs = seen.map(({ object }) => object.ref);
  const [about, waiting, managers] = await Promise.all([
    stores.ledger.about(record.id, refs),
    waitingOf(stores, record.id, refs),
    stores.ledger.links(record.id, referred(record, seen)),
  ]);
  return seen.flatMap((one) => {
    const { ref } = one.object;
    const known = about.get(ref.id);
    if (known === undefined) return [];
    const waits = waiting.get(ref.id) ?? [];
    const object: ObjectNow = {
      seen: one,
      link: known.link,
      escrow: known.escrow,
      open: open.get(ref.id) ?? [],
      waiting: waits,
      members:
        one.gone === null && now.can.groups
          ? membersNeed(side, known, members.get(ref.id) ?? [], waits)
          : { need: 'nothing' },
      resolve: (id) => accountOf(managers.get(id)),
    };
    return [{ object, about: known }];
  });
};

/** The newest run of the whole target that began and ended, and the one that is queued or under way. */
const wholeRuns = async (stores: Stores, target: TargetId): Promise<Pick<TargetNow, 'ended' | 'coming'>> => {
  let coming: ProvisionRun | null = null;
  let after: string | null = null;
  do {
    const page = await stores.runs.list({ target, kind: 'provision', isWhole: true }, after, atOnce);
    const whole = page.items.filter((run) => run.kind === 'provision');
    coming = whole.findLast(({ state }) => !isEnded(state)) ?? coming;
    const ended = whole.find(({ state, startedAt }) => isEnded(state) && startedAt !== null);
    if (ended !== undefined) return { ended, coming };
    after = page.next;
  } while (after !== null);
  return { ended: null, coming };
};
/** One that waits may have been overtaken. */
const atOnce = 50;

/** Whether runs have looked at groups and not one is linked, though nobody edited the target since. */
const takesNone = async (
  stores: Stores,
  record: TargetRecord,
  head: Head,
  ended: ProvisionRun | null,
): Promise<boolean> => {
  if (head.counts.group === 0 || isEditedSince(record, ended)) return false;
  return (await stores.ledger.countLinks(record.id)).group === 0;
};

const isEditedSince = ({ updatedAt }: Pick<TargetRecord, 'updatedAt'>, ended: ProvisionRun | null): boolean =>
  ended?.finishedAt != null && updatedAt > ended.finishedAt;

/** What the adapter says before it has asked the target anything. One whose settings cannot be used any more is explained all the same. */
const abilitiesOf = async (stores: Stores, connect: ConnectTarget, record: TargetRecord): Promise<TargetNow['can']> => {
  try {
    const target = connect(record, await stores.targets.secrets(record));
    const { groups, disable, delete: mayDelete, required } = target.capabilities;
    await target.close();
    return { groups, disable, delete: mayDelete, required };
  } catch {
    return { groups: true, disable: true, delete: true, required: { user: [], group: [] } };
  }
};

/**
 * The plan that the run which ended last is held by: the one that waits for a decision, was rejected, or was approved and not carried out. After a run
 * that was not held nothing is held.
 */
const planOf = async (stores: Stores, target: TargetId, ended: ProvisionRun | null): Promise<Plan | null> => {
  if (ended?.state !== 'held') return null;
  const newest = (kind: 'first' | 'held') => stores.plans.newest({ target, kind, scope: null });
  const [first, held] = await Promise.all([newest('first'), newest('held')]);
  const isOfAll = ofFirstPlan.includes(ended.problem?.code ?? '');
  const open = (isOfAll ? [first] : ended.problem?.code === 'plan_rejected' ? [first, held] : [held]).flatMap((plan) =>
    plan !== null && undecided.includes(plan.standing.state) ? [plan] : [],
  );
  return open.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime())[0] ?? null;
};
const ofFirstPlan: readonly string[] = [
  'plan_waits',
  'target_unproved',
  'database_restored',
] satisfies readonly HeldCode[];
const undecided: readonly PlanState[] = ['waiting', 'approved', 'rejected'];

const openActions = async (stores: Stores, target: TargetId): Promise<ReadonlyMap<SourceId, readonly Action[]>> => {
  const open = new Map<SourceId, Action[]>();
  for await (const intents of stores.ledger.openIntents(target))
    for (const { operation } of intents)
      open.set(operation.ref.id, [...(open.get(operation.ref.id) ?? []), operation.action]);
  return open;
};

const memberNeeds = async (
  stores: Stores,
  connection: ConnectionId,
  position: number | null,
  head: Head,
  groups: ReadonlySet<SourceId> | null,
): Promise<MemberNeeds> => {
  const needs = new Map<SourceId, Map<SourceId, Edge>>();
  if (position === null || position >= head.version || groups?.size === 0) return new Map();
  for await (const recorded of stores.snapshots.changesAfter(connection, position, head.version))
    for (const { change, version } of recorded) {
      if (change.kind !== 'members' || groups?.has(change.group.id) === false) continue;
      const members = needs.get(change.group.id) ?? new Map<SourceId, Edge>();
      for (const member of change.added) members.set(member.id, { member, want: 'add', version });
      for (const member of change.removed) members.set(member.id, { member, want: 'remove', version });
      needs.set(change.group.id, members);
    }
  return new Map([...needs].map(([group, members]) => [group, [...members.values()]]));
};

/**
 * A group keeps its own position beside the target's: what is older than that is as wanted, but for who is noted as one to be removed since the target's
 * (engine/note-removals.ts).
 */
const membersNeed = (
  { head, now: { position } }: TargetSide,
  { link }: About,
  edges: readonly Edge[],
  waiting: readonly WaitingReference[],
): ObjectNow['members'] => {
  if (link === null || link.ref.type !== 'group') return { need: 'nothing' };
  const { membersAt } = link;
  if (membersAt === null) return { need: 'adding', version: head.version };
  const later = edges.filter(({ version }) => version > membersAt);
  const removing = [
    ...later.flatMap(({ want, version }) => (want === 'remove' ? [version] : [])),
    ...waiting.flatMap(({ path, want, version = 0 }) =>
      path === 'members' && want === 'remove' && version > (position ?? 0) ? [version] : [],
    ),
  ];
  if (removing.length > 0) return { need: 'removing', version: Math.max(...removing) };
  const adding = later.map(({ version }) => version);
  return adding.length > 0 ? { need: 'adding', version: Math.max(...adding) } : { need: 'nothing' };
};

const waitingOf = async (
  stores: Stores,
  target: TargetId,
  owners: readonly Ref[],
): Promise<ReadonlyMap<SourceId, readonly WaitingReference[]>> => {
  const waiting = new Map<SourceId, WaitingReference[]>();
  for await (const references of stores.ledger.waitingFor(target, owners))
    for (const reference of references) {
      const known = waiting.get(reference.owner.id);
      if (known === undefined) waiting.set(reference.owner.id, [reference]);
      else if (known.length < mostWaiting) known.push(reference);
    }
  return waiting;
};

/** Who these objects point to by the mapping's references (their managers). */
const referred = ({ mapping }: TargetRecord, seen: readonly Remembered[]): readonly Ref[] =>
  seen.flatMap(({ object, gone }) =>
    gone !== null
      ? []
      : references(mapping[object.ref.type]).flatMap((rule) => {
          const to = rule.kind === 'reference' ? attributeOf(object, rule.from) : null;
          return typeof to === 'string' ? [{ type: 'user' as const, id: sourceId(to) }] : [];
        }),
  );
