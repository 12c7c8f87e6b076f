import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ApiScope } from '../../../src/model/api-key.ts';
import { connectionId, operationKey, remoteId, runId, targetId } from '../../../src/model/ids.ts';
import { user } from '../../../src/model/source-object.ts';
import type { Source } from '../../../src/source/source.ts';
import { type Ask, addConnection, addTarget, type Door, openDoor, pageOf } from './door.ts';
import { commitPeople, lease, nth } from './stores.ts';
import { emptyTenant } from './tenant.ts';

let door: Door;
let connection: string;
let target: string;
let everybody: string;
beforeAll(async () => {
  door = await openDoor();
  connection = await addConnection(door);
  target = await addTarget(door, connection, { name: 'Helpdesk' });
  everybody = await commitPeople(door.stores, connectionId(connection), 3);
  await provision(nth(1), 'account-1');
});
afterAll(() => door.close());

/** Person 1 gets an account, as a run would have it. */
const provision = async (id: ReturnType<typeof nth>, account: string, at = { connection, target }): Promise<void> => {
  const { ledger } = door.stores;
  const held = await lease(door.stores, targetId(at.target));
  const operation = {
    key: operationKey('run_1.1.1.create'),
    ref: user(id),
    action: 'create',
    attributes: { externalId: id, userName: 'p1@contoso.example', displayName: 'Person 1', active: true },
  } as const;
  const cause = {
    run: runId(`run_${'1'.repeat(32)}`),
    connection: connectionId(at.connection),
    version: 1,
    why: 'created',
    limited: false,
    plan: null,
    evidence: null,
  } as const;
  const link = {
    ref: operation.ref,
    remoteId: remoteId(account),
    by: 'created',
    state: 'active',
    since: door.clock.now,
    hasLeft: false,
    pushed: operation.attributes,
    membersSince: null,
    membersAt: null,
  } as const;
  await ledger.intend(held, [{ operation, cause }]);
  const { key, ref, action } = operation;
  await ledger.settle(held, [{ key, ref, action, at: door.clock.now, result: 'applied', link }]);
  await ledger.advance(held, 1);
};

const explain = (person: string, more: object = {}) =>
  door.call('POST', `/v1/connections/${connection}/explain`, { body: { person, ...more } });

/** A tenant in which two people are known by one number: the one is in scope, the other is not. */
const namesakes: Source = {
  ...emptyTenant({}, ''),
  lookUp: async () =>
    [1, 2].map((number) => ({
      ref: user(nth(number + 10)),
      attributes: { displayName: `Person ${number}`, userPrincipalName: `p${number}@contoso.example` },
    })),
  confirm: async () => new Map([[nth(11), 'present'] as const, [nth(12), 'out_of_scope'] as const]),
};

describe('whom the tenant knows and nobody ever read', () => {
  let wide: Door;
  let pilot: string;
  beforeAll(async () => {
    wide = await openDoor({ room: () => ({ connectSource: () => namesakes }) });
    pilot = await addConnection(wide, { scope: { group_ids: [nth(900)] } });
    await commitPeople(wide.stores, connectionId(pilot), 1);
  });
  afterAll(() => wide.close());

  const askedBy = async (...scopes: readonly ApiScope[]) => {
    const { body } = await wide.call('POST', '/v1/api-keys', { body: { name: 'desk', scopes } });
    const { key } = z.looseObject({ key: z.string() }).parse(body);
    return wide.call('POST', `/v1/connections/${pilot}/explain`, { key, body: { person: '10001', live: true } });
  };
  const inScope = { display_name: 'Person 1', user_principal_name: 'p1@contoso.example', standing: 'present' };
  const outside = { display_name: null, user_principal_name: null, standing: 'out_of_scope' };

  it.each(['read', 'sync', 'approve'] as const)(
    'is shown by name to a key that may %s only as far as the scope lets them in',
    async (scope) => {
      const reply = await askedBy(scope);
      expect(reply.body).toMatchObject({ found: 'nobody', live: { people: [inScope, outside] } });
      expect(JSON.stringify(reply.body)).not.toMatch(/Person 2|p2@contoso/);
    },
  );

  it.each(['configure', 'admin'] as const)('is shown by name to a key that may %s', async (scope) => {
    const named = { display_name: 'Person 2', user_principal_name: 'p2@contoso.example', standing: 'out_of_scope' };
    expect((await askedBy(scope)).body).toMatchObject({ live: { people: [inScope, named] } });
  });

  it('is shown by GET as by POST', async () => {
    for (const scopes of [['read'], ['configure']] as const) {
      const { body } = await wide.call('POST', '/v1/api-keys', { body: { name: 'link', scopes } });
      const { key } = z.looseObject({ key: z.string() }).parse(body);
      const [byGet, byPost] = [
        await wide.call('GET', `/v1/connections/${pilot}/explain?person=${nth(12)}&live=true`, { key }),
        await wide.call('POST', `/v1/connections/${pilot}/explain`, { key, body: { person: nth(12), live: true } }),
      ];
      expect(byGet.body).toEqual(byPost.body);
      expect(JSON.stringify(byGet.body).includes('Person 2')).toBe(scopes[0] === 'configure');
    }
  });

  it('is in the audit log by the ids of all who were shown', async () => {
    await askedBy('read');
    for (const shown of [nth(11), nth(12)]) {
      const { data } = pageOf(await wide.call('GET', `/v1/audit?step=done&subject_id=${shown}`));
      expect(data[0]).toMatchObject({ action: 'explain', actor: { name: 'desk' } });
    }
  });
});

describe('somebody who is asked about by a name that several have', () => {
  it('is in the audit log with all of them', async () => {
    const pair = await addConnection(door, { organization_id: 'globex' });
    await commitPeople(door.stores, connectionId(pair), 3, { employeeId: '10001' });
    const reply = await door.call('POST', `/v1/connections/${pair}/explain`, { body: { person: '10001' } });
    expect(reply.body).toMatchObject({ found: 'several' });
    for (const shown of [nth(1), nth(2), nth(3)]) {
      const { data } = pageOf(await door.call('GET', `/v1/audit?step=done&subject_id=${shown}`));
      expect(data[0]).toMatchObject({ action: 'explain', subjects: { connection_id: pair } });
    }
  });
});

describe('explain', () => {
  it.each(['P1@contoso.example', 'account-1', nth(1)])('answers about %s', async (person) => {
    const { status, body } = await explain(person);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      found: 'one',
      object: { type: 'user', id: nth(1) },
      gone: null,
      live: null,
      others: [],
      targets: [
        {
          target_id: target,
          target_name: 'Helpdesk',
          verdict: {
            reason: 'in_sync',
            sentence: 'Person 1 is at Helpdesk as account account-1, as wanted; last written 2026-11-02 09:00 UTC.',
            resolution_owner: null,
            to_do: null,
          },
          account: { remote_id: 'account-1', by: 'created', state: 'active' },
          live: null,
        },
      ],
    });
  });

  it('answers about a group, and about somebody who has no account yet', async () => {
    expect((await explain(everybody)).body).toMatchObject({ found: 'one', object: { type: 'group' } });
    expect((await explain('p2@contoso.example')).body).toMatchObject({
      targets: [{ verdict: { reason: 'full_run_needed', resolution_owner: 'your_team' }, account: null }],
    });
  });

  it('asks source and target again when it is wanted', async () => {
    const { body } = await explain('p1@contoso.example', { live: true });
    expect(body).toMatchObject({ live: { kind: 'answered', standing: 'gone', agrees: false } });
    expect(body).toMatchObject({ targets: [{ live: { kind: expect.any(String), says: expect.any(String) } }] });
  });

  it('says of somebody nobody ever saw what to look at', async () => {
    expect((await explain('nobody@contoso.example')).body).toMatchObject({
      found: 'nobody',
      verdict: { reason: 'never_seen', resolution_owner: 'customer_it' },
      checks: expect.arrayContaining(['Everybody of the tenant is in scope.']),
    });
  });

  it('is asked about one target, which must be one of the connection’s', async () => {
    expect((await explain(nth(1), { target_id: target })).body).toMatchObject({ targets: [{ target_id: target }] });
    const other = await addConnection(door, { organization_id: 'globex' });
    const foreign = await addTarget(door, other);
    expect((await explain(nth(1), { target_id: foreign })).status).toBe(404);
    const through = await door.call('POST', `/v1/connections/${other}/explain`, { body: { person: nth(1) } });
    expect(through.body).toMatchObject({ found: 'nobody' });
  });

  it.each([
    {},
    { person: '' },
    { person: '\0' },
    { person: 'x'.repeat(321) },
    { person: 'x', live: 'yes' },
    { person: 'x', target_id: 'x' },
  ])('refuses a question that is none: %j', async (body) => {
    expect((await door.call('POST', `/v1/connections/${connection}/explain`, { body })).status).toBe(400);
  });

  it('takes nobody’s name in its address', async () => {
    const path = `/v1/connections/${connection}/explain?person=p1@contoso.example`;
    expect((await door.call('POST', path, { body: { person: 'p1@contoso.example' } })).status).toBe(400);
    expect((await door.call('GET', path)).body).toMatchObject({ code: 'ask_by_post' });
  });

  it('leaves no name in the log', async () => {
    door.said.length = 0;
    await explain('p1@contoso.example', { live: true });
    const lines = door.said.filter((line) => line.includes('"event"'));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('\n')).not.toContain('p1@contoso');
    expect(z.string().parse(lines.join('\n'))).toContain('/v1/connections/{connection_id}/explain');
  });
});

describe('explain by GET', () => {
  const byGet = (query: string, ask: Ask = {}) =>
    door.call('GET', `/v1/connections/${connection}/explain?${query}`, ask);

  it.each([
    { query: `person=${nth(1)}`, body: { person: nth(1) } },
    { query: `person=${nth(1)}&live=true`, body: { person: nth(1), live: true } },
    { query: `person=${nth(1)}&live=false`, body: { person: nth(1), live: false } },
    { query: `person=${nth(99)}&live=true`, body: { person: nth(99), live: true } },
  ])('answers about an object id what POST does: $query', async ({ query, body }) => {
    const byPost = await door.call('POST', `/v1/connections/${connection}/explain`, { body });
    const reply = await byGet(query);
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual(byPost.body);
    expect(reply.headers.get('cache-control')).toBe('no-store');
  });

  it('answers about a group, and about the id at a target where that is a GUID', async () => {
    expect((await byGet(`person=${everybody}`)).body).toMatchObject({ found: 'one', object: { type: 'group' } });
    const other = await addConnection(door, { organization_id: 'globex' });
    await commitPeople(door.stores, connectionId(other), 1);
    const account = '5d0e1f6a-9c1b-4a52-8f0d-77c1f2d3a4b5';
    await provision(nth(1), account, { connection: other, target: await addTarget(door, other) });
    const { body } = await door.call('GET', `/v1/connections/${other}/explain?person=${account}`);
    expect(body).toMatchObject({ found: 'one', object: { id: nth(1) } });
  });

  it('is asked about one target, which must be one of the connection’s', async () => {
    expect((await byGet(`person=${nth(1)}&target_id=${target}`)).body).toMatchObject({
      targets: [{ target_id: target }],
    });
    const foreign = await addTarget(door, await addConnection(door, { organization_id: 'globex' }));
    expect((await byGet(`person=${nth(1)}&target_id=${foreign}`)).status).toBe(404);
  });

  it.each([
    ['a principal name', 'p1@contoso.example'],
    ['a mail that is not known', 'nobody@contoso.example'],
    ['an employee id', 'E-10001'],
    ['an id at a target that is no GUID', 'account-1'],
    ['a name', 'Person 1'],
    ['an object id in braces', `{${nth(1)}}`],
    ['an object id and more', `${nth(1)} p1@contoso.example`],
    ['nothing', ''],
  ])('says of %s to ask by POST, and repeats it nowhere', async (_what, person) => {
    door.said.length = 0;
    const { status, body } = await byGet(`person=${encodeURIComponent(person)}&live=true`);
    expect([status, body]).toMatchObject([400, { code: 'ask_by_post', errors: [{ in: 'query', pointer: '/person' }] }]);
    expect(body).toMatchObject({ detail: expect.stringContaining('by POST') });
    const line = door.said.find((said) => said.includes('request.answered')) ?? expect.fail('Nothing is logged.');
    expect(JSON.parse(line)).toMatchObject({ route: '/v1/connections/{connection_id}/explain', status: 400 });
    if (person === '') return;
    for (const text of [JSON.stringify(body), ...door.said]) {
      expect(text).not.toContain(person);
      expect(text).not.toContain(encodeURIComponent(person));
    }
  });

  it.each(['', 'upn=p1@contoso.example', `person=${nth(1)}&person=p1@contoso.example`])(
    'says so as well of a question that names nobody, or several: %s',
    async (query) => {
      const { status, body } = await byGet(query);
      expect([status, body]).toMatchObject([400, { code: 'ask_by_post' }]);
      expect(JSON.stringify(body)).not.toContain('contoso');
    },
  );

  it.each(['live=yes', 'live=', 'target_id=x', 'who=x'])('refuses a question that is none: %s', async (query) => {
    expect((await byGet(`person=${nth(1)}&${query}`)).body).toMatchObject({ code: 'invalid_request' });
  });

  it('leaves nobody in the log of the process, not by their object id either', async () => {
    door.said.length = 0;
    await byGet(`person=${nth(1)}&live=true`);
    const lines = door.said.filter((line) => line.includes('request.answered'));
    expect(lines).toHaveLength(1);
    expect(lines.join('')).not.toContain(nth(1));
  });
});

describe('the counts by reason', () => {
  it('add up to everybody, with some of each', async () => {
    const { status, body } = await door.call('GET', `/v1/targets/${target}/reasons`);
    expect(status).toBe(200);
    expect(body).toEqual({
      version: 1,
      position: 1,
      objects: 4,
      reasons: [
        { reason: 'in_sync', count: 1, examples: [{ type: 'user', id: nth(1) }] },
        { reason: 'groups_not_supported', count: 1, examples: [{ type: 'group', id: everybody }] },
        { reason: 'full_run_needed', count: 2, examples: [nth(2), nth(3)].map((id) => ({ type: 'user', id })) },
      ],
      next_cursor: null,
    });
  });

  it('are of one reason alone, if that is asked', async () => {
    const { body } = await door.call('GET', `/v1/targets/${target}/reasons?reason=in_sync`);
    expect(body).toMatchObject({ objects: 4, reasons: [{ reason: 'in_sync', count: 1 }] });
  });

  it.each(['reason=bored', 'cursor=x', 'limit=5'])('refuses %s', async (query) => {
    expect((await door.call('GET', `/v1/targets/${target}/reasons?${query}`)).status).toBe(400);
  });

  it('are not given of a target that is being removed', async () => {
    const other = await addTarget(door, connection);
    await door.call('DELETE', `/v1/targets/${other}`);
    expect((await door.call('GET', `/v1/targets/${other}/reasons`)).body).toMatchObject({ code: 'target_deleting' });
    expect((await door.call('GET', `/v1/targets/tgt_${'0'.repeat(32)}/reasons`)).status).toBe(404);
  });
});
