/** Webhooks and how far each was told, in memory: the same promises as the stores in MongoDB, for tests and simulations. */

import { StaleFence } from '../../model/errors.ts';
import type { OrganizationId, WebhookId } from '../../model/ids.ts';
import { type Delivery, mostAttemptsKept, type Webhook } from '../../model/webhook.ts';
import type { Vault } from '../connection-store.ts';
import type { DeliveryStore, DeliveryTurn, WebhookEdit, WebhookStore } from '../webhook-store.ts';
import { createShelf, type Shelf } from './connection-store.ts';

export const createMemoryWebhookStore = (vault: Vault, now: () => Date): WebhookStore & Shelf => {
  const shelf = createShelf<Webhook & { readonly quarantine: null }>(vault, now);
  return {
    add: (webhook, secrets) => shelf.add({ ...webhook, quarantine: null }, secrets),
    get: async (id) => webhookOf(await shelf.get(id)),
    list: async ({ organizations }, after, limit) => {
      const found = shelf
        .sorted()
        .filter(({ organization }) => organizations?.includes(organization) ?? true)
        .filter(({ id }) => after === null || id > after);
      const items = found.slice(0, limit).flatMap((one) => webhookOf(one) ?? []);
      return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    edit: async (id, revision, edit: WebhookEdit, secrets) => {
      const { quarantine: _, ...webhook } = await shelf.edit(id, revision, edit, secrets);
      return webhook;
    },
    secrets: shelf.secrets,
    sealed: shelf.sealed,
    remove: shelf.remove,
  };
};

const webhookOf = (found: (Webhook & { readonly quarantine: null }) | null): Webhook | null => {
  if (found === null) return null;
  const { quarantine: _, ...webhook } = found;
  return webhook;
};

type Row = Omit<DeliveryTurn, 'webhook'> & {
  readonly wanted: boolean;
  readonly notBefore: Date;
  readonly leaseUntil: Date;
};

export const createMemoryDeliveryStore = (now: () => Date): DeliveryStore => {
  const rows = new Map<WebhookId, Row>();
  const kept = new Map<WebhookId, Map<number, Delivery>>();
  const write = (webhook: WebhookId, edit: Partial<Row>): void => {
    const row = rows.get(webhook);
    if (row !== undefined) rows.set(webhook, { ...row, ...edit });
  };
  const writeHeld = (turn: DeliveryTurn, edit: Partial<Row>): void => {
    if (rows.get(turn.webhook)?.fence !== turn.fence)
      throw new StaleFence(`${turn.webhook} is told by another worker.`);
    write(turn.webhook, edit);
  };
  const logOf = (webhook: WebhookId): Map<number, Delivery> => {
    const log = kept.get(webhook) ?? new Map<number, Delivery>();
    kept.set(webhook, log);
    return log;
  };
  return {
    start: async (webhook, organization, position) => {
      const at = now();
      const fresh = { wanted: false, notBefore: at, leaseUntil: at, fence: 0, failures: 0, wakes: 0 };
      rows.set(webhook, { organization, position, ...fresh });
    },
    wake: async (organizations) => {
      const woken = new Set<OrganizationId>(organizations);
      for (const [webhook, { organization, wakes }] of rows)
        if (woken.has(organization)) write(webhook, { wanted: true, wakes: wakes + 1 });
    },
    hasten: async (webhook) => {
      const wakes = (rows.get(webhook)?.wakes ?? 0) + 1;
      write(webhook, { wanted: true, wakes, failures: 0, notBefore: now() });
    },
    take: async (_owner, ttlMs) => {
      const at = now();
      const [found] = [...rows]
        .filter(([, row]) => row.wanted && row.notBefore <= at && row.leaseUntil <= at)
        .toSorted(([, one], [, other]) => one.notBefore.getTime() - other.notBefore.getTime());
      if (found === undefined) return null;
      const [webhook, { organization, position, failures, wakes, fence }] = found;
      write(webhook, { fence: fence + 1, leaseUntil: new Date(at.getTime() + ttlMs) });
      return { webhook, organization, position, failures, wakes, fence: fence + 1 };
    },
    settle: async (turn, { attempt, ...told }, progress, ttlMs) => {
      const log = logOf(turn.webhook);
      const before = log.get(told.sequence)?.attempts ?? [];
      const attempts = [...before, attempt].slice(-mostAttemptsKept);
      log.set(told.sequence, { ...told, webhook: turn.webhook, attempts });
      const at = now();
      const isPast = progress.kind === 'past';
      const place = {
        position: isPast ? told.sequence : turn.position,
        failures: isPast ? 0 : turn.failures + 1,
      };
      writeHeld(turn, {
        ...place,
        notBefore: isPast ? at : progress.notBefore,
        leaseUntil: isPast ? new Date(at.getTime() + ttlMs) : at,
      });
      return { ...turn, ...place };
    },
    skip: async (turn, position) => {
      writeHeld(turn, { position, failures: 0 });
      return { ...turn, position, failures: 0 };
    },
    release: async (turn, drained, restMs = 0) => {
      const row = rows.get(turn.webhook);
      if (row?.fence !== turn.fence) return;
      const at = now();
      const isDrained = drained && row.wakes === turn.wakes;
      write(turn.webhook, {
        leaseUntil: at,
        ...(isDrained ? { wanted: false } : { notBefore: new Date(at.getTime() + restMs) }),
      });
    },
    log: async (webhook, after, limit) => {
      const newest = [...logOf(webhook).values()].toSorted((one, other) => other.sequence - one.sequence);
      const found = newest.filter(({ sequence }) => after === null || sequence < Number(after));
      const items = found.slice(0, limit);
      return { items, next: found.length > limit ? String(items.at(-1)?.sequence) : null };
    },
    delivery: async (webhook, sequence) => logOf(webhook).get(sequence) ?? null,
    attempted: async (webhook, sequence, attempt, arrived) => {
      const log = logOf(webhook);
      const delivery = log.get(sequence);
      if (delivery === undefined) return;
      const attempts = [...delivery.attempts, attempt].slice(-mostAttemptsKept);
      log.set(sequence, { ...delivery, attempts, state: arrived ? 'delivered' : delivery.state });
    },
    prune: async (before) => {
      for (const log of kept.values())
        for (const [sequence, { attempts }] of log) if ((attempts.at(-1)?.at ?? before) < before) log.delete(sequence);
    },
    remove: async (webhook) => {
      rows.delete(webhook);
      kept.delete(webhook);
    },
  };
};
