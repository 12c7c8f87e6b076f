/** What is kept of one person, as the API shows it: one thing at a time. */

import { z } from 'zod';
import { messageOf } from '../../../core/webhook-message.ts';
import type { SourceId } from '../../../model/ids.ts';
import type { Link, Operation } from '../../../model/operation.ts';
import type { Exported } from '../../persons.ts';
import { stepText } from './audit.ts';
import {
  attributesSchema,
  planIdText,
  refSchema,
  refView,
  runIdText,
  targetIdText,
  time,
  timeOf,
  valueSchema,
} from './common.ts';
import { writeView } from './operation.ts';
import { actionText } from './plan.ts';
import { discrepancySchema, discrepancyView } from './reconciliation.ts';
import { changeSchema, changeView } from './snapshot.ts';

const target_id = targetIdText;

const operationSchema = z.strictObject({
  key: z.string(),
  object: refSchema.meta({ description: 'They, or a group of which they are a member.' }),
  action: actionText,
  remote_id: z.string().nullable(),
  attributes: attributesSchema.nullable().meta({ description: 'By target path.' }),
  before: attributesSchema.nullable(),
  member: z.string().nullable().meta({ description: 'Their account, as a member.' }),
});
const operationView = (operation: Operation): z.input<typeof operationSchema> => ({
  ...writeView(operation),
  member: 'members' in operation ? (operation.members[0]?.remoteId ?? null) : null,
});

const accountSchema = z.strictObject({
  remote_id: z.string(),
  by: z.enum(['created', 'matched']),
  state: z.enum(['active', 'disabled']),
  since: time,
  pushed: attributesSchema.meta({ description: 'What the target was last told, by target path.' }),
  may_hold: attributesSchema
    .nullable()
    .meta({ description: 'What it was told besides and could not be seen there, by target path; null: nothing.' }),
  may_hold_too: z.record(z.string(), z.array(valueSchema).readonly()).nullable().meta({
    description: 'What it was told before that, and could not be seen either, the last first; null: nothing.',
  }),
});
const accountView = (link: Link): z.input<typeof accountSchema> => ({
  remote_id: link.remoteId,
  by: link.by,
  state: link.state,
  since: timeOf(link.since),
  pushed: link.pushed,
  may_hold: link.mayHold ?? null,
  may_hold_too: link.mayHoldToo ?? null,
});

export const keptSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('snapshot'),
      id: z.string(),
      attributes: attributesSchema.meta({ description: 'Of who left, the last known ones.' }),
      gone: z.enum(['soft_deleted', 'deleted', 'out_of_scope', 'missing']).nullable(),
      version: z.int(),
    }),
    z.strictObject({ kind: z.literal('membership'), group_id: z.string() }),
    z.strictObject({ kind: z.literal('change'), change: changeSchema }),
    z
      .strictObject({ kind: z.literal('sample'), run_id: runIdText })
      .meta({ description: 'The run noted them among those who were missing in what it read.' }),
    z.strictObject({
      kind: z.literal('account'),
      target_id,
      account: accountSchema.nullable(),
      former_account: z.strictObject({ remote_id: z.string(), until: time }).nullable(),
    }),
    z.strictObject({ kind: z.literal('escrow'), target_id, reason: z.string(), detail: z.string(), since: time }),
    z.strictObject({
      kind: z.literal('operation'),
      target_id,
      run_id: runIdText,
      at: time,
      operation: operationSchema,
      result: z.string().nullable().meta({ description: 'null: it is open.' }),
      detail: z.string().nullable(),
    }),
    z.strictObject({
      kind: z.literal('waiting_reference'),
      target_id,
      path: z.string(),
      object: refSchema.nullable().meta({ description: 'They, or a group; null: somebody else, who points to them.' }),
      to: z.string(),
      want: z.enum(['add', 'remove']),
    }),
    z.strictObject({
      kind: z.literal('protection'),
      target_id,
      group_id: z.string().nullable().meta({ description: 'They are in this group; null: they are named.' }),
    }),
    z.strictObject({
      kind: z.literal('planned_operation'),
      target_id,
      plan_id: planIdText,
      operation: operationSchema,
    }),
    z.strictObject({ kind: z.literal('withheld_plan'), target_id, plan_id: planIdText }).meta({
      description:
        'This plan holds something on them that takes the scope `configure`: it is a preview of a scope that lets somebody in whom the saved one does not, or a plan that is being made.',
    }),
    z.strictObject({ kind: z.literal('discrepancy'), target_id, run_id: runIdText, discrepancy: discrepancySchema }),
    z
      .strictObject({ kind: z.literal('event'), event_id: z.string(), message: z.record(z.string(), z.unknown()) })
      .meta({ description: 'What webhooks were told.' }),
    z
      .strictObject({ kind: z.literal('audit_entry'), seq: z.int(), at: time, action: z.string(), step: stepText })
      .meta({ description: 'What was done about them. By whom is shown to those with the scope audit.' }),
  ])
  .meta({ id: 'KeptOfPerson' });

export const keptView = (kept: Exported, person: SourceId): z.input<typeof keptSchema> => {
  const { kind } = kept;
  switch (kind) {
    case 'snapshot': {
      const { object, gone, version } = kept.remembered;
      return { kind, id: object.ref.id, attributes: object.attributes, gone, version };
    }
    case 'membership':
      return { kind, group_id: kept.group };
    case 'change':
      return { kind, change: changeView(kept.recorded, true) };
    case 'sample':
      return { kind, run_id: kept.run.id };
    case 'audit_entry': {
      const { seq, filed } = kept.entry;
      return { kind, seq, at: timeOf(filed.at), action: filed.action, step: stepText.parse(filed.step) };
    }
    case 'event':
      return { kind, event_id: kept.event.id, message: messageOf(kept.event) };
    default:
      return { ...keptAtTarget(kept, person), target_id: kept.target.id };
  }
};

type AtTarget = Extract<Exported, { readonly target: unknown }>;
type Shown<Kind> = Omit<Extract<z.input<typeof keptSchema>, { kind: Kind }>, 'target_id'>;

const keptAtTarget = (kept: AtTarget, person: SourceId) => {
  const { kind } = kept;
  switch (kind) {
    case 'account': {
      const { link, former } = kept.about;
      const former_account = former && { remote_id: former.remoteId, until: timeOf(former.until) };
      return { kind, account: link && accountView(link), former_account } satisfies Shown<'account'>;
    }
    case 'escrow': {
      const { reason, detail, since } = kept.escrow;
      return { kind, reason, detail, since: timeOf(since) } satisfies Shown<'escrow'>;
    }
    case 'operation': {
      const { operation, at, cause, outcome } = kept.entry;
      const became = {
        result: outcome?.result ?? null,
        detail: outcome && 'detail' in outcome ? outcome.detail : null,
      };
      const common = { kind, run_id: cause.run, at: timeOf(at), operation: operationView(operation) };
      return { ...common, ...became } satisfies Shown<'operation'>;
    }
    case 'waiting_reference': {
      const { owner, path, to, want } = kept.reference;
      const isOthers = owner.type === 'user' && owner.id !== person;
      return { kind, path, object: isOthers ? null : refView(owner), to, want } satisfies Shown<'waiting_reference'>;
    }
    case 'protection':
      return { kind, group_id: kept.group } satisfies Shown<'protection'>;
    case 'planned_operation':
      return {
        kind,
        plan_id: kept.plan,
        operation: operationView(kept.staged.operation),
      } satisfies Shown<'planned_operation'>;
    case 'withheld_plan':
      return { kind, plan_id: kept.plan } satisfies Shown<'withheld_plan'>;
    case 'discrepancy':
      return {
        kind,
        run_id: kept.run,
        discrepancy: discrepancyView({ discrepancy: kept.found, object: null }),
      } satisfies Shown<'discrepancy'>;
  }
};
