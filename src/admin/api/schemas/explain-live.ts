/** What source and target say when they are asked again for an explanation, as the API shows it. */

import { z } from 'zod';
import type { Problem } from '../../../model/connection.ts';
import type { LiveSource, LiveStranger, LiveTarget } from '../../../model/explanation.ts';
import { faultSchema, refSchema, refView, valueSchema } from './common.ts';

const says = z.string();
const standing = z.enum(['present', 'disabled', 'out_of_scope', 'gone', 'unsure']);
export const liveSourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('answered'),
    standing,
    agrees: z.boolean().nullable().meta({ description: 'With what is stored; null when the answer says nothing.' }),
    changed: z.array(z.strictObject({ attribute: z.string(), stored: valueSchema, now: valueSchema })),
    says,
  }),
  z.strictObject({ kind: z.literal('failed'), problem: faultSchema, says }),
]);
export const liveSourceView = (live: LiveSource): z.input<typeof liveSourceSchema> =>
  live.kind === 'answered'
    ? { ...live, changed: [...live.changed] }
    : { kind: live.kind, problem: faultOf(live.problem), says: live.says };

export const liveStrangerSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('answered'),
    people: z.array(
      z.strictObject({
        object: refSchema,
        display_name: z.string().nullable().meta({
          description:
            'Null, as the user principal name, also of whoever is outside the scope, unless the caller may `configure`.',
        }),
        user_principal_name: z.string().nullable(),
        standing,
      }),
    ),
    says,
  }),
  z.strictObject({ kind: z.literal('failed'), problem: faultSchema, says }),
]);
export const liveStrangerView = (live: LiveStranger): z.input<typeof liveStrangerSchema> =>
  live.kind === 'failed'
    ? { kind: live.kind, problem: faultOf(live.problem), says: live.says }
    : {
        kind: live.kind,
        people: live.people.map(({ object, displayName, userPrincipalName, standing }) => ({
          object: refView(object),
          display_name: displayName,
          user_principal_name: userPrincipalName,
          standing,
        })),
        says: live.says,
      };

export const liveTargetSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('linked'),
    differences: z.array(z.strictObject({ path: z.string(), told: valueSchema, there: valueSchema })),
    says,
  }),
  z.strictObject({ kind: z.literal('match'), remote_id: z.string(), attribute: z.string(), says }),
  z.strictObject({ kind: z.literal('ambiguous'), attribute: z.string(), hits: z.int(), says }),
  z.strictObject({ kind: z.enum(['linked_elsewhere', 'unclaimed_group']), attribute: z.string(), says }),
  z.strictObject({ kind: z.enum(['gone', 'none', 'not_asked']), says }),
  z.strictObject({ kind: z.literal('failed'), problem: faultSchema, says }),
]);
export const liveTargetView = (live: LiveTarget): z.input<typeof liveTargetSchema> => {
  switch (live.kind) {
    case 'linked':
      return { ...live, differences: [...live.differences] };
    case 'match':
      return { kind: live.kind, remote_id: live.remoteId, attribute: live.attribute, says: live.says };
    case 'failed':
      return { kind: live.kind, problem: faultOf(live.problem), says: live.says };
    default:
      return live;
  }
};
const faultOf = (problem: Problem): z.input<typeof faultSchema> => ({
  code: problem.code,
  message: problem.message,
  resolution_owner: problem.owner,
});
