/** Operations as the API shows them. */

import { z } from 'zod';
import type { Operation } from '../../../model/operation.ts';
import type { SourceObject } from '../../../model/source-object.ts';
import type { EntryOf } from '../../runs.ts';
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

export const operationName = z
  .string()
  .nullable()
  .meta({ description: 'Who or which group it is, as last seen in the tenant.' });
export const memberName = z.string().nullable().meta({
  description: 'Who it is, as last seen in the tenant; null as well beyond the first 10,000 members of a page.',
});
const memberSchema = z.strictObject({
  object: refSchema,
  remote_id: z.string(),
  name: memberName,
});

export const operationSchema = z
  .strictObject({
    key: z.string(),
    object: refSchema,
    name: operationName,
    user_principal_name: z.string().nullable(),
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

export const operationView = ({
  entry: { operation, cause, state, outcome, at },
  object,
  memberNamed,
}: EntryOf): z.input<typeof operationSchema> => ({
  ...writeView(operation),
  name: textOf(object, 'displayName'),
  user_principal_name: textOf(object, 'userPrincipalName'),
  members:
    'members' in operation
      ? operation.members.map(({ ref, remoteId }) => ({
          object: refView(ref),
          remote_id: remoteId,
          name: textOf(memberNamed(ref.id), 'displayName'),
        }))
      : null,
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

/** What a list shows of somebody. */
export const textOf = (object: SourceObject | null, attribute: string): string | null => {
  const value = object?.attributes[attribute];
  return typeof value === 'string' ? value : null;
};
