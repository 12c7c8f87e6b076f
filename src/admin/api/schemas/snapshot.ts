/** What is stored of a tenant, as the API shows it. */

import { z } from 'zod';
import { changedAttributes, changeKindOf, changeKinds } from '../../../core/change-kind.ts';
import type { RecordedChange } from '../../../model/change.ts';
import { refOf } from '../../../model/change.ts';
import type { SourceObject } from '../../../model/source-object.ts';
import { attributesSchema, refSchema, refView, time, timeOf } from './common.ts';

export const sourceObjectSchema = z
  .strictObject({ type: z.enum(['user', 'group']), id: z.string(), attributes: attributesSchema })
  .meta({ id: 'SourceObject' });
export const sourceObjectView = ({ ref, attributes }: SourceObject) => ({ type: ref.type, id: ref.id, attributes });

export const changeSchema = z
  .strictObject({
    version: z.int().meta({ description: 'Of the snapshot that has it.' }),
    sequence: z.int().meta({ description: 'Counts from 1 within the version.' }),
    at: time,
    type: z.enum(changeKinds),
    object: refSchema,
    attributes: z.array(z.string()).meta({
      description: 'The names of the attributes that have another value now; of somebody new those that have one.',
    }),
    before: attributesSchema.nullable().meta({ description: 'All attributes before it; null unless asked for.' }),
    after: attributesSchema.nullable().meta({ description: 'All attributes after it; null unless asked for.' }),
    why: z.enum(['soft_deleted', 'deleted', 'out_of_scope', 'missing']).nullable().meta({
      description: 'Of what was removed.',
    }),
    added: z.array(refSchema).nullable().meta({ description: 'Members that came.' }),
    removed: z.array(refSchema).nullable().meta({ description: 'Members that went.' }),
  })
  .meta({ id: 'Change' });

export const changesSchema = z
  .strictObject({
    data: z.array(changeSchema),
    next_cursor: z.string().meta({ description: 'Where to go on, now or later; there is always one.' }),
    has_more: z.boolean().meta({ description: 'Whether there are more already.' }),
  })
  .meta({ id: 'Changes' });

/** `values`: whether what attributes hold is shown, too. */
export const changeView = (
  { version, sequence, at, change }: RecordedChange,
  values: boolean,
): z.input<typeof changeSchema> => ({
  version,
  sequence,
  at: timeOf(at),
  type: changeKindOf(change),
  object: refView(refOf(change)),
  attributes: [...changedAttributes(change)],
  before: values && 'before' in change ? change.before.attributes : null,
  after: values && 'after' in change ? change.after.attributes : null,
  why: change.kind === 'removed' ? change.why : null,
  added: change.kind === 'members' ? change.added.map(refView) : null,
  removed: change.kind === 'members' ? change.removed.map(refView) : null,
});
