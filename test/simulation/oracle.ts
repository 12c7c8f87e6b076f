/**
 * Judges every change at a target at the moment it takes effect. It knows the whole history of the tenant, every intent that was durable, and who did it;
 * it does not know what Entrain believes.
 */

import type { ConnectionId, PlanId, TargetId } from '../../src/model/ids.ts';
import type { Cause, Operation, Outcome } from '../../src/model/operation.ts';
import type { Plan, Staged } from '../../src/model/plan.ts';
import type { Amends } from '../../src/model/run.ts';
import type { SnapshotStore } from '../../src/store/snapshot-store.ts';
import type { Stores } from '../../src/store/stores.ts';
import { activeSeen } from './active.ts';
import type { Customer } from './customer.ts';
import { type Deed, deedsOf } from './deeds.ts';
import { isThere, maybeInScope, type Truth } from './directory.ts';
import { approvalsSeen } from './judge-approvals.ts';
import { beginsSeen } from './judge-begin.ts';
import { commitsSeen } from './judge-commit.ts';
import { judgeIdentity } from './judge-identity.ts';
import { takingsSeen } from './judge-limits.ts';
import { holds } from './judge-plan.ts';
import { judgePolicy } from './judge-policy.ts';
import { judgeProof } from './judge-proof.ts';
import { judgeProtection } from './judge-protection.ts';
import { returnsSeen } from './judge-return.ts';
import { shrinksSeen } from './judge-shrink.ts';
import { undosSeen } from './judge-undo.ts';
import { judgeValues } from './judge-values.ts';
import { recordsKept } from './on-record.ts';
import type { Process } from './process.ts';
import type { Effect } from './remote.ts';
import { askedWithinMs, since } from './since.ts';
import type { Witness } from './stores.ts';
import type { Violation } from './violation.ts';

/** Longer than the slowest target takes for what was sent to it. */
const underWayMs = 60_000;

type Intent = { readonly operation: Operation; readonly cause: Cause };
/** `at`: when it was durable. */
/** `by`: whoever wrote it down; null of what a database that was put back holds. */
type Noted = Intent & { readonly at: number; readonly by: Process | null };

export type Oracle = {
  /** What a store was asked and did. */
  readonly witness: Witness;
  judge(customer: Customer, effect: Effect, by: Process): void;
  /** A tenant is asked about these, before something is taken away from them. */
  readonly onAsked: (ids: readonly string[]) => void;
  /** Somebody's read of a tenant reached its end. */
  readonly onReadWhole: (connection: ConnectionId, by: Process) => void;
  /** A run asks whether it may begin this plan. */
  readonly onBegin: (plan: PlanId) => void;
  /** From now on the target is written to by these, whoever hears of it. */
  readonly onRulesAccepted: (target: TargetId, rules: string) => void;
  /** The database was put back, and nobody works: what it holds is older than what was done. */
  readonly onPutBack: (stores: Stores, customers: readonly Customer[], backedUpAt: number) => Promise<void>;
  /** A person releases exactly this. */
  readonly approve: (customer: Customer, plan: Plan, operations: readonly Staged[], person: string) => void;
  readonly judged: () => number;
};

/** `snapshots`: as they are, where nothing fails; `report`: each violation as it comes; `follow`: each deed, with whoever it was meant for. */
export const createOracle = (
  now: () => number,
  customers: () => readonly Customer[],
  snapshots: SnapshotStore,
  report: (violation: Violation) => void,
  follow: (deed: string) => void,
  count: (what: string) => void,
): Oracle => {
  const open = new Map<TargetId, Map<string, Noted>>();
  const approved = new Map<PlanId, readonly Operation[]>();
  /** Plans that put something right, or take something back. */
  const amendments = new Map<PlanId, Amends['kind']>();
  /** Targets of which a person let a first plan pass. */
  const opened = new Set<TargetId>();
  /** When the tenant was asked about somebody of late, oldest first. */
  const askedAt = new Map<string, readonly number[]>();
  const askedSince = (id: string): readonly number[] =>
    (askedAt.get(id) ?? []).filter((at) => at >= now() - askedWithinMs);
  /** Targets at which nobody has looked since the database was put back. */
  const unseen = new Set<TargetId>();
  /** Plans made for such a target that a person has looked at; of one group maybe, which shows nothing of the rest. */
  const looked = new Set<PlanId>();
  const approvals = approvalsSeen(now, count);
  const commits = commitsSeen();
  const shrinks = shrinksSeen(now, customers, snapshots);
  const begins = beginsSeen(now, shrinks);
  const undos = undosSeen(now);
  const records = recordsKept(now);
  const returns = returnsSeen(now, askedSince);
  const active = activeSeen();
  const takings = takingsSeen(now, (id) => askedSince(id)[0] ?? null);
  let judged = 0;

  const broken = (invariant: string, what: string): void => report({ invariant, what });
  const intentsOf = (target: TargetId): Map<string, Noted> => {
    const intents = open.get(target) ?? new Map<string, Noted>();
    open.set(target, intents);
    return intents;
  };

  const judge = (customer: Customer, effect: Effect, by: Process): void => {
    judged += 1;
    const id = idOf(effect);
    const said = `${by.name} at ${customer.target.name}, ${id}`;
    if (customer.foreign.has(id)) broken('I10', `${said}: an account of somebody else was changed`);
    const isThere = (member: string): boolean => customer.remote.find(member) !== null;
    const deeds = deedsOf(effect, isThere).map((deed) => ({
      deed,
      intent: meantBy(customer.target.id, deed, effect, by),
    }));
    const doings = deeds.map(({ deed, intent }) => ({ deed, operation: intent?.operation ?? null }));
    for (const what of judgeProtection(customer, effect, doings, now())) broken('protected', `${said}: ${what}`);
    const amended = new Set(
      deeds.flatMap(({ intent }) => (intent?.cause.plan == null ? [] : (amendments.get(intent.cause.plan) ?? []))),
    );
    for (const kind of amended) count(`${kind}.wrote`);
    const isUndo = deeds.some(({ intent }) => intent !== undefined && undos.undoneBy(intent.cause) !== null);
    const former = isUndo ? undos.formerStates(customer.target.id, id) : [];
    for (const { invariant, what } of [...judgeIdentity(customer, effect), ...judgeValues(customer, effect, former)])
      broken(invariant, `${said}: ${what}`);
    active.noteEffect(customer, effect);
    takings.noteActive(customer.target.id, active.counts(customer.target.id));
    for (const { deed, intent } of deeds) judgeDeed(customer, effect, deed, intent, said);
    records.noteEffect(customer, effect);
    noteGivenBack(customer, effect, isUndo);
    undos.noteEffect(
      customer.target.id,
      effect,
      deeds.flatMap(({ deed, intent }) => (intent === undefined ? [] : [{ deed, cause: intent.cause }])),
    );
  };

  const noteGivenBack = ({ givenBack }: Customer, { before, after }: Effect, isUndo: boolean): void => {
    if (before === null || after === null) return;
    if (isUndo && before.type === 'group' && before.externalId !== null && after.externalId === null)
      givenBack.set(after.id, new Set(after.members));
    for (const member of before.members) if (!after.members.has(member)) givenBack.get(after.id)?.delete(member);
  };

  /** What a dead one had sent may reach a slow target after whoever came next has found no trace of it. */
  const untraced: { readonly target: TargetId; readonly noted: Noted; readonly at: number }[] = [];
  const meantBy = (target: TargetId, deed: Deed, effect: Effect, by: Process): Noted | undefined => {
    const isMeant = (each: Noted): boolean => isMeantBy(each, deed, effect);
    // One that was settled by whoever died before they could say so is taken for open here.
    const open = [...intentsOf(target).values()].filter(isMeant);
    // So what somebody means to do now comes before what was meant by others, or by themselves, and came to nothing.
    const own = open.filter((each) => each.by === by);
    const likely = own.length > 0 ? own : open;
    if (open.length > 0 || by.isAlive()) return likely.findLast((each) => isMeantWhole(each, deed)) ?? likely.at(-1);
    return untraced.find((each) => each.target === target && now() - each.at <= underWayMs && isMeant(each.noted))
      ?.noted;
  };

  const noteSwitches = ({ offSince }: Customer, { before, after }: Effect): void => {
    if (after === null) return;
    if (after.active) offSince.delete(after.id);
    else if (before?.active !== false) offSince.set(after.id, now());
  };

  const judgeDeed = (customer: Customer, effect: Effect, deed: Deed, intent: Noted | undefined, said: string): void => {
    follow(`${deed.kind} ${said} ${intent?.operation.ref.id ?? ''} ${'members' in deed ? deed.members.join(' ') : ''}`);
    if (intent === undefined) {
      broken('I4', `${said}: ${deed.kind} without an intent`);
      return;
    }
    for (const remote of addedBeside(deed, intent))
      broken('I4', `${said}: member ${remote} was added, who was not meant`);
    judgeRelease(customer, intent, said);
    if (intent.cause.plan === null && isTakenOver(customer, effect))
      broken('I3', `${said}: a group of others was taken over, and nobody had looked`);
    noteSwitches(customer, effect);
    // What an undo takes away rests on the record of the run, and not on what the tenant says.
    const taken = undos.judge(effect, deed, intent.cause, customer.firstMembers);
    for (const what of taken ?? []) broken('I2', `${said}: ${what}`);
    if (taken !== null && deed.kind !== 'delete') return;
    if (taken === null) {
      judgeEvidence(customer, deed, intent, said);
      for (const what of returns.judge(customer, effect, deed, intent)) broken('I2', `${said}: ${what}`);
    }
    const { ref } = intent.operation;
    const isOffInTenant = wasEver(customer, (truth) => isOff(truth, ref.id));
    const doing = { kind: deed.kind, of: ref, isOffInTenant };
    const offAt = customer.offSince.get(idOf(effect));
    for (const what of judgePolicy(customer, effect, doing, offAt, now())) broken('policy', `${said}: ${what}`);
    for (const what of takings.judge(customer, effect, deed, intent)) broken('I7', `${said}: ${what}`);
  };

  /** What is done in the name of a plan, a person has seen; and nothing is done at a target before they have seen the first plan, where they want to. */
  const judgeRelease = ({ target }: Customer, { operation, cause, at }: Noted, said: string): void => {
    if (unseen.has(target.id) && (cause.plan === null || !looked.has(cause.plan)))
      broken('plan', `${said}: ${operation.action} after the database was put back, before anybody looked`);
    if (cause.plan === null) {
      if (undos.waitsSince(target.id) < at)
        broken('plan', `${said}: ${operation.action} after an undo, before anybody approved what comes next`);
      if (!target.autoApproveFirst && !opened.has(target.id))
        broken('plan', `${said}: ${operation.action} before anybody approved the first plan`);
      return;
    }
    const held = (approved.get(cause.plan) ?? []).filter(({ ref }) => ref.id === operation.ref.id);
    if (!holds(held, operation))
      broken('plan', `${said}: ${operation.action} in the name of ${cause.plan}, which does not hold it`);
    for (const what of approvals.judge(cause.plan)) broken('plan', `${said}: ${operation.action} ${what}`);
  };

  /** I2: nobody loses anything unless the tenant said so a short while ago. */
  const judgeEvidence = (customer: Customer, deed: Deed, intent: Intent, said: string): void => {
    const { ref } = intent.operation;
    const who = `${said} (${ref.id})`;
    if (deed.kind === 'disable' || deed.kind === 'delete') judgeAge(ref.id, who);
    if (
      deed.kind === 'disable' &&
      !wasEver(customer, (truth, scope) => isOut(truth, scope, ref.id) || isOff(truth, ref.id))
    )
      broken('I2', `${who}: disabled, though the tenant has them, enabled and in scope`);
    if (deed.kind === 'delete' && !wasEver(customer, (truth, scope) => isOut(truth, scope, ref.id)))
      broken('I2', `${who}: deleted, though the tenant has it, in scope`);
    for (const remote of deed.kind === 'remove_members' ? deed.members : []) {
      const member =
        'members' in intent.operation ? intent.operation.members.find((each) => each.remoteId === remote) : undefined;
      if (member !== undefined) judgeAge(member.ref.id, who);
      if (member === undefined) broken('I2', `${who}: member ${remote} was removed, who was not meant`);
      else if (!wasEver(customer, (truth, scope) => isNoMember(truth, scope, ref.id, member.ref.id)))
        broken('I2', `${who}: ${member.ref.id} was removed, who is a member`);
    }
  };

  /** Also where the tenant is still as it was: what was said long ago is right by luck. */
  const judgeAge = (id: string, who: string): void => {
    const ageMs = now() - (askedAt.get(id)?.at(-1) ?? Number.NEGATIVE_INFINITY);
    if (ageMs > askedWithinMs) broken('I2', `${who}: the tenant was last asked about ${id} ${ageMs / 1_000} s before`);
  };

  /** Whether it was so at any moment of the last two minutes, under any scope of that time. */
  const wasEver = (
    { directory, scopes }: Customer,
    holds: (truth: Truth, scope: ReadonlySet<string>) => boolean,
  ): boolean => {
    const recentScopes = since(scopes, now() - askedWithinMs);
    return since(directory.history, now() - askedWithinMs).some(({ truth }) =>
      recentScopes.some(({ scope }) => holds(truth, maybeInScope(truth, scope))),
    );
  };

  const noteOutcome = (target: TargetId, outcome: Outcome): void => {
    const intent = intentsOf(target).get(outcome.key);
    intentsOf(target).delete(outcome.key);
    if (intent === undefined) return;
    if (outcome.result === 'skipped' && outcome.reason === 'no_trace')
      untraced.push({ target, noted: intent, at: now() });
    undos.noteSettled(target, intent.operation, outcome);
    const customer = customers().find((each) => each.target.id === target);
    if (customer === undefined) return;
    records.noteSettled(customer, intent.operation, outcome);
    active.noteSettled(customer, outcome);
  };

  const seeAgain = (target: TargetId, how: string): void => {
    if (unseen.delete(target)) count(how);
  };

  return {
    judge,
    onPutBack: async ({ ledger }, customers, backedUpAt) => {
      records.onPutBack(backedUpAt);
      commits.forget();
      shrinks.forget();
      takings.forget();
      undos.forget();
      returns.forget();
      looked.clear();
      open.clear();
      for (const { target } of customers) {
        unseen.add(target.id);
        for await (const intents of ledger.openIntents(target.id))
          for (const intent of intents)
            intentsOf(target.id).set(intent.operation.key, { ...intent, at: now(), by: null });
      }
    },
    onReadWhole: commits.onReadWhole,
    onAsked: (ids) => {
      for (const id of ids) askedAt.set(id, [...askedSince(id), now()]);
    },
    approve: (customer, plan, operations, person) => {
      approved.set(
        plan.id,
        operations.map(({ operation }) => operation),
      );
      if (!approvals.note(customer, plan, person)) return;
      if (plan.kind !== 'held') opened.add(plan.target);
      if (plan.kind === 'first' && plan.basis.epoch > 0) {
        looked.add(plan.id);
        if (plan.scope === null) seeAgain(plan.target, 'restored.approved');
      }
      if (plan.amends !== null) amendments.set(plan.id, plan.amends.kind);
      undos.noteApproval(plan);
    },
    onBegin: begins.noteAsked,
    // Where a target holds exactly what the tenant says, there is nothing to look at.
    onRulesAccepted: (target, rules) => {
      if (isOfEpoch(rules)) seeAgain(target, 'restored.as_it_is');
    },
    judged: () => judged,
    witness: (site, asked, answer, by) => {
      const [first, second] = asked;
      for (const what of shrinks.judge(site, asked, answer)) broken('shrink', what);
      if (site === 'plans.begin') for (const what of begins.judge(answer)) broken('plan', what);
      if (site === 'snapshots.begin') commits.onBegin(by, answer);
      if (site === 'draft.commit') for (const what of commits.judge(first, second, answer)) broken('I6', what);
      if (site === 'ledger.intend' && isLease(first) && Array.isArray(second))
        for (const intent of second as readonly Intent[]) {
          const intents = intentsOf(first.key);
          const { plan } = intent.cause;
          for (const what of plan === null ? [] : begins.judgeIntent(plan, approved.get(plan) ?? []))
            broken('plan', what);
          const isUndo = undos.undoneBy(intent.cause) !== null;
          for (const what of judgeProof(intent.operation, intent.cause, isUndo)) broken('I4', what);
          undos.noteIntent(first.key, intent.operation, intent.cause);
          if (!intents.has(intent.operation.key)) intents.set(intent.operation.key, { ...intent, at: now(), by });
        }
      if (site === 'ledger.settle' && isLease(first) && Array.isArray(second))
        for (const outcome of second as readonly Outcome[]) noteOutcome(first.key, outcome);
    },
  };
};

const isMeantBy = ({ operation }: Intent, deed: Deed, { before, after }: Effect): boolean => {
  if (operation.action !== deed.kind) return false;
  if (operation.action === 'create') return operation.attributes['externalId'] === after?.externalId;
  if (operation.remoteId !== (before ?? after)?.id) return false;
  if (!('members' in operation) || !('members' in deed)) return true;
  // One run may have several for one group: of those who leave the group, and of those who leave altogether.
  return deed.members.some((id) => operation.members.some(({ remoteId }) => remoteId === id));
};

const isMeantWhole = ({ operation }: Intent, deed: Deed): boolean =>
  !('members' in operation) ||
  !('members' in deed) ||
  deed.members.every((id) => operation.members.some(({ remoteId }) => remoteId === id));

/** Whoever replaces a list may put back who left it meanwhile. */
const addedBeside = (deed: Deed, { operation }: Intent): readonly string[] =>
  deed.kind !== 'add_members' || !('members' in operation)
    ? []
    : deed.members.filter((id) => !operation.members.some(({ remoteId }) => remoteId === id));

const isOut = (truth: Truth, scope: ReadonlySet<string>, id: string): boolean => !isThere(truth, id) || !scope.has(id);
const isOff = ({ people }: Truth, id: string): boolean => people.get(id)?.standing === 'disabled';
const isNoMember = (truth: Truth, scope: ReadonlySet<string>, group: string, member: string): boolean =>
  isOut(truth, scope, member) || isOut(truth, scope, group) || truth.groups.get(group)?.members.has(member) !== true;

/** A group that was there before us, and that is ours by this. */
const isTakenOver = ({ firstMembers }: Customer, { before, after }: Effect): boolean =>
  before !== null && firstMembers.has(before.id) && before.externalId === null && after?.externalId != null;

const idOf = ({ before, after }: Effect): string => (before ?? after)?.id ?? '';

/** Rules that say by which of the restored databases somebody has looked. */
const isOfEpoch = (rules: string): boolean => !rules.startsWith('undone') && /\|epoch \d+$/.test(rules);

const isLease = (value: unknown): value is { readonly key: TargetId } =>
  typeof value === 'object' && value !== null && 'fence' in value;
