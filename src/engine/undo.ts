/**
 * Takes back what one provision run did: gives back (attributes, accounts, memberships), then takes away (memberships, and accounts by the deprovision
 * policy). Like any other run it plans, or carries out what a plan holds. What it takes away needs no word of the tenant: the record says that this
 * run gave it, and that nobody touched it since.
 */

import { batches } from '../core/batches.ts';
import type { PlannedOperation } from '../core/plan.ts';
import {
  type LeftOut,
  type LeftOutReason,
  leftOutReasons,
  type Trace,
  type UndoContext,
  type Undone,
  undoAccount,
  undoMembers,
} from '../core/undo.ts';
import { type OperationKey, type PlanId, planId, type RunId, runId, type SourceId } from '../model/ids.ts';
import { isDestructive, type Link } from '../model/operation.ts';
import type { Staged } from '../model/plan.ts';
import type { Ref } from '../model/source-object.ts';
import { assertAsRead } from './as-read.ts';
import { carryOut } from './carry-out.ts';
import { conclude } from './conclude.ts';
import { evidenceAsOf } from './evidence.ts';
import { type Gathered, placeOf } from './gather.ts';
import { recordGrounds } from './grounds.ts';
import { type Judged, judgeRemovals } from './judge-removals.ts';
import { notGivenBack } from './not-given-back.ts';
import { counted, type Done, isFoundGone, type Pending } from './pending.ts';
import { isDry, type Provisioning, passOf, placeAt } from './provisioning.ts';
import { spareGuarded } from './spare-guarded.ts';
import { stopIfRefused } from './stop-if-refused.ts';
import { takenAtOnce } from './take-away.ts';
import type { Place, Tally } from './tally.ts';
import type { WorkEnd } from './turn.ts';
import { sinceThen } from './undo-since.ts';
import { cameWithRun, tracesOf } from './undo-trail.ts';
import { undoneMark } from './undone-mark.ts';
import { settleUndone, type Waited, waitForTheOpposite } from './undone-members.ts';

/** What is left out stands beside the operations of the plan, and is no part of it. */
export const leftOutOf = (plan: PlanId): PlanId => planId(`${plan}.left_out`);

const stepOfLeftOut = (reason: LeftOutReason, by: RunId | null, key: OperationKey): string =>
  `${reason}:${by ?? ''}:${key}`;
/** Why, and the later run. */
export const leftOutIn = ({
  step,
}: Pick<Staged, 'step'>): { readonly reason: LeftOutReason; readonly by: RunId | null } => {
  const [said, by = ''] = step.split(':');
  return {
    reason: leftOutReasons.find((reason) => reason === said) ?? 'changed_since',
    by: by === '' ? null : runId(by),
  };
};

/** Nothing is gathered from the snapshot. */
export const gatherNothing = (through: number): Gathered => ({
  kind: 'repair',
  members: 'changed',
  through,
  items: async function* () {},
  groups: async function* () {},
  edges: new Map(),
  left: new Map(),
});

export const undo = async (work: Provisioning, undone: RunId, from: Place, tally: Tally): Promise<WorkEnd> => {
  const { ledger } = work.engine.stores;
  const traces = await tracesOf(work, undone);
  const since = await sinceThen(work, undone, traces);
  const came = await cameWithRun(work, undone, traces);
  // Before the first of it: whoever is stopped in between leaves a target that nobody writes to unseen.
  if (!isDry(work)) await ledger.acceptRules(work.lease, undoneMark(undone, work.rules));
  const order = [...traces.values()].toSorted((a, b) => (placeOf(a.ref) < placeOf(b.ref) ? -1 : 1));
  const taking: Pending[] = [];
  const lettingGo: Pending[] = [];
  const giving: Pending[] = [];
  // Few at a time where something is written, so that what somebody edits meanwhile reaches the rest.
  const few = isDry(work) ? objectsAtOnce : takenAtOnce(work);
  for (const some of batches(order, from.wave === 'objects' ? few : objectsAtOnce)) {
    const planned = await planSome(work, some, { since, came });
    taking.push(...planned.taking);
    lettingGo.push(...planned.lettingGo);
    giving.push(...planned.giving);
    const last = some.at(-1);
    if (last === undefined || isDone(from, last.ref)) continue;
    await noteLeftOut(work, planned.leftOut, tally);
    await carryOutSome(work, planned.giving, tally);
    await tally.checkpoint('objects', { ...placeAt(work, 'objects'), after: placeOf(last.ref) });
    if (work.watch.sliceOver()) return 'slice';
  }
  await tally.checkpoint('guard', placeAt(work, 'removals'));
  const judged = await withoutGuarded(work, await judgeRemovals(work, taking), tally);
  for (const one of judged.notInPlan) tally.skip('not_in_plan', Math.max(1, counted(one).members));
  for (const action of ['remove_members', 'disable', 'delete'] as const)
    for (const some of batches(
      judged.go
        .filter(({ planned }) => planned.operation.action === action)
        .map((one) => ({ ...one, grounds: recordGrounds })),
      few,
    )) {
      await carryOutSome(work, await asGivenBack(work, some), tally);
      // A plan counts all of it anew when it is broken off here, for nothing of it is done.
      if (!isDry(work)) await tally.checkpoint('removals', placeAt(work, 'removals'));
    }
  // Last: what is still to be taken back of an account goes by its link, and whatever was not taken back keeps it.
  const owing = lettingGo.length === 0 ? nobody : await notGivenBack(work, [...giving, ...taking], traces);
  await keepLinked(
    work,
    lettingGo.filter(({ planned }) => owing.has(planned.operation.ref.id)),
    tally,
  );
  for (const some of batches(
    lettingGo.filter(({ planned }) => !owing.has(planned.operation.ref.id)),
    few,
  )) {
    await carryOutSome(work, some, tally);
    if (!isDry(work)) await tally.checkpoint('removals', placeAt(work, 'removals'));
  }
  return await conclude(work, gatherNothing(work.through), tally, judged, true);
};

/** With the links as what was given back has left them: what else they were told is forgotten by whoever goes by the links of before. */
const asGivenBack = async (work: Provisioning, taking: readonly Pending[]): Promise<readonly Pending[]> => {
  if (isDry(work)) return taking;
  const refs = taking.map(({ planned }) => planned.operation.ref);
  const links = await work.engine.stores.ledger.links(work.record.id, refs);
  return taking.map((one) => ({ ...one, link: links.get(one.planned.operation.ref.id) ?? null }));
};

const objectsAtOnce = 200;
const nobody: ReadonlySet<SourceId> = new Set();

/** An account that is not as it was is not let go: nobody could take back the rest of it. */
const keepLinked = async (work: Provisioning, kept: readonly Pending[], tally: Tally): Promise<void> => {
  if (kept.length === 0) return;
  tally.skip('not_given_back', kept.length);
  if (work.aim.kind !== 'apply') return;
  await stageLeftOut(
    work,
    work.aim.plan.id,
    kept.map(({ planned: { operation } }) => ({ operation, reason: 'not_given_back', by: null })),
  );
};

const isDone = ({ wave, after }: Place, ref: Ref): boolean =>
  wave !== 'objects' || (after !== null && placeOf(ref) <= after);

type Planned = {
  readonly giving: readonly Pending[];
  readonly taking: readonly Pending[];
  readonly lettingGo: readonly Pending[];
  readonly leftOut: readonly LeftOut[];
};

const planSome = async (
  work: Provisioning,
  traces: readonly Trace[],
  around: Pick<UndoContext, 'since' | 'came'>,
): Promise<Planned> => {
  const refs = new Map<SourceId, Ref>();
  for (const { ref, added, removed } of traces)
    for (const one of [ref, ...[...added.values(), ...removed.values()].map((member) => member.ref)])
      refs.set(one.id, one);
  // As they are, not as the plan would leave them: a step that is planned already does not change what is taken back.
  const links: ReadonlyMap<SourceId, Link> = await work.engine.stores.ledger.links(work.record.id, [...refs.values()]);
  const context: UndoContext = {
    pass: passOf(work),
    policies: work.record,
    can: work.target.capabilities,
    ...around,
    linkOf: (id) => links.get(id),
  };
  const undone: Undone[] = [];
  const pending: Pending[] = [];
  for (const trace of traces) {
    const both = [undoAccount(trace, context), undoMembers(trace, context)];
    undone.push(...both);
    const link = links.get(trace.ref.id) ?? null;
    // What is taken back rests on what the run went by that gave it.
    for (const planned of both.flatMap(({ operations }) => operations))
      pending.push(
        planned.why === 'unlinked'
          ? { planned, link, step: 'unlink' }
          : isGiving(planned)
            ? { planned, link }
            : { planned, link, evidence: await evidenceAsOf(work, trace.version) },
      );
  }
  return {
    giving: pending.filter(({ planned, step }) => isGiving(planned) && step !== 'unlink'),
    taking: pending.filter(({ planned }) => !isGiving(planned)),
    lettingGo: pending.filter(({ step }) => step === 'unlink'),
    leftOut: undone.flatMap(({ leftOut }) => leftOut),
  };
};

const isGiving = ({ operation }: PlannedOperation): boolean => !isDestructive(operation.action);

/** Kept beside the plan, one by one, and counted by whoever plans. */
const noteLeftOut = async (work: Provisioning, leftOut: readonly LeftOut[], tally: Tally): Promise<void> => {
  if (leftOut.length === 0 || !isDry(work)) return;
  for (const { operation, reason } of leftOut)
    tally.skip(reason, 'members' in operation ? operation.members.length : 1);
  await stageLeftOut(work, work.planId, leftOut);
};

const stageLeftOut = async (work: Provisioning, plan: PlanId, leftOut: readonly LeftOut[]): Promise<void> => {
  const cause = {
    run: work.run.id,
    connection: work.run.connection,
    version: work.through,
    why: 'undo',
    limited: false,
    plan: null,
    evidence: null,
  } as const;
  await work.engine.stores.plans.stage(
    work.lease,
    leftOutOf(plan),
    leftOut.map(({ operation, reason, by }) => ({ step: stepOfLeftOut(reason, by, operation.key), operation, cause })),
  );
};

const carryOutSome = async (work: Provisioning, pending: readonly Pending[], tally: Tally): Promise<void> => {
  if (!isDry(work)) await assertAsRead(work);
  const waited = await waitForTheOpposite(work, pending);
  await carryOut(work, pending, (done) => settleSome(work, done, waited, tally));
  stopIfRefused(work, tally);
};

const settleSome = async (work: Provisioning, done: readonly Done[], waited: Waited, tally: Tally): Promise<void> => {
  await settleUndone(work, done, waited, tally);
  countAccounts(done, tally);
};

/** Who is in a protected group is not on the record of the run: that alone the tenant is asked. */
const withoutGuarded = async (work: Provisioning, judged: Judged, tally: Tally): Promise<Judged> => {
  const { go, kept, inDoubt } = await spareGuarded(work, judged.go);
  const waited = await waitForTheOpposite(
    work,
    kept.map(({ pending }) => pending),
  );
  await settleSome(work, kept, waited, tally);
  return { ...judged, go, inDoubt };
};

const countAccounts = (done: readonly Done[], tally: Tally): void => {
  tally.gone(done.flatMap((one) => (isFoundGone(one) && one.outcome.result === 'applied' ? [one.outcome.ref.id] : [])));
  for (const { outcome } of done) {
    if (outcome.action === 'add_members' || outcome.action === 'remove_members') continue;
    if (outcome.result === 'skipped') {
      if (outcome.reason !== 'postponed') tally.skip(outcome.reason);
    } else if (outcome.result === 'applied') tally.add(countNames[outcome.action]);
    else tally.fail(outcome.reason, outcome.ref.id);
  }
};

const countNames = { create: 'created', update: 'updated', disable: 'disabled', delete: 'removed' } as const;
