/** Decides what a caller may do, and whose things they see. */

import type { Access, ApiKeyRecord, ApiScope } from '../model/api-key.ts';
import type { OrganizationId } from '../model/ids.ts';

/** What a route takes: a scope, or any at all. */
export type NeededScope = ApiScope | 'any';

/** Who changes something is not to do so blindly, and may look at everything. Who reads what was done need see nobody it was done to. */
export const mayDo = ({ scopes }: Pick<Access, 'scopes'>, needed: NeededScope): boolean => {
  if (needed === 'any') return scopes.length > 0;
  const looks = scopes.some((scope) => scope !== 'audit');
  return scopes.includes('admin') || scopes.includes(needed) || (needed === 'read' && looks);
};

/** No key should be in use for longer without being changed. */
export const latestEndOfKey = (madeAt: Date): Date => {
  const end = new Date(madeAt);
  end.setUTCFullYear(end.getUTCFullYear() + 5);
  return end;
};

export const reaches = ({ organizations }: Pick<Access, 'organizations'>, organization: OrganizationId): boolean =>
  organizations === null || organizations.includes(organization);

/** The operator's own keys are not. */
export const isLimited = ({ organizations }: Pick<Access, 'organizations'>): boolean => organizations !== null;

declare const admitted: unique symbol;
/**
 * Whose things a call sees and writes: those of some organizations, or, where there is no limit, of all. It is made where it is known who calls, or by what
 * they proved themselves; no query is made without it.
 */
export type Reach = Pick<Access, 'organizations'> & { readonly [admitted]: true };
/** The operator's: what belongs to the installation takes it. */
export type FullReach = Reach & { readonly organizations: null };

export const reachOf = ({ organizations }: Pick<Access, 'organizations'>): Reach => ({ organizations }) as Reach;

export const isFull = (reach: Reach): reach is FullReach => !isLimited(reach);

/** The organizations that a list is narrowed to, when these are asked for; without any, it is of all. */
export const narrowedTo = (
  { organizations }: Pick<Access, 'organizations'>,
  asked: OrganizationId | undefined,
): { readonly organizations?: readonly OrganizationId[] } => {
  if (asked !== undefined) return { organizations: reaches({ organizations }, asked) ? [asked] : [] };
  return organizations === null ? {} : { organizations };
};

export const isLive = ({ expiresAt, revokedAt }: Pick<ApiKeyRecord, 'expiresAt' | 'revokedAt'>, now: Date): boolean =>
  revokedAt === null && expiresAt > now;

/** How exactly the last use of a key is noted: a write for each call would cost more than most calls. */
const noteEveryMs = 60_000;

export const isToBeNoted = ({ lastUsedAt }: Pick<ApiKeyRecord, 'lastUsedAt'>, now: Date): boolean =>
  lastUsedAt === null || now.getTime() - lastUsedAt.getTime() >= noteEveryMs;
