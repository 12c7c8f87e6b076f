/** What follows from an attempt to tell somebody: it arrived, it is tried again, it is given up, or nobody is told there any more. */

import type { Attempt } from '../model/webhook.ts';

export type Next =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'again'; readonly afterMs: number }
  /** This message; the next one may be taken. */
  | { readonly kind: 'give_up' }
  /** The whole address. */
  | {
      readonly kind: 'disable';
      readonly code: 'webhook_gone' | 'webhook_unreachable' | 'webhook_secret_unreadable';
    };

/** As the Standard Webhooks specification proposes, some 76 hours in all. */
const stepsMs: readonly number[] = [
  5_000,
  300_000,
  1_800_000,
  ...[2, 5, 10, 14, 20, 24].map((hours) => hours * 3_600_000),
];
/** A message that is refused as such keeps the others waiting for some minutes, not for days. */
const refusedSteps = 3;
const longestWaitMs = 86_400_000;

/** `before`: how many attempts at this message failed already. `random` spreads those who wait for the same receiver. */
export const nextAfter = (
  { status }: Pick<Attempt, 'status'>,
  before: number,
  retryAfterMs: number | null,
  random: number,
): Next => {
  if (status !== null && status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 410) return { kind: 'disable', code: 'webhook_gone' };
  const refused = status !== null && refusals.includes(status);
  const step = stepsMs[before];
  if (refused && before >= refusedSteps) return { kind: 'give_up' };
  if (step === undefined) return { kind: 'disable', code: 'webhook_unreachable' };
  const waitMs = Math.max(step * (0.8 + random * 0.4), retryAfterMs ?? 0);
  return { kind: 'again', afterMs: Math.round(Math.min(waitMs, longestWaitMs)) };
};

/** The receiver read the message and does not want it. A 3xx is no refusal: it is an address that is wrong. */
const refusals: readonly number[] = [400, 413, 415, 422];
