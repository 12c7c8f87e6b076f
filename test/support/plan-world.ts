/** A plan store under test, its leases, and builders of plans. */

import { randomUUID } from 'node:crypto';
import {
  connectionId,
  organizationId,
  type PlanId,
  planId,
  runId,
  sourceId,
  type TargetId,
} from '../../src/model/ids.ts';
import type { Operation } from '../../src/model/operation.ts';
import type { Plan, Staged } from '../../src/model/plan.ts';
import type { Leases } from '../../src/store/leases.ts';
import type { PlanStore } from '../../src/store/plan-store.ts';
import { type Around, openMortal } from './mortal.ts';
import { cause, start } from './operations.ts';

export type OpenPlans = (around: Around) => Promise<{ readonly plans: PlanStore; readonly leases: Leases }>;

export type PlanWorld = Awaited<ReturnType<typeof openPlanWorld>>;

export const openPlanWorld = async (open: OpenPlans) => {
  const { opened, ...mortal } = await openMortal(open);
  return { plans: opened.plans, ...mortal };
};

let made = 0;
/** Later ones sort after earlier ones, as real ids do. */
export const aPlanId = (): PlanId => {
  made += 1;
  return planId(`pln_${String(made).padStart(8, '0')}_${randomUUID()}`);
};

const nothingOf = { create: 0, update: 0, disable: 0, delete: 0, add_members: 0, remove_members: 0 } as const;

export const aPlan = (target: TargetId, other: Partial<Omit<Plan, 'standing'>> = {}): Omit<Plan, 'standing'> => ({
  id: aPlanId(),
  organization: organizationId('org_1'),
  connection: connectionId('con_1'),
  target,
  kind: 'held',
  run: runId('run_1'),
  mode: 'delta',
  scope: null,
  amends: null,
  createdAt: start,
  hash: 'hash-1',
  basis: {
    version: 3,
    scope: 'all',
    rules: 'rules-1',
    protection: 'nobody',
    reach: 'here',
    position: 2,
    written: 'order-7',
    epoch: 0,
  },
  counts: { ...nothingOf, disable: 2 },
  countsOf: { user: { ...nothingOf, disable: 2 }, group: nothingOf },
  exceeded: [{ limit: 'deprovisions', group: null, wanted: 2, taken: 0, allowed: 1 }],
  approvals: 1,
  ...other,
});

export const aScope = (group: string) => ({ group: sourceId(group), nested: false });
export const decision = { by: 'product', reason: 'They were sold.', at: start };
export const staged = (operation: Operation, step: string = operation.action): Staged => ({
  step,
  operation,
  cause: cause({ why: 'missing' }),
});
