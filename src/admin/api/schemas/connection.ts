/** Connections as the API takes and shows them. */

import { z } from 'zod';
import { type Health, healthOf, healthStatuses, type Recovering } from '../../../core/health.ts';
import { type Connection, defaultIntervals } from '../../../model/connection.ts';
import type { ConnectionDetail, ConnectionFields } from '../../connections.ts';
import type { ConsentLink, NoLink } from '../../consents.ts';
import {
  connectionIdText,
  guid,
  limitSchema,
  nameText,
  organizationIdText,
  plainText,
  quarantineSchema,
  quarantineView,
  time,
  timeOf,
  timeOrNull,
} from './common.ts';
import { credentialFieldsOf, credentialsSchema, credentialsView, proofFields } from './credentials.ts';
import { scopeOf, scopeSchema, scopeView } from './scope.ts';

const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const tenantIdText = z
  .string()
  .max(253)
  .regex(
    new RegExp(`^(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|${label}(?:\\.${label})+)$`),
    'must be the directory id (a GUID) or a verified domain of the tenant',
  );
const attributeNames = z
  .array(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,99}$/, 'must be the name of an attribute'))
  .min(1)
  .max(100);

const seconds = (least: number, most: number, usual: number, what: string) =>
  z
    .int()
    .min(least)
    .max(most)
    .optional()
    .meta({ description: `${what} ${usual} when left out at creation.` });

const returnUrl = z.string().max(2_000).optional().meta({
  description:
    'Where the administrator is sent in the end: one of ENTRAIN_RETURN_URLS, with any query. `result`, `connection_id` and `code` are added.',
});

const fields = {
  description: plainText(1_000).nullable().optional().meta({ description: 'For people; null takes it away.' }),
  tenant_id: tenantIdText.optional(),
  cloud: z.enum(['global', 'us_gov', 'us_gov_dod', 'china', 'custom']).optional(),
  client_id: guid.optional(),
  ...proofFields,
  scope: scopeSchema.optional(),
  attributes: z.strictObject({ user: attributeNames.optional(), group: attributeNames.optional() }).optional().meta({
    description:
      'The source attributes that may be read; when left out, what the default mapping needs. Once there is a target, what is read of them is what the mappings and matchings of the targets go by, and what people are known by (`accountEnabled`, `displayName`, `userPrincipalName`, `mail`, `employeeId`). What a target goes by cannot be taken out.',
  }),
  refresh_interval_secs: seconds(60, 604_800, defaultIntervals.refreshIntervalSecs, 'Seconds between delta syncs.'),
  full_sync_interval_secs: seconds(
    3_600,
    2_592_000,
    defaultIntervals.fullSyncIntervalSecs,
    'Seconds between full syncs.',
  ),
  timeout_secs: seconds(60, 86_400, defaultIntervals.timeoutSecs, 'Seconds after which a run is ended.'),
  shrink_limit: limitSchema.optional().meta({
    description:
      'How many of the known users, and of the known groups, a full sync may find missing before it is held, and how many of those who have a value of an attribute may lose it in one sync: the smaller of a count and a percentage, but never less than the floor.',
  }),
};

export const newConnectionSchema = z
  .strictObject({
    vendor: z.literal('MS_ENTRA'),
    organization_id: organizationIdText,
    name: nameText.optional().meta({ description: 'Cannot be changed later; tenant or organization when left out.' }),
    ...fields,
    return_url: returnUrl,
  })
  .meta({ id: 'NewConnection' });
/** What a check needs to know of a connection that is not added yet. */
export const connectionDraftSchema = z
  .strictObject({
    vendor: z.literal('MS_ENTRA'),
    tenant_id: tenantIdText,
    cloud: fields.cloud,
    client_id: guid,
    ...proofFields,
    scope: fields.scope,
    attributes: fields.attributes,
  })
  .meta({ id: 'ConnectionDraft' });
export const connectionChangesSchema = z
  .strictObject({
    ...fields,
    state: z.enum(['active', 'paused']).optional().meta({
      description:
        '`paused`: nothing is read of the tenant but by a check that somebody asks for, and nothing written to its targets but an undo; runs wait. `active` lets go of a connection that is paused or held back.',
    }),
  })
  .meta({ id: 'ConnectionChanges' });

export const fieldsOf = async (body: Partial<z.output<z.ZodObject<typeof fields>>>): Promise<ConnectionFields> => ({
  description: body.description,
  tenantId: body.tenant_id,
  cloud: body.cloud,
  clientId: body.client_id,
  ...(await credentialFieldsOf(body)),
  scope: body.scope === undefined ? undefined : scopeOf(body.scope),
  attributes: body.attributes,
  refreshIntervalSecs: body.refresh_interval_secs,
  fullSyncIntervalSecs: body.full_sync_interval_secs,
  timeoutSecs: body.timeout_secs,
  shrinkLimit: body.shrink_limit,
});

const healthSchema = z
  .strictObject({
    status: z.enum(healthStatuses).meta({
      description:
        '`healthy`: the tenant was read, and nothing is known against it since. `waiting`: nobody was read yet. `degraded`: it goes on, and somebody should act. `blocked`: nothing is read until somebody did. `paused`: by a person, or for good.',
    }),
    code: z.string().nullable(),
    description: z.string(),
    resolution_owner: z.string().nullable().meta({ description: 'Who can mend it.' }),
  })
  .meta({ id: 'Health' });

export const connectionSchema = z
  .strictObject({
    id: connectionIdText,
    vendor: z.literal('MS_ENTRA'),
    organization_id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    state: z.enum(['pending', 'active', 'paused', 'quarantined', 'deleting']),
    health: healthSchema,
    quarantine: quarantineSchema.nullable(),
    tenant_id: z.string().nullable(),
    tenant_read_twice: z.boolean().meta({
      description:
        'Whether a connection of another organization reads the tenant, too, when that was looked at last: before the first read, and by each check.',
    }),
    cloud: z.enum(['global', 'us_gov', 'us_gov_dod', 'china', 'custom']),
    client_id: z.string().nullable(),
    credentials: credentialsSchema.nullable(),
    scope: scopeSchema,
    attributes: z.strictObject({ user: z.array(z.string()), group: z.array(z.string()) }),
    refresh_interval_secs: z.int(),
    full_sync_interval_secs: z.int(),
    timeout_secs: z.int(),
    shrink_limit: limitSchema,
    oauth2_authorize_url: z.string().nullable().meta({
      description:
        'Where an administrator of the tenant gives consent. Only in the answer that made it; null elsewhere. Where a connection without credentials comes without it, `health` says why.',
    }),
    created_at: time,
    updated_at: time,
    revision: z.int().meta({ description: 'Counts the edits; also the ETag.' }),
  })
  .meta({ id: 'Connection' });
export const consentLinkRequestSchema = z
  .strictObject({
    return_url: returnUrl,
    shared_tenant: z.literal(true).optional().meta({
      description:
        'The tenant may be one that is read for another organization, too. Takes a key that is not limited to organizations.',
    }),
  })
  .meta({ id: 'ConsentLinkRequest' });
export const consentLinkSchema = z
  .strictObject({ oauth2_authorize_url: z.string(), expires_at: time })
  .meta({ id: 'ConsentLink' });
export const connectionDetailSchema = connectionSchema
  .extend({
    recovery: z
      .strictObject({ since: time, waits_for: z.enum(['full_sync', 'plans']) })
      .nullable()
      .meta({
        description: 'What is still to be done since the database was put back from a backup; null when nothing is.',
      }),
    snapshot: z.strictObject({
      version: z.int(),
      users: z.int(),
      groups: z.int(),
      committed_at: time.nullable(),
      full_sync_at: time.nullable(),
    }),
  })
  .meta({ id: 'ConnectionDetail' });
export const editedConnectionSchema = connectionSchema
  .extend({
    next_sync: z.enum(['full', 'delta']).meta({
      description: '`full` after an edit of scope or attributes: the snapshot of another scope cannot be continued.',
    }),
  })
  .meta({ id: 'EditedConnection' });

/** `now`: what the days that are left are counted from. `recovering`: where somebody looked. */
export const connectionView = (
  connection: Connection,
  now: Date,
  recovering: Recovering = null,
): z.input<typeof connectionSchema> => ({
  id: connection.id,
  vendor: connection.vendor,
  organization_id: connection.organization,
  name: connection.name,
  description: connection.description,
  state: connection.state,
  health: healthView(healthOf(connection, recovering, now)),
  quarantine: quarantineView(connection),
  tenant_id: connection.tenantId,
  tenant_read_twice: connection.credentialUse.readTwice ?? false,
  cloud: connection.cloud,
  client_id: connection.credentials?.clientId ?? null,
  credentials: credentialsView(connection, now),
  scope: scopeView(connection.scope),
  attributes: { user: [...connection.attributes.user], group: [...connection.attributes.group] },
  refresh_interval_secs: connection.refreshIntervalSecs,
  full_sync_interval_secs: connection.fullSyncIntervalSecs,
  timeout_secs: connection.timeoutSecs,
  shrink_limit: connection.shrinkLimit,
  oauth2_authorize_url: null,
  created_at: timeOf(connection.createdAt),
  updated_at: timeOf(connection.updatedAt),
  revision: connection.revision,
});

export const connectionDetailView = (
  { connection, head, recovery }: ConnectionDetail,
  now: Date,
): z.input<typeof connectionDetailSchema> => ({
  ...connectionView(connection, now, recovery),
  recovery: recovery && { since: timeOf(recovery.since), waits_for: recovery.waitsFor },
  snapshot: {
    version: head.version,
    users: head.counts.user,
    groups: head.counts.group,
    committed_at: timeOrNull(head.committedAt),
    full_sync_at: timeOrNull(head.fullAt),
  },
});

/** What a connection without credentials comes with. */
export const linkView = (link: ConsentLink | NoLink, health: z.input<typeof healthSchema>) =>
  'url' in link
    ? { oauth2_authorize_url: link.url }
    : { health: { ...health, description: `It has no credentials yet, and no link to connect it by. ${link.whyNot}` } };

const healthView = ({ owner, ...said }: Health): z.input<typeof healthSchema> => ({ ...said, resolution_owner: owner });
