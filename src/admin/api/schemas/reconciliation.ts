/** What reconcile runs find, as the API shows it. */

import { z } from 'zod';
import { type Discrepancy, discrepancyKinds, type Listing, type Reconciliation } from '../../../model/discrepancy.ts';
import type { Member } from '../../../model/operation.ts';
import type { SourceObject } from '../../../model/source-object.ts';
import type { FoundOf } from '../../reconciliations.ts';
import { refSchema, refView, time, timeOf, valueSchema } from './common.ts';

export const discrepancyKind = z.enum(discrepancyKinds).meta({
  description:
    '`drift`: an account of ours is not as it was last told. `missing`: a link without its account. `orphan`: an account without a link that carries what makes it somebody’s we know. `duplicate`: an account too many for one person. `unknown`: an account of nobody we know; it is never touched. `member_missing`, `member_surplus`, `member_unknown`: who is not, or should not be, in a group of ours, and who is no account of ours.',
});

const listingSchema = z
  .strictObject({
    objects: z.int(),
    incomplete: z
      .string()
      .nullable()
      .meta({ description: 'Why the list has no end that can be believed; then nobody is said to be missing.' }),
    left_out: z.int().meta({ description: 'Accounts that the list did not show, and that were found by id.' }),
  })
  .nullable();

export const reconciliationSchema = z
  .strictObject({
    at: time,
    listings: z.strictObject({ user: listingSchema, group: listingSchema }),
    hidden: z
      .strictObject({ user: z.array(z.string()), group: z.array(z.string()) })
      .meta({ description: 'Mapped paths that the target shows of nobody, so that nothing is said of them.' }),
    members_shown: z.boolean().meta({ description: 'Whether the target shows who is in a group.' }),
    counts: z.strictObject({
      drift: z.int(),
      missing: z.int(),
      orphan: z.int(),
      duplicate: z.int(),
      unknown: z.int(),
      member_missing: z.int(),
      member_surplus: z.int(),
      member_unknown: z.int(),
    }),
  })
  .meta({ id: 'Reconciliation' });

export const reconciliationView = ({
  at,
  listings,
  hidden,
  membersShown,
  counts,
}: Reconciliation): z.input<typeof reconciliationSchema> => ({
  at: timeOf(at),
  listings: { user: listingView(listings.user), group: listingView(listings.group) },
  hidden: { user: [...hidden.user], group: [...hidden.group] },
  members_shown: membersShown,
  counts,
});

const listingView = (listing: Listing | null) =>
  listing && { objects: listing.objects, incomplete: listing.incomplete, left_out: listing.leftOut };

export const discrepancySchema = z
  .strictObject({
    kind: discrepancyKind,
    object: refSchema.nullable().meta({ description: 'Whose it is, or the group; null: nobody we know.' }),
    name: z.string().nullable().meta({ description: 'Who or which group it is, as last seen in the tenant.' }),
    user_principal_name: z.string().nullable(),
    remote_id: z.string().meta({ description: 'The account or group at the target.' }),
    gone: z
      .enum(['soft_deleted', 'deleted', 'out_of_scope', 'missing'])
      .nullable()
      .meta({ description: 'Why they are not in the snapshot any more; null: they are, or it does not matter here.' }),
    differences: z
      .array(z.strictObject({ path: z.string(), told: valueSchema, holds: valueSchema }))
      .nullable()
      .meta({ description: 'What the target was last told, and what it holds now.' }),
    by: z.string().nullable().meta({ description: 'The target path by which an account seems to be theirs.' }),
    linked_remote_id: z.string().nullable().meta({ description: 'The account that is theirs by our links.' }),
    member: z
      .strictObject({ object: refSchema.nullable(), remote_id: z.string() })
      .nullable()
      .meta({ description: 'Of a group; its `object` is null for an account that is not ours.' }),
  })
  .meta({ id: 'Discrepancy' });

export const discrepancyView = ({ discrepancy: one, object }: FoundOf): z.input<typeof discrepancySchema> => ({
  kind: one.kind,
  object: one.kind === 'unknown' ? null : refView(one.ref),
  name: textOf(object, 'displayName'),
  user_principal_name: textOf(object, 'userPrincipalName'),
  remote_id: one.remoteId,
  gone: one.kind === 'missing' || one.kind === 'orphan' ? one.gone : null,
  differences: one.kind === 'drift' ? [...one.differences] : null,
  by: one.kind === 'orphan' || one.kind === 'duplicate' ? one.by : null,
  linked_remote_id: one.kind === 'duplicate' ? one.linked : null,
  member: memberView(one),
});

const memberView = (one: Discrepancy) => {
  switch (one.kind) {
    case 'member_missing':
    case 'member_surplus':
      return shown(one.member);
    case 'member_unknown':
      return { object: null, remote_id: one.stranger };
    default:
      return null;
  }
};

const shown = ({ ref, remoteId }: Member) => ({ object: refView(ref), remote_id: remoteId });

const textOf = (object: SourceObject | null, attribute: string): string | null => {
  const value = object?.attributes[attribute];
  return typeof value === 'string' ? value : null;
};
