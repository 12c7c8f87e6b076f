/** What we asked Microsoft Graph to tell us of: a hint that something changed, never what. */

import type { Problem } from './connection.ts';
import type { ConnectionId } from './ids.ts';

/** Where Graph says it, below the public URL. */
export const notificationPath = '/notifications/graph';

export const watchedResources = ['users', 'groups'] as const;
export type WatchedResource = (typeof watchedResources)[number];

export type Subscription = {
  readonly connection: ConnectionId;
  readonly resource: WatchedResource;
  /** False: it is to be ended, and forgotten. */
  readonly wanted: boolean;
  /** What Graph has of it; null: nothing yet, or not any more. `digest`: SHA-256 of the client state, which is kept nowhere. */
  readonly held: { readonly id: string; readonly digest: string; readonly expiresAt: Date } | null;
  /** Why it could not be made or renewed. */
  readonly problem: Problem | null;
  /** How many attempts failed in a row. */
  readonly failures: number;
  /** When it is looked at again. */
  readonly tendAt: Date;
};
