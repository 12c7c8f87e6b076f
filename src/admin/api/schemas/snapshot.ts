/** What is stored of a tenant, as the API shows it. */

import { z } from 'zod';
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
    version: z.int(),
    sequence: z.int().meta({ description: 'Counts from 1 within the version.' }),
    at: time,
    kind: z.enum(['created', 'updated', 'removed', 'members']),
    object: refSchema,
    before: attributesSchema.nullable(),
    after: attributesSchema.nullable(),
    why: z.enum(['soft_deleted', 'deleted', 'out_of_scope', 'missing']).nullable(),
    added: z.array(refSchema).nullable(),
    removed: z.array(refSchema).nullable(),
  })
  .meta({ id: 'Change' });
export const changeView = ({ version, sequence, at, change }: RecordedChange) => ({
  version,
  sequence,
  at: timeOf(at),
  kind: change.kind,
  object: refView(refOf(change)),
  before: 'before' in change ? change.before.attributes : null,
  after: 'after' in change ? change.after.attributes : null,
  why: change.kind === 'removed' ? change.why : null,
  added: change.kind === 'members' ? change.added.map(refView) : null,
  removed: change.kind === 'members' ? change.removed.map(refView) : null,
});
