/** What a code stands for that somebody got at a sign-in. */

export type SignIn = {
  readonly tenantId: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly nonce: string | null;
  readonly scopes: readonly string[];
  readonly challenge: string;
  readonly directoryRoles: readonly string[] | null;
  readonly endsMs: number;
};
