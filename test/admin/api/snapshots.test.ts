import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectionId } from '../../../src/model/ids.ts';
import { addConnection, type Door, openDoor, pageOf } from './door.ts';
import { commitPeople, nth } from './stores.ts';

const people = 23;
let door: Door;
let connection: string;
let everybody: string;
beforeAll(async () => {
  door = await openDoor();
  connection = await addConnection(door);
  everybody = await commitPeople(door.stores, connectionId(connection), people);
});
afterAll(() => door.close());

const all = async (list: string, limit: number): Promise<Record<string, unknown>[]> => {
  const path = `/v1/connections/${connection}/${list}?limit=${limit}`;
  const seen = [];
  for (let next: string | null = path; next !== null; ) {
    const { data, next_cursor } = pageOf(await door.call('GET', next));
    seen.push(...data);
    next = next_cursor && `${path}&cursor=${next_cursor}`;
  }
  return seen;
};
const expected = Array.from({ length: people }, (_, index) => nth(index + 1));

it('shows how much is stored', async () => {
  expect((await door.call('GET', `/v1/connections/${connection}`)).body).toMatchObject({
    snapshot: { users: people, groups: 1, full_sync_at: '2026-11-02T09:00:00.000Z' },
  });
});

it.each([1, 5, 22, 23, 24, 200])('lists every user once, in pages of %i', async (limit) => {
  expect((await all('users', limit)).map(({ id }) => id)).toEqual(expected);
});

it.each([1, 5, 22, 23, 24, 200])('lists every member once, in pages of %i', async (limit) => {
  expect((await all(`groups/${everybody}/members`, limit)).map(({ id }) => id)).toEqual(expected);
});

it('lists attributes as they were read', async () => {
  expect((await all('users', 50))[0]).toEqual({
    type: 'user',
    id: nth(1),
    attributes: { displayName: 'Person 1', userPrincipalName: 'p1@contoso.example' },
  });
  expect(await all('groups', 50)).toEqual([{ type: 'group', id: everybody, attributes: { displayName: 'Everybody' } }]);
});

it('lists changes in the order they were made', async () => {
  const changes = await all('changes', 7);
  expect(changes.map(({ sequence }) => sequence)).toEqual(Array.from({ length: people + 2 }, (_, index) => index + 1));
  expect(changes[0]).toMatchObject({
    kind: 'created',
    object: { type: 'user', id: nth(1) },
    before: null,
    why: null,
    added: null,
  });
  expect(changes.at(-1)).toMatchObject({
    kind: 'members',
    object: { type: 'group', id: everybody },
    after: null,
    removed: [],
  });
});

it('knows a group by its id in any case, and no group that is not stored', async () => {
  const members = (id: string) => door.call('GET', `/v1/connections/${connection}/groups/${id}/members`);
  expect((await members(everybody.toUpperCase())).status).toBe(200);
  expect((await members(nth(901))).body).toMatchObject({ code: 'not_found' });
  expect((await members(nth(1))).body).toMatchObject({ code: 'not_found' });
});

it('shows nothing of one connection through another', async () => {
  const other = await addConnection(door, { organization_id: 'globex' });
  expect((await door.call('GET', `/v1/connections/${other}/users`)).body).toEqual({ data: [], next_cursor: null });
  expect((await door.call('GET', `/v1/connections/${other}/groups/${everybody}/members`)).status).toBe(404);
  const { next_cursor } = pageOf(await door.call('GET', `/v1/connections/${connection}/users?limit=1`));
  expect((await door.call('GET', `/v1/connections/${other}/users?limit=1&cursor=${next_cursor}`)).status).toBe(400);
});
