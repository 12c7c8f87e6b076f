/** Decides what a caller may do, and whose things they see. */

import type { Access, ApiKeyRecord, ApiScope } from '../model/api-key.ts';
import type { OrganizationId } from '../model/ids.ts';

export const mayDo = ({ scopes }: Pick<Access, 'scopes'>, needed: ApiScope): boolean =>
  scopes.includes('admin') || scopes.includes(needed) || (needed === 'read' && scopes.length > 0);

export const reaches = ({ organizations }: Pick<Access, 'organizations'>, organization: OrganizationId): boolean =>
  organizations === null || organizations.includes(organization);

/** The operator's own keys are not. */
export const isLimited = ({ organizations }: Pick<Access, 'organizations'>): boolean => organizations !== null;

export const isLive = ({ expiresAt, revokedAt }: Pick<ApiKeyRecord, 'expiresAt' | 'revokedAt'>, now: Date): boolean =>
  revokedAt === null && expiresAt > now;

/** How exactly the last use of a key is noted: a write for each call would cost more than most calls. */
const noteEveryMs = 60_000;

export const isToBeNoted = ({ lastUsedAt }: Pick<ApiKeyRecord, 'lastUsedAt'>, now: Date): boolean =>
  lastUsedAt === null || now.getTime() - lastUsedAt.getTime() >= noteEveryMs;
