/** Targets as the API takes and shows them. */

import { z } from 'zod';
import type { Plan } from '../../../model/plan.ts';
import type { EscrowPolicy, TargetInForce, TargetRecord } from '../../../model/target-record.ts';
import { type ProtectionWarning, protectionWarningCodes } from '../../protection.ts';
import { type RuleWarning, ruleWarningCodes } from '../../target-rules.ts';
import type { TargetFields } from '../../targets.ts';
import {
  connectionIdText,
  faultSchema,
  faultView,
  nameText,
  planIdText,
  quarantineSchema,
  quarantineView,
  targetIdText,
  time,
  timeOf,
} from './common.ts';
import { mappingOf, mappingSchema, mappingView, matchingOf, matchingSchema, matchingView } from './mapping.ts';
import {
  approvalsNumber,
  inForceSchema,
  inForceView,
  limitChangesSchema,
  limitsOf,
  limitsSchema,
  limitsView,
  protectionOf,
  protectionSchema,
  protectionView,
} from './safeguards.ts';

const settingText = z.string().max(16_384);
const setting = z.union([
  settingText,
  z.number(),
  z.boolean(),
  z.null(),
  z.array(settingText).max(100),
  z.record(settingText.max(200), settingText),
]);
const settingsSchema = z.record(z.string().min(1).max(64), setting).meta({
  id: 'TargetSettings',
  description: 'Settings of the kind of target. Secret ones are write-only.',
});

export const deprovisionSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.enum(['disable', 'delete', 'none']) }),
    z.strictObject({ kind: z.literal('delete_after_days'), days: z.int().min(1).max(365) }),
  ])
  .meta({
    id: 'Deprovision',
    description:
      'What happens to someone who left the source or the scope. `delete_after_days`: the account is switched off at once, and deleted when it has been off, and they have been gone, for so many days.',
  });
export const leftGroupsSchema = z.enum(['leave', 'delete']).meta({
  description:
    'What happens to a group that left the source or the scope. `leave` (unless set): nothing. `delete`: it is deleted, if Entrain made it.',
});
const escrowPolicyFields = {
  retry_after_hours: z
    .array(z.number().min(0.1).max(720))
    .min(1)
    .max(20)
    .meta({ description: 'After how many hours an object is tried again, step by step; the last step repeats.' }),
  give_up_after_days: z
    .int()
    .min(1)
    .max(365)
    .meta({ description: 'Then it is tried only when it changes, or a person asks.' }),
};
const escrowPolicySchema = z
  .strictObject(escrowPolicyFields)
  .meta({ id: 'EscrowPolicy', description: 'When an object that failed is tried again.' });
const escrowPolicyChangesSchema = z
  .strictObject(escrowPolicyFields)
  .partial()
  .meta({ id: 'EscrowPolicyChanges', description: 'What is left out keeps its value, or gets its default.' });

const fields = {
  name: nameText.optional(),
  mapping: mappingSchema.optional(),
  matching: matchingSchema.optional(),
  deprovision: deprovisionSchema.optional(),
  left_groups: leftGroupsSchema.optional(),
  limits: limitChangesSchema.optional(),
  protected: protectionSchema.optional(),
  escrow: escrowPolicyChangesSchema.optional(),
  auto_approve_first: z.boolean().optional().meta({
    description:
      'Whether the first run, and the first after a change of scope, mapping, matching or of what happens to who leaves, writes at once instead of making a plan to look at. false unless set.',
  }),
  approvals: approvalsNumber.optional().meta({
    description:
      'How many people have to approve a plan that is over a limit: 1 unless set, and never fewer than `ENTRAIN_APPROVALS` says. Where it is two, what is loosened (this, `limits`, `protected`) comes into force 24 hours later: see `in_force`. A plan that took two when it was made takes two.',
  }),
};

const draft = {
  kind: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be a kind of target'),
  settings: settingsSchema,
};
export const newTargetSchema = z.strictObject({ ...draft, ...fields }).meta({ id: 'NewTarget' });
/** What it takes to reach one. */
export const targetDraftSchema = z.strictObject(draft).meta({ id: 'TargetDraft' });
export const targetChangesSchema = z
  .strictObject({
    settings: settingsSchema.optional().meta({
      description:
        'Merged with the stored ones; null takes one away. A new address, or another path there, needs its secrets again.',
    }),
    state: z.enum(['active', 'paused']).optional(),
    ...fields,
  })
  .meta({ id: 'TargetChanges' });

export const fieldsOf = (body: z.output<z.ZodObject<typeof fields>>): TargetFields => ({
  name: body.name,
  mapping: body.mapping && mappingOf(body.mapping),
  matching: body.matching && matchingOf(body.matching),
  deprovision: body.deprovision,
  leftGroups: body.left_groups,
  limits: body.limits && limitsOf(body.limits),
  protected: body.protected && protectionOf(body.protected),
  escrow: body.escrow && escrowPolicyOf(body.escrow),
  autoApproveFirst: body.auto_approve_first,
  approvals: body.approvals,
});

const escrowPolicyOf = (policy: z.output<typeof escrowPolicyChangesSchema>): Partial<EscrowPolicy> => ({
  ...(policy.retry_after_hours && { retryAfterHours: policy.retry_after_hours }),
  ...(policy.give_up_after_days !== undefined && { giveUpAfterDays: policy.give_up_after_days }),
});

export const targetSchema = z
  .strictObject({
    id: targetIdText,
    connection_id: connectionIdText,
    organization_id: z.string(),
    kind: z.string(),
    name: z.string(),
    state: z.enum(['active', 'paused', 'quarantined', 'deleting']),
    problem: faultSchema.nullable(),
    quarantine: quarantineSchema.nullable(),
    settings: z.record(z.string(), z.unknown()).meta({ description: 'Without the secret ones.' }),
    mapping: mappingSchema,
    matching: matchingSchema,
    deprovision: deprovisionSchema,
    left_groups: leftGroupsSchema,
    limits: limitsSchema,
    protected: protectionSchema,
    protection_warnings: z
      .array(z.strictObject({ code: z.enum(protectionWarningCodes), of: z.string(), message: z.string() }))
      .meta({ description: 'What of `protected` does not protect as it says, or not yet.' }),
    rule_warnings: z
      .array(
        z.strictObject({ code: z.enum(ruleWarningCodes), pointer: z.string(), of: z.string(), message: z.string() }),
      )
      .meta({ description: 'Rules of `mapping` and `matching` by what the connection may not read: they do nothing.' }),
    escrow: escrowPolicySchema,
    auto_approve_first: z.boolean(),
    approvals: approvalsNumber,
    in_force: inForceSchema,
    waiting_plan: planIdText
      .nullable()
      .meta({ description: 'The plan that waits for somebody to approve or reject it.' }),
    created_at: time,
    updated_at: time,
    revision: z.int().meta({ description: 'Counts the edits; also the ETag.' }),
  })
  .meta({ id: 'Target' });
export const targetListSchema = z.strictObject({ data: z.array(targetSchema) }).meta({ id: 'TargetList' });

export const targetView = (
  target: TargetRecord,
  guarded: TargetInForce,
  waiting: Pick<Plan, 'id'> | null,
  warnings: { readonly ofProtection: readonly ProtectionWarning[]; readonly ofRules: readonly RuleWarning[] },
): z.input<typeof targetSchema> => ({
  ...setView(target),
  problem: faultView(guarded.problem),
  protection_warnings: [...warnings.ofProtection],
  rule_warnings: [...warnings.ofRules],
  in_force: inForceView(guarded),
  waiting_plan: waiting?.id ?? null,
});

/** As it is set. */
export const setView = (
  target: TargetRecord,
): Omit<z.input<typeof targetSchema>, 'protection_warnings' | 'rule_warnings' | 'in_force' | 'waiting_plan'> => ({
  id: target.id,
  connection_id: target.connection,
  organization_id: target.organization,
  kind: target.kind,
  name: target.name,
  state: target.state,
  problem: faultView(target.problem),
  quarantine: quarantineView(target),
  settings: target.settings,
  mapping: mappingView(target.mapping),
  matching: matchingView(target.matching),
  deprovision: target.deprovision,
  left_groups: target.leftGroups,
  limits: limitsView(target.limits),
  protected: protectionView(target.protected),
  escrow: {
    retry_after_hours: [...target.escrow.retryAfterHours],
    give_up_after_days: target.escrow.giveUpAfterDays,
  },
  auto_approve_first: target.autoApproveFirst,
  approvals: target.approvals,
  created_at: timeOf(target.createdAt),
  updated_at: timeOf(target.updatedAt),
  revision: target.revision,
});
