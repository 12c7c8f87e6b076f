/** Runs as the API takes and shows them. */

import { z } from 'zod';
import type { Reconciliation } from '../../../model/discrepancy.ts';
import { type Amends, type Counters, isOfTarget, type Shrink } from '../../../model/run.ts';
import type { ShownRun } from '../../runs.ts';
import {
  connectionIdText,
  faultSchema,
  faultView,
  guid,
  planIdText,
  runIdText,
  targetIdText,
  time,
  timeOf,
  timeOrNull,
} from './common.ts';
import { reconciliationSchema, reconciliationView } from './reconciliation.ts';
import { scopeSchema, scopeView } from './scope.ts';

export const syncRequestSchema = z
  .strictObject({
    mode: z.enum(['full', 'delta']).default('delta'),
    scope: z
      .strictObject({ group_id: guid, nested: z.boolean().default(false) })
      .optional()
      .meta({ description: 'Narrows this one run to a group and its members; nobody else is touched.' }),
    dry_run: z.boolean().default(false).meta({ description: 'Works out what would be done, and does none of it.' }),
    accept_shrink: runIdText.optional().meta({
      description:
        'The sync run that was held for what is missing: this one run may commit what that one found (`shrink`), and is held again if it finds more, or others.',
    }),
  })
  .meta({ id: 'SyncRequest' });
export const provisionRequestSchema = z
  .strictObject({
    full: z.boolean().default(false).meta({
      description: 'Looks at every object again instead of what changed since the last run.',
    }),
    dry_run: z.boolean().default(false).meta({ description: 'Works out what would be done, and does none of it.' }),
  })
  .meta({ id: 'ProvisionRequest' });

export const runKind = z.enum(['sync', 'provision', 'preview', 'reconcile']);
export const runState = z.enum([
  'queued',
  'running',
  'waiting',
  'succeeded',
  'partially_succeeded',
  'held',
  'failed',
  'canceled',
]);
const byReason = z.record(z.string(), z.int());
const countersSchema = z
  .strictObject({
    read: z.int(),
    created: z.int(),
    updated: z.int().meta({ description: 'Objects of which attributes differed. Managers are counted apart.' }),
    disabled: z.int(),
    removed: z.int(),
    unchanged: z.int().meta({
      description:
        'Objects that needed nothing, or nothing but a manager or members. So are counted accounts at the target that were linked as they are.',
    }),
    managers_set: z.int().meta({
      description:
        'In a provision run: managers that were set, changed or taken out. `updated` and this are the `update` operations of a plan that was carried out. In a sync run, where a manager is an attribute of its user, and in an undo, which counts operations, they are in `updated`.',
    }),
    members_added: z.int(),
    members_removed: z.int(),
    skipped: byReason.meta({ description: 'By reason.' }),
    failed: byReason.meta({ description: 'By reason.' }),
  })
  .meta({
    id: 'Counters',
    description:
      'Of a sync run what the snapshot gained and lost, of a provision run what the target got. Each object is in one of created, updated, disabled, removed, unchanged, skipped and failed; managers and memberships are counted beside them.',
  });

export const amendsSchema = z.strictObject({
  kind: z
    .enum(['repair', 'undo'])
    .meta({ description: '`repair`: what this reconcile run found. `undo`: what this provision run did.' }),
  run_id: runIdText,
});
export const amendsView = (amends: Amends | null): z.infer<typeof amendsSchema> | null =>
  amends && { kind: amends.kind, run_id: amends.run };

const byType = z.strictObject({ users: z.int(), groups: z.int() });
const shrinkSchema = z
  .strictObject({
    missing: byType,
    known: byType,
    drained_groups: z.array(z.strictObject({ group_id: z.string(), lost: z.int(), of: z.int() })),
    cleared_attributes: z.array(
      z.strictObject({ type: z.enum(['user', 'group']), attribute: z.string(), lost: z.int(), known: z.int() }),
    ),
  })
  .meta({ id: 'Shrink' });
const shrinkView = (shrink: Shrink | null): z.input<typeof shrinkSchema> | null =>
  shrink && {
    missing: { users: shrink.missing.user, groups: shrink.missing.group },
    known: { users: shrink.known.user, groups: shrink.known.group },
    drained_groups: shrink.drained.map(({ group, lost, of }) => ({ group_id: group, lost, of })),
    cleared_attributes: shrink.cleared.map(({ type, attribute, lost, known }) => ({ type, attribute, lost, known })),
  };

export const runSchema = z
  .strictObject({
    id: runIdText,
    kind: runKind,
    connection_id: connectionIdText,
    organization_id: z.string(),
    target_id: targetIdText.nullable(),
    plan_id: planIdText.nullable().meta({ description: 'The plan it was asked to carry out.' }),
    made_plan_id: planIdText.nullable().meta({
      description:
        'Of a provision run: the plan it made. Of one that is there to make one (a dry run, a repair, an undo) also before; the plan is there once the run has ended.',
    }),
    amends: amendsSchema.nullable().meta({ description: 'What it puts right, or plans to; null: an ordinary run.' }),
    mode: z.enum(['full', 'delta']),
    scope: z.strictObject({ group_id: z.string(), nested: z.boolean() }).nullable(),
    proposed_scope: scopeSchema.nullable().meta({ description: 'The scope that a preview is about.' }),
    dry_run: z.boolean(),
    accept_shrink: shrinkSchema
      .nullable()
      .meta({ description: 'Of a sync run: how much may be missing because somebody has seen it.' }),
    shrink: shrinkSchema.nullable().meta({ description: 'Of a sync run: what it was held for.' }),
    trigger: z.enum(['schedule', 'api', 'commit', 'retry', 'notification']),
    caused_by: runIdText.nullable(),
    state: runState,
    phase: z.string(),
    counters: countersSchema,
    problem: faultSchema.nullable(),
    cancel_requested: z.boolean(),
    not_before: time.nullable(),
    faults: z.int().meta({ description: 'How many times in a row it was put back by a fault.' }),
    version: z
      .int()
      .nullable()
      .meta({ description: 'The version of the snapshot it committed, brought the target to, or compared with.' }),
    created_at: time,
    started_at: time.nullable(),
    finished_at: time.nullable(),
  })
  .meta({ id: 'Run' });
export const requestedRunSchema = runSchema
  .extend({ already_queued: z.boolean().meta({ description: 'One that does the same waited already; this is it.' }) })
  .meta({ id: 'RequestedRun' });
export const runDetailSchema = runSchema
  .extend({
    provision_runs: z.array(runSchema),
    reconciliation: reconciliationSchema
      .nullable()
      .meta({ description: 'What a reconcile run came to, once it ended.' }),
  })
  .meta({ id: 'RunDetail' });

export const runView = ({ run, madePlan }: ShownRun): z.input<typeof runSchema> => ({
  id: run.id,
  kind: run.kind,
  connection_id: run.connection,
  organization_id: run.organization,
  target_id: isOfTarget(run) ? run.target : null,
  plan_id: run.kind === 'provision' ? run.plan : null,
  made_plan_id: madePlan,
  amends: run.kind === 'provision' ? amendsView(run.amends) : null,
  mode: run.mode,
  scope: run.scope && { group_id: run.scope.group, nested: run.scope.nested },
  proposed_scope: run.kind === 'preview' ? scopeView(run.proposed) : null,
  dry_run: run.dryRun,
  accept_shrink: run.kind === 'sync' ? shrinkView(run.acceptShrink) : null,
  shrink: run.kind === 'sync' ? shrinkView(run.shrink) : null,
  trigger: run.trigger,
  caused_by: run.causedBy,
  state: run.state,
  phase: run.phase,
  counters: countersView(run.counters),
  problem: faultView(run.problem),
  cancel_requested: run.cancelRequested,
  not_before: timeOrNull(run.notBefore),
  faults: run.faults,
  version: run.version,
  created_at: timeOf(run.createdAt),
  started_at: timeOrNull(run.startedAt),
  finished_at: timeOrNull(run.finishedAt),
});
export const runDetailView = ({
  provisionRuns,
  reconciliation,
  ...shown
}: ShownRun & {
  readonly provisionRuns: readonly ShownRun[];
  readonly reconciliation: Reconciliation | null;
}): z.input<typeof runDetailSchema> => ({
  ...runView(shown),
  provision_runs: provisionRuns.map(runView),
  reconciliation: reconciliation && reconciliationView(reconciliation),
});

const countersView = ({
  managersSet,
  membersAdded,
  membersRemoved,
  ...counters
}: Counters): z.input<typeof countersSchema> => ({
  ...counters,
  managers_set: managersSet,
  members_added: membersAdded,
  members_removed: membersRemoved,
});
