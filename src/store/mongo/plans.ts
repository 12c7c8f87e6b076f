/**
 * The collection of plans. Of one slot (target, kind and scope) at most one waits: whatever waited is superseded first, and then the new one is
 * written. Stopped in between, nothing waits, and the next run finds the same again. Every decision is one compare-and-set on the state.
 */

import type mongoose from 'mongoose';
import { type PlanEvent, standingAfter, standingAtFirst } from '../../core/plan-standing.ts';
import { PlanWritten } from '../../model/errors.ts';
import { connectionId, organizationId, type PlanId, planId, runId, targetId } from '../../model/ids.ts';
import type { Action } from '../../model/operation.ts';
import { askedFor, type DecidedKind, type Plan, type PlanStanding } from '../../model/plan.ts';
import type { RunScope } from '../../model/run.ts';
import type { PlanFilter, PlanStore, Slot } from '../plan-store.ts';
import type { Page } from '../snapshot-store.ts';
import type { Db } from './connect.ts';
import { isDuplicate } from './duplicates.ts';
import { createPlanOperations } from './plan-operations.ts';
import { createPositions } from './positions.ts';

type PlanDocument = Omit<Plan, 'id'> & { readonly _id: string; readonly slot: string };

export const name = 'plans';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [
  { key: { organization: 1, _id: 1 } },
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

  const move = async (id: string, event: PlanEvent): Promise<Plan | null> => {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const was = (await collection.findOne({ _id: id }, { projection: { standing: 1 } }))?.standing;
      const standing = was === undefined ? null : standingAfter(was, event);
      if (was === undefined || standing === null) return null;
      const moved = await collection.findOneAndUpdate(
        { _id: id, ...asItStood(was) },
        { $set: { standing } },
        { returnDocument: 'after' },
      );
      if (moved !== null) return planOf(moved);
    }
    throw new Error(`The plan ${id} was moved by others ${attempts} times; ask again.`);
  };
  const supersede = async (id: string, by: PlanId | null): Promise<void> => {
    const plan = await move(id, { kind: 'supersede', by });
    if (plan !== null) await operations.forget(plan);
  };
  const refuseWritten = async (id: PlanId): Promise<void> => {
    if ((await collection.findOne({ _id: id }, { projection: { _id: 1 } })) !== null)
      throw new PlanWritten(`The plan ${id} is written down; its operations stay as they are.`);
  };

  return {
    stage: async (lease, plan, staged) => {
      await assertHeld(lease);
      await refuseWritten(plan);
      await operations.write(lease, plan, staged);
      await probe('plans.staged');
    },
    steps: operations.find,
    stepsOn: operations.on,
    about: operations.about,
    scan: operations.scan,
    operations: operations.page,
    unstage: async (lease, id) => {
      await assertHeld(lease);
      await refuseWritten(id);
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
        await collection.updateOne(
          { _id: id },
          { $setOnInsert: { ...rest, slot, standing: standingAtFirst(plan) } },
          { upsert: true },
        );
      } catch (error) {
        // Written down at the same moment, by a worker that was taken over.
        if (!isDuplicate(error)) throw error;
      }
      await probe('plans.added');
    },
    get: async (id) => planOf(await collection.findOne({ _id: id })),
    written: async (ids) => {
      if (ids.length === 0) return new Set();
      const found = collection.find({ _id: { $in: [...ids] } }, { projection: { _id: 1 } });
      return new Set((await found.toArray()).map(({ _id }) => planId(_id)));
    },
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
    decide: (id, to, decision, approvals = 1) =>
      move(id, to === 'approved' ? { kind: 'approve', decision, approvals } : { kind: 'reject', decision }),
    begin: async (lease, id, run) => {
      await assertHeld(lease);
      const begun = await move(id, { kind: 'begin', run });
      await probe('plans.begun');
      return begun;
    },
    finish: async (lease, id, run) => {
      await assertHeld(lease);
      await move(id, { kind: 'finish', run });
      await probe('plans.finished');
    },
    supersede: async (lease, id, by) => {
      await assertHeld(lease);
      await supersede(id, by);
      await probe('plans.superseded');
    },
    refuse: async (id, why, at) => {
      const refused = await move(id, { kind: 'refuse', why, at });
      await probe('plans.refused');
      return refused;
    },
    expire: async (id, from, at) => {
      const expired = await move(id, { kind: 'expire', from, at });
      await probe('plans.expired');
      return expired;
    },
    countWaiting: async () => {
      const count = (kind: DecidedKind) => collection.countDocuments({ 'standing.state': 'waiting', kind });
      const [first, held, dryRun, repair, undo] = await Promise.all(
        (['first', 'held', 'dry_run', 'repair', 'undo'] as const).map(count),
      );
      return { first: first ?? 0, held: held ?? 0, dry_run: dryRun ?? 0, repair: repair ?? 0, undo: undo ?? 0 };
    },
    forgetPerson: async (lease, person) => {
      await assertHeld(lease);
      const isOpen = async (id: PlanId): Promise<boolean> =>
        (await collection.findOne({ _id: id, 'standing.state': { $nin: [...over] } })) !== null;
      await operations.forgetPerson(targetId(lease.key), person, isOpen);
      await probe('plans.person_forgotten');
    },
    prune: async (target, before, previewsBefore) => {
      const createdAt = { $lt: before };
      const old = [
        { createdAt, 'standing.state': { $in: [...over] } },
        { createdAt, 'standing.state': 'waiting' as const, kind: { $in: [...askedFor] } },
        { createdAt: { $lt: previewsBefore }, kind: 'preview' as const },
      ];
      for (const one of old) await collection.deleteMany({ target, ...one });
      await operations.prune(target, previewsBefore, async (id) => (await collection.findOne({ _id: id })) !== null);
    },
    erase: async (target) => {
      await collection.deleteMany({ target });
      await operations.erase(target);
    },
  };
};

/** How often a step looks again when somebody else moved the plan in between. */
const attempts = 10;
const over = ['rejected', 'superseded', 'applied', 'refused', 'expired'] as const;

/** Between two decisions a plan is begun, or approved for the first time of two, at most: nobody decides twice on the same plan. */
const asItStood = (was: PlanStanding) => ({
  'standing.state': was.state,
  ...(was.state === 'waiting' ? { 'standing.approval.at': was.approval?.at ?? null } : {}),
  ...('begun' in was ? { 'standing.begun': was.begun } : {}),
});

const slotOf = ({ target, kind, scope }: Slot): string => `${target}|${kind}|${scopeOf(scope)}`;
const scopeOf = (scope: RunScope | null): string => (scope === null ? 'all' : `${scope.group}:${scope.nested}`);

const before = { epoch: 0, protection: null, reach: null } as const;

const planOf = (document: PlanDocument | null): Plan | null => {
  if (document === null) return null;
  const { _id, slot: _slot, organization, connection, target, run, ...rest } = document;
  return {
    ...rest,
    // Of plans that were kept before these were.
    basis: { ...before, ...rest.basis },
    id: planId(_id),
    organization: organizationId(organization),
    connection: connectionId(connection),
    target: targetId(target),
    run: runId(run),
    // Plans of earlier versions have neither.
    amends: rest.amends ?? null,
    approvals: rest.approvals ?? 1,
  };
};

const filterOf = ({ organizations, target, kind, state, isToDecide }: PlanFilter) => ({
  ...(organizations === undefined ? {} : { organization: { $in: [...organizations] } }),
  ...(target === undefined ? {} : { target }),
  ...(kind === undefined ? {} : { kind }),
  ...(state === undefined ? {} : { 'standing.state': state }),
  // Beside what else is asked for of the same fields.
  ...(isToDecide === true ? { $and: toDecide() } : {}),
});

const actions = [
  'create',
  'update',
  'disable',
  'delete',
  'add_members',
  'remove_members',
] as const satisfies readonly Action[];
const toDecide = (): mongoose.mongo.Filter<PlanDocument>[] => [
  { 'standing.state': 'waiting', kind: { $ne: 'preview' } },
  { $or: actions.map((action) => ({ [`counts.${action}`]: { $gt: 0 } })) },
];
