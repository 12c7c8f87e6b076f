/** /v1/plans */

import { z } from 'zod';
import { approverOf } from '../../../core/approvals.ts';
import type { Caller } from '../../../model/api-key.ts';
import { organizationId, planId, targetId } from '../../../model/ids.ts';
import { takenOver } from '../../../model/operation.ts';
import { type Approved, placeInPasses, type Word } from '../../plans.ts';
import { assertMayDo } from '../admission.ts';
import type { Answer } from '../answer.ts';
import { answerPage, pageOf, paging } from '../paging.ts';
import { nothing } from '../request.ts';
import { always, defineRoute, type Route } from '../route.ts';
import { auditedPlan } from '../schemas/audit.ts';
import { organizationIdText, planIdText, targetIdText } from '../schemas/common.ts';
import {
  actionText,
  approvedPlanSchema,
  approvedPlanView,
  planKind,
  planOperationSchema,
  planOperationView,
  planSchema,
  planState,
  planView,
  wordSchema,
} from '../schemas/plan.ts';

const tag = 'Plans';
const path = '/v1/plans/{plan_id}';
const params = z.strictObject({ plan_id: planIdText });
const accepted = {
  status: 202,
  description:
    'The plan, and the run that carries it out, whose address is in Location; without one as long as somebody else has to approve it, too.',
  schema: approvedPlanSchema,
};

export const planRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/v1/plans',
    id: 'listPlans',
    scope: 'read',
    tag,
    summary: 'Lists plans, newest first',
    params: nothing,
    query: z.strictObject({
      organization_id: organizationIdText.optional(),
      target_id: targetIdText.optional(),
      kind: planKind.optional(),
      state: planState.optional(),
      to_decide: z.enum(['true', 'false']).default('false').meta({
        description:
          'Only plans that somebody decides on: they wait, hold something, and are no previews. Where a `first` and a `held` one of a target are among them, it is the `first` that is to be decided.',
      }),
      ...paging,
    }),
    body: nothing,
    answer: { status: 200, description: 'A page of plans.', schema: pageOf(planSchema) },
    refusals: ['not_found'],
    handle: ({ query, commands }) => {
      const filter = {
        ...(query.organization_id === undefined ? {} : { organization: organizationId(query.organization_id) }),
        ...(query.target_id === undefined ? {} : { target: targetId(query.target_id) }),
        ...(query.kind === undefined ? {} : { kind: query.kind }),
        ...(query.state === undefined ? {} : { state: query.state }),
        ...(query.to_decide === 'true' ? { isToDecide: true } : {}),
      };
      const list = `plans ${JSON.stringify(filter)}`;
      return answerPage(list, query, (after, limit) => commands.listPlans(filter, after, limit), planView);
    },
  }),
  defineRoute({
    method: 'get',
    path,
    id: 'getPlan',
    scope: 'read',
    tag,
    summary: 'Shows a plan: what it holds by count, and what became of it',
    params,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The plan.', schema: planSchema },
    refusals: ['not_found'],
    handle: async ({ params, commands }) => {
      const plan = await commands.getPlan(planId(params.plan_id));
      return { status: 200, body: planView(plan), headers: { ETag: `"${plan.hash}"` } };
    },
  }),
  defineRoute({
    method: 'get',
    path: `${path}/operations`,
    id: 'listPlanOperations',
    isNoted: 'where_answered',
    scope: 'read',
    tag,
    summary: 'Lists the operations of a plan, with who they are about; who is in a group comes last',
    params,
    query: z.strictObject({
      action: actionText.optional(),
      why: z.enum(takenOver).optional().meta({
        description:
          'Accounts and groups that were there before. `adopted`: one that carries no id of ours, or one that nobody has here. `recognized`: one that carries the id of this very person or group. `inherited`: one that carries the id of somebody who left (`before` says which).',
      }),
      ...paging,
    }),
    body: nothing,
    answer: { status: 200, description: 'A page of operations.', schema: pageOf(planOperationSchema) },
    refusals: ['not_found'],
    handle: async ({ params, query, caller, commands }) => {
      // Of people whom nobody has let in, the counts are for everybody.
      const showsOutsiders = await commands.showsOutsiders(planId(params.plan_id));
      if (showsOutsiders) assertMayDo(caller, 'configure');
      const { action, why } = query;
      const filter = { ...(action === undefined ? {} : { action }), ...(why === undefined ? {} : { why }) };
      const answer = await answerPage(
        `plan operations ${params.plan_id} ${JSON.stringify(filter)}`,
        query,
        (after, limit) => commands.listPlanOperations(planId(params.plan_id), filter, after, limit),
        planOperationView,
        placeInPasses,
      );
      return showsOutsiders ? { ...answer, audit: {} } : answer;
    },
  }),
  defineRoute({
    method: 'post',
    path: `${path}/approve`,
    id: 'approvePlan',
    scope: 'approve',
    stepUp: always,
    tag,
    summary:
      'Releases exactly this plan, which its target waits for; nothing of it is done when something moved since it was made',
    params,
    query: nothing,
    body: wordSchema,
    ifMatch: 'hash',
    answer: accepted,
    refusals: [
      'not_found',
      'target_not_active',
      'plan_decided',
      'another_person_needed',
      'plan_superseded',
      'plan_refused',
      'plan_expired',
      'plan_moved',
      'stale_hash',
      'database_restored',
      'target_unproved',
      'plan_is_dry_run',
      'plan_is_preview',
    ],
    handle: async ({ params, caller, commands, ...said }) =>
      answerApproved(await commands.approvePlan(planId(params.plan_id), wordOf(caller, said))),
  }),
  defineRoute({
    method: 'post',
    path: `${path}/reject`,
    id: 'rejectPlan',
    scope: 'approve',
    stepUp: always,
    tag,
    summary:
      'Decides that nothing of this plan is done, or nothing more: takes back an approval, also while a run carries it out',
    params,
    query: nothing,
    body: wordSchema,
    ifMatch: 'hash',
    answer: { status: 200, description: 'The plan as it is now.', schema: planSchema },
    refusals: [
      'not_found',
      'plan_decided',
      'plan_superseded',
      'plan_refused',
      'plan_expired',
      'stale_hash',
      'plan_is_preview',
    ],
    handle: async ({ params, caller, commands, ...said }) => {
      const plan = await commands.rejectPlan(planId(params.plan_id), wordOf(caller, said));
      return { status: 200, body: planView(plan), audit: { after: auditedPlan(plan) } };
    },
  }),
  defineRoute({
    method: 'post',
    path: `${path}/apply`,
    id: 'applyPlan',
    scope: 'approve',
    stepUp: always,
    tag,
    summary: 'Carries out the plan of a dry run, and nothing else; refused when something moved since it was made',
    params,
    query: nothing,
    body: wordSchema,
    ifMatch: 'hash',
    answer: accepted,
    refusals: [
      'not_found',
      'target_not_active',
      'plan_decided',
      'another_person_needed',
      'plan_superseded',
      'plan_refused',
      'plan_expired',
      'plan_moved',
      'stale_hash',
      'database_restored',
      'target_unproved',
      'plan_not_dry_run',
      'plan_is_preview',
    ],
    handle: async ({ params, caller, commands, ...said }) =>
      answerApproved(await commands.applyPlan(planId(params.plan_id), wordOf(caller, said))),
  }),
];

/** `hash`: as `If-Match` says it. */
type Said = { readonly body: z.output<typeof wordSchema>; readonly hash: string | null };
const wordOf = (caller: Caller, { body, hash }: Said): Word => ({
  by: caller.name,
  reason: body.reason,
  approver: approverOf(caller),
  seen: [body.hash ?? null, hash],
});

const answerApproved = ({ plan, run }: Approved): Answer => ({
  status: 202,
  body: approvedPlanView(plan, run),
  ...(run === null ? {} : { headers: { Location: `/v1/runs/${run.id}` } }),
  audit: { subjects: run === null ? {} : { run_id: run.id }, after: auditedPlan(plan) },
});
