import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { cursorOf } from '../../../src/admin/api/paging.ts';
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
const changesPage = z.object({
  data: z.array(z.looseObject({})),
  next_cursor: z.string(),
  has_more: z.boolean(),
});
const changes = async (query: string) =>
  changesPage.parse((await door.call('GET', `/v1/connections/${connection}/changes?${query}`)).body);
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
  const data: Record<string, unknown>[] = [];
  let page = await changes('limit=7');
  for (; page.has_more; page = await changes(`limit=7&cursor=${page.next_cursor}`)) data.push(...page.data);
  data.push(...page.data);
  expect(data.map(({ sequence }) => sequence)).toEqual(Array.from({ length: people + 2 }, (_, index) => index + 1));
  expect(data[0]).toMatchObject({
    type: 'person.created',
    object: { type: 'user', id: nth(1) },
    attributes: ['displayName', 'userPrincipalName'],
    before: null,
    after: null,
    why: null,
    added: null,
  });
  expect(data.at(-1)).toMatchObject({ type: 'group.members_changed', object: { id: everybody }, removed: [] });
});

it('shows what attributes hold in changes to whoever asks for it', async () => {
  const [first] = (await changes('limit=1&values=true')).data;
  expect(first).toMatchObject({
    before: null,
    after: { displayName: 'Person 1', userPrincipalName: 'p1@contoso.example' },
  });
});

it('goes on with what was committed since, also from the end', async () => {
  const end = await changes('limit=200');
  expect(end.has_more).toBe(false);
  const now = await changes('from=now');
  expect(now).toMatchObject({ data: [], has_more: false });
  await commitPeople(door.stores, connectionId(connection), 2);
  for (const cursor of [end.next_cursor, now.next_cursor]) {
    const { data, next_cursor } = await changes(`cursor=${cursor}`);
    expect(data.map(({ type }) => type)).toEqual([
      ...['person.created', 'person.created', 'group.created', 'group.members_changed'],
    ]);
    expect(await changes(`cursor=${next_cursor}`)).toEqual({ data: [], next_cursor, has_more: false });
  }
});

it.each(['NaN.NaN', '1.Infinity', '1e3.1', '0x1.1', '-1.0', '1.2.3', '1', '.', '', ' 1.1', '1.1\n'])(
  'goes on from no place that nobody was told, such as %j',
  async (place) => {
    const made = cursorOf(`changes ${connection}`, place);
    const reply = await door.call('GET', `/v1/connections/${connection}/changes?cursor=${made}`);
    expect(reply.body).toMatchObject({ status: 400, errors: [{ in: 'query', pointer: '/cursor' }] });
  },
);

it('goes on in the audit log from no place that nobody was told', async () => {
  for (const place of ['NaN', 'Infinity', '-1', '1.5', ''])
    expect((await door.call('GET', `/v1/audit?cursor=${cursorOf('audit {}', place)}`)).status, place).toBe(400);
  expect((await door.call('GET', `/v1/audit?cursor=${cursorOf('audit {}', '7')}`)).status).toBe(200);
});

it('says that changes were missed, and not only that there are none', async () => {
  const early = await changes('limit=3');
  const { version } = await door.stores.snapshots.head(connectionId(connection));
  const end = await changes('limit=200');
  await door.stores.snapshots.prune(connectionId(connection), version);
  const reply = await door.call('GET', `/v1/connections/${connection}/changes?cursor=${early.next_cursor}`);
  expect(reply.status).toBe(410);
  expect(reply.body).toMatchObject({ code: 'cursor_too_old', detail: expect.stringContaining('from=now') });
  // Who had read all of them has missed none.
  expect((await changes(`cursor=${end.next_cursor}`)).data).toEqual([]);
  expect((await changes('limit=5')).data).toEqual([]);
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
