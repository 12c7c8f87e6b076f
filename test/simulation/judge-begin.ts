/**
 * `plan`: what a person approved is begun only as long as it is what would be done. A plan that is carried out as it is: as long as the tenant is as it was.
 * One of what is over the limits, that both gives and takes away: after it was compared, before anything of it is done.
 */

import { z } from 'zod';
import type { PlanId } from '../../src/model/ids.ts';
import type { Operation } from '../../src/model/operation.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Shrinks } from './judge-shrink.ts';

export type Begins = {
  /**
   * A run asks whether it may begin it, and had looked: from that moment it is begun, if it may. Who dies right after hears no answer; who goes on for them need
   * not ask again; and who stands still then hears it minutes later.
   */
  readonly noteAsked: (plan: PlanId) => void;
  /** Of a plan that a run was let begin. */
  readonly judge: (answer: unknown) => readonly string[];
  /** Of something that is about to be done in the name of a plan. */
  readonly judgeIntent: (plan: PlanId, held: readonly Operation[]) => readonly string[];
};

/** Whoever looked, and stood still before they began. */
const slackMs = 5 * 60_000;

export const beginsSeen = (now: () => number, { changedAfter }: Pick<Shrinks, 'changedAfter'>): Begins => {
  const asked = new Map<PlanId, number>();
  return {
    noteAsked: (plan) => void asked.set(plan, now()),
    judge: (answer) => {
      const { data: plan } = Begun.safeParse(answer);
      if (plan === undefined) return [];
      if (plan.kind === 'held' || plan.kind === 'undo') return [];
      const at = changedAfter(plan.connection, plan.basis.version);
      const ageMs = at === null ? 0 : (asked.get(plan.id) ?? now()) - at;
      return ageMs <= slackMs
        ? []
        : [`${plan.id} was begun, though the tenant had changed ${Math.round(ageMs / 1_000)} s before`];
    },
    judgeIntent: (plan, held) =>
      asked.has(plan) || !held.some(takesAway) || held.every(takesAway)
        ? []
        : [`something of ${plan} is about to be done, and nobody had looked whether it is the same`],
  };
};

const takesAway = ({ action }: Operation): boolean =>
  action === 'disable' || action === 'delete' || action === 'remove_members';

const Begun = z.object({
  id: z.custom<PlanId>(),
  kind: z.custom<Plan['kind']>(),
  connection: z.custom<Plan['connection']>(),
  basis: z.object({ version: z.number() }),
});
