/** What guards the accounts of a target, limits, protection and approvals, as the API takes and shows it. */

import { z } from 'zod';
import { sourceId } from '../../../model/ids.ts';
import type { Limits, Protection, TargetInForce } from '../../../model/target-record.ts';
import { guid, limitSchema, plainText, time, timeOf } from './common.ts';

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
  adoptions: limitSchema.nullable().meta({
    description:
      'Accounts that were there before and are taken over; the percentage is of the active accounts. null: no limit.',
  }),
};
export const limitsSchema = z.strictObject(limitFields).meta({
  id: 'Limits',
  description:
    'How much one run, together with the 24 hours before it, may do before a person has to look: the smaller of a count and a percentage of the active accounts and groups, but never less than the floor.',
});
export const limitChangesSchema = z
  .strictObject(limitFields)
  .partial()
  .meta({ id: 'LimitChanges', description: 'A limit that is left out keeps its value, or gets its default.' });

const protectedText = plainText(300);
export const protectionSchema = z
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

export const approvalsNumber = z.union([z.literal(1), z.literal(2)]);

export const inForceSchema = z
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

export const limitsOf = (limits: z.output<typeof limitChangesSchema>): Partial<Limits> => ({
  ...(limits.deprovisions && { deprovisions: limits.deprovisions }),
  ...(limits.group_deletes && { groupDeletes: limits.group_deletes }),
  ...(limits.member_removals && { memberRemovals: limits.member_removals }),
  ...(limits.member_removals_per_group && { memberRemovalsPerGroup: limits.member_removals_per_group }),
  ...(limits.updates !== undefined && { updates: limits.updates }),
  ...(limits.creates !== undefined && { creates: limits.creates }),
  ...(limits.adoptions !== undefined && { adoptions: limits.adoptions }),
});

export const protectionOf = ({ ids, attributes, group_ids }: z.output<typeof protectionSchema>): Protection => ({
  ids,
  attributes,
  groups: group_ids.map(sourceId),
});

export const inForceView = (guarded: TargetInForce): z.input<typeof inForceSchema> => ({
  limits: limitsView(guarded.limits),
  protected: protectionView(guarded.protected),
  approvals: guarded.approvals,
  looser_from: guarded.looserFrom && timeOf(guarded.looserFrom),
});

export const limitsView = (limits: Limits): z.input<typeof limitsSchema> => ({
  deprovisions: limits.deprovisions,
  group_deletes: limits.groupDeletes,
  member_removals: limits.memberRemovals,
  member_removals_per_group: limits.memberRemovalsPerGroup,
  updates: limits.updates,
  creates: limits.creates,
  adoptions: limits.adoptions,
});
export const protectionView = ({ ids, attributes, groups }: Protection): z.input<typeof protectionSchema> => ({
  ids: [...ids],
  attributes: [...attributes],
  group_ids: [...groups],
});
