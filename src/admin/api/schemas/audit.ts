/** The audit log as the API shows it, and what of a record goes into it: always a rendering that callers get, less what is of persons or passes by itself. */

import { z } from 'zod';
import { approvalsIn } from '../../../core/approvals.ts';
import type { ApiKeyRecord } from '../../../model/api-key.ts';
import { actorKinds, stepKinds } from '../../../model/audit.ts';
import type { Connection } from '../../../model/connection.ts';
import type { Plan } from '../../../model/plan.ts';
import type { Scope } from '../../../model/scope.ts';
import type { Json, JsonObject, TargetRecord } from '../../../model/target-record.ts';
import type { Webhook } from '../../../model/webhook.ts';
import type { KeptEntry } from '../../../store/audit-log.ts';
import { apiKeyView } from './api-key.ts';
import { time } from './common.ts';
import { connectionView } from './connection.ts';
import type { credentialsSchema } from './credentials.ts';
import { scopeView } from './scope.ts';
import { setView } from './target.ts';
import { webhookView, withheldUrl } from './webhook.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const stepText = z.enum(stepKinds).meta({
  description:
    '`asked`: written before anything is done. `done`, `refused`, `failed`: what came of it; `asked_in` is the entry in which it was asked for.',
});

export const auditEntrySchema = z
  .strictObject({
    seq: z.int().meta({ description: 'Counts from 1, without a gap.' }),
    at: time,
    actor: z.strictObject({
      kind: z.enum(actorKinds),
      id: z.string().meta({
        description:
          'Names them for good. Of a `consent_link`: the tenant and the object id of who signed in, `<tenant>/<object id>`; of who did not, the connection.',
      }),
      name: z.string().meta({ description: 'What they were called then.' }),
    }),
    organization_id: z.string().nullable(),
    action: z.string().meta({ description: 'The operation id of the call.' }),
    subjects: z.record(z.string(), z.string()).meta({ description: 'The ids of what it is about.' }),
    trace_id: z.string().nullable(),
    step: stepText,
    asked_in: z.int().nullable(),
    given: z
      .array(z.string())
      .nullable()
      .meta({ description: 'Of `asked`: the names of the fields that were given. Never their values.' }),
    code: z.string().nullable().meta({ description: 'Of `refused`: why.' }),
    differences: z
      .array(z.strictObject({ pointer: z.string(), before: z.unknown(), after: z.unknown() }))
      .nullable()
      .meta({ description: 'Of `done`: what of the record became another, as the API shows it.' }),
    previous: hash.meta({ description: 'The hash of the entry before.' }),
    hash: hash.meta({ description: 'SHA-256 of all the other fields in canonical JSON (RFC 8785).' }),
  })
  .meta({ id: 'AuditEntry' });

export const auditEntryView = ({ text, hash }: KeptEntry): z.input<typeof auditEntrySchema> =>
  auditEntrySchema.parse({ ...JSON.parse(text), hash });

export const auditedConnection = (connection: Connection): JsonObject => {
  const {
    health: _,
    quarantine: __,
    oauth2_authorize_url: ___,
    tenant_read_twice: ____,
    credentials,
    ...shown
  } = connectionView(connection, connection.updatedAt);
  return settled({
    ...shown,
    credentials: credentials && { ...lasting(credentials), second: credentials.second && lasting(credentials.second) },
  });
};

/** How near the end of a credential is, and which was taken last, changes by itself. */
const lasting = ({ kind, ends_at, thumbprint }: Pick<Shown, 'kind' | 'ends_at' | 'thumbprint'>) => ({
  kind,
  ends_at,
  thumbprint,
});
type Shown = z.input<typeof credentialsSchema>;

export const auditedScope = (scope: Scope): Json => json.parse(scopeView(scope));

/** Who is protected is named there, so only how many they are is told. */
export const auditedTarget = (target: TargetRecord): JsonObject => {
  const {
    problem: _,
    quarantine: __,
    protected: { ids, attributes, ...ofProtected },
    ...shown
  } = setView(target);
  const counts = { ids: ids?.length ?? 0, attributes: attributes?.length ?? 0 };
  return settled({ ...shown, protected: { ...ofProtected, ...counts } });
};

export const auditedApiKey = (record: ApiKeyRecord): JsonObject => {
  const { last_used_at: _, ...shown } = apiKeyView(record);
  return settled(shown);
};

/** This log cannot be edited, so what the receiver knows us by is not in it. */
export const auditedWebhook = (webhook: Webhook): JsonObject => {
  const { problem: _, ...shown } = webhookView(webhook);
  return settled({ ...shown, url: withheldUrl(webhook.url) });
};

/** Which plan exactly, and what was decided. */
export const auditedPlan = ({ hash, standing }: Plan): JsonObject => ({
  hash,
  state: standing.state,
  approvals: approvalsIn(standing).length,
});

const json = z.json();
const jsonObject = z.record(z.string(), json);

/** As it would be sent, less what changes with every edit. */
const settled = (shown: object): JsonObject => {
  const { updated_at: _, ...rest } = jsonObject.parse(JSON.parse(JSON.stringify(shown)));
  return rest;
};
