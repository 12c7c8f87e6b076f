/** Plans in memory: the same promises as those in MongoDB, for tests and simulations. */

import { batches } from '../../core/batches.ts';
import { operationAbout, operationWithout } from '../../core/forget.ts';
import { holdsNothing, type PlanEvent, standingAfter, standingAtFirst } from '../../core/plan-standing.ts';
import { PlanWritten, StaleFence } from '../../model/errors.ts';
import { type PlanId, type TargetId, targetId } from '../../model/ids.ts';
import { askedFor, type DecidedKind, type Plan, type Staged } from '../../model/plan.ts';
import type { RunScope } from '../../model/run.ts';
import type { Ref } from '../../model/source-object.ts';
import type { Lease, LeaseKey } from '../leases.ts';
import type { PlanFilter, PlanStore, Slot } from '../plan-store.ts';
import { type Keep, keptByNobody } from './backup.ts';

type Row = { readonly target: TargetId; readonly at: Date; readonly steps: Map<string, Staged> };

const batchSize = 500;

export const createMemoryPlanStore = (around: {
  /** The newest fence of a lease; 0 when it was never taken. */
  readonly fenceOf: (key: LeaseKey) => number;
  readonly now: () => Date;
  /** Called after every write with its name, so that a test can stop there. */
  readonly probe?: ((site: string) => Promise<void> | void) | undefined;
  readonly keep?: Keep;
}): PlanStore => {
  const { fenceOf, now, probe = () => {}, keep = keptByNobody } = around;
  const plans = keep(new Map<PlanId, Plan>());
  const staged = keep(new Map<PlanId, Row>());

  const assertHeld = (lease: Lease): TargetId => {
    if (fenceOf(lease.key) !== lease.fence) throw new StaleFence(`Another worker took ${lease.key} over.`);
    return targetId(lease.key);
  };
  const newestFirst = (): Plan[] => [...plans.values()].sort((a, b) => (a.id > b.id ? -1 : 1));
  const stepsOf = (id: PlanId): readonly [string, Staged][] =>
    [...(staged.get(id)?.steps ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  const refuseWritten = (id: PlanId): void => {
    if (plans.has(id)) throw new PlanWritten(`The plan ${id} is written down; its operations stay as they are.`);
  };
  const move = (id: PlanId, event: PlanEvent): Plan | null => {
    const plan = plans.get(id);
    const standing = plan === undefined ? null : standingAfter(plan.standing, event);
    if (plan === undefined || standing === null) return null;
    const moved = { ...plan, standing };
    plans.set(id, moved);
    return moved;
  };
  const supersede = (id: PlanId, by: PlanId | null): void => {
    if (move(id, { kind: 'supersede', by }) !== null) staged.delete(id);
  };

  return {
    stage: async (lease, plan, operations) => {
      const target = assertHeld(lease);
      refuseWritten(plan);
      const row = staged.get(plan) ?? { target, at: now(), steps: new Map() };
      for (const one of operations) row.steps.set(nameOf(one.operation.ref, one.step), one);
      staged.set(plan, row);
      await probe('plans.staged');
    },
    steps: async ({ id }, names) => {
      const steps = staged.get(id)?.steps;
      return names.flatMap(({ ref, step }) => steps?.get(nameOf(ref, step)) ?? []);
    },
    stepsOn: async function* ({ id }, ref) {
      const own = stepsOf(id).filter(([name]) => name.startsWith(nameOf(ref, '')));
      yield* batches(
        own.map(([, step]) => step),
        batchSize,
      );
    },
    about: async function* (target, person) {
      for (const [plan, row] of staged) {
        if (row.target !== target) continue;
        const about = stepsOf(plan).flatMap(([, one]) => {
          const operation = operationAbout(one.operation, person);
          return operation === null ? [] : [{ plan, staged: { ...one, operation } }];
        });
        if (about.length > 0) yield about;
      }
    },
    scan: async function* ({ id }) {
      yield* batches(
        stepsOf(id).map(([, step]) => step),
        batchSize,
      );
    },
    operations: async ({ id }, { actions, why }, after, limit) => {
      const rest = stepsOf(id).filter(
        ([name, { operation, cause }]) =>
          (after === null || name > after) &&
          (actions?.includes(operation.action) ?? true) &&
          (why === undefined || cause.why === why),
      );
      const page = rest.slice(0, limit);
      return { items: page.map(([, step]) => step), next: rest.length > limit ? (page.at(-1)?.[0] ?? null) : null };
    },
    unstage: async (lease, plan) => {
      assertHeld(lease);
      refuseWritten(plan);
      staged.delete(plan);
      await probe('plans.unstaged');
    },

    add: async (lease, plan) => {
      assertHeld(lease);
      for (const other of newestFirst())
        if (other.id !== plan.id && other.standing.state === 'waiting' && isInSlotOf(plan, other))
          supersede(other.id, plan.id);
      await probe('plans.superseded');
      assertHeld(lease);
      if (!plans.has(plan.id)) plans.set(plan.id, { ...plan, standing: standingAtFirst(plan) });
      await probe('plans.added');
    },
    get: async (id) => plans.get(id) ?? null,
    written: async (ids) => new Set(ids.filter((id) => plans.has(id))),
    list: async (filter, after, limit) => {
      const found = newestFirst().filter((plan) => matches(plan, filter) && (after === null || plan.id < after));
      const page = found.slice(0, limit);
      return { items: page, next: found.length > limit ? (page.at(-1)?.id ?? null) : null };
    },
    newest: async (slot) => newestFirst().find((plan) => isIn(slot, plan)) ?? null,
    approved: async (target) =>
      newestFirst().find(
        ({ target: of, standing, scope, kind }) =>
          of === target && standing.state === 'approved' && scope === null && !askedFor.includes(kind),
      ) ?? null,
    decide: async (id, to, decision, approvals = 1) =>
      move(id, to === 'approved' ? { kind: 'approve', decision, approvals } : { kind: 'reject', decision }),
    begin: async (lease, id, run) => {
      assertHeld(lease);
      const begun = move(id, { kind: 'begin', run });
      await probe('plans.begun');
      return begun;
    },
    finish: async (lease, id, run) => {
      assertHeld(lease);
      move(id, { kind: 'finish', run });
      await probe('plans.finished');
    },
    supersede: async (lease, id, by) => {
      assertHeld(lease);
      supersede(id, by);
      await probe('plans.superseded');
    },
    refuse: async (id, why, at) => {
      const refused = move(id, { kind: 'refuse', why, at });
      await probe('plans.refused');
      return refused;
    },
    expire: async (id, from, at) => {
      const expired = move(id, { kind: 'expire', from, at });
      await probe('plans.expired');
      return expired;
    },
    countWaiting: async () => {
      const count = (kind: DecidedKind) =>
        [...plans.values()].filter((plan) => plan.kind === kind && plan.standing.state === 'waiting').length;
      return {
        first: count('first'),
        held: count('held'),
        dry_run: count('dry_run'),
        repair: count('repair'),
        undo: count('undo'),
      };
    },
    forgetPerson: async (lease, person) => {
      const target = assertHeld(lease);
      for (const [id, row] of staged) {
        const plan = plans.get(id);
        if (row.target !== target || (plan !== undefined && !isOver(plan))) continue;
        for (const [name, one] of row.steps) {
          const operation = operationWithout(one.operation, person);
          if (operation === null) row.steps.delete(name);
          else row.steps.set(name, { ...one, operation });
        }
      }
      await probe('plans.person_forgotten');
    },
    prune: async (target, before, previewsBefore) => {
      for (const plan of plans.values()) {
        const isOld = plan.createdAt < before && !isWaitedFor(plan);
        const isOldPreview = plan.createdAt < previewsBefore && plan.kind === 'preview';
        if (plan.target === target && (isOld || isOldPreview)) plans.delete(plan.id);
      }
      for (const [id, row] of staged)
        if (row.target === target && row.at < previewsBefore && !plans.has(id)) staged.delete(id);
    },
    erase: async (target) => {
      for (const plan of plans.values()) if (plan.target === target) plans.delete(plan.id);
      for (const [id, row] of staged) if (row.target === target) staged.delete(id);
    },
  };
};

const nameOf = ({ type, id }: Ref, step: string): string => `${type}|${id}|${step}`;

const isOver = ({ standing: { state } }: Plan): boolean => state !== 'waiting' && state !== 'approved';

const isWaitedFor = ({ standing: { state }, kind }: Plan): boolean =>
  (state === 'waiting' && !askedFor.includes(kind)) || state === 'approved';

const slotOf = ({ target, kind, scope }: Slot): Slot => ({ target, kind, scope });
/** Previews of different scopes stand side by side. */
const isInSlotOf = (plan: Omit<Plan, 'standing'>, other: Plan): boolean =>
  isIn(slotOf(plan), other) && (plan.kind !== 'preview' || plan.basis.scope === other.basis.scope);
const isIn = ({ target, kind, scope }: Slot, plan: Plan): boolean =>
  plan.target === target && plan.kind === kind && scopeOf(plan.scope) === scopeOf(scope);
const scopeOf = (scope: RunScope | null): string => (scope === null ? 'all' : `${scope.group}:${scope.nested}`);

const matches = (plan: Plan, filter: PlanFilter): boolean =>
  (filter.organizations?.includes(plan.organization) ?? true) &&
  (filter.target === undefined || plan.target === filter.target) &&
  (filter.kind === undefined || plan.kind === filter.kind) &&
  (filter.state === undefined || plan.standing.state === filter.state) &&
  (filter.isToDecide !== true || isToDecide(plan));

const isToDecide = (plan: Plan): boolean =>
  plan.standing.state === 'waiting' && plan.kind !== 'preview' && !holdsNothing(plan);
