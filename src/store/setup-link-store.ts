/** The port of setup links: where the customer's IT sets a connection up without an account. A connection has at most one. */

import type { ConnectionId } from '../model/ids.ts';

/** Our record of one link. What stands in the address is kept nowhere. */
export type SetupLink = {
  /** Names it in the audit log. */
  readonly id: string;
  readonly connection: ConnectionId;
  /** Who it was made for, in the words of whoever made it. */
  readonly givenTo: string;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly expiresAt: Date;
  /** When something was last sent by it; null: never. */
  readonly lastUsedAt: Date | null;
};

/** With what proves that it is as we wrote it. */
export type KeptLink = { readonly link: SetupLink; readonly proof: string };

/** How often something may be sent by one link. */
export type Tries = { readonly most: number; readonly withinMs: number };

export interface SetupLinkStore {
  /** Keeps it in place of the one that its connection has. Links that are over go. */
  open(link: SetupLink, proof: string): Promise<void>;
  /** Also one that is over. */
  find(connection: ConnectionId): Promise<KeptLink | null>;
  /** What proves each of those that are not over. */
  proofs(): AsyncIterable<string>;
  /** Ends it at once. Null: there was none. */
  close(connection: ConnectionId): Promise<SetupLink | null>;
  /** Counts a try by this very link. False: there were as many already, or it is not there any more. */
  attempt(link: Pick<SetupLink, 'connection' | 'id'>, tries: Tries): Promise<boolean>;
  /** Those that were over by then go. */
  prune(at: Date): Promise<void>;
}
