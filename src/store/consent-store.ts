/** The port of consents under way: what a link is good for that was handed out, and then the sign-in that proves who used it. */

import type { ConnectionId } from '../model/ids.ts';

/** Kept by the SHA-256 of its state; the state itself is kept nowhere. */
export type Consent = {
  readonly digest: string;
  readonly connection: ConnectionId;
  readonly expiresAt: Date;
  /** Where the person is sent in the end; null: they get a page. */
  readonly returnUrl: string | null;
  /** The operator says that it may be a tenant which is read for another organization, too. */
  readonly sharedTenant: boolean;
  readonly step: ConsentStep;
};

/**
 * `consent`: an administrator is asked for it. `sign_in`: somebody came back and named a tenant; now they prove that it is theirs, in the browser whose
 * verifier has this challenge. `confirm`: they did, and are asked in that browser whether it is to be read for the organization. `by`: who they are;
 * `question`: the SHA-256 of what they are asked.
 */
export type ConsentStep =
  | { readonly kind: 'consent' }
  | { readonly kind: 'sign_in'; readonly tenant: string; readonly challenge: string }
  | ConfirmStep;
export type ConfirmStep = {
  readonly kind: 'confirm';
  readonly tenant: string;
  readonly challenge: string;
  readonly by: string;
  readonly question: string;
};

export interface ConsentStore {
  /** Keeps it in place of whatever was open for its connection. */
  open(consent: Consent): Promise<void>;
  /** Gives it to the first who asks, and to nobody after that; null when it is unknown, was taken, replaced, or is over. */
  take(digest: string): Promise<Consent | null>;
  /** Those that are over by then go. */
  prune(at: Date): Promise<void>;
}
