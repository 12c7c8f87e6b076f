/**
 * One turn of telling one address: what comes after its place, in order, until nothing is left, an attempt fails or the turn is over. An address that
 * does not answer waits on its own, later and later, and keeps nobody else waiting.
 */

import { messageOf } from '../core/webhook-message.ts';
import { type Next, nextAfter } from '../core/webhook-retry.ts';
import type { Problem } from '../model/connection.ts';
import type { Outlet } from '../model/egress.ts';
import { KeysUnavailable, SecretUnreadable, StaleFence, StaleRevision } from '../model/errors.ts';
import type { RecordedEvent } from '../model/event.ts';
import type { OrganizationId, WebhookId } from '../model/ids.ts';
import { type DeliveryState, type Webhook, wants } from '../model/webhook.ts';
import type { Secrets } from '../store/connection-store.ts';
import type { DeliveryTurn, Progress, WebhookStore } from '../store/webhook-store.ts';
import type { Engine } from './engine.ts';
import { type Answered, outletOf, type Sending, sendMessage } from './send-message.ts';

export type Telling = Pick<Engine, 'stores' | 'world' | 'owner'> & Sending;

/** Longer than an attempt takes. */
const leaseMs = 60_000;
const turnMs = 10_000;
/** After a fault of our own, such as a database that is away: whoever takes the turn at once would meet it again. */
const restMs = 5_000;
const batchSize = 100;

/** Null: nobody is due. */
export const takeTelling = ({ stores, owner }: Telling): Promise<DeliveryTurn | null> =>
  stores.deliveries.take(owner, leaseMs);

export const tell = async (telling: Telling, turn: DeliveryTurn, signal: AbortSignal): Promise<void> => {
  const { webhooks, deliveries } = telling.stores;
  const webhook = await webhooks.get(turn.webhook);
  // One that is not there yet, or not any more, has nothing to be told.
  if (webhook?.state !== 'active') return await deliveries.release(turn, true);
  const outlet = outletOf(telling, webhook);
  try {
    await tellFrom(telling, turn, { webhook, signing: await signingOf(webhooks, webhook.id), outlet }, signal);
  } catch (error) {
    // Another worker has it now.
    if (error instanceof StaleFence) return;
    await deliveries.release(turn, false, signal.aborted ? 0 : restMs);
    if (!signal.aborted) throw error;
  } finally {
    await outlet.close();
  }
};

type Receiver = { readonly webhook: Webhook; readonly signing: Signing; readonly outlet: Outlet };

/** What messages are signed with, or why they cannot be. `isLost`: no waiting helps. */
type Signing =
  | { readonly kind: 'open'; readonly secrets: Secrets }
  | { readonly kind: 'closed'; readonly detail: string; readonly isLost: boolean };

const signingOf = async (webhooks: WebhookStore, id: WebhookId): Promise<Signing> => {
  try {
    return { kind: 'open', secrets: await webhooks.secrets(id) };
  } catch (error) {
    if (!(error instanceof SecretUnreadable || error instanceof KeysUnavailable)) throw error;
    return { kind: 'closed', detail: error.message, isLost: error instanceof SecretUnreadable };
  }
};

const tellFrom = async (
  telling: Telling,
  from: DeliveryTurn,
  receiver: Receiver,
  signal: AbortSignal,
): Promise<void> => {
  const { deliveries } = telling.stores;
  const passed = telling.world.stopwatch();
  let turn = from;
  while (passed() < turnMs && !signal.aborted) {
    const batch = await wantedAfter(telling, receiver.webhook, turn);
    if (batch.through === null) return await deliveries.release(turn, true);
    for (const event of batch.events) {
      const next = await tellOne(telling, turn, receiver, event, signal);
      if (next === null) return;
      turn = next;
      if (passed() >= turnMs || signal.aborted) return await deliveries.release(turn, false);
    }
    if (batch.through > turn.position) turn = await deliveries.skip(turn, batch.through);
  }
  await deliveries.release(turn, false);
};

/** `through`: the place up to which nothing else is wanted; null: nothing is left at all. */
const wantedAfter = async (
  { stores }: Telling,
  webhook: Webhook,
  { organization, position }: { readonly organization: OrganizationId; readonly position: number },
): Promise<{ readonly events: readonly RecordedEvent[]; readonly through: number | null }> => {
  const events = await stores.events.after(organization, position, batchSize);
  return {
    events: events.filter(({ about }) => wants(webhook, about.type)),
    through: events.at(-1)?.sequence ?? null,
  };
};

/** Null: it is not its turn any more. */
const tellOne = async (
  telling: Telling,
  turn: DeliveryTurn,
  receiver: Receiver,
  event: RecordedEvent,
  signal: AbortSignal,
): Promise<DeliveryTurn | null> => {
  const { stores, world } = telling;
  const message = { id: event.id, content: messageOf(event) };
  const { attempt, next } = await attempted(telling, turn, receiver, message, signal);
  const { state, progress } = settled(next, world.now());
  const told = { event: event.id, sequence: event.sequence, type: event.about.type, state, attempt };
  const after = await stores.deliveries.settle(turn, told, progress, leaseMs);
  const facts = { webhook: turn.webhook, event: event.id, status: attempt.status };
  if (next.kind !== 'delivered') world.log.info('webhook.undelivered', { ...facts, next: next.kind });
  if (next.kind === 'disable') await disable(telling, receiver.webhook, next.code);
  return progress.kind === 'past' ? after : null;
};

const attempted = async (
  telling: Telling,
  { failures }: DeliveryTurn,
  { webhook, signing, outlet }: Receiver,
  message: Parameters<typeof sendMessage>[3],
  signal: AbortSignal,
): Promise<{ readonly attempt: Answered['attempt']; readonly next: Next }> => {
  const { world } = telling;
  if (signing.kind === 'closed') {
    const attempt = { at: world.now(), ms: 0, status: null, detail: signing.detail };
    if (signing.isLost) return { attempt, next: { kind: 'disable', code: 'webhook_secret_unreadable' } };
    return { attempt, next: nextAfter(attempt, failures, null, world.random()) };
  }
  const { secrets } = signing;
  const { attempt, retryAfterMs } = await sendMessage(telling, outlet, { webhook, secrets }, message, signal);
  return { attempt, next: nextAfter(attempt, failures, retryAfterMs, world.random()) };
};

const settled = (next: Next, now: Date): { readonly state: DeliveryState; readonly progress: Progress } => {
  switch (next.kind) {
    case 'delivered':
      return { state: 'delivered', progress: { kind: 'past' } };
    case 'give_up':
      return { state: 'failed', progress: { kind: 'past' } };
    case 'again':
      return { state: 'waiting', progress: { kind: 'again', notBefore: new Date(now.getTime() + next.afterMs) } };
    case 'disable':
      // It stays the next one, for whoever lets the address go on.
      return { state: 'waiting', progress: { kind: 'again', notBefore: now } };
  }
};

const problems: Readonly<Record<Extract<Next, { kind: 'disable' }>['code'], string>> = {
  webhook_gone:
    'The address answered 410: it is not there any more. Give another address and set the state to active; what happened since is then told.',
  webhook_unreachable:
    'The address took no message for more than three days; the list of deliveries says why. Mend it and set the state to active; what happened in the last 30 days is then told.',
  webhook_secret_unreadable:
    'The secret that messages are signed with cannot be opened. Make another one, give it to the receiver and set the state to active; what happened in the last 30 days is then told.',
};

/** Of one that is edited at the same moment the next turn finds out again. */
const disable = async ({ stores, world }: Telling, webhook: Webhook, code: keyof typeof problems): Promise<void> => {
  const problem: Problem = { code, message: problems[code], owner: 'your_team' };
  try {
    await stores.webhooks.edit(webhook.id, webhook.revision, { state: 'disabled', problem });
    world.log.warn('webhook.disabled', { webhook: webhook.id, code });
  } catch (error) {
    if (!(error instanceof StaleRevision)) throw error;
  }
};
