/** How an escrow looks at the door. */

import { z } from 'zod';
import { type Escrow, type EscrowReason, escrowReasons } from '../../../model/operation.ts';
import { refSchema, refView, time, timeOf, timeOrNull } from './common.ts';

export const escrowState = z.enum(['waiting', 'given_up']);
export const escrowReason = z.enum(escrowReasons) satisfies z.ZodType<EscrowReason>;

export const escrowSchema = z
  .strictObject({
    object: refSchema,
    state: escrowState.meta({
      description: '`given_up`: it is tried again only when it changes, or a person asks.',
    }),
    reason: escrowReason,
    detail: z.string(),
    attempts: z.int(),
    since: time.meta({ description: 'When it failed for the first time.' }),
    due_at: time.nullable().meta({ description: 'When it is tried again, in the first run after it.' }),
  })
  .meta({ id: 'Escrow' });

export const escrowView = ({ ref, reason, detail, attempts, since, dueAt }: Escrow): z.input<typeof escrowSchema> => ({
  object: refView(ref),
  state: dueAt === null ? 'given_up' : 'waiting',
  reason,
  detail,
  attempts,
  since: timeOf(since),
  due_at: timeOrNull(dueAt),
});

export const retrySchema = z
  .strictObject({ reason: escrowReason.optional() })
  .meta({ id: 'EscrowRetry', description: 'Without a reason everything in escrow is tried.' });
export const retriedSchema = z
  .strictObject({ retried: z.int().meta({ description: 'How many objects are tried.' }) })
  .meta({ id: 'EscrowsRetried' });
