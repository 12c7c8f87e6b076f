/** Plans and their operations as the API shows them. */

import { z } from 'zod';
import { approvalsIn } from '../../../core/approvals.ts';
import { leftOutReasons } from '../../../core/undo.ts';
import { actorKinds } from '../../../model/audit.ts';
import type { Action } from '../../../model/operation.ts';
import { type Decision, type Exceeded, type Plan, planKinds, planRefusals } from '../../../model/plan.ts';
import type { Run } from '../../../model/run.ts';
import type { PlannedFor } from '../../plans.ts';
import type { LeftOutFor } from '../../undo.ts';
import {
  attributesSchema,
  connectionIdText,
  evidenceSchema,
  evidenceView,
  plainText,
  planIdText,
  refSchema,
  refView,
  runIdText,
  targetIdText,
  time,
  timeOf,
} from './common.ts';
import { memberName, operationName, textOf } from './operation.ts';
import { amendsSchema, amendsView, runSchema, runView } from './run.ts';

export const planKind = z.enum(planKinds).meta({
  description:
    '`first`: everything a target needs that was never written to by these rules. `held`: what is over its limits. `dry_run`: what somebody asked to see. `repair`: what puts right what a reconcile run found. `undo`: what takes back what a provision run did. `preview`: what it would be with another scope; only to look at.',
});
export const planState = z
  .enum(['waiting', 'approved', 'rejected', 'superseded', 'applied', 'refused', 'expired'])
  .meta({
    description:
      '`waiting`: nobody has decided; so are previews, on which nobody does, and dry runs that hold nothing, until they go. `refused`: it was approved, and may not be carried out, or not any further; `refused_because` says why, and what was done stays. `expired`: nobody decided on it, or began it, in time.',
  });
export const actionText = z.enum(['create', 'update', 'add_members', 'remove_members', 'disable', 'delete']);

export const wordSchema = z
  .strictObject({
    reason: plainText(1_000).meta({ description: 'Why; kept with the plan and the name of the API key.' }),
    hash: z
      .string()
      .regex(/^[\w-]{1,100}$/, 'must be the hash of a plan')
      .optional()
      .meta({
        description:
          'The `hash` of the plan that was looked at: decided only when it is still that. So does `If-Match`.',
      }),
  })
  .meta({ id: 'PlanDecision' });

const limitName = z.enum([
  'deprovisions',
  'group_deletes',
  'member_removals',
  'member_removals_per_group',
  'updates',
  'creates',
  'adoptions',
]);
export const exceededSchema = z.strictObject({
  limit: limitName,
  group_id: z.string().nullable().meta({ description: 'The group, where each group has the limit for itself.' }),
  wanted: z.int(),
  taken: z.int().meta({ description: 'What the 24 hours before took already.' }),
  allowed: z.int(),
});

/** What they are called may be what anybody else is called, too: a key has the name that its maker chose. */
const deciderSchema = z.strictObject({
  kind: z.enum(actorKinds),
  id: z.string().meta({ description: 'Names them for good; as in the audit log.' }),
});
const deciderOf = ({ approver }: Decision): z.input<typeof deciderSchema> | null =>
  approver === undefined ? null : { kind: approver.kind, id: approver.id };

export const planSchema = z
  .strictObject({
    id: planIdText,
    organization_id: z.string(),
    connection_id: connectionIdText,
    target_id: targetIdText,
    kind: planKind,
    state: planState,
    run_id: runIdText.meta({ description: 'The run that made it.' }),
    scope: z.strictObject({ group_id: z.string(), nested: z.boolean() }).nullable(),
    amends: amendsSchema.nullable().meta({ description: 'What it puts right; null for any other kind.' }),
    created_at: time,
    hash: z.string().meta({ description: 'Two plans with the same hash hold the same operations; also the ETag.' }),
    version: z.int().meta({ description: 'The version of the snapshot it was made from.' }),
    counts: z
      .strictObject({
        create: z.int(),
        update: z.int().meta({
          description:
            'Updates of attributes and, each by an operation of its own, of managers; of a person whose attributes and manager differ, two. The run that carries the plan out counts the managers as `managers_set`. An account at the target that is linked as it is takes an update without attributes here, and is `unchanged` there.',
        }),
        add_members: z.int(),
        remove_members: z.int(),
        disable: z.int(),
        delete: z.int(),
      })
      .meta({ description: 'Operations by action; of member operations the memberships.' }),
    exceeded: z.array(exceededSchema).meta({ description: 'The limits of the target that it passes.' }),
    approvals_needed: z.union([z.literal(1), z.literal(2)]).meta({
      description: 'How many people have to approve it: two where it is over a limit and the target says so.',
    }),
    approvals: z
      .array(z.strictObject({ by: z.string(), actor: deciderSchema.nullable(), reason: z.string(), at: time }))
      .meta({
        description:
          'Who approved it, the first one first: `by` is what they are called, `actor` who they are (null: it was not kept then). Of two, the first waits here for the other.',
      }),
    decided_by: z
      .string()
      .nullable()
      .meta({ description: 'What they are called: the name of the key, or of the person.' }),
    decided_by_actor: deciderSchema.nullable().meta({ description: 'Who they are.' }),
    reason: z.string().nullable(),
    decided_at: time.nullable(),
    carried_out_by: runIdText.nullable().meta({ description: 'The run that carries it out, or did.' }),
    superseded_by: planIdText.nullable(),
    refused_because: z.enum(planRefusals).nullable().meta({
      description:
        '`content_changed`: what is kept of its operations is not what was looked at. `rules_changed`: what decides what is written changed while it was carried out. `approvals_raised`: it is over a limit, one person had approved it, and by now two have to. `undone_since`: a run was taken back meanwhile. `not_looked_at`: after a restore the target has to be looked at as a whole first. `run_ended`: the run that was to carry it out ended before it did.',
    }),
  })
  .meta({ id: 'Plan' });

export const approvedPlanSchema = planSchema
  .extend({ run: runSchema.nullable().meta({ description: 'null: somebody else has to approve it, too.' }) })
  .meta({ id: 'ApprovedPlan' });

export const planView = (plan: Plan): z.input<typeof planSchema> => {
  const { standing } = plan;
  const decision = 'decision' in standing ? standing.decision : null;
  return {
    id: plan.id,
    organization_id: plan.organization,
    connection_id: plan.connection,
    target_id: plan.target,
    kind: plan.kind,
    state: standing.state,
    run_id: plan.run,
    scope: plan.scope && { group_id: plan.scope.group, nested: plan.scope.nested },
    amends: amendsView(plan.amends),
    created_at: timeOf(plan.createdAt),
    hash: plan.hash,
    version: plan.basis.version,
    counts: plan.counts,
    exceeded: plan.exceeded.map(exceededView),
    approvals_needed: standing.state === 'waiting' && standing.approval !== undefined ? 2 : plan.approvals,
    approvals: approvalsIn(standing).map((one) => ({
      by: one.by,
      actor: deciderOf(one),
      reason: one.reason,
      at: timeOf(one.at),
    })),
    decided_by: decision?.by ?? null,
    decided_by_actor: decision && deciderOf(decision),
    reason: decision?.reason ?? null,
    decided_at: decision === null ? null : timeOf(decision.at),
    carried_out_by: 'begun' in standing ? standing.begun : null,
    superseded_by: standing.state === 'superseded' ? standing.by : null,
    refused_because: standing.state === 'refused' ? standing.why : null,
  };
};

export const approvedPlanView = (plan: Plan, run: Run | null) => ({
  ...planView(plan),
  // What carries a plan out was not there to make another.
  run: run && runView({ run, madePlan: null }),
});

const limitNames = {
  deprovisions: 'deprovisions',
  groupDeletes: 'group_deletes',
  memberRemovals: 'member_removals',
  memberRemovalsPerGroup: 'member_removals_per_group',
  updates: 'updates',
  creates: 'creates',
  adoptions: 'adoptions',
} as const satisfies Readonly<Record<Exceeded['limit'], z.infer<typeof limitName>>>;

export const exceededView = ({ limit, group, ...amounts }: Exceeded) => ({
  limit: limitNames[limit],
  group_id: group,
  ...amounts,
});

export const planOperationSchema = z
  .strictObject({
    object: refSchema,
    name: operationName,
    user_principal_name: z.string().nullable(),
    action: actionText,
    remote_id: z.string().nullable().meta({ description: '`planned:…`: an account that the plan would create.' }),
    attributes: attributesSchema.nullable().meta({ description: 'By target path; in an update only what differs.' }),
    before: attributesSchema.nullable(),
    members: z.array(refSchema.extend({ name: memberName })).nullable(),
    why: z.string(),
    evidence: evidenceSchema.nullable(),
    version: z.int(),
  })
  .meta({ id: 'PlanOperation' });

export const planOperationView = ({
  staged: { operation, cause },
  object,
  memberNamed,
}: PlannedFor): z.input<typeof planOperationSchema> => ({
  object: refView(operation.ref),
  name: textOf(object, 'displayName'),
  user_principal_name: textOf(object, 'userPrincipalName'),
  action: operation.action satisfies Action,
  remote_id: 'remoteId' in operation ? operation.remoteId : null,
  attributes:
    'attributes' in operation ? operation.attributes : operation.action === 'disable' ? { active: false } : null,
  before: 'before' in operation ? operation.before : operation.action === 'disable' ? { active: true } : null,
  members:
    'members' in operation
      ? operation.members.map(({ ref }) => ({ ...refView(ref), name: textOf(memberNamed(ref.id), 'displayName') }))
      : null,
  why: cause.why,
  evidence: evidenceView(cause.evidence),
  version: cause.version,
});

export const leftOutSchema = planOperationSchema
  .extend({
    reason: z.enum(leftOutReasons).meta({
      description:
        '`changed_since`: a later run wrote to it, or another one that took turns with this one had put the member in before. `deleted`: the account is gone, and a new one would not be the old. `not_linked`: the account is not linked any more, or another one is. `deprovision_off`: nothing is taken away from this target, or it cannot be. `group_kept`: groups are left alone at this target (`left_groups`). `there_before`: the run told the group all of its members, and this one may have been in it before. `off_before`: the account that the run switched off was off before. `not_given_back`: the run took the account over, and not all of it could be taken back, so it stays linked.',
    }),
    later_run_id: runIdText.nullable().meta({
      description:
        'Of `changed_since`: the run that wrote to it since; or, of two that took turns, the one that had put the member in before, which may have been asked for earlier than this one.',
    }),
  })
  .meta({ id: 'LeftOut' });

export const leftOutView = (one: LeftOutFor): z.input<typeof leftOutSchema> => ({
  ...planOperationView(one),
  reason: one.reason,
  later_run_id: one.by,
});
