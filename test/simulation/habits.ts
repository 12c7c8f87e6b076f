/** How the tenant's source and the target behave in one run, drawn by chance: as documented, as observed, or strange. */

import type { Knobs as GraphKnobs } from '../../simulator/graph/knobs.ts';
import type { Knobs as ScimKnobs } from '../../simulator/scim/personality.ts';
import type { Chance } from './chance.ts';
import type { Faults } from './faults.ts';
import type { GraphHabits, LostPermission } from './graph-backend.ts';
import type { MemoryHabits } from './memory-backend.ts';
import type { ScimHabits } from './scim-remote.ts';

/**
 * As its documentation has it, as it was seen to behave where that is silent, and at its strangest. Chance draws the first as it stands, and else any of the
 * habits there are; who leans to one of the others (bias.ts) meets all of it.
 */
export const graphPersonalities = {
  as_documented: { knobs: {}, largestList: 999, listsAgeMs: 0 },
  as_observed: {
    knobs: {
      lagMs: 45_000,
      duplicates: 0.3,
      replays: 0.3,
      removedInFirstRound: true,
      managerRemoval: 'both',
      purgeShowsInGroups: false,
    },
    largestList: 100,
    listsAgeMs: 0,
  },
  strange: {
    knobs: {
      deltaPageSize: 1,
      membersPerPage: 1,
      lagMs: 90_000,
      duplicates: 0.3,
      replays: 0.3,
      emptyPages: 0.3,
      shuffle: true,
      removedInFirstRound: true,
      deltaExpiry: 'gone',
      managerRemoval: 'empty',
      purgeShowsInGroups: false,
    },
    largestList: 1,
    listsAgeMs: 240_000,
  },
} as const satisfies Readonly<Record<string, GraphHabits>>;
export type GraphPersonality = keyof typeof graphPersonalities;

/** Null: none of those that have a name. */
export const drawGraphPersonality = (chance: Chance): GraphPersonality | null => {
  // Never by chance alone: what existing seeds draw stays as it is.
  if (chance.happens(0, 'Graph as observed')) return 'as_observed';
  if (chance.happens(0, 'Graph at its strangest')) return 'strange';
  return chance.happens(0.25, 'Graph as documented') ? 'as_documented' : null;
};

export const drawGraphHabits = (chance: Chance, personality: GraphPersonality | null): GraphHabits => {
  if (personality !== null) return graphPersonalities[personality];
  const sometimes = (name: string, share: number): number => (chance.happens(0.5, name) ? share : 0);
  const knobs: Partial<GraphKnobs> = {
    deltaPageSize: chance.between(1, 5, 'delta page size'),
    membersPerPage: chance.between(1, 5, 'members per page'),
    lagMs: chance.happens(0.4, 'lags') ? chance.between(1_000, 90_000, 'lag') : 0,
    duplicates: sometimes('duplicates', 0.3),
    replays: sometimes('replays', 0.3),
    emptyPages: sometimes('empty pages', 0.3),
    shuffle: chance.happens(0.5, 'shuffles'),
    removedInFirstRound: chance.happens(0.5, 'removed in first round'),
    deltaExpiry: chance.pick(['syncStateNotFound', 'gone'], 'delta expiry'),
    managerRemoval: chance.pick(['removed', 'empty', 'both'], 'manager removal'),
    purgeShowsInGroups: chance.happens(0.5, 'purge shows in groups'),
  };
  return {
    knobs,
    largestList: chance.between(1, 6, 'largest list'),
    listsAgeMs: chance.happens(0.12, 'lists are old') ? chance.between(60_000, 360_000, 'age of lists') : 0,
  };
};

/** When an administrator takes back the permission to read users, and for how long; null: never. */
export const drawLostPermission = (chance: Chance): LostPermission | null =>
  chance.happens(0.06, 'a permission is lost')
    ? {
        fromMs: chance.between(0, 360_000, 'when a permission is lost'),
        forMs: chance.between(30_000, 180_000, 'how long a permission is lost'),
      }
    : null;

export const drawMemoryHabits = (chance: Chance): MemoryHabits => ({
  pageSize: chance.between(1, 8, 'page size'),
  lag: chance.happens(0.3, 'lags') ? chance.between(1, 3, 'lag') : 0,
  duplicate: chance.happens(0.4, 'duplicates'),
  partial: chance.happens(0.5, 'shows only what changed'),
  shuffles: chance.happens(0.4, 'shuffles'),
});

/** A target that is known to lose writes is read back after every one. */
export const drawScimHabits = (chance: Chance, faults: Faults): ScimHabits => {
  const personality = chance.pick(['strict', 'strict', 'lenient', 'lossy'] as const, 'SCIM personality');
  const loses = faults.includes('lost_write') || faults.includes('stale_read');
  const knobs: Partial<ScimKnobs> = {
    membersPerPatch: chance.happens(0.3, 'small batches') ? chance.between(1, 3, 'members per patch') : 1_000,
    tooManyMembers: chance.pick([413, 400] as const, 'too many members'),
    patch: chance.happens(0.15, 'without PATCH') ? 'unsupported' : 'supported',
    patchAnswer: chance.pick(['by_type', 'resource', 'no_content'] as const, 'PATCH answer'),
    noMatch: chance.pick(['empty_list', 'not_found'] as const, 'no match'),
    paging: chance.pick(['index', 'cursor'] as const, 'paging'),
    maxResults: chance.pick([1, 3, 200], 'page size'),
    // Read back, or replaced as a whole all the time, a list has to be readable.
    memberReads: 'returned',
  };
  const hides = !loses && knobs.patch === 'supported' && chance.happens(0.08, 'members are hidden');
  return {
    personality,
    knobs: hides ? { ...knobs, memberReads: 'hidden' } : knobs,
    lostPatch: hides
      ? {
          fromMs: chance.between(60_000, 300_000, 'when PATCH is lost'),
          forMs: chance.between(30_000, 180_000, 'how long PATCH is lost'),
        }
      : null,
    losesSwitchOffs: !loses && chance.happens(0.5, 'loses switch-offs'),
    settings: { concurrency: chance.between(1, 4, 'concurrency'), verify: loses ? 'always' : 'doubt' },
    lostRoute: chance.happens(0.1, 'a gateway loses its route')
      ? {
          fromMs: chance.between(0, 360_000, 'when the route is lost'),
          forMs: chance.between(30_000, 180_000, 'how long the route is lost'),
        }
      : null,
  };
};
