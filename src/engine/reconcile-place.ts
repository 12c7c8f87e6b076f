/** How far a reconcile run is, kept between its turns. */

import { z } from 'zod';
import type { Listing } from '../model/discrepancy.ts';
import { type SourceId, sourceId } from '../model/ids.ts';
import type { ObjectType } from '../model/source-object.ts';

export type Step =
  /** Page `nth` of the list of a type begins at `from`. */
  | { readonly at: 'list'; readonly type: ObjectType; readonly from: string | null; readonly nth: number }
  /** Who is linked and was not in the list is asked for by id. */
  | { readonly at: 'look'; readonly type: ObjectType; readonly after: SourceId | null }
  /** Groups are compared member by member. */
  | { readonly at: 'members'; readonly after: SourceId | null }
  | { readonly at: 'compare' };

export type ReconcilePlace = {
  /** The version of the snapshot it compares with. */
  readonly version: number;
  readonly step: Step;
  readonly listings: Readonly<Record<ObjectType, Listing | null>>;
  /** Target paths that were shown of somebody. */
  readonly shown: Readonly<Record<ObjectType, readonly string[]>>;
  readonly membersShown: boolean;
};

export const firstPlace = (version: number): ReconcilePlace => ({
  version,
  step: { at: 'list', type: 'user', from: null, nth: 1 },
  listings: { user: null, group: null },
  shown: { user: [], group: [] },
  membersShown: false,
});

const after = z.string().transform(sourceId).nullable();
const type = z.enum(['user', 'group']);
const listing = z.strictObject({ objects: z.int(), incomplete: z.string().nullable(), leftOut: z.int() }).nullable();
const placeSchema = z.strictObject({
  version: z.int(),
  step: z.discriminatedUnion('at', [
    z.strictObject({ at: z.literal('list'), type, from: z.string().nullable(), nth: z.int() }),
    z.strictObject({ at: z.literal('look'), type, after }),
    z.strictObject({ at: z.literal('members'), after }),
    z.strictObject({ at: z.literal('compare') }),
  ]),
  listings: z.strictObject({ user: listing, group: listing }),
  shown: z.strictObject({ user: z.array(z.string()), group: z.array(z.string()) }),
  membersShown: z.boolean(),
});

export const reconcilePlaceFrom = (text: string): ReconcilePlace => placeSchema.parse(JSON.parse(text));
