/** How a message shows whom it is from: the Standard Webhooks specification, with a signature for each secret that is good at the time. */

import { Webhook } from 'standardwebhooks';
import type { Secret } from '../model/secret.ts';

/** `secrets`: as they were handed out, with `whsec_` in front. */
export const signMessage = (
  secrets: readonly Secret[],
  id: string,
  at: Date,
  body: string,
): Readonly<Record<string, string>> => ({
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
  'webhook-signature': secrets.map((secret) => new Webhook(secret.reveal()).sign(id, at, body)).join(' '),
});
