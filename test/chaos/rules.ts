/** By which rules a customer's target is written to, and what it may lose in a day without anybody's word. A chaos run is shorter than that day. */

import { z } from 'zod';

export type LimitName = 'deprovisions' | 'group_deletes' | 'member_removals';
/** `limits`: null where any number may go, and nobody looks at a first plan or at a read that shrank. */
export type Rules = {
  readonly deprovision: 'disable' | 'delete';
  readonly limits: Readonly<Record<LimitName, number>> | null;
};

export const generous: Rules = { deprovision: 'disable', limits: null };
/** So little that within a minute of a storm most of what leaves waits for somebody. */
export const careful: Rules = {
  deprovision: 'delete',
  limits: { deprovisions: 3, group_deletes: 1, member_removals: 4 },
};

export const planOperation = z.object({
  object: z.object({ type: z.enum(['user', 'group']), id: z.string() }),
  action: z.string(),
  members: z.array(z.object({ id: z.string() })).nullable(),
});
export type PlanOperation = z.output<typeof planOperation>;

export type Takings = {
  /** Somebody releases these by a plan: to be called before they say so, since what they say may take effect at once. */
  approve(plan: string, operations: readonly PlanOperation[]): void;
  /** Nothing was done by this plan, and nothing will be. */
  withdraw(plan: string): void;
  /** Something is taken away; says what is wrong with that, if anything. */
  take(limit: LimitName, what: string): string | null;
};

export const takingsBy = ({ limits }: Rules): Takings => {
  /** By plan, what it releases and was not taken yet. */
  const released = new Map<string, Set<string>>();
  const taken: Record<LimitName, number> = { deprovisions: 0, group_deletes: 0, member_removals: 0 };
  const isReleased = (what: string): boolean => [...released.values()].some((some) => some.delete(what));
  return {
    approve: (plan, operations) => {
      // Who heard no answer says it again, when some of it may be done already.
      if (!released.has(plan)) released.set(plan, new Set(operations.flatMap(releasedBy)));
    },
    withdraw: (plan) => void released.delete(plan),
    take: (limit, what) => {
      if (limits === null || isReleased(`${limit} ${what}`)) return null;
      taken[limit] += 1;
      return taken[limit] <= limits[limit]
        ? null
        : `${taken[limit]} ${limit} that nobody approved, where ${limits[limit]} are allowed`;
    },
  };
};

/** An account that is switched off by an update counts as any other. */
const releasedBy = ({ object: { type, id }, action, members }: PlanOperation): readonly string[] => {
  if (action === 'remove_members') return (members ?? []).map((member) => `member_removals ${id} ${member.id}`);
  if (type === 'group') return action === 'delete' ? [`group_deletes ${id}`] : [];
  return ['disable', 'delete'].includes(action) ? [`deprovisions ${id}`] : [];
};
