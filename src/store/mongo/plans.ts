/**
 * The collection of plans. Of one slot (target, kind and scope) at most one waits: whatever waited is superseded first, and then the new one is
 * written. Stopped in between, nothing waits, and the next run finds the same again. Every decision is one compare-and-set on the state.
 */

import type mongoose from 'mongoose';
import { connectionId, organizationId, type PlanId, planId, type RunId, runId, targetId } from '../../model/ids.ts';
import { askedFor, type DecidedKind, type Decision, type Plan, type PlanStanding } from '../../model/plan.ts';
import type { RunScope } from '../../model/run.ts';
import type { Lease } from '../leases.ts';
import type { PlanFilter, PlanStore, Slot } from '../plan-store.ts';
import type { Page } from '../snapshot-store.ts';
import type { Db } from './connect.ts';
import { isDuplicate } from './duplicates.ts';
import { createPlanOperations } from './plan-operations.ts';
import { createPositions } from './positions.ts';

type PlanDocument = Omit<Plan, 'id'> & { readonly _id: string; readonly slot: string };

export const name = 'plans';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [
  { key: { target: 1, _id: 1 } },
  { key: { slot: 1, _id: 1 } },
  { key: { 'standing.state': 1, _id: 1 } },
];

export const createMongoPlanStore = (
  db: Db,
  around: {
    readonly now: () => Date;
    /** Called after every write with its name, so that a test can stop there. */
    readonly probe?: ((site: string) => Promise<void> | void) | undefined;
  },
): PlanStore => {
  const { now, probe = () => {} } = around;
  const collection = db.collection<PlanDocument>(name);
  const operations = createPlanOperations(db, now);
  const { assertHeld } = createPositions(db);

  const supersede = async (id: string, by: PlanId | null): Promise<void> => {
    const superseded: PlanStanding = { state: 'superseded', by };
    const plan = await collection.findOneAndUpdate(
      { _id: id, 'standing.state': { $in: ['waiting', 'approved'] } },
      { $set: { standing: superseded } },
    );
    if (plan !== null) await operations.forget({ target: targetId(plan.target), id: planId(plan._id) });
  };

  return {
    stage: async (lease, plan, staged) => {
      await assertHeld(lease);
      await operations.write(lease, plan, staged);
      await probe('plans.staged');
    },
    steps: operations.find,
    stepsOn: operations.on,
    scan: operations.scan,
    operations: operations.page,
    unstage: async (lease, id) => {
      await assertHeld(lease);
      await operations.forget({ target: targetId(lease.key), id });
      await probe('plans.unstaged');
    },

    add: async (lease, plan) => {
      await assertHeld(lease);
      const { id, ...rest } = plan;
      // Previews of different scopes stand side by side.
      const slot = plan.kind === 'preview' ? `${slotOf(plan)}|${plan.basis.scope}` : slotOf(plan);
      const others = collection.find({ slot, 'standing.state': 'waiting', _id: { $ne: id } });
      for (const { _id } of await others.toArray()) await supersede(_id, id);
      await probe('plans.superseded');
      await assertHeld(lease);
      try {
        const waiting: PlanStanding = { state: 'waiting' };
        await collection.updateOne(
          { _id: id, 'standing.state': 'waiting' },
          { $set: { ...rest, slot, standing: waiting } },
          { upsert: true },
        );
      } catch (error) {
        // It is there, and not waiting any more: somebody has decided.
        if (!isDuplicate(error)) throw error;
      }
      await probe('plans.added');
    },
    get: async (id) => planOf(await collection.findOne({ _id: id })),
    list: async (filter, after, limit): Promise<Page<Plan>> => {
      const found = await collection
        .find({ ...filterOf(filter), ...(after === null ? {} : { _id: { $lt: after } }) })
        .sort({ _id: -1 })
        .limit(limit + 1)
        .toArray();
      const items = found.slice(0, limit).flatMap((document) => planOf(document) ?? []);
      return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    newest: async (slot) => planOf(await collection.findOne({ slot: slotOf(slot) }, { sort: { _id: -1 } })),
    approved: async (target) =>
      planOf(
        await collection.findOne(
          { target, 'standing.state': 'approved', scope: null, kind: { $nin: [...askedFor] } },
          { sort: { _id: -1 } },
        ),
      ),
    decide: async (id, to, decision) => {
      const from = to === 'approved' ? ['waiting' as const] : ['waiting' as const, 'approved' as const];
      return planOf(
        await collection.findOneAndUpdate(
          { _id: id, 'standing.state': { $in: from } },
          { $set: { standing: standingAfter(to, decision) } },
          { returnDocument: 'after' },
        ),
      );
    },
    begin: async (lease: Lease, id: PlanId, run: RunId) => {
      await assertHeld(lease);
      await collection.updateOne({ _id: id, 'standing.state': 'approved' }, { $set: { 'standing.begun': run } });
      await probe('plans.begun');
    },
    finish: async (lease, id, run) => {
      await assertHeld(lease);
      await collection.updateOne(
        { _id: id, 'standing.state': 'approved' },
        { $set: { 'standing.state': 'applied', 'standing.begun': run } },
      );
      await probe('plans.finished');
    },
    supersede: async (lease, id, by) => {
      await assertHeld(lease);
      await supersede(id, by);
      await probe('plans.superseded');
    },
    countWaiting: async () => {
      const count = (kind: DecidedKind) => collection.countDocuments({ 'standing.state': 'waiting', kind });
      const [first, held, dryRun, repair, undo] = await Promise.all(
        (['first', 'held', 'dry_run', 'repair', 'undo'] as const).map(count),
      );
      return { first: first ?? 0, held: held ?? 0, dry_run: dryRun ?? 0, repair: repair ?? 0, undo: undo ?? 0 };
    },
    prune: async (target, before) => {
      const over = [
        { 'standing.state': { $in: ['rejected', 'superseded', 'applied'] as const } },
        { 'standing.state': 'waiting' as const, kind: { $in: [...askedFor] } },
      ];
      for (const one of over) await collection.deleteMany({ target, createdAt: { $lt: before }, ...one });
      await operations.prune(target, before, async (id) => (await collection.findOne({ _id: id })) !== null);
    },
    erase: async (target) => {
      await collection.deleteMany({ target });
      await operations.erase(target);
    },
  };
};

const standingAfter = (to: 'approved' | 'rejected', decision: Decision): PlanStanding =>
  to === 'approved' ? { state: 'approved', decision, begun: null } : { state: 'rejected', decision };

const slotOf = ({ target, kind, scope }: Slot): string => `${target}|${kind}|${scopeOf(scope)}`;
const scopeOf = (scope: RunScope | null): string => (scope === null ? 'all' : `${scope.group}:${scope.nested}`);

const noEpoch = { epoch: 0 } as const;

const planOf = (document: PlanDocument | null): Plan | null => {
  if (document === null) return null;
  const { _id, slot: _slot, organization, connection, target, run, ...rest } = document;
  return {
    ...rest,
    // Of plans that were kept before there were epochs.
    basis: { ...noEpoch, ...rest.basis },
    id: planId(_id),
    organization: organizationId(organization),
    connection: connectionId(connection),
    target: targetId(target),
    run: runId(run),
    // Plans of earlier versions do not have it.
    amends: rest.amends ?? null,
  };
};

const filterOf = ({ organization, target, kind, state }: PlanFilter) => ({
  ...(organization === undefined ? {} : { organization }),
  ...(target === undefined ? {} : { target }),
  ...(kind === undefined ? {} : { kind }),
  ...(state === undefined ? {} : { 'standing.state': state }),
});
