/** Previews of another scope as the API takes and shows them. */

import { z } from 'zod';
import type { ActionCounts } from '../../../model/plan.ts';
import type { Preview, PreviewedTarget } from '../../previews.ts';
import { planIdText, targetIdText } from './common.ts';
import { exceededSchema, exceededView } from './plan.ts';
import { runSchema, runView } from './run.ts';
import { scopeSchema } from './scope.ts';

export const previewRequestSchema = z.strictObject({ scope: scopeSchema }).meta({ id: 'PreviewRequest' });

const accountsSchema = z.strictObject({ create: z.int(), update: z.int(), disable: z.int(), delete: z.int() });
const accountsView = (counts: ActionCounts): z.infer<typeof accountsSchema> => ({
  create: counts.create,
  update: counts.update,
  disable: counts.disable,
  delete: counts.delete,
});

const wouldSchema = z.strictObject({
  users: accountsSchema,
  groups: accountsSchema,
  memberships: z.strictObject({ add: z.int(), remove: z.int() }),
});

const previewedTargetSchema = z.strictObject({
  target_id: targetIdText,
  target_name: z.string(),
  plan_id: planIdText.nullable().meta({
    description:
      'The plan whose operations say who and why; null when the target is not active or not planned yet, and once the plan is gone: it is kept for a day.',
  }),
  hash: z.string().nullable().meta({ description: 'The plan after saving has the same one when nothing moved.' }),
  would: wouldSchema.nullable(),
  exceeded: z.array(exceededSchema).meta({ description: 'The limits of the target that it passes.' }),
  waits_for_approval: z
    .boolean()
    .meta({ description: 'Whether the first run after saving makes a plan that somebody approves.' }),
});

export const previewSchema = z
  .strictObject({
    run: runSchema.meta({
      description:
        'Its counters say what the snapshot would gain and lose; its problem, that the first sync after saving would be held.',
    }),
    targets: z.array(previewedTargetSchema),
  })
  .meta({ id: 'Preview' });

export const previewView = ({ run, targets }: Preview): z.input<typeof previewSchema> => ({
  run: runView({ run, madePlan: null }),
  targets: targets.map(targetView),
});

const targetView = ({ record, plan }: PreviewedTarget): z.input<typeof previewedTargetSchema> => ({
  target_id: record.id,
  target_name: record.name,
  plan_id: plan?.id ?? null,
  hash: plan?.hash ?? null,
  would: plan && {
    users: accountsView(plan.countsOf.user),
    groups: accountsView(plan.countsOf.group),
    memberships: { add: plan.counts.add_members, remove: plan.counts.remove_members },
  },
  exceeded: (plan?.exceeded ?? []).map(exceededView),
  waits_for_approval: !record.autoApproveFirst,
});
