/** /v1/connections */

import { z } from 'zod';
import { connectionId, organizationId } from '../../../model/ids.ts';
import { assertMaySetGuards, setsGuards } from '../guards.ts';
import { answerPage, pageOf, paging } from '../paging.ts';
import { nothing } from '../request.ts';
import { always, defineRoute, etagOf, type Route } from '../route.ts';
import { auditedConnection } from '../schemas/audit.ts';
import { checkReportSchema, checkReportView, connectionReportSchema, connectionReportView } from '../schemas/check.ts';
import { connectionIdText, organizationIdText, timeOf } from '../schemas/common.ts';
import {
  connectionChangesSchema,
  connectionDetailSchema,
  connectionDetailView,
  connectionDraftSchema,
  connectionSchema,
  connectionView,
  consentLinkRequestSchema,
  consentLinkSchema,
  editedConnectionSchema,
  fieldsOf,
  linkView,
  newConnectionSchema,
} from '../schemas/connection.ts';
import { givesCredentials } from '../schemas/credentials.ts';

const tag = 'Connections';
const path = '/v1/connections/{connection_id}';
const params = z.strictObject({ connection_id: connectionIdText });

/** The credentials that are there open another tenant. */
const leadsElsewhere = ({ tenant_id, cloud }: { readonly tenant_id?: unknown; readonly cloud?: unknown }): boolean =>
  tenant_id !== undefined || cloud !== undefined;

export const connectionRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/v1/connections',
    id: 'addConnection',
    scope: 'configure',
    stepUp: (body) => setsGuards(body) || givesCredentials(body),
    tag,
    summary: 'Adds a connection to a tenant',
    params: nothing,
    query: nothing,
    body: newConnectionSchema,
    answer: { status: 201, description: 'The connection.', schema: connectionSchema },
    refusals: ['key_is_limited', 'tenant_taken', 'too_many_connections'],
    handle: async ({ body, caller, commands }) => {
      assertMaySetGuards(caller, body);
      const given = { ...(await fieldsOf(body)), name: body.name, organization: organizationId(body.organization_id) };
      const { connection, link } = await commands.addConnectionWithLink(given, body.return_url ?? null);
      const shown = connectionView(connection, commands.now());
      return {
        status: 201,
        body: link === null ? shown : { ...shown, ...linkView(link, shown.health) },
        headers: { Location: `/v1/connections/${connection.id}`, ETag: etagOf(connection) },
        audit: { subjects: { connection_id: connection.id }, after: auditedConnection(connection) },
      };
    },
  }),
  // Before the routes with an id in this place.
  defineRoute({
    method: 'post',
    path: '/v1/connections/check',
    id: 'checkNewConnection',
    scope: 'configure',
    of: 'nobody',
    tag,
    summary: 'Proves credentials and permissions by real calls before a connection is added; keeps nothing',
    params: nothing,
    query: nothing,
    body: connectionDraftSchema,
    answer: { status: 200, description: 'What was checked, and what came of it.', schema: checkReportSchema },
    refusals: ['key_is_limited', 'tenant_taken'],
    handle: async ({ body, commands }) => ({
      status: 200,
      body: checkReportView(await commands.checkNewConnection(await fieldsOf(body))),
    }),
  }),
  defineRoute({
    method: 'get',
    path: '/v1/connections',
    id: 'listConnections',
    scope: 'read',
    tag,
    summary: 'Lists connections',
    params: nothing,
    query: z.strictObject({ organization_id: organizationIdText.optional(), ...paging }),
    body: nothing,
    answer: { status: 200, description: 'A page of connections.', schema: pageOf(connectionSchema) },
    refusals: [],
    handle: ({ query, commands }) => {
      const of = query.organization_id;
      const filter = of === undefined ? {} : { organization: organizationId(of) };
      return answerPage(
        `connections ${of ?? ''}`,
        query,
        (after, limit) => commands.listConnections(filter, after, limit),
        (connection) => connectionView(connection, commands.now()),
      );
    },
  }),
  defineRoute({
    method: 'get',
    path,
    id: 'getConnection',
    scope: 'read',
    tag,
    summary: 'Shows a connection, its health and how much is stored of its tenant',
    params,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The connection.', schema: connectionDetailSchema },
    refusals: ['not_found'],
    handle: async ({ params, commands }) => {
      const detail = await commands.getConnection(connectionId(params.connection_id));
      return {
        status: 200,
        body: connectionDetailView(detail, commands.now()),
        headers: { ETag: etagOf(detail.connection) },
      };
    },
  }),
  defineRoute({
    method: 'patch',
    path,
    id: 'editConnection',
    scope: 'configure',
    stepUp: (body) => setsGuards(body) || givesCredentials(body) || leadsElsewhere(body),
    tag,
    summary: 'Edits a connection; with If-Match, only when nobody edited it meanwhile',
    params,
    query: nothing,
    body: connectionChangesSchema,
    ifMatch: 'revision',
    answer: { status: 200, description: 'The connection as it is now.', schema: editedConnectionSchema },
    refusals: [
      'not_found',
      'connection_deleting',
      'credentials_missing',
      'tenant_fixed',
      'tenant_taken',
      'key_is_limited',
      'attribute_not_read',
      'stale_revision',
    ],
    handle: async ({ params, body, revision, caller, commands }) => {
      assertMaySetGuards(caller, body);
      const id = connectionId(params.connection_id);
      const changes = { ...(await fieldsOf(body)), state: body.state };
      const { before, connection, nextSync } = await commands.editConnection(id, changes, revision);
      return {
        status: 200,
        body: { ...connectionView(connection, commands.now()), next_sync: nextSync },
        headers: { ETag: etagOf(connection) },
        audit: { before: auditedConnection(before), after: auditedConnection(connection) },
      };
    },
  }),
  defineRoute({
    method: 'delete',
    path,
    id: 'removeConnection',
    scope: 'configure',
    stepUp: always,
    tag,
    summary: 'Takes a connection out of service; what is stored is purged afterwards, nothing is done at its targets',
    params,
    query: nothing,
    body: nothing,
    ifMatch: 'revision',
    answer: { status: 202, description: 'The connection, being removed.', schema: connectionSchema },
    refusals: ['not_found', 'stale_revision'],
    handle: async ({ params, revision, commands }) => {
      const id = connectionId(params.connection_id);
      const { before, connection } = await commands.removeConnection(id, revision);
      return {
        status: 202,
        body: connectionView(connection, commands.now()),
        audit: { before: auditedConnection(before) },
      };
    },
  }),
  defineRoute({
    method: 'post',
    path: `${path}/consent-link`,
    id: 'openConsent',
    scope: 'configure',
    stepUp: ({ shared_tenant }) => shared_tenant === true,
    tag,
    summary: 'Makes a link where an administrator of the tenant connects it by consent; the one before is void',
    params,
    query: nothing,
    body: consentLinkRequestSchema,
    answer: { status: 201, description: 'The link. It can be used once.', schema: consentLinkSchema },
    refusals: ['not_found', 'connection_deleting', 'consent_not_configured', 'has_credentials', 'key_is_limited'],
    handle: async ({ params, body, commands }) => {
      const link = await commands.openConsent(connectionId(params.connection_id), {
        returnUrl: body.return_url ?? null,
        sharedTenant: body.shared_tenant === true,
      });
      return { status: 201, body: { oauth2_authorize_url: link.url, expires_at: timeOf(link.expiresAt) } };
    },
  }),
  defineRoute({
    method: 'post',
    path: `${path}/check`,
    id: 'checkConnection',
    scope: 'sync',
    tag,
    summary: 'Proves credentials, every permission and the targets by real calls, and says who mends what',
    params,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'What was checked, and what came of it.', schema: connectionReportSchema },
    refusals: ['not_found', 'connection_deleting', 'credentials_missing'],
    handle: async ({ params, commands }) => ({
      status: 200,
      body: connectionReportView(await commands.checkConnection(connectionId(params.connection_id))),
    }),
  }),
];
