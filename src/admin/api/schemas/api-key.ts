/** API keys as the API shows them. */

import { z } from 'zod';
import { type ApiKeyRecord, apiScopes } from '../../../model/api-key.ts';
import { nameText, organizationIdText, time, timeOf, timeOrNull } from './common.ts';

export const apiKeyIdText = z
  .string()
  .regex(/^key_[0-9a-f]{32}$/, 'must be the id of an API key: key_ and 32 hexadecimal digits');

const scopes = z
  .array(z.enum(apiScopes))
  .min(1)
  .max(apiScopes.length)
  .meta({ description: 'What it is good for. Each but `audit` includes `read`; `admin` includes all.' });
const organizations = z
  .array(organizationIdText)
  .min(1)
  .max(1_000)
  .nullable()
  .meta({ description: 'The only organizations it reaches; null: all of them.' });

export const newApiKeySchema = z
  .strictObject({
    name: nameText.meta({ description: 'Who has it. Decisions and the log name it.' }),
    scopes,
    organization_ids: organizations.default(null),
    expires_at: z.iso.datetime().optional().meta({ description: 'A year from now when left out; within five years.' }),
  })
  .refine(({ scopes: given, organization_ids: ids }) => ids === null || !given.includes('admin'), {
    path: ['organization_ids'],
    message: 'must be null for a key with the scope admin, which is about all of them',
  })
  .meta({ id: 'NewApiKey' });

export const apiKeySchema = z
  .strictObject({
    id: apiKeyIdText,
    name: z.string(),
    scopes,
    organization_ids: organizations,
    created_at: time,
    created_by: z.string().meta({ description: 'The name of the key that made it.' }),
    expires_at: time,
    revoked_at: time.nullable(),
    last_used_at: time.nullable().meta({ description: 'To the minute.' }),
  })
  .meta({ id: 'ApiKey' });

export const madeApiKeySchema = apiKeySchema
  .extend({ key: z.string().meta({ description: 'The key itself. It is shown this once, and kept nowhere.' }) })
  .meta({ id: 'MadeApiKey' });

export const apiKeyView = (record: ApiKeyRecord): z.input<typeof apiKeySchema> => ({
  id: record.id,
  name: record.name,
  scopes: [...record.scopes],
  organization_ids: record.organizations && [...record.organizations],
  created_at: timeOf(record.createdAt),
  created_by: record.createdBy,
  expires_at: timeOf(record.expiresAt),
  revoked_at: timeOrNull(record.revokedAt),
  last_used_at: timeOrNull(record.lastUsedAt),
});
