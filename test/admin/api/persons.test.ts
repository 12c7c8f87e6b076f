import { afterEach, beforeEach, expect, it } from 'vitest';
import { keptSchema } from '../../../src/admin/api/schemas/kept-of-person.ts';
import { connectionId, planId, remoteId, runId, targetId } from '../../../src/model/ids.ts';
import type { Operation } from '../../../src/model/operation.ts';
import { group, type Ref, user } from '../../../src/model/source-object.ts';
import { newId } from '../../../src/store/ids.ts';
import { addsMembers, applied, creates, escrowed, intents, linked, updates, waits } from '../../support/operations.ts';
import { staged } from '../../support/plan-world.ts';
import { addConnection, addTarget, type Door, openDoor } from './door.ts';
import { commitPeople, lease, nth } from './stores.ts';

let door: Door;
let connection: string;
let target: string;
beforeEach(async () => {
  door = await openDoor();
  connection = await addConnection(door);
  target = await addTarget(door, connection);
  await commitPeople(door.stores, connectionId(connection), 3);
  // Whoever committed them is at work no more.
  door.clock.now = new Date(door.clock.now.getTime() + 60_000);
});
afterEach(() => door.close());

const member = (ref: Ref) => ({ ref, remoteId: remoteId(`remote-${ref.id}`) });
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

const exported = async (n: number) => {
  const reply = await door.call('GET', path(n, 'export'));
  expect(reply.headers.get('content-type')).toContain('application/x-ndjson');
  const lines = String(reply.body).trimEnd().split('\n');
  return lines.map((line) => keptSchema.parse(JSON.parse(line)));
};

it('shows all that is kept of somebody, a thing a line, and nothing of those beside them', async () => {
  const lines = await exported(1);
  expect(lines).toMatchObject([
    { kind: 'snapshot', id: nth(1), attributes: { displayName: 'Person 1' }, gone: null },
    { kind: 'membership', group_id: nth(900) },
    { kind: 'change', change: { type: 'person.created', after: { displayName: 'Person 1' } } },
    { kind: 'change', change: { added: [{ id: nth(1) }] } },
    { kind: 'audit_entry', action: 'exportPerson', step: 'asked' },
    { kind: 'audit_entry', action: 'exportPerson', step: 'done' },
  ]);
  expect(JSON.stringify(lines)).not.toContain(nth(2));
  expect((await door.call('GET', path(77, 'export'))).status).toBe(404);
  expect((await door.call('GET', path(77, 'export'))).status).toBe(404);
});

it('shows what targets, plans and runs hold of them, of each kind as it is documented', async () => {
  const at = targetId(target);
  const held = await lease(door.stores, at);
  const { ledger, plans, discrepancies, leases } = door.stores;
  const [ann, bob, team] = [user(nth(1)), user(nth(2)), group(nth(900))];
  const [made, failed] = [creates(ann), updates(ann)];
  const both: Operation = {
    ...addsMembers(team),
    action: 'add_members',
    remoteId: remoteId('team'),
    members: [member(ann), member(bob)],
  };
  await ledger.intend(held, intents([made, failed, both], { run: runId(newId('run')) }));
  await ledger.settle(held, [applied(made, linked(ann)), escrowed(failed)]);
  await ledger.wait(held, [waits(bob, 'manager', ann.id)]);
  await ledger.noteGuarded(held, new Map([[team.id, [ann, bob]]]));
  await plans.stage(held, planId(newId('pln')), [staged(both)]);
  const surplus = { kind: 'member_surplus', ref: team, remoteId: remoteId('team'), member: member(ann) } as const;
  await discrepancies.note(held, runId(newId('run')), [surplus]);
  await leases.release(held);
  const lines = await exported(1);
  expect(new Set(lines.map(({ kind }) => kind))).toEqual(
    new Set([
      'snapshot',
      'membership',
      'change',
      'account',
      'escrow',
      'protection',
      'waiting_reference',
      'operation',
      'planned_operation',
      'discrepancy',
      'audit_entry',
    ]),
  );
  expect(lines).toContainEqual(expect.objectContaining({ kind: 'waiting_reference', object: null, to: nth(1) }));
  expect(JSON.stringify(lines)).not.toContain(nth(2));
});

it('erases who left, asks for a read of everybody, and knows nothing of them afterwards', async () => {
  expect((await door.call('POST', path(1, 'erase'))).body).toMatchObject({ status: 409, code: 'person_in_scope' });
  await leaves(1);
  const erased = await door.call('POST', path(1, 'erase'));
  expect(erased.body).toEqual({ accounts_left: [] });
  expect(door.woken).toContain(`sync ${connection} person`);
  expect((await door.call('GET', path(1, 'export'))).status).toBe(404);
  expect((await door.call('POST', path(1, 'erase'))).status).toBe(404);
  expect((await exported(2)).length).toBeGreaterThan(1);
});

it('does not erase while somebody is at work', async () => {
  await leaves(1);
  await lease(door.stores, connectionId(connection));
  expect((await door.call('POST', path(1, 'erase'))).body).toMatchObject({ status: 409, code: 'not_erasable_yet' });
});
