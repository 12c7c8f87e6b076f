/** One tenant, brought to two organizations with credentials that open it. */

import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { type Door, idOf, newConnection, openDoor } from './door.ts';
import { emptyTenant } from './tenant.ts';

const tenantId = newConnection.tenant_id;

let door: Door;
let acme: string;
let limited: string;
beforeEach(async () => {
  door = await openDoor({
    // Everybody's credentials are good, and open what they name.
    room: () => ({
      connectSource: ({ tenantId: directoryId }) => ({
        ...emptyTenant({}, ''),
        check: async () => ({ ok: true, checks: [], ...(directoryId === null ? {} : { directoryId }) }),
      }),
    }),
  });
  acme = await add('acme');
  await check(acme);
  const asked = { name: 'fabrikam', scopes: ['configure', 'sync'], organization_ids: ['fabrikam'] };
  const made = await door.call('POST', '/v1/api-keys', { body: asked });
  limited = z.looseObject({ key: z.string() }).parse(made.body).key;
});
afterEach(() => door.close());

const ask = (key?: string) => (key === undefined ? {} : { key });
const add = async (organization_id: string, key?: string, fields: object = {}): Promise<string> => {
  const body = { ...newConnection, organization_id, ...fields };
  return idOf(await door.call('POST', '/v1/connections', { ...ask(key), body }));
};
const edit = (id: string, body: object, key?: string) =>
  door.call('PATCH', `/v1/connections/${id}`, { ...ask(key), body });
const check = async (id: string, key?: string) =>
  (await door.call('POST', `/v1/connections/${id}/check`, ask(key))).body;
const show = async (id: string) => (await door.call('GET', `/v1/connections/${id}`)).body;

const taken = { ok: false, checks: [{ name: 'Tenant', state: 'failed', code: 'tenant_taken' }] };
const told = { ok: true, checks: [{ name: 'Tenant', state: 'warning', code: 'tenant_read_twice' }] };

it('brought by the operator is read for both, and whoever looks at either is told', async () => {
  const fabrikam = await add('fabrikam');
  expect(await show(fabrikam)).toMatchObject({ tenant_read_twice: false });
  expect(await check(fabrikam)).toMatchObject(told);
  for (const id of [fabrikam, acme]) expect(await show(id)).toMatchObject({ tenant_read_twice: true });
  expect(await check(acme)).toMatchObject(told);
  const lines = door.said.filter((line) => line.includes('tenant.read_twice'));
  expect(lines.join('')).toContain(acme);
  expect(lines.join('')).toContain(fabrikam);
});

it('is told no more once it is read for one', async () => {
  const fabrikam = await add('fabrikam');
  await check(fabrikam);
  await door.call('DELETE', `/v1/connections/${fabrikam}`);
  expect(await check(acme)).toMatchObject({ ok: true, checks: [] });
  expect(await show(acme)).toMatchObject({ tenant_read_twice: false });
});

it('brought by a key of the one is not read for them, and they are not told whose it is', async () => {
  const fabrikam = await add('fabrikam', limited);
  const report = await check(fabrikam, limited);
  expect(report).toMatchObject(taken);
  expect(JSON.stringify(report)).not.toMatch(new RegExp(`acme|${acme}`));
  expect(await show(fabrikam)).toMatchObject({ health: { status: 'degraded', code: 'tenant_taken' } });
  expect(await check(acme)).toMatchObject({ ok: true, checks: [] });
  expect(await show(acme)).toMatchObject({ tenant_read_twice: false });
});

it('is not brought there by an edit either, whoever made the connection', async () => {
  const fabrikam = await add('fabrikam', undefined, { tenant_id: '66666666-6666-4666-8666-666666666666' });
  expect(await check(fabrikam)).toMatchObject({ ok: true, checks: [] });
  await edit(fabrikam, { tenant_id: tenantId }, limited);
  expect(await check(fabrikam)).toMatchObject(taken);
});

it('is read for both once the operator says that it is meant; another secret of theirs is no other tenant', async () => {
  const fabrikam = await add('fabrikam', limited);
  expect(await check(fabrikam)).toMatchObject(taken);
  // Said once more by whoever may not say it.
  await edit(fabrikam, { tenant_id: tenantId }, limited);
  expect(await check(fabrikam)).toMatchObject(taken);
  await edit(fabrikam, { tenant_id: tenantId });
  expect(await check(fabrikam)).toMatchObject(told);
  await edit(fabrikam, { client_secret: 'CANARY~next' }, limited);
  expect(await check(fabrikam)).toMatchObject(told);
});
