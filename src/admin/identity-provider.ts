/** The port of the identity provider that people sign in at. */

import type { RoleScopes } from '../core/sessions.ts';
import type { Person } from '../model/session.ts';

/** What ties a sign-in to the browser that was sent to it. `challenge` is of the verifier (RFC 7636). */
export type SignInAsk = {
  readonly state: string;
  readonly nonce: string;
  readonly challenge: string;
  /** They have to show who they are anew, whether or not they are signed in at the provider. */
  readonly fresh: boolean;
};
export type SignInProof = { readonly state: string; readonly nonce: string; readonly verifier: string };

export type SignedInPerson = { readonly person: Person; readonly authenticatedAt: Date };

export interface IdentityProvider {
  /** What its roles are good for here. */
  readonly roleScopes: RoleScopes;
  /** Where a browser is sent. Throws `SignInFailed` when the provider cannot be reached. */
  signInUrl(ask: SignInAsk): Promise<string>;
  /** `query`: what they came back with. Throws `SignInFailed`. */
  signedIn(query: URLSearchParams, proof: SignInProof): Promise<SignedInPerson>;
}

export class SignInFailed extends Error {
  override readonly name = 'SignInFailed';
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
