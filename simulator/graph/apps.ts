/** App registrations: who may ask for tokens of a tenant, with what proof, and what they were granted. */

import { X509Certificate } from 'node:crypto';

export type Secret = { readonly value: string; readonly endsMs: number };

/** A federated credential; the keys of the issuer are given instead of fetched. */
export type Federated = {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly publicPem: string;
};

export type App = {
  readonly clientId: string;
  readonly name: string;
  readonly tenantId: string;
  secrets: Secret[];
  /** PEM. */
  certificates: string[];
  /** Workloads whose tokens prove the application. */
  federated: Federated[];
  /** Granted application permissions; they show in tokens issued from then on. */
  roles: string[];
  /** `missing`: the service principal is not in the tenant, as before consent or after its removal. */
  state: 'active' | 'disabled' | 'missing';
  /** Consent that was just given is not known everywhere at once: until then the token endpoint does not find the service principal. */
  visibleFromMs: number;
  /** Where the login may send people back to; null: anywhere. */
  readonly redirectUris: readonly string[] | null;
};

export type AppSpec = {
  readonly clientId?: string;
  readonly name?: string;
  readonly secret?: string;
  readonly secretEndsMs?: number;
  readonly certificates?: readonly string[];
  readonly federated?: readonly Federated[];
  readonly roles?: readonly string[];
  readonly state?: App['state'];
  readonly redirectUris?: readonly string[];
};

const YEAR_MS = 365 * 86_400_000;
const defaultRoles = ['User.Read.All', 'GroupMember.Read.All', 'Organization.Read.All'];

export function makeApp(spec: AppSpec, tenantId: string, clientId: string, nowMs: number): App {
  return {
    clientId: (spec.clientId ?? clientId).toLowerCase(),
    name: spec.name ?? 'Directory sync',
    tenantId,
    secrets: [
      { value: spec.secret ?? `simulator~${clientId.slice(0, 8)}`, endsMs: spec.secretEndsMs ?? nowMs + YEAR_MS },
    ],
    certificates: [...(spec.certificates ?? [])],
    federated: [...(spec.federated ?? [])],
    roles: [...(spec.roles ?? defaultRoles)],
    state: spec.state ?? 'active',
    visibleFromMs: 0,
    redirectUris: spec.redirectUris ?? null,
  };
}

/** The certificate that a thumbprint of an assertion header names: x5t is SHA-1, x5t#S256 is SHA-256, both base64url. */
export function certificateFor(app: App, header: { x5t?: unknown; 'x5t#S256'?: unknown }): string | null {
  const named = (pem: string): boolean => {
    const certificate = new X509Certificate(pem);
    return (
      thumbprint(certificate.fingerprint) === header.x5t ||
      thumbprint(certificate.fingerprint256) === header['x5t#S256']
    );
  };
  return app.certificates.find(named) ?? null;
}

const thumbprint = (fingerprint: string): string =>
  Buffer.from(fingerprint.replaceAll(':', ''), 'hex').toString('base64url');
