/** The port of our own application at the login of a tenant: where an administrator consents to it, who that was, and whose tenant it is. */

import type { CloudName, Problem } from '../model/connection.ts';

export type SignedIn = {
  /** The tenant of whoever signed in, as the login service says. */
  readonly tenantId: string;
  /** Who it was: their object id there; where the login service does not tell it, what they are called at our application alone. */
  readonly personId: string;
  /** Whether they may consent for the tenant; null when the login service does not tell. */
  readonly isAdministrator: boolean | null;
};

export interface OurApp {
  readonly clientId: string;
  readonly cloud: CloudName;
  /** Where an administrator consents: of this tenant, or of whichever they are. */
  consentUrl(of: { readonly tenant: string | null; readonly state: string }): string;
  /** Where they then show who they are. `challenge`: the SHA-256 of the verifier (RFC 7636). */
  signInUrl(of: {
    readonly tenant: string;
    readonly state: string;
    readonly nonce: string;
    readonly challenge: string;
  }): string;
  /** Exchanges what they came back with. Throws `SourceError`. */
  signedIn(
    given: { readonly tenant: string; readonly code: string; readonly verifier: string; readonly nonce: string },
    signal: AbortSignal,
  ): Promise<SignedIn>;
  /**
   * The tenant that a token of ours reads, by the token and by the directory itself; its name, where we may read it. Throws `SourceError`:
   * `forbidden` with the code `AnotherTenant` when they contradict each other, or say nothing.
   */
  prove(tenant: string, signal: AbortSignal): Promise<{ readonly tenantId: string; readonly name: string | null }>;
  /** What an error means that somebody came back with. */
  problemOf(error: string, description: string): Problem;
}
