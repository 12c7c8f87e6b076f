/** Credentials of connections as the API takes and shows them: taken and never shown, but for what they are and when they end. */

import { z } from 'zod';
import { credentialIn, endOf } from '../../../core/credential-life.ts';
import {
  type Connection,
  type Credential,
  type CredentialPlace,
  type Credentials,
  credentialStages,
} from '../../../model/connection.ts';
import { type Secret, secret } from '../../../model/secret.ts';
import type { GivenCredential } from '../../given-credentials.ts';
import { openPfx } from '../../open-pfx.ts';
import { PfxRefused } from '../../pfx.ts';
import { invalid } from '../../refused.ts';
import { guid, time, timeOrNull } from './common.ts';

const secretText = z
  .string()
  .min(1)
  .max(1_000)
  .refine((text) => !guid.safeParse(text).success, 'looks like the id of a secret; the value next to it is needed')
  .meta({ writeOnly: true });

const certificateText = z.union(
  [z.string().min(1).max(20_000), z.strictObject({ pfx: z.base64().max(40_000), password: z.string().max(1_000) })],
  'must be PEM, or an object with pfx and password',
);

/** What proves an application; of the second credential as of the first. */
export const proofFields = {
  client_secret: secretText.optional().meta({ description: 'Write-only: no answer ever holds it.', writeOnly: true }),
  client_secret_ends_at: z
    .union([z.iso.datetime({ offset: true }), z.iso.date()], 'must be a date or a time')
    .optional()
    .meta({ description: 'When the secret ends, as Entra showed it: it is told from 60 days before.' }),
  certificate: certificateText.optional().meta({
    description:
      'In place of a secret, write-only: the certificate and its unencrypted private key in PEM, or a PFX file in base64 with its password.',
    writeOnly: true,
  }),
  workload_identity: z.literal(true).optional().meta({
    description:
      'In place of a secret: the application has a federated credential for the workload that this server runs as.',
  }),
};

type CredentialField = 'client_id' | keyof typeof proofFields;
const credentialFields = [
  'client_id',
  'client_secret',
  'client_secret_ends_at',
  'certificate',
  'workload_identity',
] as const satisfies readonly CredentialField[];

/** Whether it says who we are to a tenant, and by what proof. */
export const givesCredentials = (body: Readonly<Partial<Record<CredentialField, unknown>>>): boolean =>
  credentialFields.some((field) => body[field] !== undefined);

export const secondCredentialSchema = z.strictObject(proofFields).meta({ id: 'SecondCredential' });

/** From here on they are hidden. A PFX file is opened, or refused as a field that cannot be accepted. */
export const credentialFieldsOf = async (
  body: Partial<z.output<z.ZodObject<typeof proofFields>>>,
): Promise<GivenCredential> => ({
  clientSecret: body.client_secret === undefined ? undefined : secret(body.client_secret),
  clientSecretEndsAt: body.client_secret_ends_at === undefined ? undefined : new Date(body.client_secret_ends_at),
  certificate: body.certificate === undefined ? undefined : await pemOf(body.certificate),
  workloadIdentity: body.workload_identity,
});

const pemOf = async (given: z.output<typeof certificateText>): Promise<Secret> => {
  if (typeof given === 'string') return secret(given);
  try {
    return await openPfx({ file: Buffer.from(given.pfx, 'base64'), password: secret(given.password) });
  } catch (error) {
    if (!(error instanceof PfxRefused)) throw error;
    throw invalid({ pointer: '/certificate/pfx', detail: error.message });
  }
};

const credentialSchema = z.strictObject({
  kind: z.enum(['client_secret', 'certificate', 'workload_identity', 'admin_consent']),
  ends_at: time.nullable().meta({
    description:
      'When secret or certificate ends: as the tenant says, where we may read it, or as it was given; null when it does not, or nobody said.',
  }),
  days_left: z.int().nullable().meta({ description: 'Whole days until then; 0 from the last day on.' }),
  stage: z.enum(credentialStages).nullable().meta({
    description: 'How near the end is: at most so many days are left. Null while it is further away, or not known.',
  }),
  thumbprint: z
    .string()
    .nullable()
    .meta({ description: 'Of the certificate: SHA-1 in hexadecimal, as Entra shows it.' }),
  in_use: z.boolean().meta({ description: 'Whether it is the one that the login service took last.' }),
});
export const credentialsSchema = credentialSchema
  .extend({
    second: credentialSchema
      .nullable()
      .meta({ description: 'Another one of the same application, which is used once the first is refused.' }),
  })
  .meta({ id: 'Credentials' });

export const credentialsView = (connection: Connection, now: Date): z.input<typeof credentialsSchema> | null => {
  const { credentials } = connection;
  if (credentials === null) return null;
  const second = credentialIn(connection, 'second');
  return {
    ...credentialView(connection, credentials, 'first', now),
    second: second && credentialView(connection, second, 'second', now),
  };
};

const credentialView = (
  connection: Connection,
  credential: Credential | Credentials,
  place: CredentialPlace,
  now: Date,
): z.input<typeof credentialSchema> => {
  const end = endOf(connection, place, now);
  return {
    kind: credential.kind,
    ends_at: timeOrNull(end?.endsAt ?? null),
    days_left: end?.daysLeft ?? null,
    stage: end?.stage ?? null,
    thumbprint: credential.kind === 'certificate' ? credential.thumbprint : null,
    in_use: connection.credentialUse.inUse === place,
  };
};
