/** Every route, as every kind of key and person: made from the routes themselves, so that a new one cannot be forgotten. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Guarded } from '../../../src/admin/api/guards.ts';
import type { Route } from '../../../src/admin/api/route.ts';
import { type ApiScope, apiScopes } from '../../../src/model/api-key.ts';
import { connectionId } from '../../../src/model/ids.ts';
import { type Belongings, belongingsOf, everythingIn, nothing, queries } from './belongings.ts';
import { type Ask, type Door, idOf, newConnection, newTarget, openDoor } from './door.ts';
import { peopleOf, signedInAs } from './people.ts';
import { commitPeople, nth } from './stores.ts';

/**
 * Who may do what, written by hand: what the product says of itself proves nothing about what was meant. Whoever adds an operation, or lets others do
 * one, says so here.
 */
const operations: Readonly<Record<ApiScope | 'any', readonly string[]>> = {
  any: ['endSession', 'getSession'],
  read: [
    'countReasons',
    'explain',
    'explainById',
    'exportPerson',
    'getConnection',
    'getPlan',
    'getPreview',
    'getRun',
    'getSetupLink',
    'getTarget',
    'getWebhook',
    'listChanges',
    'listConnections',
    'listDiscrepancies',
    'listEscrows',
    'listGroups',
    'listLeftOut',
    'listMembers',
    'listNotifications',
    'listOperations',
    'listPlanOperations',
    'listPlans',
    'listRestores',
    'listRuns',
    'listTargets',
    'listUsers',
    'listWebhookDeliveries',
    'listWebhooks',
    'watchRun',
  ],
  sync: [
    'cancelRun',
    'checkConnection',
    'checkTarget',
    'releaseTarget',
    'requestPreview',
    'requestProvision',
    'requestReconcile',
    'requestSync',
    'retryEscrow',
    'retryEscrows',
  ],
  configure: [
    'addConnection',
    'addSecondCredential',
    'addTarget',
    'addWebhook',
    'checkNewConnection',
    'checkNewTarget',
    'closeSetupLink',
    'editConnection',
    'editTarget',
    'editWebhook',
    'openConsent',
    'openSetupLink',
    'removeConnection',
    'removeFirstCredential',
    'removeSecondCredential',
    'removeTarget',
    'removeWebhook',
    'resendWebhookDelivery',
    'rotateWebhookSecret',
    'testWebhook',
    'unwatchConnection',
    'watchConnection',
  ],
  approve: ['applyPlan', 'approvePlan', 'erasePerson', 'rejectPlan', 'requestRepair', 'requestUndo'],
  audit: ['exportAudit', 'listAudit'],
  admin: [
    'createApiKey',
    'declareRestore',
    'endOpenSession',
    'listApiKeys',
    'listEncryptionKeys',
    'listSessions',
    'renewDataKeys',
    'revokeApiKey',
  ],
};
/** What each scope lets somebody do. Only of `admin` does one scope hold the others; whoever may change something may look. */
const within: Readonly<Record<ApiScope, readonly (ApiScope | 'any')[]>> = {
  read: ['any', 'read'],
  sync: ['any', 'read', 'sync'],
  configure: ['any', 'read', 'configure'],
  approve: ['any', 'read', 'approve'],
  audit: ['any', 'audit'],
  admin: ['any', 'read', 'sync', 'configure', 'approve', 'audit', 'admin'],
};
const neededBy = (route: Pick<Route, 'id'>): ApiScope | 'any' => {
  const found = ([...apiScopes, 'any'] as const).find((scope) => operations[scope].includes(route.id));
  return found ?? expect.fail(`${route.id} is in nobody's hands: write down above who may do it`);
};
const isLetIn = (scope: ApiScope, route: Pick<Route, 'id'>): boolean => within[scope].includes(neededBy(route));

const newWebhook = { organization_id: 'acme', url: 'https://hooks.example' };

let door: Door;
/** Things of an organization, by the name of the parameter that takes them. */
let things: Belongings;
/** What single looks are about, where it is not what the others are. */
let thingsOf: Readonly<Record<string, Belongings>> = {};

/** Who calls, as what a call of theirs carries. */
const callers: Readonly<Record<'key' | 'person', (scope: ApiScope) => Promise<Ask>>> = {
  key: async (scope) => ({ key: await keyFor([scope], null) }),
  person: (scope) => signedInAs(door, [scope]),
};

const keyFor = async (scopes: readonly ApiScope[], organizations: readonly string[] | null): Promise<string> => {
  const body = { name: `${scopes.join(' ')} of ${organizations ?? 'all'}`, scopes, organization_ids: organizations };
  return z.looseObject({ key: z.string() }).parse((await door.call('POST', '/v1/api-keys', { body })).body).key;
};

beforeAll(async () => {
  door = await openDoor({ identityProvider: peopleOf(), config: { publicUrl: 'https://entrain.example' } });
  things = await belongingsOf(door, 'acme');
  const connection = `/v1/connections/${things['connection_id']}`;
  const preview = await door.call('POST', `${connection}/scope/preview`, {
    body: { scope: { group_ids: [nth(900)] } },
  });
  const reconcile = await door.call('POST', `/v1/targets/${things['target_id']}/reconcile`, { body: {} });
  await door.call('POST', `${connection}/setup-link`, { body: { given_to: 'the IT of Acme' } });
  await commitPeople(door.stores, connectionId(things['connection_id'] ?? ''), 1);
  thingsOf = { getPreview: { run_id: idOf(preview) }, listDiscrepancies: { run_id: idOf(reconcile) } };
});
afterAll(() => door.close());

const addressOf = ({ id, path }: Route, of: Belongings = { ...things, ...thingsOf[id] }): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => of[name] ?? '') + (queries[id] ?? '');

/** What a body has to hold for the call to be well-formed; a refusal must come before anybody looks at it. */
const bodies: Readonly<Record<string, object>> = {
  addConnection: newConnection,
  addTarget: newTarget,
  checkNewTarget: newTarget,
  addSecondCredential: { client_secret: 'another' },
  createApiKey: { name: 'another', scopes: ['read'] },
  addWebhook: newWebhook,
};
const bodyOf = ({ id, method }: Route) =>
  method === 'post' || method === 'patch' ? { body: bodies[id] ?? { reason: 'because' } } : {};

const everything = (): Promise<string> => everythingIn(door);

it('every operation is in the hands of those who are written down for it, and of nobody else', () => {
  const taken = door.routes.map(({ id, scope }) => [id, scope]).toSorted();
  expect(taken).toEqual(door.routes.map((route) => [route.id, neededBy(route)]).toSorted());
  expect(taken.map(([id]) => id)).toEqual(Object.values(operations).flat().toSorted());
});

describe('a key', () => {
  it('that may configure and not approve lifts no guard', async () => {
    const configure = await keyFor(['configure'], null);
    const both = await keyFor(['configure', 'approve'], null);
    const target = `/v1/targets/${things['target_id']}`;
    const connection = `/v1/connections/${things['connection_id']}`;
    const limit = { count: 10_000, percent: 100, floor: 10_000 };
    const before = await everything();
    for (const [method, path, body] of [
      ['PATCH', target, { limits: { deprovisions: limit } }],
      ['PATCH', target, { protected: { ids: [] } }],
      ['PATCH', target, { auto_approve_first: true }],
      ['PATCH', target, { approvals: 1 }],
      ['PATCH', target, { deprovision: { kind: 'delete' } }],
      ['PATCH', target, { left_groups: 'delete' }],
      ['POST', `${connection}/targets`, { ...newTarget, auto_approve_first: true }],
      ['POST', `${connection}/targets`, { ...newTarget, limits: { deprovisions: limit } }],
      ['PATCH', connection, { shrink_limit: limit }],
      ['POST', '/v1/connections', { ...newConnection, shrink_limit: limit }],
    ] as const) {
      const reply = await door.call(method, path, { key: configure, body });
      expect(reply, JSON.stringify(body)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    }
    expect(await everything()).toBe(before);
    expect((await door.call('PATCH', target, { key: configure, body: { auto_approve_first: false } })).status).toBe(
      200,
    );
    expect((await door.call('PATCH', target, { key: both, body: { limits: { deprovisions: limit } } })).status).toBe(
      200,
    );
  });
});

describe.each(['key', 'person'] as const)('a %s', (kind) => {
  it.each(apiScopes.filter((scope) => scope !== 'admin'))(
    'with the scope %s is let in where that is enough, and nowhere else',
    async (scope) => {
      const caller = await callers[kind](scope);
      const before = await everything();
      for (const route of door.routes.filter((route) => !isLetIn(scope, route))) {
        const reply = await door.call(route.method.toUpperCase(), addressOf(route), { ...caller, ...bodyOf(route) });
        expect(reply.status, route.id).toBe(403);
        expect(reply.body).toMatchObject({ code: 'forbidden', detail: expect.stringContaining(neededBy(route)) });
      }
      expect(await everything()).toBe(before);
      for (const route of door.routes.filter(({ method }) => method === 'get')) {
        const reply = await door.call('GET', addressOf(route), caller);
        // What is not there lets nobody in.
        if (isLetIn(scope, route)) expect(reply.status, route.id).toBe(200);
      }
    },
  );
});

describe('a person', () => {
  it('changes nothing from another site, or without the token of their session, whatever the route', async () => {
    const caller = await signedInAs(door, ['admin']);
    const before = await everything();
    const forged: readonly Readonly<Record<string, string>>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { 'x-csrf-token': 'A'.repeat(43) },
      // As many characters as there are, and twice as many bytes.
      { 'x-csrf-token': 'Ä'.repeat(43) },
      { 'x-csrf-token': '' },
    ];
    for (const route of door.routes.filter(({ method }) => method !== 'get'))
      for (const other of forged) {
        const headers = { ...caller.headers, ...other };
        const ask = { ...caller, headers, ...bodyOf(route) };
        const reply = await door.call(route.method.toUpperCase(), addressOf(route), ask);
        expect([reply.status, reply.body], route.id).toMatchObject([403, { code: 'csrf_refused' }]);
      }
    expect(await everything()).toBe(before);
  });

  it('looks at nothing that is written down by a link of another site, and nothing of that is written down', async () => {
    const written = async () => (await door.stores.audit.list({}, null, 1)).items;
    const noted = door.routes.filter(
      ({ method, isNoted, scope }) =>
        method === 'get' && (isNoted !== undefined || scope === 'admin' || scope === 'audit'),
    );
    expect(noted.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['explainById', 'exportPerson', 'exportAudit', 'listPlanOperations']),
    );
    for (const scope of ['read', 'admin'] as const) {
      const caller = await signedInAs(door, [scope]);
      const askFrom = (site: string): Ask => ({ ...caller, headers: { ...caller.headers, 'sec-fetch-site': site } });
      const before = await written();
      for (const route of noted)
        for (const site of ['cross-site', 'same-site', '']) {
          const reply = await door.call('GET', addressOf(route), askFrom(site));
          expect([reply.status, reply.body], `${route.id} ${site}`).toMatchObject([403, { code: 'csrf_refused' }]);
        }
      expect(await written()).toEqual(before);
      for (const route of noted.filter((one) => isLetIn(scope, one)))
        expect((await door.call('GET', addressOf(route), askFrom('none'))).status, route.id).toBe(200);
    }
  });

  it('whose sign-in is long ago does nothing that takes a new one', async () => {
    const caller = await signedInAs(door, ['admin'], { minutesAgo: 6 });
    const before = await everything();
    const stepUp = door.routes.filter(({ takesStepUp }) => takesStepUp);
    expect(stepUp.map(({ id }) => id).toSorted()).toEqual([
      'addConnection',
      'addSecondCredential',
      'addTarget',
      'addWebhook',
      'applyPlan',
      'approvePlan',
      'createApiKey',
      'declareRestore',
      'editConnection',
      'editTarget',
      'editWebhook',
      'erasePerson',
      'openConsent',
      'openSetupLink',
      'rejectPlan',
      'removeConnection',
      'removeFirstCredential',
      'removeSecondCredential',
      'removeTarget',
      'removeWebhook',
      'requestSync',
      'revokeApiKey',
      'rotateWebhookSecret',
    ]);
    // Decision 28: looks that are sent, what is asked for and decided afterwards, and brakes, which somebody has to reach at once.
    expect(
      door.routes
        .filter(({ method, takesStepUp }) => method !== 'get' && !takesStepUp)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual([
      'cancelRun',
      'checkConnection',
      'checkNewConnection',
      'checkNewTarget',
      'checkTarget',
      'closeSetupLink',
      'endOpenSession',
      'endSession',
      'explain',
      'releaseTarget',
      'renewDataKeys',
      'requestPreview',
      'requestProvision',
      'requestReconcile',
      'requestRepair',
      'requestUndo',
      'resendWebhookDelivery',
      'retryEscrow',
      'retryEscrows',
      'testWebhook',
      'unwatchConnection',
      'watchConnection',
    ]);
    const calls = stepUp.flatMap((route) =>
      (steppedUp[route.id] ?? [bodyOf(route).body]).map((body) => ({ route, body })),
    );
    for (const { route, body } of calls) {
      const ask = { ...caller, body };
      const reply = await door.call(route.method.toUpperCase(), addressOf(route), ask);
      expect([reply.status, reply.body], JSON.stringify([route.id, body])).toMatchObject([
        403,
        { code: 'step_up_required' },
      ]);
    }
    expect(await everything()).toBe(before);
    const plain = { ...caller, body: { name: 'Helpdesk' } };
    expect((await door.call('PATCH', `/v1/targets/${things['target_id']}`, plain)).status).toBe(200);
    const renamed = { ...caller, body: { description: 'For people' } };
    expect((await door.call('PATCH', `/v1/connections/${things['connection_id']}`, renamed)).status).toBe(200);
  });
});

/** What makes a call one that takes a new sign-in, where not every call of the route does. */
const guardsOfTarget: Readonly<Record<Exclude<keyof Guarded, 'shrink_limit'>, object>> = {
  limits: { limits: { deprovisions: { count: 10_000, percent: 100, floor: 10_000 } } },
  protected: { protected: { ids: [] } },
  deprovision: { deprovision: { kind: 'delete' } },
  left_groups: { left_groups: 'delete' },
  auto_approve_first: { auto_approve_first: true },
  approvals: { approvals: 1 },
};
const unguarded = { shrink_limit: { count: 10_000, percent: 100, floor: 10_000 } };
const invited = { vendor: 'MS_ENTRA', organization_id: 'acme' };
const steppedUp: Readonly<Record<string, readonly object[]>> = {
  addConnection: [newConnection, { ...invited, ...unguarded }],
  editConnection: [
    unguarded,
    { client_id: newConnection.client_id },
    { client_secret: 'another' },
    { client_secret_ends_at: '2027-01-01' },
    { certificate: 'PEM' },
    { workload_identity: true },
    { tenant_id: 'elsewhere.example' },
    { cloud: 'us_gov' },
  ],
  editWebhook: [{ url: 'https://elsewhere.example' }],
  editTarget: [{ settings: { url: 'https://elsewhere.example' } }, ...Object.values(guardsOfTarget)],
  erasePerson: [{}],
  openConsent: [{ shared_tenant: true }],
  openSetupLink: [{ given_to: 'the IT of Acme' }],
  requestSync: [{ mode: 'full', accept_shrink: `run_${'0'.repeat(32)}` }],
  rotateWebhookSecret: [{}],
};

describe('a key', () => {
  it('of another organization finds nothing of this one, and changes nothing', async () => {
    const key = await keyFor(['read', 'sync', 'configure', 'approve'], ['contoso']);
    const before = await everything();
    for (const route of door.routes.filter(({ of }) => of === undefined)) {
      const reply = await door.call(route.method.toUpperCase(), addressOf(route), { key, ...bodyOf(route) });
      expect([403, 404], `${route.id} answered ${reply.status}`).toContain(reply.status);
      const absent = addressOf(route, nothing);
      if (!route.path.includes('_id}') || route.scope === 'admin') continue;
      // What belongs to somebody else must look like what was never there.
      const other = await door.call(route.method.toUpperCase(), absent, { key, ...bodyOf(route) });
      expect([reply.status, withoutTrace(reply.body)], route.id).toEqual([other.status, withoutTrace(other.body)]);
    }
    expect(await everything()).toBe(before);
  });

  it('of this organization is let in wherever something of it is named', async () => {
    const [key, everywhere] = [await keyFor(['read'], ['acme', 'contoso']), await keyFor(['read'], null)];
    const looks = door.routes.filter(
      ({ method, path, scope }) => method === 'get' && path.includes('_id}') && scope === 'read',
    );
    for (const route of looks) {
      const reply = await door.call('GET', addressOf(route), { key });
      const whole = await door.call('GET', addressOf(route), { key: everywhere });
      expect([reply.status, withoutTrace(reply.body)], route.id).toEqual([whole.status, withoutTrace(whole.body)]);
      expect(reply.status, route.id).toBe(200);
    }
    expect((await door.call('GET', `/v1/connections/${things['connection_id']}`, { key })).status).toBe(200);
    expect((await door.call('GET', '/v1/connections?organization_id=acme', { key })).status).toBe(200);
    expect((await door.call('GET', `/v1/runs?target_id=${things['target_id']}`, { key })).status).toBe(200);
  });

  it('that is limited must say whose things it lists, and none of the others', async () => {
    const key = await keyFor(['read'], ['contoso']);
    for (const list of ['/v1/connections', '/v1/runs', '/v1/plans', '/v1/restores']) {
      const reply = await door.call('GET', list, { key });
      expect(reply.status, list).toBe(403);
    }
    for (const list of [
      '/v1/connections?organization_id=acme',
      '/v1/connections?organization_id=contoso&organization_id=acme',
      '/v1/plans?organization_id=acme',
    ])
      expect((await door.call('GET', list, { key })).status, list).toBe(403);
    expect((await door.call('GET', `/v1/runs?target_id=${things['target_id']}`, { key })).status).toBe(404);
    expect((await door.call('GET', `/v1/runs?caused_by=${things['run_id']}`, { key })).status).toBe(404);
    expect((await door.call('GET', '/v1/plans?organization_id=contoso', { key })).status).toBe(200);
  });

  it('that is limited adds connections to its own organizations only', async () => {
    const key = await keyFor(['configure'], ['contoso']);
    const add = (organization_id: string) =>
      door.call('POST', '/v1/connections', { key, body: { ...newConnection, organization_id } });
    expect((await add('acme')).status).toBe(403);
    expect((await add('contoso')).status).toBe(201);
  });

  it('that may only ask for runs previews no scope that lets somebody in whom the saved one does not', async () => {
    const add = { ...newConnection, scope: { group_ids: [nth(1), nth(2)] } };
    const connection = idOf(await door.call('POST', '/v1/connections', { body: add }));
    const preview = async (...scopes: readonly ApiScope[]) => {
      const key = await keyFor(scopes, ['acme']);
      return (scope: unknown) =>
        door.call('POST', `/v1/connections/${connection}/scope/preview`, { key, body: { scope } });
    };
    const [sync, configure] = [await preview('sync'), await preview('sync', 'configure')];
    const before = await everything();
    const wider = [
      'all',
      { group_ids: [nth(3)] },
      { group_ids: [nth(1), nth(3)] },
      { group_ids: [nth(1)], nested: true },
    ];
    for (const scope of wider) {
      const reply = await sync(scope);
      expect([reply.status, reply.body], JSON.stringify(scope)).toMatchObject([403, { code: 'forbidden' }]);
      expect(reply.body).toMatchObject({ detail: expect.stringContaining('configure') });
    }
    expect(await everything()).toBe(before);
    expect((await sync({ group_ids: [nth(2)] })).status).toBe(202);
    for (const scope of wider) expect((await configure(scope)).status, JSON.stringify(scope)).toBe(202);
  });

  it('that may only ask for runs cannot accept a shrunken read', async () => {
    const key = await keyFor(['sync'], null);
    const sync = (body: object) =>
      door.call('POST', `/v1/connections/${things['connection_id']}/sync`, { key, body: { mode: 'full', ...body } });
    expect((await sync({ accept_shrink: things['run_id'] })).status).toBe(403);
    expect((await sync({})).status).toBe(202);
  });
});

/** A stream is text, and so is a file; what a file tells of the look before it is left out. */
const withoutTrace = (body: unknown): unknown =>
  typeof body === 'string'
    ? body.replaceAll(/^\{"kind":"audit_entry".*\n/gm, '')
    : { ...z.looseObject({}).parse(body), trace_id: null };
