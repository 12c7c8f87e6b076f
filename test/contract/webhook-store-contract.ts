/** What every store of webhooks, and of how far each was told, promises. */

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { StaleFence, StaleRevision } from '../../src/model/errors.ts';
import { eventId, type OrganizationId, organizationId, type WebhookId, webhookId } from '../../src/model/ids.ts';
import { type Attempt, mostAttemptsKept, type Webhook } from '../../src/model/webhook.ts';
import { newId } from '../../src/store/ids.ts';
import type { DeliveryStore, DeliveryTurn, Told, WebhookStore } from '../../src/store/webhook-store.ts';
import { hidden, revealed } from '../support/secrets.ts';

const start = new Date('2026-03-01T08:00:00.000Z');
const after = (ms: number): Date => new Date(start.getTime() + ms);

export const webhookStoreContract = (
  open: (now: () => Date) => Promise<{ readonly webhooks: WebhookStore; readonly deliveries: DeliveryStore }>,
): void => {
  let webhooks: WebhookStore;
  let deliveries: DeliveryStore;
  let acme: OrganizationId;
  const clock = { now: start };
  beforeAll(async () => {
    ({ webhooks, deliveries } = await open(() => clock.now));
  });
  beforeEach(() => {
    clock.now = start;
    acme = organizationId(newId('acme'));
  });

  const aWebhook = (other: Partial<Webhook> = {}): Webhook => ({
    id: webhookId(newId('whk')),
    organization: acme,
    url: 'https://desk.example/hooks',
    description: null,
    events: ['run.completed', 'person.disabled'],
    state: 'active',
    problem: null,
    oldSecretUntil: null,
    createdAt: start,
    updatedAt: start,
    revision: 1,
    ...other,
  });

  describe('a webhook', () => {
    it('is kept as it is, and its secret apart from it', async () => {
      const webhook = aWebhook({ description: 'Desk', events: null, oldSecretUntil: after(1) });
      await webhooks.add(webhook, hidden({ secret: 'whsec_one' }));
      expect(await webhooks.get(webhook.id)).toEqual(webhook);
      expect(revealed(await webhooks.secrets(webhook.id))).toEqual({ secret: 'whsec_one' });
      await webhooks.remove(webhook.id);
      expect(await webhooks.get(webhook.id)).toBeNull();
    });

    it('is edited by whoever knows its revision', async () => {
      const webhook = aWebhook();
      await webhooks.add(webhook, hidden({ secret: 'whsec_one' }));
      const problem = { code: 'webhook_gone', message: 'Gone.', owner: 'your_team' } as const;
      const edited = await webhooks.edit(
        webhook.id,
        1,
        { state: 'disabled', problem },
        hidden({ secret: 'b', old_secret: 'a' }),
      );
      expect(edited).toEqual({ ...webhook, state: 'disabled', problem, revision: 2 });
      expect(revealed(await webhooks.secrets(webhook.id))).toEqual({ secret: 'b', old_secret: 'a' });
      await expect(webhooks.edit(webhook.id, 1, { state: 'active' })).rejects.toThrow(StaleRevision);
    });

    it('is listed with the others of its organization, page by page', async () => {
      const all = [aWebhook(), aWebhook(), aWebhook()];
      for (const webhook of all) await webhooks.add(webhook, {});
      await webhooks.add(aWebhook({ organization: organizationId('other') }), {});
      const first = await webhooks.list({ organizations: [acme] }, null, 2);
      const second = await webhooks.list({ organizations: [acme] }, first.next, 2);
      expect(await webhooks.list({ organizations: [] }, null, 2)).toEqual({ items: [], next: null });
      expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(all.map(({ id }) => id));
      expect(second.next).toBeNull();
    });
  });

  const begin = async (position = 0): Promise<WebhookId> => {
    const webhook = webhookId(newId('whk'));
    await deliveries.start(webhook, acme, position);
    return webhook;
  };
  const take = async (webhook: WebhookId, owner = 'worker-1'): Promise<DeliveryTurn | null> => {
    for (;;) {
      const turn = await deliveries.take(owner, 60_000);
      if (turn === null || turn.webhook === webhook) return turn;
    }
  };
  const taken = async (webhook: WebhookId): Promise<DeliveryTurn> => {
    await deliveries.wake([acme]);
    const turn = await take(webhook);
    if (turn === null) throw new Error(`${webhook} is not due.`);
    return turn;
  };
  const attempt = (other: Partial<Attempt> = {}): Attempt => ({
    at: start,
    ms: 12,
    status: 200,
    detail: null,
    ...other,
  });
  const told = (sequence: number, other: Partial<Told> = {}): Told => ({
    event: eventId(`evt_${sequence}`),
    sequence,
    type: 'run.completed',
    state: 'delivered',
    attempt: attempt(),
    ...other,
  });

  describe('the turn of a webhook', () => {
    it('comes when its organization was woken up, and is one worker’s alone', async () => {
      const webhook = await begin(7);
      expect(await take(webhook)).toBeNull();
      const turn = await taken(webhook);
      expect(turn).toMatchObject({ organization: acme, position: 7, failures: 0, fence: 1 });
      expect(await take(webhook, 'worker-2')).toBeNull();
    });

    it('of a worker that died is another’s after a while, and what the first still writes is refused', async () => {
      const webhook = await begin();
      const first = await taken(webhook);
      clock.now = after(60_000);
      const second = await take(webhook, 'worker-2');
      expect(second?.fence).toBe(2);
      await expect(deliveries.settle(first, told(1), { kind: 'past' }, 1_000)).rejects.toThrow(StaleFence);
      await expect(deliveries.skip(first, 5)).rejects.toThrow(StaleFence);
      await deliveries.release(first, true);
      clock.now = after(120_000);
      expect((await take(webhook, 'worker-3'))?.position).toBe(0);
    });

    it('moves past what arrived', async () => {
      const webhook = await begin();
      const turn = await deliveries.settle(await taken(webhook), told(1), { kind: 'past' }, 60_000);
      const next = await deliveries.skip(turn, 4);
      expect(next).toMatchObject({ position: 4, failures: 0 });
      await deliveries.release(next, false);
      expect(await take(webhook)).toMatchObject({ position: 4, fence: 2 });
    });

    it('stays where an attempt failed, counts it, and comes no sooner than it was told', async () => {
      const webhook = await begin();
      const waiting = told(1, { state: 'waiting', attempt: attempt({ status: 503, detail: 'It answered 503.' }) });
      await deliveries.settle(await taken(webhook), waiting, { kind: 'again', notBefore: after(5_000) }, 60_000);
      await deliveries.wake([acme]);
      expect(await take(webhook)).toBeNull();
      clock.now = after(5_000);
      expect(await take(webhook)).toMatchObject({ position: 0, failures: 1 });
    });

    it('comes at once, and from the first attempt on, when a person lets it go on', async () => {
      const webhook = await begin();
      await deliveries.settle(
        await taken(webhook),
        told(1, { state: 'waiting' }),
        { kind: 'again', notBefore: after(86_400_000) },
        60_000,
      );
      await deliveries.hasten(webhook);
      expect(await take(webhook)).toMatchObject({ failures: 0, position: 0 });
    });

    it('that could not be used is nobody’s for a while', async () => {
      const webhook = await begin();
      await deliveries.release(await taken(webhook), false, 5_000);
      await deliveries.wake([acme]);
      expect(await take(webhook)).toBeNull();
      clock.now = after(5_000);
      expect(await take(webhook)).toMatchObject({ failures: 0, position: 0 });
    });

    it('that has nothing left comes again when something happens, also if that was just now', async () => {
      const webhook = await begin();
      await deliveries.release(await taken(webhook), true);
      expect(await take(webhook)).toBeNull();
      const turn = await taken(webhook);
      await deliveries.wake([acme]);
      await deliveries.release(turn, true);
      expect(await take(webhook)).not.toBeNull();
    });
  });

  describe('the log of deliveries', () => {
    it('shows each message with its attempts, the newest message first', async () => {
      const webhook = await begin();
      const failed = attempt({ status: null, detail: 'The connection failed.' });
      const waiting = told(1, { state: 'waiting', attempt: failed });
      await deliveries.settle(await taken(webhook), waiting, { kind: 'again', notBefore: start }, 60_000);
      const again = await taken(webhook);
      const past = await deliveries.settle(again, told(1), { kind: 'past' }, 60_000);
      await deliveries.settle(past, told(2, { state: 'failed' }), { kind: 'past' }, 60_000);
      const first = await deliveries.log(webhook, null, 1);
      const second = await deliveries.log(webhook, first.next, 1);
      expect(first.items).toEqual([
        { webhook, event: 'evt_2', sequence: 2, type: 'run.completed', state: 'failed', attempts: [attempt()] },
      ]);
      expect(second).toEqual({
        items: [
          {
            webhook,
            event: 'evt_1',
            sequence: 1,
            type: 'run.completed',
            state: 'delivered',
            attempts: [failed, attempt()],
          },
        ],
        next: null,
      });
    });

    it('takes what a person had sent again, and keeps the latest attempts alone', async () => {
      const webhook = await begin();
      await deliveries.settle(await taken(webhook), told(1, { state: 'failed' }), { kind: 'past' }, 60_000);
      for (let nth = 0; nth < mostAttemptsKept; nth += 1)
        await deliveries.attempted(webhook, 1, attempt({ ms: 1_000 + nth, status: 500 }), false);
      const kept = await deliveries.delivery(webhook, 1);
      expect(kept?.state).toBe('failed');
      expect(kept?.attempts.map(({ ms }) => ms)).toEqual(
        Array.from({ length: mostAttemptsKept }, (_, nth) => 1_000 + nth),
      );
      await deliveries.attempted(webhook, 1, attempt(), true);
      expect((await deliveries.delivery(webhook, 1))?.state).toBe('delivered');
      await deliveries.attempted(webhook, 99, attempt(), true);
      expect(await deliveries.delivery(webhook, 99)).toBeNull();
    });

    it('forgets what is old, and everything of a webhook that goes', async () => {
      const webhook = await begin();
      await deliveries.settle(await taken(webhook), told(1), { kind: 'past' }, 60_000);
      await deliveries.prune(start);
      expect(await deliveries.delivery(webhook, 1)).not.toBeNull();
      await deliveries.prune(after(1));
      expect(await deliveries.delivery(webhook, 1)).toBeNull();
      await deliveries.remove(webhook);
      await deliveries.wake([acme]);
      clock.now = after(600_000);
      expect(await take(webhook)).toBeNull();
    });
  });
};
