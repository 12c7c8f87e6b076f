/** Targets as the API takes and shows them. */

import { z } from 'zod';
import { sourceId } from '../../../model/ids.ts';
import type { Mapping, MappingRule, Matching, MatchingRule } from '../../../model/mapping.ts';
import type { Plan } from '../../../model/plan.ts';
import type { EscrowPolicy, Limits, Protection, TargetInForce, TargetRecord } from '../../../model/target-record.ts';
import { type ProtectionWarning, protectionWarningCodes } from '../../protection.ts';
import type { TargetFields } from '../../targets.ts';
import {
  connectionIdText,
  faultSchema,
  faultView,
  guid,
  limitSchema,
  nameText,
  plainText,
  planIdText,
  quarantineSchema,
  quarantineView,
  targetIdText,
  time,
  timeOf,
  valueSchema,
} from './common.ts';

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

const path = plainText(300);
const ruleFields = {
  to: path.meta({ description: 'The target path.' }),
  apply: z.enum(['always', 'only_on_create']).default('always'),
  when_null: z
    .enum(['clear', 'keep'])
    .default('clear')
    .meta({ description: 'What an unassigned source value does to an existing object.' }),
  default: valueSchema.default(null).meta({ description: 'Used instead of an unassigned value on create.' }),
};
const mappingRuleSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('direct'), from: path, ...ruleFields }),
    z.strictObject({ kind: z.literal('constant'), value: valueSchema, ...ruleFields }),
    z.strictObject({ kind: z.literal('reference'), from: path, ...ruleFields }),
  ])
  .meta({ id: 'MappingRule' });
const mappingRulesSchema = z
  .array(mappingRuleSchema)
  .min(1)
  .max(200)
  .refine(
    (rules) => new Set(rules.map(({ to }) => to)).size === rules.length,
    'must not write the same target path twice',
  );
const mappingSchema = z.strictObject({ user: mappingRulesSchema, group: mappingRulesSchema }).meta({ id: 'Mapping' });
const matchingRuleSchema = z.strictObject({ from: path, to: path, ignore_case: z.boolean().default(true) });
const matchingSchema = z
  .strictObject({ user: z.array(matchingRuleSchema).min(1).max(10), group: z.array(matchingRuleSchema).min(1).max(10) })
  .meta({ id: 'Matching', description: 'How an existing object is found; tried in order.' });
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
const limitFields = {
  deprovisions: limitSchema.meta({
    description: 'Accounts disabled or deleted; the percentage is of the active accounts.',
  }),
  group_deletes: limitSchema.meta({ description: 'Groups deleted; the percentage is of the groups.' }),
  member_removals: limitSchema.meta({ description: 'Memberships of people who stay.' }),
  member_removals_per_group: limitSchema.meta({
    description: 'The same for each group; the percentage is of its members.',
  }),
  updates: limitSchema.nullable().meta({ description: 'null: no limit.' }),
  creates: limitSchema.nullable().meta({ description: 'null: no limit.' }),
};
const limitsSchema = z.strictObject(limitFields).meta({
  id: 'Limits',
  description:
    'How much one run, together with the 24 hours before it, may do before a person has to look: the smaller of a count and a percentage of the active accounts and groups, but never less than the floor.',
});
const limitChangesSchema = z
  .strictObject(limitFields)
  .partial()
  .meta({ id: 'LimitChanges', description: 'A limit that is left out keeps its value, or gets its default.' });

const protectedText = plainText(300);
const protectionSchema = z
  .strictObject({
    ids: z.array(protectedText).max(1_000).default([]).meta({
      description:
        'Source ids, remote ids, user principal names and mail addresses, in any case. A name is kept, and the source ids of whoever has it are added.',
    }),
    attributes: z
      .array(z.strictObject({ attribute: protectedText, value: protectedText }))
      .max(100)
      .default([])
      .meta({
        description:
          'Source attributes: who has one of these values, whatever the case. They are read of everybody from then on. A name that is not known is refused.',
      }),
    group_ids: z
      .array(guid)
      .max(20)
      .default([])
      .meta({ description: 'Source groups: they themselves and who is in them, also by member groups.' }),
  })
  .meta({ id: 'Protection', description: 'Accounts and groups that no operation ever touches, whatever a plan says.' });

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

const approvalsNumber = z.union([z.literal(1), z.literal(2)]);

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

export const newTargetSchema = z
  .strictObject({
    kind: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be a kind of target'),
    settings: settingsSchema,
    ...fields,
  })
  .meta({ id: 'NewTarget' });
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
  mapping: body.mapping && { user: body.mapping.user.map(ruleOf), group: body.mapping.group.map(ruleOf) },
  matching: body.matching && {
    user: body.matching.user.map(matchingRuleOf),
    group: body.matching.group.map(matchingRuleOf),
  },
  deprovision: body.deprovision,
  leftGroups: body.left_groups,
  limits: body.limits && limitsOf(body.limits),
  protected: body.protected && protectionOf(body.protected),
  escrow: body.escrow && escrowPolicyOf(body.escrow),
  autoApproveFirst: body.auto_approve_first,
  approvals: body.approvals,
});

const limitsOf = (limits: z.output<typeof limitChangesSchema>): Partial<Limits> => ({
  ...(limits.deprovisions && { deprovisions: limits.deprovisions }),
  ...(limits.group_deletes && { groupDeletes: limits.group_deletes }),
  ...(limits.member_removals && { memberRemovals: limits.member_removals }),
  ...(limits.member_removals_per_group && { memberRemovalsPerGroup: limits.member_removals_per_group }),
  ...(limits.updates !== undefined && { updates: limits.updates }),
  ...(limits.creates !== undefined && { creates: limits.creates }),
});

const protectionOf = ({ ids, attributes, group_ids }: z.output<typeof protectionSchema>): Protection => ({
  ids,
  attributes,
  groups: group_ids.map(sourceId),
});

const escrowPolicyOf = (policy: z.output<typeof escrowPolicyChangesSchema>): Partial<EscrowPolicy> => ({
  ...(policy.retry_after_hours && { retryAfterHours: policy.retry_after_hours }),
  ...(policy.give_up_after_days !== undefined && { giveUpAfterDays: policy.give_up_after_days }),
});

const ruleOf = ({ when_null, ...rule }: z.output<typeof mappingRuleSchema>): MappingRule => ({
  ...rule,
  whenNull: when_null,
});
const matchingRuleOf = ({ ignore_case, ...rule }: z.output<typeof matchingRuleSchema>): MatchingRule => ({
  ...rule,
  ignoreCase: ignore_case,
});

const inForceSchema = z
  .strictObject({
    limits: limitsSchema,
    protected: protectionSchema,
    approvals: approvalsNumber,
    looser_from: time.nullable().meta({
      description: 'Where what is set is looser: when that comes into force. null: what is set is in force.',
    }),
  })
  .meta({
    id: 'InForce',
    description:
      'What guards the accounts at this moment. Where two people have to approve, it is the strictest of what was set in the last 24 hours; of a new target, and of one with a new address, that nothing is taken away.',
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
  warnings: readonly ProtectionWarning[],
): z.input<typeof targetSchema> => ({
  ...setView(target),
  protection_warnings: [...warnings],
  in_force: {
    limits: limitsView(guarded.limits),
    protected: protectionView(guarded.protected),
    approvals: guarded.approvals,
    looser_from: guarded.looserFrom && timeOf(guarded.looserFrom),
  },
  waiting_plan: waiting?.id ?? null,
});

/** As it is set. */
export const setView = (
  target: TargetRecord,
): Omit<z.input<typeof targetSchema>, 'protection_warnings' | 'in_force' | 'waiting_plan'> => ({
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

const mappingView = ({ user, group }: Mapping): z.input<typeof mappingSchema> => ({
  user: user.map(ruleView),
  group: group.map(ruleView),
});
const ruleView = ({ whenNull, ...rule }: MappingRule) => ({ ...rule, when_null: whenNull });
const matchingView = ({ user, group }: Matching): z.input<typeof matchingSchema> => ({
  user: user.map(matchingRuleView),
  group: group.map(matchingRuleView),
});
const matchingRuleView = ({ from, to, ignoreCase }: MatchingRule) => ({ from, to, ignore_case: ignoreCase });
const limitsView = (limits: Limits): z.input<typeof limitsSchema> => ({
  deprovisions: limits.deprovisions,
  group_deletes: limits.groupDeletes,
  member_removals: limits.memberRemovals,
  member_removals_per_group: limits.memberRemovalsPerGroup,
  updates: limits.updates,
  creates: limits.creates,
});
const protectionView = ({ ids, attributes, groups }: Protection): z.input<typeof protectionSchema> => ({
  ids: [...ids],
  attributes: [...attributes],
  group_ids: [...groups],
});
