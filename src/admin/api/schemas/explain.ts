/** The answer to "why was Jane not synced?" as the API shows it. */

import { z } from 'zod';
import type { ReasonCounts } from '../../../engine/count-reasons.ts';
import type { Answer, TargetAnswer } from '../../../engine/explain.ts';
import { type Candidate, foundBy, nobodyReasons, reasons, type Verdict } from '../../../model/explanation.ts';
import { attributesSchema, refSchema, refView, time, timeOrNull } from './common.ts';
import {
  liveSourceSchema,
  liveSourceView,
  liveStrangerSchema,
  liveStrangerView,
  liveTargetSchema,
  liveTargetView,
} from './explain-live.ts';
import { committedSchema, committedView, gone, linkSchema, linkView, stepSchema, stepView } from './explain-steps.ts';

const owner = z.enum(['customer_it', 'your_team', 'microsoft', 'target_vendor']).nullable().meta({
  description: 'Who must act; null is nobody.',
});
const verdictFields = {
  sentence: z.string().meta({ description: 'In plain words; can be pasted as it is.' }),
  resolution_owner: owner,
  to_do: z.string().nullable().meta({ description: 'What they do; null is nothing.' }),
};
const verdictSchema = z.strictObject({ reason: z.enum(reasons), ...verdictFields }).meta({ id: 'Verdict' });
const nobodyVerdictSchema = z.strictObject({ reason: z.enum(nobodyReasons), ...verdictFields });
const verdictView = <R extends string>({ reason, sentence, owner, todo }: Omit<Verdict, 'reason'> & { reason: R }) => ({
  reason,
  sentence,
  resolution_owner: owner,
  to_do: todo,
});

const targetAnswerSchema = z
  .strictObject({
    target_id: z.string(),
    target_name: z.string(),
    verdict: verdictSchema,
    account: linkSchema,
    steps: z.array(stepSchema),
    live: liveTargetSchema.nullable().meta({ description: 'What the target says now; null unless asked for.' }),
  })
  .meta({ id: 'TargetExplanation' });
const targetAnswerView = ({
  target,
  verdict,
  link,
  steps,
  live,
}: TargetAnswer): z.input<typeof targetAnswerSchema> => ({
  target_id: target.id,
  target_name: target.name,
  verdict: verdictView(verdict),
  account: linkView(link),
  steps: steps.map(stepView),
  live: live && liveTargetView(live),
});

const candidateSchema = z
  .strictObject({
    object: refSchema,
    found_by: z.enum(foundBy),
    display_name: z.string().nullable(),
    user_principal_name: z.string().nullable(),
    mail: z.string().nullable(),
    employee_id: z.string().nullable(),
    gone,
  })
  .meta({ id: 'ExplainCandidate' });
const candidateView = (candidate: Candidate): z.input<typeof candidateSchema> => ({
  object: refView(candidate.object),
  found_by: candidate.by,
  display_name: candidate.displayName,
  user_principal_name: candidate.userPrincipalName,
  mail: candidate.mail,
  employee_id: candidate.employeeId,
  gone: candidate.gone,
});

const common = {
  read: committedSchema.meta({ description: 'What was read of the tenant last.' }),
  full_read_at: time.nullable(),
  notes: z
    .array(z.string())
    .meta({ description: 'What makes all that is known older than it should be, or keeps it from being written.' }),
};
export const explanationSchema = z
  .discriminatedUnion('found', [
    z.strictObject({
      found: z.literal('one'),
      found_by: z.enum(foundBy),
      object: refSchema,
      attributes: attributesSchema.meta({ description: 'As they are, or were when it left.' }),
      gone,
      targets: z.array(targetAnswerSchema),
      live: liveSourceSchema.nullable().meta({ description: 'What the tenant says now; null unless asked for.' }),
      others: z.array(candidateSchema).meta({ description: 'Others of this name, who left.' }),
      ...common,
    }),
    z.strictObject({ found: z.literal('several'), candidates: z.array(candidateSchema), ...common }),
    z.strictObject({
      found: z.literal('nobody'),
      verdict: nobodyVerdictSchema,
      checks: z.array(z.string()).meta({ description: 'What to look at.' }),
      live: liveStrangerSchema.nullable().meta({ description: 'What the tenant says now; null unless asked for.' }),
      ...common,
    }),
  ])
  .meta({ id: 'Explanation' });

export const explanationView = (answer: Answer): z.input<typeof explanationSchema> => {
  const { found, read, fullReadAt, notes } = answer;
  const common = { read: committedView(read), full_read_at: timeOrNull(fullReadAt), notes: [...notes] };
  switch (found) {
    case 'one': {
      const { by, seen, targets, live, others } = answer;
      return {
        found,
        found_by: by,
        object: refView(seen.object.ref),
        attributes: seen.object.attributes,
        gone: seen.gone,
        targets: targets.map(targetAnswerView),
        live: live && liveSourceView(live),
        others: others.map(candidateView),
        ...common,
      };
    }
    case 'several':
      return { found, candidates: answer.candidates.map(candidateView), ...common };
    case 'nobody':
      return {
        found,
        verdict: verdictView(answer.verdict),
        checks: [...answer.checks],
        live: answer.live && liveStrangerView(answer.live),
        ...common,
      };
  }
};

export const reasonCountsSchema = z
  .strictObject({
    version: z.int().meta({ description: 'The version of the snapshot that is known.' }),
    position: z.int().nullable().meta({ description: 'The version that the target was brought to.' }),
    objects: z.int().meta({ description: 'How many this call looked at: users and groups ever read, also who left.' }),
    reasons: z.array(
      z.strictObject({
        reason: z.enum(reasons),
        count: z.int(),
        examples: z.array(refSchema).meta({ description: 'The first of them.' }),
      }),
    ),
    next_cursor: z.string().nullable().meta({ description: 'Where to go on; null when everybody was looked at.' }),
  })
  .meta({ id: 'ReasonCounts', description: 'The counts of all calls added up are all objects, each counted once.' });

export const reasonCountsView = (
  { version, position, objects, reasons: counted }: ReasonCounts,
  nextCursor: string | null,
): z.input<typeof reasonCountsSchema> => ({
  version,
  position,
  objects,
  reasons: reasons.flatMap((reason) => {
    const tallied = counted.get(reason);
    return tallied === undefined ? [] : [{ reason, count: tallied.count, examples: tallied.examples.map(refView) }];
  }),
  next_cursor: nextCursor,
});
