import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RequestRefused } from '../../../src/admin/api/problem.ts';
import { nothing, parseCall } from '../../../src/admin/api/request.ts';
import { newConnectionSchema } from '../../../src/admin/api/schemas/connection.ts';
import { newTargetSchema } from '../../../src/admin/api/schemas/target.ts';
import { addConnection, type Door, newConnection, newTarget, openDoor, type Reply } from './door.ts';

const actor = { kind: 'configured_key', id: 'product', name: 'product' } as const;
const product = {
  id: 'configured:product',
  name: 'product',
  scopes: ['admin'],
  organizations: null,
  actor,
  makers: [],
  session: null,
} as const;

let door: Door;
let connection: string;
beforeAll(async () => {
  door = await openDoor();
  connection = await addConnection(door);
});
afterAll(() => door.close());

const problem = z.object({
  code: z.string(),
  errors: z.array(z.object({ in: z.string(), pointer: z.string(), detail: z.string() })),
});
const places = ({ status, body }: Reply): string[] => {
  expect(status).toBe(400);
  const { code, errors } = problem.parse(body);
  expect(code).toBe('invalid_request');
  return errors.map((error) => `${error.in} ${error.pointer}`);
};

describe('a new connection', () => {
  const post = (fields: object) => door.call('POST', '/v1/connections', { body: { ...newConnection, ...fields } });

  it.each([
    ['another vendor', { vendor: 'OKTA' }, ['/vendor']],
    ['an unknown field', { tenant: 'x' }, ['/tenant']],
    ['a field of ours', { state: 'active', revision: 7, id: 'con_x' }, ['/state', '/revision', '/id']],
    ['an operator for text', { organization_id: { $ne: null } }, ['/organization_id/$ne']],
    ['a list for text', { organization_id: ['acme'] }, ['/organization_id']],
    ['a path as name', { 'a.b': 1 }, ['/a.b']],
    ['an escaped name', { 'a/b~c': 1 }, ['/a~1b~0c']],
    ['a tenant that is no tenant', { tenant_id: 'common' }, ['/tenant_id']],
    ['a tenant that is an address', { tenant_id: 'https://evil.example/x' }, ['/tenant_id']],
    ['the id of a secret instead of its value', { client_secret: newConnection.client_id }, ['/client_secret']],
    ['an empty scope', { scope: { group_ids: [] } }, ['/scope/group_ids']],
    ['a scope by name', { scope: { group_ids: ['Everybody'] } }, ['/scope/group_ids/0']],
    ['a scope with more', { scope: { group_ids: [newConnection.client_id], all: true } }, ['/scope/all']],
    ['a scope of nothing known', { scope: 'everyone' }, ['/scope']],
    [
      'an attribute that is a query',
      { attributes: { user: ['displayName,manager($expand=x)'] } },
      ['/attributes/user/0'],
    ],
    ['too short an interval', { refresh_interval_secs: 5 }, ['/refresh_interval_secs']],
    ['an interval in words', { timeout_secs: '1800' }, ['/timeout_secs']],
    ['a limit without a floor', { shrink_limit: { count: 1, percent: 5 } }, ['/shrink_limit/floor']],
    ['a name with a line break', { name: 'Contoso\nLtd' }, ['/name']],
    ['several at once', { vendor: 'x', name: '', cloud: 'moon' }, ['/vendor', '/name', '/cloud']],
    ['a cloud nobody configured', { cloud: 'custom' }, ['/cloud']],
    ['an id without its secret', { client_secret: undefined }, ['/client_secret']],
    ['a secret without its id', { client_id: undefined }, ['/client_id']],
    ['credentials without a tenant', { tenant_id: undefined }, ['/tenant_id']],
  ])('refuses %s, and points at it', async (_what, fields, pointers) => {
    expect((await places(await post(fields))).toSorted()).toEqual(
      pointers.map((pointer) => `body ${pointer}`).toSorted(),
    );
  });

  it.each(['__proto__', 'constructor', 'prototype'])('refuses the name %s', async (name) => {
    const raw = JSON.stringify(newConnection).replace('{', `{"${name}": {"admin": true},`);
    expect(places(await door.call('POST', '/v1/connections', { raw }))).toEqual([`body /${name}`]);
    expect(Reflect.get({}, 'admin')).toBeUndefined();
  });

  it('refuses nesting without end, and looks no deeper than 16', async () => {
    const nested = async (depth: number) => {
      const raw = `{"vendor":"MS_ENTRA","organization_id":${'['.repeat(depth)}${']'.repeat(depth)}}`;
      return (await door.call('POST', '/v1/connections', { raw })).body;
    };
    for (const depth of [17, 20_000])
      expect(await nested(depth), `${depth}`).toMatchObject({
        status: 400,
        errors: [{ pointer: `/organization_id${'/0'.repeat(16)}`, detail: 'is nested too deeply' }],
      });
    expect(JSON.stringify(await nested(16))).not.toContain('nested');
  });

  it('added nothing of all that', async () => {
    expect((await door.call('GET', '/v1/connections')).body).toMatchObject({
      data: [{ id: connection }],
      next_cursor: null,
    });
  });
});

describe('a new target', () => {
  const post = (fields: object) =>
    door.call('POST', `/v1/connections/${connection}/targets`, { body: { ...newTarget, ...fields } });

  it.each([
    ['an unknown kind', { kind: 'ldap' }, ['/kind']],
    ['settings its kind does not know', { settings: { ...newTarget.settings, color: 'red' } }, ['/settings/color']],
    ['settings that are missing', { settings: {} }, ['/settings/url', '/settings/token']],
    ['an address without TLS', { settings: { ...newTarget.settings, url: 'http://notes.example' } }, ['/settings/url']],
    ['an operator in settings', { settings: { ...newTarget.settings, url: { $gt: '' } } }, ['/settings/url/$gt']],
    [
      'a rule of no kind',
      { mapping: { user: [{ kind: 'script', to: 'x' }], group: [] } },
      ['/mapping/user/0/kind', '/mapping/group'],
    ],
    [
      'a rule without its source',
      { mapping: { user: [{ kind: 'direct', to: 'x' }], group: [{ kind: 'constant', to: 'x', value: 1 }] } },
      ['/mapping/user/0/from'],
    ],
    ['a policy of no kind', { deprovision: { kind: 'delete_after_days', days: 0 } }, ['/deprovision/days']],
    [
      'a limit over everything',
      {
        limits: {
          deprovisions: { count: 1, percent: 101, floor: 0 },
          member_removals: { count: 1, percent: 1, floor: 1 },
        },
      },
      ['/limits/deprovisions/percent'],
    ],
  ])('refuses %s, and points at it', async (_what, fields, pointers) => {
    expect(places(await post(fields)).toSorted()).toEqual(pointers.map((pointer) => `body ${pointer}`).toSorted());
  });
});

describe('addresses', () => {
  it.each([
    ['/v1/connections/1', ['path /connection_id']],
    [`/v1/connections/tgt_${'0'.repeat(32)}`, ['path /connection_id']],
    ['/v1/runs/run_%24ne', ['path /run_id']],
    ['/v1/targets/..%2f..%2fetc', ['path /target_id']],
    ['/v1/runs?limit=0', ['query /limit']],
    ['/v1/runs?limit=201', ['query /limit']],
    ['/v1/runs?limit=-1', ['query /limit']],
    ['/v1/runs?limit=1e2', ['query /limit']],
    ['/v1/runs?limit=1&limit=2', ['query /limit']],
    ['/v1/runs?limit[$gt]=1', ['query /limit[$gt]']],
    ['/v1/runs?state=done', ['query /state']],
    ['/v1/runs?connection_id[$ne]=x', ['query /connection_id[$ne]']],
    ['/v1/runs?sort=created_at', ['query /sort']],
    ['/v1/runs?cursor=', ['query /cursor']],
    ['/v1/runs?cursor=cnVuX3g', ['query /cursor']],
    ['/v1/runs?cursor=cnVuX3g.AAAAAAAAAAAA', ['query /cursor']],
    [`/v1/runs?cursor=${'x'.repeat(2_001)}`, ['query /cursor']],
    ['/v1/connections/1?x=1', ['path /connection_id', 'query /x']],
  ])('refuses %s', async (path, expected) => {
    expect(places(await door.call('GET', path))).toEqual(expected);
  });

  it('refuses an If-Match that is no ETag of ours', async () => {
    const reply = await door.call('PATCH', `/v1/connections/${connection}`, {
      body: {},
      headers: { 'if-match': 'W/"1"' },
    });
    expect(places(reply)).toEqual(['header /if-match']);
  });
});

it('never does anything with a body but take it or refuse it', () => {
  const almost = fc.record(
    {
      vendor: fc.oneof(fc.constant('MS_ENTRA'), fc.jsonValue()),
      organization_id: fc.oneof(fc.constant('acme'), fc.jsonValue()),
      scope: fc.oneof(fc.constant('all'), fc.record({ group_ids: fc.array(fc.jsonValue()) }), fc.jsonValue()),
      kind: fc.oneof(fc.constant('note'), fc.jsonValue()),
      settings: fc.jsonValue(),
      mapping: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.oneof(almost, fc.jsonValue()),
      fc.constantFrom(newConnectionSchema, newTargetSchema),
      (body, schema) => {
        try {
          parseCall(
            { params: nothing, query: nothing, body: schema },
            { params: {}, query: {}, body, ifMatch: undefined, caller: product },
          );
        } catch (error) {
          expect(error).toBeInstanceOf(RequestRefused);
        }
      },
    ),
    { numRuns: 500 },
  );
});
