/** The steps of an explanation, each with its evidence, as the API shows them. */

import { z } from 'zod';
import type { Committed, LinkNow, RunNow, Step, Written } from '../../../model/explanation.ts';
import type { WaitingReference } from '../../../model/operation.ts';
import {
  attributesSchema,
  evidenceSchema,
  evidenceView,
  faultSchema,
  faultView,
  refSchema,
  refView,
  time,
  timeOf,
  timeOrNull,
  valueSchema,
} from './common.ts';
import { planKind, planState } from './plan.ts';
import { runState } from './run.ts';
import { deprovisionSchema, leftGroupsSchema } from './target.ts';

export const committedSchema = z
  .strictObject({ version: z.int(), run_id: z.string().nullable(), at: time.nullable() })
  .meta({ id: 'Committed', description: 'A version of the snapshot; the run that committed it is kept for 90 days.' });
export const committedView = ({ version, run, at }: Committed): z.input<typeof committedSchema> => ({
  version,
  run_id: run,
  at: timeOrNull(at),
});

export const gone = z.enum(['soft_deleted', 'deleted', 'out_of_scope', 'missing']).nullable();
const waitingSchema = z.strictObject({ path: z.string(), to: z.string(), want: z.enum(['add', 'remove']) });
const waitingView = ({ path, to, want }: WaitingReference): z.input<typeof waitingSchema> => ({ path, to, want });

const runNowSchema = z
  .strictObject({
    id: z.string(),
    state: runState,
    version: z.int().nullable(),
    finished_at: time.nullable(),
    not_before: time.nullable(),
    problem: faultSchema.nullable(),
  })
  .nullable();
const runNowView = (run: RunNow | null): z.input<typeof runNowSchema> =>
  run && {
    id: run.id,
    state: run.state,
    version: run.version,
    finished_at: timeOrNull(run.finishedAt),
    not_before: timeOrNull(run.notBefore),
    problem: faultView(run.problem),
  };

const writtenSchema = z
  .strictObject({
    action: z.string(),
    run_id: z.string(),
    version: z.int(),
    why: z.string(),
    evidence: evidenceSchema.nullable(),
    attributes: attributesSchema.nullable(),
    at: time,
    result: z.enum(['applied', 'partly_applied', 'skipped', 'escrowed', 'open']),
    detail: z.string().nullable(),
  })
  .nullable();
const writtenView = (written: Written | null): z.input<typeof writtenSchema> =>
  written && {
    action: written.action,
    run_id: written.run,
    version: written.version,
    why: written.why,
    evidence: evidenceView(written.evidence),
    attributes: written.attributes,
    at: timeOf(written.at),
    result: written.result,
    detail: written.detail,
  };

export const linkSchema = z
  .strictObject({
    remote_id: z.string(),
    by: z.enum(['created', 'matched']),
    state: z.enum(['active', 'disabled']),
    since: time.meta({ description: 'When it came to this state.' }),
  })
  .nullable();
export const linkView = (link: LinkNow | null): z.input<typeof linkSchema> =>
  link && { remote_id: link.remoteId, by: link.by, state: link.state, since: timeOf(link.since) };

const stepOf = <N extends string, E extends z.ZodType>(name: N, evidence: E) =>
  z.strictObject({
    step: z.literal(name),
    state: z.enum(['ok', 'stopped', 'not_reached', 'unknown']).meta({
      description: '`stopped`: it is because of this step. `not_reached`: it does not come to this step.',
    }),
    says: z.string(),
    evidence,
  });
const mayBeRead = {
  description: 'Whether the connection may read it. What it may not has no value here, whatever Entra holds.',
};
export const stepSchema = z
  .discriminatedUnion('step', [
    stepOf(
      'found',
      z.strictObject({
        object: refSchema,
        attributes: attributesSchema,
        gone,
        changed: committedSchema,
        read: committedSchema,
        full_read_at: time.nullable(),
      }),
    ),
    stepOf(
      'in_scope',
      z.strictObject({
        scope: z.union([z.literal('all'), z.strictObject({ group_ids: z.array(z.string()), nested: z.boolean() })]),
        member_of: z.array(z.strictObject({ id: z.string(), name: z.string().nullable(), in_scope: z.boolean() })),
      }),
    ),
    stepOf(
      'matched',
      z.strictObject({
        link: linkSchema,
        former: z.strictObject({ remote_id: z.string(), until: time }).nullable(),
        questions: z.array(
          z.strictObject({
            from: z.string(),
            to: z.string(),
            value: valueSchema,
            readable: z.boolean().meta(mayBeRead),
          }),
        ),
      }),
    ),
    stepOf(
      'mapped',
      z.strictObject({
        values: z.array(
          z.strictObject({
            to: z.string(),
            from: z.string().nullable(),
            source: valueSchema,
            readable: z.boolean().meta(mayBeRead),
            wanted: valueSchema.optional().meta({ description: 'Absent when the rule writes nothing now.' }),
            told: valueSchema.meta({ description: 'What the target was last told.' }),
          }),
        ),
        waiting: z.array(waitingSchema),
      }),
    ),
    stepOf(
      'planned',
      z.strictObject({
        operations: z.array(
          z.strictObject({
            action: z.string(),
            attributes: attributesSchema.nullable(),
            before: attributesSchema.nullable(),
          }),
        ),
        position: z.int().nullable(),
        last_run: runNowSchema,
        coming_run: runNowSchema,
      }),
    ),
    stepOf(
      'guard',
      z.strictObject({
        deprovision: deprovisionSchema,
        left_groups: leftGroupsSchema,
        held_by: runNowSchema,
        plan: z
          .strictObject({
            id: z.string(),
            kind: planKind,
            state: planState,
            actions: z.array(z.string()),
            approvals_needed: z.int(),
            approved_by: z.array(z.string()),
          })
          .nullable()
          .meta({ description: 'The plan that holds it back, and what it holds on this object.' }),
      }),
    ),
    stepOf(
      'written',
      z.strictObject({
        last: writtenSchema,
        failed: writtenSchema,
        escrow: z
          .strictObject({
            reason: z.string(),
            detail: z.string(),
            attempts: z.int(),
            since: time,
            due_at: time.nullable(),
          })
          .nullable(),
        open: z.array(z.string()),
      }),
    ),
  ])
  .meta({ id: 'ExplainStep' });

export const stepView = (step: Step): z.input<typeof stepSchema> => {
  const { state, says } = step;
  switch (step.step) {
    case 'found': {
      const { object, attributes, gone, changed, read, fullReadAt } = step.evidence;
      const evidence = {
        object: refView(object),
        attributes,
        gone,
        changed: committedView(changed),
        read: committedView(read),
        full_read_at: timeOrNull(fullReadAt),
      };
      return { step: step.step, state, says, evidence };
    }
    case 'in_scope': {
      const { scope, memberOf } = step.evidence;
      const evidence = {
        scope: scope.kind === 'all' ? ('all' as const) : { group_ids: [...scope.groups], nested: scope.nested },
        member_of: memberOf.map(({ id, name, inScope }) => ({ id, name, in_scope: inScope })),
      };
      return { step: step.step, state, says, evidence };
    }
    case 'matched': {
      const { link, former, questions } = step.evidence;
      const evidence = {
        link: linkView(link),
        former: former && { remote_id: former.remoteId, until: timeOf(former.until) },
        questions: [...questions],
      };
      return { step: step.step, state, says, evidence };
    }
    case 'mapped': {
      const { values, waiting } = step.evidence;
      return { step: step.step, state, says, evidence: { values: [...values], waiting: waiting.map(waitingView) } };
    }
    case 'planned': {
      const { operations, position, lastRun, comingRun } = step.evidence;
      const runs = { last_run: runNowView(lastRun), coming_run: runNowView(comingRun) };
      return { step: step.step, state, says, evidence: { operations: [...operations], position, ...runs } };
    }
    case 'guard': {
      const { policy, leftGroups, heldBy, plan } = step.evidence;
      const evidence = {
        deprovision: policy,
        left_groups: leftGroups,
        held_by: runNowView(heldBy),
        plan: plan && {
          id: plan.id,
          kind: plan.kind,
          state: plan.state,
          actions: [...plan.actions],
          approvals_needed: plan.approvalsNeeded,
          approved_by: [...plan.approvedBy],
        },
      };
      return { step: step.step, state, says, evidence };
    }
    case 'written': {
      const { last, failed, escrow, open } = step.evidence;
      const evidence = {
        last: writtenView(last),
        failed: writtenView(failed),
        escrow: escrow && {
          reason: escrow.reason,
          detail: escrow.detail,
          attempts: escrow.attempts,
          since: timeOf(escrow.since),
          due_at: timeOrNull(escrow.dueAt),
        },
        open: [...open],
      };
      return { step: step.step, state, says, evidence };
    }
  }
};
