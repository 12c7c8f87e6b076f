/** What is kept of one person, as the API shows it. */

import { z } from 'zod';
import type { Kept } from '../../../engine/persons.ts';
import type { Link } from '../../../model/operation.ts';
import type { Left } from '../../persons.ts';
import { attributesSchema, targetIdText, time, timeOf } from './common.ts';
import { changeSchema, changeView } from './snapshot.ts';

const accountSchema = z.strictObject({
  remote_id: z.string(),
  by: z.enum(['created', 'matched']),
  state: z.enum(['active', 'disabled']),
  since: time,
  pushed: attributesSchema.meta({ description: 'What the target was last told, by target path.' }),
});
const accountView = (link: Link): z.input<typeof accountSchema> => ({
  remote_id: link.remoteId,
  by: link.by,
  state: link.state,
  since: timeOf(link.since),
  pushed: link.pushed,
});

const operationSchema = z.strictObject({
  key: z.string(),
  action: z.string(),
  at: time,
  run_id: z.string(),
  result: z.string().nullable().meta({ description: 'null: it is open.' }),
  attributes: attributesSchema.nullable(),
});

export const keptSchema = z
  .strictObject({
    id: z.string(),
    snapshot: z
      .strictObject({
        attributes: attributesSchema.meta({ description: 'Of who left, the last known ones.' }),
        gone: z.enum(['soft_deleted', 'deleted', 'out_of_scope', 'missing']).nullable(),
        version: z.int(),
      })
      .nullable(),
    member_of: z.array(z.string()),
    changes: z.array(changeSchema),
    targets: z.array(
      z.strictObject({
        target_id: targetIdText,
        account: accountSchema.nullable(),
        former_account: z.strictObject({ remote_id: z.string(), until: time }).nullable(),
        escrow: z.strictObject({ reason: z.string(), detail: z.string(), since: time }).nullable(),
        operations: z.array(operationSchema),
      }),
    ),
  })
  .meta({ id: 'KeptOfPerson' });

export const keptView = ({ remembered, memberOf, changes, targets }: Kept): z.input<typeof keptSchema> => ({
  id: idOf({ remembered, targets }),
  snapshot: remembered && {
    attributes: remembered.object.attributes,
    gone: remembered.gone,
    version: remembered.version,
  },
  member_of: [...memberOf],
  changes: changes.map((change) => changeView(change, true)),
  targets: targets.map(({ record, about, operations }) => ({
    target_id: record.id,
    account: about.link && accountView(about.link),
    former_account: about.former && { remote_id: about.former.remoteId, until: timeOf(about.former.until) },
    escrow: about.escrow && {
      reason: about.escrow.reason,
      detail: about.escrow.detail,
      since: timeOf(about.escrow.since),
    },
    operations: operations.map(({ operation, at, cause, outcome }) => ({
      key: operation.key,
      action: operation.action,
      at: timeOf(at),
      run_id: cause.run,
      result: outcome?.result ?? null,
      attributes: 'attributes' in operation ? operation.attributes : null,
    })),
  })),
});

const idOf = ({ remembered, targets }: Pick<Kept, 'remembered' | 'targets'>): string =>
  remembered?.object.ref.id ??
  targets.flatMap(({ about, operations }) => about.link?.ref.id ?? operations[0]?.operation.ref.id ?? [])[0] ??
  '';

export const erasureSchema = z
  .strictObject({
    accounts_left: z
      .array(z.strictObject({ target_id: targetIdText, remote_id: z.string(), state: z.enum(['active', 'disabled']) }))
      .meta({
        description: 'Their accounts at targets, which stay as they are and are known to nobody here any more.',
      }),
  })
  .meta({ id: 'Erasure' });
export const erasureView = (left: readonly Left[]): z.input<typeof erasureSchema> => ({
  accounts_left: left.map(({ target, link }) => ({ target_id: target, remote_id: link.remoteId, state: link.state })),
});
