/** What a plan holds, as one hash, by count, and as it counts against limits: from its operations as they are kept. */

import { createHash } from 'node:crypto';
import { type Amounts, countedAs, startSum } from '../core/guard.ts';
import { contentOf } from '../core/plan-content.ts';
import type { SourceId } from '../model/ids.ts';
import { type Action, isGoing } from '../model/operation.ts';
import type { Plan } from '../model/plan.ts';
import type { PlanOf } from '../store/plan-store.ts';
import type { Stores } from '../store/stores.ts';

export type Content = Pick<Plan, 'hash' | 'counts' | 'countsOf'>;

export const contentOfPlan = async (stores: Pick<Stores, 'plans'>, of: PlanOf): Promise<Content> =>
  (await lookThrough(stores, of)).content;

/** The same staged operations have the same hash, whenever and in whatever pieces they were planned. */
export const lookThrough = async (
  { plans }: Pick<Stores, 'plans'>,
  of: PlanOf,
): Promise<{ readonly content: Content; readonly amounts: Amounts; readonly leaving: ReadonlySet<SourceId> }> => {
  const hash = createHash('sha256');
  const countsOf = { user: noneOfEach(), group: noneOfEach() };
  const { add, amounts } = startSum();
  const leaving = new Set<SourceId>();
  for await (const staged of plans.scan(of)) {
    for (const { step, operation, cause } of staged) {
      if (isGoing(operation.action)) leaving.add(operation.ref.id);
      countsOf[operation.ref.type][operation.action] += 'members' in operation ? operation.members.length : 1;
      hash.update(`${contentOf(operation)}\n`);
      // Of an account that is made or changed its references are a part, as where a run counts before it writes.
      if (step !== 'references') add(countedAs(operation, cause.why));
    }
  }
  const counts = noneOfEach();
  for (const action of actions) counts[action] = countsOf.user[action] + countsOf.group[action];
  return { content: { hash: hash.digest('base64url'), counts, countsOf }, amounts: amounts(), leaving };
};

const actions = ['create', 'update', 'add_members', 'remove_members', 'disable', 'delete'] as const;
const noneOfEach = (): Record<Action, number> => ({
  create: 0,
  update: 0,
  add_members: 0,
  remove_members: 0,
  disable: 0,
  delete: 0,
});
