/** What can be turned at run time: how the service behaves where its documentation is silent, late or plural. */

import { z } from 'zod';

export type Knobs = {
  /** Objects on a page of a delta query. */
  deltaPageSize: number;
  /** Objects on a page of a list without $top. */
  listPageSize: number;
  /** Objects on a page of a list at most, whatever $top asks for: a page may always be smaller. */
  listPageCap: number;
  /** Members over all groups of one delta page; a group with more goes on on the next page. */
  membersPerPage: number;
  /** Whether `Prefer: odata.maxpagesize` changes the size of delta pages; documented for Outlook only. */
  honourMaxPageSize: boolean;
  /** How long a change stays hidden from delta queries. */
  lagMs: number;
  /** The chance of each object to come twice on a page. */
  duplicates: number;
  /** The chance of a round to repeat the changes of the round before. */
  replays: number;
  /** Whether objects come in an order of their own. */
  shuffle: boolean;
  /** The chance of a page to be empty though more follow. */
  emptyPages: number;
  /** Whether a first enumeration also shows objects that were deleted before it, as removed. */
  removedInFirstRound: boolean;
  /** Whether a first enumeration goes on with what changed since it began, so that objects come once more, as changes. */
  changesInFirstRound: boolean;
  /** How a delta link that is too old is refused: the two documented ways. */
  deltaExpiry: 'syncStateNotFound' | 'gone';
  deltaLinkLifeMs: number;
  /** How long the next link of a delta query and of a list can be followed. */
  deltaPageLifeMs: number;
  listPageLifeMs: number;
  /** How delta shows that a user has no manager any more; no document says. */
  managerRemoval: 'removed' | 'empty' | 'both';
  /** Whether groups/delta tells that a permanently deleted user left; reported missing for long. */
  purgeShowsInGroups: boolean;
  /** Objects an app may not read come with null properties (as Graph does) or are refused. */
  nullForPermission: boolean;
  /** v1.0 leaves service principals out of /members. */
  servicePrincipalsInMembers: boolean;
  /** What the members of a group with hidden membership look like without Member.Read.Hidden. */
  hiddenMembership: 'empty' | 'denied';
  throttling: boolean;
  /** Resource units in ten seconds for one app in one tenant; null: by the size of the tenant, as documented. */
  resourceUnits: number | null;
  /** Waited before each answer of Graph, and before each token. */
  latencyMs: number;
  tokenLatencyMs: number;
  tokenLifeSeconds: number;
  gzip: boolean;
  /** Answers are worked out once and given again until the tenant changes, uncharged: for benchmarks, which are not about the simulator. */
  keepAnswers: boolean;
  /** What the administrator decides on the consent page. */
  consent: 'granted' | 'denied';
  /** How long a consent that was just given is not known to the token endpoint. */
  consentLagMs: number;
  /** The tenant that the browser at the login is signed in to, by id or domain; null: whichever is asked for. */
  signedInTo: string | null;
  signedInAs: 'administrator' | 'user';
  /** Whether the app registration has directory roles put into ID tokens (the claim `wids`). */
  rolesInIdTokens: boolean;
  /** The chance of a notification never to be sent, and to be sent twice. */
  notificationDrops: number;
  notificationRepeats: number;
  /** Subscriptions of one app to one tenant; Graph's own limits are larger. */
  mostSubscriptions: number;
};

const DAY_MS = 86_400_000;

export const defaultKnobs: Readonly<Knobs> = {
  deltaPageSize: 200,
  listPageSize: 100,
  listPageCap: 999,
  membersPerPage: 2_000,
  honourMaxPageSize: false,
  lagMs: 0,
  duplicates: 0,
  replays: 0,
  shuffle: false,
  emptyPages: 0,
  removedInFirstRound: false,
  changesInFirstRound: false,
  deltaExpiry: 'syncStateNotFound',
  deltaLinkLifeMs: 7 * DAY_MS,
  deltaPageLifeMs: DAY_MS,
  listPageLifeMs: DAY_MS,
  managerRemoval: 'removed',
  purgeShowsInGroups: true,
  nullForPermission: true,
  servicePrincipalsInMembers: false,
  hiddenMembership: 'empty',
  throttling: true,
  resourceUnits: null,
  latencyMs: 0,
  tokenLatencyMs: 0,
  tokenLifeSeconds: 3599,
  gzip: true,
  keepAnswers: false,
  consent: 'granted',
  consentLagMs: 0,
  signedInTo: null,
  signedInAs: 'administrator',
  rolesInIdTokens: true,
  notificationDrops: 0,
  notificationRepeats: 0,
  mostSubscriptions: 100,
};

const chance = z.number().min(0).max(1);
const count = z.number().int().min(1);
const ms = z.number().min(0);

/** Any of the knobs, as they come over HTTP. */
export const knobsSchema: z.ZodType<{ [Name in keyof Knobs]?: Knobs[Name] | undefined }> = z.strictObject({
  deltaPageSize: count.optional(),
  listPageSize: count.max(999).optional(),
  listPageCap: count.max(999).optional(),
  membersPerPage: count.optional(),
  honourMaxPageSize: z.boolean().optional(),
  lagMs: ms.optional(),
  duplicates: chance.optional(),
  replays: chance.optional(),
  shuffle: z.boolean().optional(),
  emptyPages: chance.optional(),
  removedInFirstRound: z.boolean().optional(),
  changesInFirstRound: z.boolean().optional(),
  deltaExpiry: z.enum(['syncStateNotFound', 'gone']).optional(),
  deltaLinkLifeMs: ms.optional(),
  deltaPageLifeMs: ms.optional(),
  listPageLifeMs: ms.optional(),
  managerRemoval: z.enum(['removed', 'empty', 'both']).optional(),
  purgeShowsInGroups: z.boolean().optional(),
  nullForPermission: z.boolean().optional(),
  servicePrincipalsInMembers: z.boolean().optional(),
  hiddenMembership: z.enum(['empty', 'denied']).optional(),
  throttling: z.boolean().optional(),
  resourceUnits: count.nullable().optional(),
  latencyMs: ms.optional(),
  tokenLatencyMs: ms.optional(),
  tokenLifeSeconds: count.optional(),
  gzip: z.boolean().optional(),
  keepAnswers: z.boolean().optional(),
  consent: z.enum(['granted', 'denied']).optional(),
  consentLagMs: ms.optional(),
  signedInTo: z.string().nullable().optional(),
  signedInAs: z.enum(['administrator', 'user']).optional(),
  rolesInIdTokens: z.boolean().optional(),
  notificationDrops: chance.optional(),
  notificationRepeats: chance.optional(),
  mostSubscriptions: count.optional(),
});
