/** Decides how long somebody is signed in, and what the roles they have let them do. */

import { type ApiScope, apiScopes } from '../model/api-key.ts';
import type { Session } from '../model/session.ts';

/** OWASP ASVS 5.0, 7.3: an inactivity timeout and an absolute one. */
export const idleMs = 30 * 60_000;
export const absoluteMs = 12 * 60 * 60_000;
/** Whoever may change what is done to others signs in again after this long: only then does the provider say which roles they still have. */
const powerfulMs = 60 * 60_000;
const powerful: ReadonlySet<ApiScope> = new Set(['configure', 'approve', 'admin']);
/** For what cannot be taken back, who it is must have been shown just now (ASVS 7.5.3). */
const freshMs = 5 * 60_000;
/** By which the provider's clock may be ahead of ours; more would make the five minutes longer. */
const aheadMs = 30_000;
const noteEveryMs = 60_000;

type Times = Pick<Session, 'createdAt' | 'lastSeenAt'>;

/** When it is over, unless they come again; `scopes`: what they may do by it. */
export const endOf = ({ createdAt, lastSeenAt }: Times, scopes: readonly ApiScope[]): Date => {
  const longestMs = scopes.some((scope) => powerful.has(scope)) ? powerfulMs : absoluteMs;
  return new Date(Math.min(createdAt.getTime() + longestMs, lastSeenAt.getTime() + idleMs));
};

export const isOn = (session: Times, scopes: readonly ApiScope[], now: Date): boolean => endOf(session, scopes) > now;

/** A sign-in of the future is none: the provider's clock is wrong, or it was made up. */
export const isFresh = ({ authenticatedAt }: Pick<Session, 'authenticatedAt'>, now: Date): boolean => {
  const agoMs = now.getTime() - authenticatedAt.getTime();
  return agoMs >= -aheadMs && agoMs < freshMs;
};

export const isSeenToBeNoted = ({ lastSeenAt }: Pick<Session, 'lastSeenAt'>, now: Date): boolean =>
  now.getTime() - lastSeenAt.getTime() >= noteEveryMs;

/** What a role of the identity provider is good for. */
export type RoleScopes = ReadonlyMap<string, readonly ApiScope[]>;

export const scopesOf = (roles: readonly string[], mapping: RoleScopes): readonly ApiScope[] => {
  const given = new Set(roles.flatMap((role) => mapping.get(role) ?? []));
  return apiScopes.filter((scope) => given.has(scope));
};
