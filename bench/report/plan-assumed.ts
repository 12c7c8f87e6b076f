/** What the plan assumes, and the load that comes of it. */

export const tenants = 50_000;
export const people = 100_000_000;
export const deltasADay = 6;
export const fullsAWeek = 1;
/** People whose record changes on an ordinary day; each is one operation at a target. */
export const changedADay = 0.02;
/** The busiest hour against the average one. */
export const peak = 4;
export const peopleAGroup = 50;
export const groupsAPerson = 5;
/** The default attributes name the manager, whom a delta query shows and no list: 200 people to a page, a resource unit each. */
export const userPage = 200;
/** A page of members costs three units, and one less for `$select` (Graph, "Throttling limits", identity and access). */
export const unitsAMemberPage = 2;
/** A delta that finds little asks for one page of users and one of groups, a unit each, and for a token now and then. */
export const deltaRequests = 2;
export const graphLimits = { requestsPerTenSeconds: 130_000, unitsPerTwentySeconds: 150_000 } as const;
/** A tick, a sync, a provision run. */
export const jobsPerDelta = 3;
export const shardGigabytes = 500;
/** What one target is let answer at once, and how long it takes. */
export const target = { atOnce: 50, ms: 20 } as const;
export const secondsADay = 86_400;
export const secondsAWeek = 7 * secondsADay;

export type Load = {
  /** On average. */
  readonly aSecond: {
    readonly deltas: number;
    readonly fullPeople: number;
    readonly memberPages: number;
    readonly operations: number;
  };
  readonly cores: { readonly deltas: number; readonly fulls: number; readonly operations: number };
  readonly workers: number;
  readonly groups: number;
  readonly memberships: number;
};
