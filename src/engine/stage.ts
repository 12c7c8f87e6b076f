/** Keeps operations in the plan of a run, each under a name of its own, so that what is planned twice is kept once. */

import { createHash } from 'node:crypto';
import type { SourceId } from '../model/ids.ts';
import type { Link, Operation } from '../model/operation.ts';
import type { Staged } from '../model/plan.ts';
import type { Ref } from '../model/source-object.ts';
import type { Pending } from './pending.ts';
import { causeOf, type Provisioning } from './provisioning.ts';

/**
 * `links`: how each would be linked after it, where the rest of the plan goes by that. A plan that an earlier turn has written down is what people look
 * at and decide on; what a run that goes on after that finds is left to the next plan.
 */
export const stage = async (
  work: Provisioning,
  pending: readonly Pending[],
  links: readonly (Link | null | undefined)[] = [],
): Promise<void> => {
  if (pending.length === 0 || work.written !== null) return;
  const staged = pending.map((one, nth) => stagedOf(work, one, links[nth]));
  await work.engine.stores.plans.stage(work.lease, work.planId, staged);
};

/** Whom the plan puts into a group so far. */
export const stagedMembers = async (
  { engine, record, planId }: Pick<Provisioning, 'engine' | 'record' | 'planId'>,
  of: Ref,
): Promise<ReadonlySet<SourceId>> => {
  const members = new Set<SourceId>();
  for await (const steps of engine.stores.plans.stepsOn({ target: record.id, id: planId }, of))
    for (const { operation } of steps)
      if (operation.action === 'add_members') for (const { ref } of operation.members) members.add(ref.id);
  return members;
};

const stagedOf = (work: Provisioning, pending: Pending, link: Link | null | undefined): Staged => ({
  step: stepOf(pending),
  operation: pending.planned.operation,
  cause: causeOf(work, pending),
  ...(link === undefined ? {} : { link }),
});

/**
 * The step of an operation among those on the same object: an account is made or changed once, and its references once more after it; an undo may let go of it last. Member
 * operations go by who is in them, for there may be many on one group.
 */
export const stepOf = ({ planned: { operation }, step }: Pick<Pending, 'planned' | 'step'>): string =>
  'members' in operation ? membersStep(operation) : (step ?? stepOfAction[operation.action]);

export const accountSteps = ['object', 'references', 'disable', 'delete', 'unlink'] as const;

const stepOfAction = { create: 'object', update: 'object', disable: 'disable', delete: 'delete' } as const;

const membersStep = ({ action, members }: Extract<Operation, { action: 'add_members' | 'remove_members' }>): string => {
  const hash = createHash('sha256');
  for (const id of members.map(({ ref }) => ref.id).toSorted()) hash.update(id);
  return `${action}.${hash.digest('base64url')}`;
};
