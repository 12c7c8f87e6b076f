/** Credentials of an app registration as a person gives them: one of secret, certificate, or none at all. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Connection, Credential, Credentials } from '../model/connection.ts';
import type { Secret } from '../model/secret.ts';
import type { SecretChanges } from '../store/connection-store.ts';
import type { Issue } from './refused.ts';
import type { Around } from './room.ts';

/** One of secret, certificate or neither. */
export type GivenCredential = {
  readonly clientSecret?: Secret | undefined;
  readonly clientSecretEndsAt?: Date | undefined;
  /** PEM: the certificate and its private key. */
  readonly certificate?: Secret | undefined;
  /** The application trusts the workload that we run as. */
  readonly workloadIdentity?: true | undefined;
};
export type GivenCredentials = GivenCredential & { readonly clientId?: string | undefined };

export type Registered = Exclude<Credentials, { kind: 'admin_consent' }>;

/** Those of an application that was registered for the connection. */
export const registeredOf = ({ credentials }: Pick<Connection, 'credentials'>): Registered | null =>
  credentials === null || credentials.kind === 'admin_consent' ? null : credentials;

/** What the record says once this is given; whatever is not understood leaves it as it is, and is an issue. */
export const credentialsOf = (given: GivenCredentials, before: Credentials | null): Credentials | null => {
  const registered = registeredOf({ credentials: before });
  const clientId = given.clientId ?? registered?.clientId ?? null;
  if (clientId === null) return before;
  const endsAt = given.clientSecretEndsAt;
  const ofSecret = endsAt !== undefined && before?.kind === 'client_secret';
  const credential = credentialOf(given) ?? (given.clientId !== undefined || ofSecret ? secretThatEnds(endsAt) : null);
  if (credential === null) return before;
  // A second one of another application is none.
  const isSame = clientId.toLowerCase() === registered?.clientId.toLowerCase();
  const second = isSame ? registered?.second : undefined;
  return { ...credential, clientId, ...(second === undefined ? {} : { second }) };
};

/** Null when nothing of it is given, or it is not understood. */
export const credentialOf = (given: GivenCredential): Credential | null => {
  if (given.certificate !== undefined) {
    const read = certificateIn(given.certificate);
    return read && { kind: 'certificate', ...read };
  }
  if (given.workloadIdentity === true) return { kind: 'workload_identity' };
  return given.clientSecret === undefined ? null : secretThatEnds(given.clientSecretEndsAt);
};

const secretThatEnds = (endsAt: Date | undefined): Credential => ({
  kind: 'client_secret',
  ...(endsAt === undefined ? {} : { endsAt }),
});

/** What its secrets are kept as, of the first and of the second credential; one takes the place of whatever was there. */
export const secretsOf = (given: GivenCredential, place: '' | 'second.' = ''): SecretChanges =>
  proofsIn(given).length === 0
    ? {}
    : {
        [`${place}clientSecret`]: given.clientSecret ?? null,
        [`${place}certificate`]: given.certificate ?? null,
      };

export const areGiven = (given: GivenCredentials): boolean =>
  given.clientId !== undefined || proofsIn(given).length > 0;

export const credentialIssues = (
  { credentials }: Connection,
  given: GivenCredentials,
  room: Pick<Around, 'config' | 'world'>,
): readonly Issue[] => {
  const issues: Issue[] = [];
  const proofs = proofsIn(given);
  const isRegistered = credentials !== null && credentials.kind !== 'admin_consent';
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
  return [...issues, ...proofIssues(given, room)];
};

/** What is wrong with it in itself, whatever it is for. */
export const proofIssues = (
  given: GivenCredential,
  { config, world }: Pick<Around, 'config' | 'world'>,
): readonly Issue[] => {
  const [first, second] = proofsIn(given);
  return [
    ...(second === undefined ? [] : [{ pointer: second, detail: `cannot be given together with ${first?.slice(1)}` }]),
    ...(given.certificate === undefined ? [] : certificateIssues(given.certificate, world.now())),
    ...(given.workloadIdentity === true && config.workload === null
      ? [{ pointer: '/workload_identity', detail: 'no identity of a workload is configured on this server' }]
      : []),
  ];
};

const proofsIn = ({ clientSecret, certificate, workloadIdentity }: GivenCredential): readonly string[] => [
  ...(clientSecret === undefined ? [] : ['/client_secret']),
  ...(certificate === undefined ? [] : ['/certificate']),
  ...(workloadIdentity === undefined ? [] : ['/workload_identity']),
];

const certificateIssues = (pem: Secret, now: Date): readonly Issue[] => {
  const read = certificateIn(pem);
  const pointer = '/certificate';
  if (read === null)
    return [{ pointer, detail: 'must be PEM: a certificate, and the unencrypted RSA private key that belongs to it' }];
  return read.endsAt <= now ? [{ pointer, detail: `ended on ${read.endsAt.toISOString().slice(0, 10)}` }] : [];
};

/** Null unless the text holds a certificate with its key. */
const certificateIn = (given: Secret): { readonly thumbprint: string; readonly endsAt: Date } | null => {
  try {
    const pem = given.reveal();
    const certificate = new X509Certificate(pem);
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== 'rsa' || !certificate.checkPrivateKey(key)) return null;
    return { thumbprint: certificate.fingerprint.replaceAll(':', ''), endsAt: new Date(certificate.validTo) };
  } catch {
    return null;
  }
};
