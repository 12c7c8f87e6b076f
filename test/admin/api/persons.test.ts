import { afterEach, beforeEach, expect, it } from 'vitest';
import { connectionId } from '../../../src/model/ids.ts';
import { user } from '../../../src/model/source-object.ts';
import { addConnection, addTarget, type Door, openDoor } from './door.ts';
import { commitPeople, lease, nth } from './stores.ts';

let door: Door;
let connection: string;
beforeEach(async () => {
  door = await openDoor();
  connection = await addConnection(door);
  await addTarget(door, connection);
  await commitPeople(door.stores, connectionId(connection), 3);
  // Whoever committed them is at work no more.
  door.clock.now = new Date(door.clock.now.getTime() + 60_000);
});
afterEach(() => door.close());

const path = (n: number, what: string) => `/v1/connections/${connection}/people/${nth(n)}/${what}`;

const leaves = async (n: number): Promise<void> => {
  const { snapshots, leases } = door.stores;
  const held = await lease(door.stores, connectionId(connection));
  const draft = await snapshots.begin(held, 'delta');
  const before = (await draft.find([user(nth(n))])).get(nth(n));
  await draft.put({ objects: [{ ref: user(nth(n)), next: { gone: 'deleted' } }], members: [], seen: [], resume: null });
  if (before !== undefined) await draft.record([{ kind: 'removed', before, why: 'deleted' }]);
  await draft.commit({ watermark: 'keep', counts: { user: 2, group: 1 }, full: false });
  await leases.release(held);
};

it('shows all that is kept of somebody', async () => {
  const reply = await door.call('GET', path(1, 'export'));
  expect(reply.body).toMatchObject({
    id: nth(1),
    snapshot: { attributes: { displayName: 'Person 1' }, gone: null },
    member_of: [nth(900)],
    changes: [{ type: 'person.created', after: { displayName: 'Person 1' } }],
    targets: [{ account: null, operations: [] }],
  });
  expect((await door.call('GET', path(77, 'export'))).status).toBe(404);
});

it('erases who left, asks for a read of everybody, and knows nothing of them afterwards', async () => {
  expect((await door.call('POST', path(1, 'erase'))).body).toMatchObject({ status: 409, code: 'person_in_scope' });
  await leaves(1);
  const erased = await door.call('POST', path(1, 'erase'));
  expect(erased.body).toEqual({ accounts_left: [] });
  expect(door.woken).toContain(`sync ${connection} person`);
  expect((await door.call('GET', path(1, 'export'))).status).toBe(404);
  expect((await door.call('POST', path(1, 'erase'))).status).toBe(404);
  expect((await door.call('GET', path(2, 'export'))).status).toBe(200);
});

it('does not erase while somebody is at work', async () => {
  await leaves(1);
  await lease(door.stores, connectionId(connection));
  expect((await door.call('POST', path(1, 'erase'))).body).toMatchObject({ status: 409, code: 'not_erasable_yet' });
});
