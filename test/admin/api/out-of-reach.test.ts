/**
 * Every route that names something, behind a door that lets every call through as if it were about the caller's own: what belongs to others is kept from
 * them by the stores alone. Made from the routes themselves, so that a new one cannot be forgotten.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { allRoutes } from '../../../src/admin/api/index.ts';
import type { Route } from '../../../src/admin/api/route.ts';
import { reachOf } from '../../../src/core/access.ts';
import type { Outlet } from '../../../src/model/egress.ts';
import { connectionId, type OrganizationId, organizationId } from '../../../src/model/ids.ts';
import { type Belongings, belongingsOf, everythingIn, nothing, queries } from './belongings.ts';
import { type Door, newTarget, openDoor, type Reply } from './door.ts';
import { commitPeople, nth } from './stores.ts';

const [acme, contoso] = [organizationId('acme'), organizationId('contoso')];

let door: Door;
/** Of somebody else, and of whoever calls. */
let theirs: Belongings;
let own: Belongings;
let key: string;

beforeAll(async () => {
  door = await openDoor({
    config: { publicUrl: 'https://entrain.example' },
    room: ({ egress }) => ({ egress: { ...egress, open: () => nobodyThere } }),
    break: (commands) => (commands.ofOperator === null ? { ...commands, ownerOf: async () => contoso } : commands),
  });
  theirs = await belongingsOf(door, acme);
  own = await belongingsOf(door, contoso);
  for (const { connection_id = '' } of [theirs, own]) await commitPeople(door.stores, connectionId(connection_id), 3);
  const scopes = ['read', 'sync', 'configure', 'approve', 'audit'];
  const made = await door.call('POST', '/v1/api-keys', { body: { name: 'desk', scopes, organization_ids: [contoso] } });
  key = z.looseObject({ key: z.string() }).parse(made.body).key;
});
afterAll(() => door.close());

const nobodyThere: Outlet = {
  exchange: () => Promise.reject(new Error('connect ECONNREFUSED')),
  close: async () => {},
};

const naming = allRoutes(null).filter(({ path, scope }) => /\{\w+_id\}/.test(path) && scope !== 'admin');

/** What a call has to hold to be well-formed. */
const bodies: Readonly<Record<string, object>> = {
  addSecondCredential: { client_secret: 'another' },
  addTarget: newTarget,
  applyPlan: { reason: 'because' },
  approvePlan: { reason: 'because' },
  editConnection: { description: 'another' },
  editTarget: { name: 'another' },
  editWebhook: { description: 'another' },
  explain: { person: 'p1@contoso.example' },
  openSetupLink: { given_to: 'their IT' },
  rejectPlan: { reason: 'because' },
  requestPreview: { scope: 'all' },
  requestSync: { mode: 'full' },
};

const send = ({ id, method, path }: Route, of: Belongings, as: string | undefined): Promise<Reply> => {
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => of[name] ?? '') + (queries[id] ?? '');
  const body = method === 'get' || method === 'delete' ? {} : { body: bodies[id] ?? {} };
  return door.call(method.toUpperCase(), address, {
    ...body,
    ...(as === undefined ? {} : { key: as }),
  });
};

/** The first thing that an address names. */
const kindIn = ({ path }: Route): string => /\{(\w+)_id\}/.exec(path)?.[1] ?? '';
const toldOf = ({ status, body }: Reply): readonly unknown[] => [status, Object(body).code, Object(body).detail];
const noSuch = (kind: string): readonly unknown[] => [404, 'not_found', `There is no such ${kind}.`];

describe('with a door that looks at nothing', () => {
  it.each(naming.map((route) => [route.id, route] as const))(
    '%s finds nothing of another organization, and writes nothing',
    async (_, route) => {
      const before = await everythingIn(door);
      expect(toldOf(await send(route, theirs, key))).toEqual(noSuch(kindIn(route)));
      expect(toldOf(await send(route, nothing, key))).toEqual(noSuch(kindIn(route)));
      expect(await everythingIn(door)).toBe(before);
    },
  );

  it('nothing of another organization is a second thing of a call', async () => {
    const before = await everythingIn(door);
    for (const [method, path, bodyOf] of second) {
      const ask = (of: Belongings) => door.call(method, path(of), { key, ...(bodyOf && { body: bodyOf(of) }) });
      const [reply, other] = [await ask(theirs), await ask(nothing)];
      expect([reply.status, withoutTrace(reply.body)], path(theirs)).toEqual([other.status, withoutTrace(other.body)]);
      expect(JSON.stringify(reply.body)).not.toContain(theirs['connection_id']);
    }
    expect(await everythingIn(door)).toBe(before);
  });
});

type Second = readonly [method: string, path: (of: Belongings) => string, body?: (of: Belongings) => object];
const second: readonly Second[] = [
  [
    'POST',
    () => `/v1/connections/${own['connection_id']}/explain`,
    (of) => ({ person: 'x', target_id: of['target_id'] }),
  ],
  ['GET', (of) => `/v1/connections/${own['connection_id']}/explain?person=${nth(1)}&target_id=${of['target_id']}`],
  ['GET', (of) => `/v1/runs?target_id=${of['target_id']}`],
  ['GET', (of) => `/v1/runs?connection_id=${of['connection_id']}`],
  ['GET', (of) => `/v1/runs?caused_by=${of['run_id']}`],
  ['GET', (of) => `/v1/plans?target_id=${of['target_id']}`],
  ['POST', (of) => `/v1/webhooks/${own['webhook_id']}/deliveries/${of['event_id']}/resend`],
  [
    'POST',
    () => `/v1/connections/${own['connection_id']}/sync`,
    (of) => ({ mode: 'full', accept_shrink: of['run_id'] }),
  ],
];
const withoutTrace = (body: unknown): unknown => ({ ...z.looseObject({}).parse(body), trace_id: null });

describe('commands within a reach', () => {
  const within = (...organizations: readonly OrganizationId[]) => door.within(reachOf({ organizations }));

  it('list what is in it, whatever is asked for', async () => {
    for (const [reach, asked, seen] of [
      [[contoso], {}, [contoso]],
      [[contoso], { organization: contoso }, [contoso]],
      [[contoso], { organization: acme }, []],
      [[], {}, []],
      [[contoso, acme], {}, [acme, contoso]],
      [[contoso, acme], { organization: acme }, [acme]],
    ] as const) {
      const commands = within(...reach);
      const pages = [
        await commands.listConnections(asked, null, 100),
        await commands.listWebhooks(asked, null, 100),
        await commands.listPlans(asked, null, 100),
        { items: (await commands.listRuns(asked, null, 100)).items.map(({ run }) => run) },
      ];
      for (const { items } of pages)
        expect([...new Set(items.map(({ organization }) => organization))].toSorted()).toEqual(seen);
      const filed = (await commands.listAudit(asked, null, 10_000)).items.map(({ filed }) => filed.organization);
      expect([...new Set(filed)].toSorted()).toEqual(seen);
      const scanned: (string | null)[] = [];
      for await (const entries of commands.scanAudit(asked))
        scanned.push(...entries.map(({ filed }) => filed.organization));
      expect(scanned).toEqual(filed.toReversed());
    }
  });

  it('add nothing to another organization', async () => {
    const { addConnection, addWebhook } = within(contoso);
    const before = await everythingIn(door);
    const webhook = { organization: acme, url: 'https://hooks.example', description: null, events: null };
    await expect(addConnection({ organization: acme })).rejects.toMatchObject({ code: 'not_found' });
    await expect(addWebhook(webhook)).rejects.toMatchObject({ code: 'not_found' });
    expect(await everythingIn(door)).toBe(before);
  });

  it('know nothing of the installation, unless it is the whole', () => {
    expect(within(contoso).ofOperator).toBeNull();
    expect(within().ofOperator).toBeNull();
    expect(door.within(reachOf({ organizations: null })).ofOperator).not.toBeNull();
  });
});

describe('whoever reaches that far', () => {
  it('is answered otherwise by each of these calls', async () => {
    // What takes something away comes last.
    const inOrder = naming.toSorted((one, other) => order.indexOf(one.method) - order.indexOf(other.method));
    for (const route of inOrder)
      expect(toldOf(await send(route, theirs, undefined)), route.id).not.toEqual(noSuch(kindIn(route)));
  });
});
const order: readonly Route['method'][] = ['post', 'patch', 'get', 'delete'];
