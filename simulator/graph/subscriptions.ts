/**
 * Change notifications: subscriptions to users and groups, the handshake that proves whose an address is, and what is then sent there. What is sent says
 * that something changed and not what; it may be dropped, or come twice.
 */

import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { kindOf } from './object-ids.ts';
import { mayWatch } from './permissions.ts';
import { badRequest, denied, emptyReply, GraphFault, type Reply, reply } from './reply.ts';
import type { Asked, Identity } from './service.ts';
import { idOf } from './tenant.ts';
import type { World } from './world.ts';

type Resource = 'users' | 'groups';
type Kept = {
  readonly id: string;
  readonly identity: Identity;
  readonly resource: Resource;
  readonly url: string;
  readonly lifecycleUrl: string | null;
  readonly clientState: string | null;
  readonly stopListening: () => void;
  expiresMs: number;
};

const LONGEST_LIFE_MS = 41_760 * 60_000;
const HANDSHAKE_MS = 10_000;
const MOST_TOGETHER = 100;

const wanted = z.object({
  changeType: z.string(),
  notificationUrl: z.url(),
  lifecycleNotificationUrl: z.url().optional(),
  resource: z.enum(['/users', 'users', '/groups', 'groups']),
  expirationDateTime: z.iso.datetime({ offset: true }),
  clientState: z.string().max(128).optional(),
});
const changed = z.object({ expirationDateTime: z.iso.datetime({ offset: true }) });

export type Lifecycle = 'reauthorizationRequired' | 'subscriptionRemoved' | 'missed';

export const makeSubscriptions = (world: World) => {
  const kept = new Map<string, Kept>();
  const sending = new Set<Promise<void>>();
  const outbox = new Map<string, object[]>();

  /** What happens at once comes together, as Graph sends it, also when it is about several subscriptions. */
  const send = (url: string, body: object): void => {
    const waiting = outbox.get(url);
    if (waiting !== undefined && waiting.length < MOST_TOGETHER) {
      waiting.push(body);
      return;
    }
    const value = [body];
    outbox.set(url, value);
    const sent = Promise.resolve()
      .then(() => {
        if (outbox.get(url) === value) outbox.delete(url);
        return fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ value }),
          redirect: 'manual',
        });
      })
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => sending.delete(sent));
    sending.add(sent);
  };

  const common = (one: Kept) => ({
    subscriptionId: one.id,
    subscriptionExpirationDateTime: new Date(one.expiresMs).toISOString(),
    tenantId: one.identity.tenant.id,
    ...(one.clientState === null ? {} : { clientState: one.clientState }),
  });

  /** Directory objects are told of as they are numbered in the log; members of a group as a change of the group. */
  const tell = (one: Kept, object: number, what: string): void => {
    const { tenant } = one.identity;
    const type = one.resource === 'users' ? 'User' : 'Group';
    if (world.now() >= one.expiresMs || kindOf(object) !== type.toLowerCase()) return;
    if (world.random() < world.knobs.notificationDrops) return;
    const id = idOf(tenant, object);
    const body = {
      id: randomUUID(),
      ...common(one),
      changeType: what === 'purged' ? 'deleted' : 'updated',
      resource: `${type}s/${id}`,
      resourceData: {
        '@odata.type': `#Microsoft.Graph.${type}`,
        '@odata.id': `${type}s/${id}`,
        id,
        organizationId: tenant.id,
      },
    };
    send(one.url, body);
    if (world.random() < world.knobs.notificationRepeats) send(one.url, body);
  };

  const create = async (identity: Identity, { body, ids }: Asked): Promise<Reply> => {
    const ask = parsed(wanted, body);
    const resource: Resource = ask.resource.endsWith('users') ? 'users' : 'groups';
    if (!mayWatch(identity.roles, resource)) throw denied();
    const expiresMs = Date.parse(ask.expirationDateTime);
    if (expiresMs > ids.nowMs + LONGEST_LIFE_MS)
      throw badRequest('Subscription expiration can only be 41760 minutes in the future.');
    for (const url of new Set([ask.notificationUrl, ask.lifecycleNotificationUrl ?? ask.notificationUrl]))
      await shakeHands(url);
    // Last, or two that come at once would both find room.
    const mine = [...kept.values()].filter((one) => one.identity.tenant.id === identity.tenant.id);
    if (mine.length >= world.knobs.mostSubscriptions)
      throw new GraphFault(403, 'ExtensionError', 'Operation: Create; Exception: the subscription limit was reached.');
    const one: Kept = {
      id: randomUUID(),
      identity,
      resource,
      url: ask.notificationUrl,
      lifecycleUrl: ask.lifecycleNotificationUrl ?? null,
      clientState: ask.clientState ?? null,
      expiresMs,
      stopListening: identity.tenant.log.listen(({ object, what }) => tell(one, object, what)),
    };
    kept.set(one.id, one);
    return reply(shown(one), 201);
  };

  const mine = (identity: Identity, id: string): Kept => {
    const one = kept.get(id);
    if (one === undefined || one.identity.tenant.id !== identity.tenant.id || one.expiresMs <= world.now())
      throw new GraphFault(404, 'ResourceNotFound', 'The object was not found.');
    return one;
  };
  const drop = (one: Kept): void => {
    one.stopListening();
    kept.delete(one.id);
  };

  return {
    /** Null: it is about something else. */
    answer: async (identity: Identity, asked: Asked): Promise<Reply | null> => {
      const [, id] = /^\/v1\.0\/subscriptions(?:\/([^/]+))?\/?$/.exec(asked.path) ?? [];
      if (!asked.path.startsWith('/v1.0/subscriptions')) return null;
      if (id === undefined) {
        if (asked.method === 'POST') return create(identity, asked);
        return reply({ value: [...kept.values()].filter((one) => one.identity.appId === identity.appId).map(shown) });
      }
      const one = mine(identity, decodeURIComponent(id));
      switch (asked.method) {
        case 'PATCH':
          one.expiresMs = Date.parse(parsed(changed, asked.body).expirationDateTime);
          return reply(shown(one));
        case 'DELETE':
          drop(one);
          return emptyReply(204);
        default:
          return reply(shown(one));
      }
    },
    list: () =>
      [...kept.values()].map(({ id, resource, expiresMs, identity }) => ({
        id,
        resource,
        tenantId: identity.tenant.id,
        expiresAt: new Date(expiresMs).toISOString(),
      })),
    /** As Graph does by itself when it wants to. */
    lifecycle: (id: string, event: Lifecycle): void => {
      const one = kept.get(id);
      if (one === undefined) throw new Error(`There is no subscription ${id}.`);
      if (one.lifecycleUrl !== null) send(one.lifecycleUrl, { ...common(one), lifecycleEvent: event });
      if (event === 'subscriptionRemoved') drop(one);
    },
    /** Resolves when what was sent was answered, or not. */
    settled: async (): Promise<void> => {
      while (sending.size > 0) await Promise.all(sending);
    },
  };
};
export type GraphSubscriptions = ReturnType<typeof makeSubscriptions>;

const parsed = <T>(schema: z.ZodType<T>, body: unknown): T => {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw badRequest(`Invalid value for ${result.error.issues[0]?.path.join('.') ?? 'the subscription'}.`);
};

/** The address has to send back what it is sent, as plain text. */
const shakeHands = async (url: string): Promise<void> => {
  const validationToken = `Validation: Testing client application reachability for subscription Request-Id: ${randomUUID()}`;
  const failed = (why: string) =>
    new GraphFault(
      400,
      'InvalidRequest',
      `Subscription validation request failed. Notification endpoint must respond with 200 OK to validation request. ${why}`,
    );
  try {
    const address = new URL(url);
    address.searchParams.set('validationToken', validationToken);
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      redirect: 'manual',
      signal: AbortSignal.timeout(HANDSHAKE_MS),
    });
    if (response.status !== 200) throw failed(`It answered ${response.status}.`);
    if (!(response.headers.get('content-type') ?? '').startsWith('text/plain')) throw failed('It is no plain text.');
    if ((await response.text()) !== validationToken) throw failed('It is another token.');
  } catch (error) {
    throw error instanceof GraphFault ? error : failed('It cannot be reached.');
  }
};

const shown = (one: Kept) => ({
  id: one.id,
  resource: `/${one.resource}`,
  applicationId: one.identity.appId,
  changeType: 'updated,deleted',
  notificationUrl: one.url,
  lifecycleNotificationUrl: one.lifecycleUrl,
  clientState: null,
  expirationDateTime: new Date(one.expiresMs).toISOString(),
});
