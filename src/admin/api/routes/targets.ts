/** /v1/connections/{connection_id}/targets and /v1/targets */

import { z } from 'zod';
import { connectionId, targetId } from '../../../model/ids.ts';
import type { TargetRecord } from '../../../model/target-record.ts';
import type { CommandsWithin } from '../../commands.ts';
import type { Within } from '../../reached.ts';
import { assertMaySetGuards, setsGuards } from '../guards.ts';
import { nothing } from '../request.ts';
import { always, defineRoute, etagOf, type Route } from '../route.ts';
import { auditedTarget } from '../schemas/audit.ts';
import { checkReportSchema, checkReportView } from '../schemas/check.ts';
import { connectionIdText, targetIdText } from '../schemas/common.ts';
import {
  fieldsOf,
  newTargetSchema,
  targetChangesSchema,
  targetDraftSchema,
  targetListSchema,
  targetSchema,
  targetView,
} from '../schemas/target.ts';

const tag = 'Targets';
const path = '/v1/targets/{target_id}';
const params = z.strictObject({ target_id: targetIdText });
const ofConnection = {
  path: '/v1/connections/{connection_id}/targets',
  params: z.strictObject({ connection_id: connectionIdText }),
};

export const targetRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    ...ofConnection,
    id: 'addTarget',
    scope: 'configure',
    stepUp: always,
    tag,
    summary:
      'Adds a target to a connection; setting its limits, or letting its first plan pass, takes the scope approve as well',
    query: nothing,
    body: newTargetSchema,
    answer: { status: 201, description: 'The target.', schema: targetSchema },
    refusals: [
      'not_found',
      'connection_deleting',
      'too_many_targets',
      'unknown_attribute',
      'attribute_not_read',
      'mapping_refused',
    ],
    handle: async ({ params, body, caller, commands }) => {
      assertMaySetGuards(caller, body);
      const target = await commands.addTarget(connectionId(params.connection_id), {
        ...fieldsOf(body),
        kind: body.kind,
        settings: body.settings,
      });
      return {
        status: 201,
        body: await shown(commands, target),
        headers: { Location: `/v1/targets/${target.id}`, ETag: etagOf(target) },
        audit: { subjects: { target_id: target.id }, after: auditedTarget(target) },
      };
    },
  }),
  defineRoute({
    method: 'get',
    ...ofConnection,
    id: 'listTargets',
    scope: 'read',
    tag,
    summary: 'Lists the targets of a connection',
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'All targets of the connection.', schema: targetListSchema },
    refusals: ['not_found'],
    handle: async ({ params, commands }) => {
      const targets = await commands.listTargets(connectionId(params.connection_id));
      return { status: 200, body: { data: await Promise.all(targets.map((target) => shown(commands, target))) } };
    },
  }),
  // Before the routes with an id in this place.
  defineRoute({
    method: 'post',
    path: '/v1/targets/check',
    id: 'checkNewTarget',
    scope: 'configure',
    of: 'nobody',
    tag,
    summary: 'Proves address, credentials and abilities by real calls before a target is added; keeps nothing',
    params: nothing,
    query: nothing,
    body: targetDraftSchema,
    answer: { status: 200, description: 'What was checked, and what came of it.', schema: checkReportSchema },
    refusals: [],
    handle: async ({ body, commands }) => ({
      status: 200,
      body: checkReportView(await commands.checkNewTarget(body)),
    }),
  }),
  defineRoute({
    method: 'get',
    path,
    id: 'getTarget',
    scope: 'read',
    tag,
    summary: 'Shows a target',
    params,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The target.', schema: targetSchema },
    refusals: ['not_found'],
    handle: async ({ params, commands }) => {
      const target = await commands.getTarget(targetId(params.target_id));
      return { status: 200, body: await shown(commands, target), headers: { ETag: etagOf(target) } };
    },
  }),
  defineRoute({
    method: 'patch',
    path,
    id: 'editTarget',
    scope: 'configure',
    // The settings hold the address, and the secrets that are sent there.
    stepUp: (body) => body.settings !== undefined || setsGuards(body),
    tag,
    summary:
      'Edits a target; with If-Match, only when nobody edited it meanwhile. What guards its accounts takes the scope approve as well',
    params,
    query: nothing,
    body: targetChangesSchema,
    ifMatch: 'revision',
    answer: { status: 200, description: 'The target as it is now.', schema: targetSchema },
    refusals: [
      'not_found',
      'target_deleting',
      'target_fixed',
      'stale_revision',
      'unknown_attribute',
      'mapping_refused',
      'attribute_not_read',
    ],
    handle: async ({ params, body, revision, caller, commands }) => {
      assertMaySetGuards(caller, body);
      const changes = { ...fieldsOf(body), settings: body.settings, state: body.state };
      const { before, target } = await commands.editTarget(targetId(params.target_id), changes, revision);
      return {
        status: 200,
        body: await shown(commands, target),
        headers: { ETag: etagOf(target) },
        audit: { before: auditedTarget(before), after: auditedTarget(target) },
      };
    },
  }),
  defineRoute({
    method: 'delete',
    path,
    id: 'removeTarget',
    scope: 'configure',
    stepUp: always,
    tag,
    summary: 'Takes a target out of service; what is stored is purged afterwards, nothing is done at the target',
    params,
    query: nothing,
    body: nothing,
    ifMatch: 'revision',
    answer: { status: 202, description: 'The target, being removed.', schema: targetSchema },
    refusals: ['not_found', 'stale_revision'],
    handle: async ({ params, revision, commands }) => {
      const { before, target } = await commands.removeTarget(targetId(params.target_id), revision);
      return { status: 202, body: await shown(commands, target), audit: { before: auditedTarget(before) } };
    },
  }),
  defineRoute({
    method: 'post',
    path: `${path}/check`,
    id: 'checkTarget',
    scope: 'sync',
    tag,
    summary: 'Proves address, credentials and abilities of a target by real calls that change nothing',
    params,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'What was checked, and what came of it.', schema: checkReportSchema },
    refusals: ['not_found'],
    handle: async ({ params, commands }) => ({
      status: 200,
      body: checkReportView(await commands.checkTarget(targetId(params.target_id))),
    }),
  }),
  defineRoute({
    method: 'post',
    path: `${path}/release`,
    id: 'releaseTarget',
    scope: 'sync',
    tag,
    summary: 'Lets a target out of quarantine and goes on with what waited',
    params,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The target as it is now.', schema: targetSchema },
    refusals: ['not_found', 'target_deleting', 'target_not_active'],
    handle: async ({ params, commands }) => ({
      status: 200,
      body: await shown(commands, await commands.releaseTarget(targetId(params.target_id))),
    }),
  }),
];

const shown = async (commands: CommandsWithin, target: Within<TargetRecord>) =>
  targetView(target, commands.targetInForce(target), await commands.waitingPlan(target.id), {
    ofProtection: await commands.protectionWarnings(target),
    ofRules: await commands.ruleWarnings(target),
  });
