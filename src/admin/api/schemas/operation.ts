/** Operations as the API shows them. */

import { z } from 'zod';
import type { Member, Operation } from '../../../model/operation.ts';
import type { Entry } from '../../../store/ledger.ts';
import {
  attributesSchema,
  evidenceSchema,
  evidenceView,
  planIdText,
  refSchema,
  refView,
  time,
  timeOf,
  timeOrNull,
} from './common.ts';

const memberSchema = z.strictObject({ object: refSchema, remote_id: z.string() });
export const operationSchema = z
  .strictObject({
    key: z.string(),
    object: refSchema,
    action: z.enum(['create', 'update', 'add_members', 'remove_members', 'disable', 'delete']),
    remote_id: z.string().nullable(),
    attributes: attributesSchema.nullable().meta({ description: 'By target path; in an update only what differs.' }),
    before: attributesSchema.nullable(),
    members: z.array(memberSchema).nullable(),
    why: z.string(),
    evidence: evidenceSchema.nullable(),
    version: z.int(),
    state: z.enum(['open', 'settled']).meta({ description: '`open`: it is not known yet what became of it.' }),
    plan_id: planIdText.nullable().meta({ description: 'The approved plan that holds it.' }),
    result: z.enum(['applied', 'partly_applied', 'skipped', 'escrowed']).nullable().meta({
      description: '`partly_applied`: the target refused some of the members; they wait, with the group in escrow.',
    }),
    reason: z.string().nullable(),
    detail: z.string().nullable(),
    intended_at: time,
    settled_at: time.nullable(),
  })
  .meta({ id: 'Operation' });

/** What is written, less the members of a group. */
export const writeView = (operation: Operation) => ({
  key: operation.key,
  object: refView(operation.ref),
  action: operation.action,
  remote_id: 'remoteId' in operation ? operation.remoteId : null,
  attributes: 'attributes' in operation ? operation.attributes : null,
  before: 'before' in operation ? operation.before : null,
});

export const operationView = ({ operation, cause, state, outcome, at }: Entry): z.input<typeof operationSchema> => ({
  ...writeView(operation),
  members: 'members' in operation ? operation.members.map(memberView) : null,
  why: cause.why,
  evidence: evidenceView(cause.evidence),
  version: cause.version,
  plan_id: cause.plan,
  state,
  result: outcome?.result ?? null,
  reason: outcome !== null && 'reason' in outcome ? outcome.reason : null,
  detail: outcome !== null && 'detail' in outcome ? outcome.detail : null,
  intended_at: timeOf(at),
  settled_at: timeOrNull(outcome?.at ?? null),
});

const memberView = ({ ref, remoteId }: Member) => ({ object: refView(ref), remote_id: remoteId });
