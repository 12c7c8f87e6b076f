/** Credentials of an app registration as a person gives them: one of secret, certificate, or none at all. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Connection, Credentials } from '../model/connection.ts';
import type { Secrets } from '../store/connection-store.ts';
import type { Issue } from './refused.ts';
import type { Room } from './room.ts';

export type GivenCredentials = {
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly clientSecretEndsAt?: Date | undefined;
  /** PEM: the certificate and its private key. */
  readonly certificate?: string | undefined;
  /** The application trusts the workload that we run as. */
  readonly workloadIdentity?: true | undefined;
};

/** What the record says once this is given; whatever is not understood leaves it as it is, and is an issue. */
export const credentialsOf = (given: GivenCredentials, before: Credentials | null): Credentials | null => {
  const clientId = given.clientId ?? (before === null || before.kind === 'admin_consent' ? null : before.clientId);
  if (clientId === null) return before;
  const endsAt = given.clientSecretEndsAt;
  if (given.certificate !== undefined) {
    const read = certificateIn(given.certificate);
    return read === null ? before : { kind: 'certificate', clientId, ...read };
  }
  if (given.workloadIdentity === true) return { kind: 'workload_identity', clientId };
  const ofSecret = endsAt !== undefined && before?.kind === 'client_secret';
  if (given.clientSecret !== undefined || given.clientId !== undefined || ofSecret)
    return { kind: 'client_secret', clientId, ...(endsAt === undefined ? {} : { endsAt }) };
  return before;
};

export const secretsOf = (given: GivenCredentials): Secrets => ({
  ...(given.clientSecret === undefined ? {} : { clientSecret: given.clientSecret }),
  ...(given.certificate === undefined ? {} : { certificate: given.certificate }),
});

export const areGiven = (given: GivenCredentials): boolean =>
  given.clientId !== undefined || proofsIn(given).length > 0;

export const credentialIssues = (
  { credentials }: Connection,
  given: GivenCredentials,
  { config, world }: Room,
): readonly Issue[] => {
  const issues: Issue[] = [];
  const proofs = proofsIn(given);
  const [, second] = proofs;
  const isRegistered = credentials !== null && credentials.kind !== 'admin_consent';
  if (second !== undefined)
    issues.push({ pointer: second, detail: `cannot be given together with ${proofs[0]?.slice(1)}` });
  if (given.clientId !== undefined && proofs.length === 0)
    issues.push({
      pointer: '/client_secret',
      detail: 'must be given together with client_id, or a certificate or workload_identity',
    });
  if (proofs.length > 0 && given.clientId === undefined && !isRegistered)
    issues.push({ pointer: '/client_id', detail: `must be given together with ${proofs[0]?.slice(1)}` });
  if (
    given.clientSecretEndsAt !== undefined &&
    given.clientSecret === undefined &&
    (given.clientId !== undefined || credentials?.kind !== 'client_secret')
  )
    issues.push({ pointer: '/client_secret_ends_at', detail: 'is of a client secret' });
  if (given.certificate !== undefined) issues.push(...certificateIssues(given.certificate, world.now()));
  if (given.workloadIdentity === true && config.workload === null)
    issues.push({ pointer: '/workload_identity', detail: 'no identity of a workload is configured on this server' });
  return issues;
};

const proofsIn = ({ clientSecret, certificate, workloadIdentity }: GivenCredentials): readonly string[] => [
  ...(clientSecret === undefined ? [] : ['/client_secret']),
  ...(certificate === undefined ? [] : ['/certificate']),
  ...(workloadIdentity === undefined ? [] : ['/workload_identity']),
];

const certificateIssues = (pem: string, now: Date): readonly Issue[] => {
  const read = certificateIn(pem);
  const pointer = '/certificate';
  if (read === null)
    return [{ pointer, detail: 'must be PEM: a certificate, and the unencrypted RSA private key that belongs to it' }];
  return read.endsAt <= now ? [{ pointer, detail: `ended on ${read.endsAt.toISOString().slice(0, 10)}` }] : [];
};

/** Null unless the text holds a certificate with its key. */
const certificateIn = (pem: string): { readonly thumbprint: string; readonly endsAt: Date } | null => {
  try {
    const certificate = new X509Certificate(pem);
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== 'rsa' || !certificate.checkPrivateKey(key)) return null;
    return { thumbprint: certificate.fingerprint.replaceAll(':', ''), endsAt: new Date(certificate.validTo) };
  } catch {
    return null;
  }
};
