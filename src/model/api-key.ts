/** Who may call the API, and what they may do there. */

import type { Actor } from './audit.ts';
import type { ApiKeyId, OrganizationId } from './ids.ts';
import type { Maker } from './plan.ts';

/**
 * What a key may be good for. `read`: look at everything, people included. `sync`: ask for runs, which write only what the rules and limits in force
 * allow. `configure`: connections and targets. `approve`: decide on what waits for a person. `audit`: read who did what. `admin`: all of it, and what
 * concerns the installation.
 */
export const apiScopes = ['read', 'sync', 'configure', 'approve', 'audit', 'admin'] as const;
export type ApiScope = (typeof apiScopes)[number];

export type Access = {
  /** Each of them but `audit` includes `read`. */
  readonly scopes: readonly ApiScope[];
  /** The only organizations it reaches; null: all of them. */
  readonly organizations: readonly OrganizationId[] | null;
};

/** Whoever calls. Decisions and the log go by the name; the id tells them apart, also where two have one name. */
export type Caller = Access & {
  readonly id: string;
  readonly name: string;
  readonly actor: Actor;
  /** Of a key: who made it, and who made that one, as far as it is known. */
  readonly makers: readonly Maker[];
  /** Null for a key, which proves with each call who it is. */
  readonly session: CallerSession | null;
};
export type CallerSession = {
  readonly id: string;
  /** What the session itself is kept by; it ends with it. */
  readonly digest: string;
  /** A change has to bring it. */
  readonly csrfToken: string;
  /** Whether they showed just now who they are. */
  readonly isFresh: boolean;
  readonly endsAt: Date;
};

/** Our record of one key. The key itself is kept nowhere. */
export type ApiKeyRecord = Access & {
  readonly id: ApiKeyId;
  readonly name: string;
  readonly createdAt: Date;
  /** The name of the key that made it. */
  readonly createdBy: string;
  /** The same, and who made that one, by their ids, the nearest first. Of keys from before that was kept, nobody. */
  readonly makers: readonly Maker[];
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  /** To the minute; null: never. */
  readonly lastUsedAt: Date | null;
};
