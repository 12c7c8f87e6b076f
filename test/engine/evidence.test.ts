/** Which read told of what is taken away: it is on record also where the run that read never said so. */

import { expect, it } from 'vitest';
import { remoteId, runId } from '../../src/model/ids.ts';
import type { Evidence } from '../../src/model/operation.ts';
import type { Run } from '../../src/model/run.ts';
import { connection, id, type Story, story, target } from '../support/story.ts';

class Crash extends Error {}

const staffed = async (): Promise<Story> => {
  const s = await story();
  for (const name of ['ann', 'bob', 'cid', 'dan']) s.hire(name);
  s.found('staff');
  for (const name of ['ann', 'bob']) s.directory.join(id('staff'), id(name));
  await s.full();
  return s;
};

/** The next time a read is committed, this happens before the run can say so. */
const onceCommitted = (s: Story, act: () => Promise<void>): void => {
  const failpoint = async (site: string): Promise<void> => {
    if (site !== 'sync.committed') return;
    Object.assign(s.engine, { failpoint: async () => {} });
    await act();
  };
  Object.assign(s.engine, { failpoint });
};
const dies = async (): Promise<void> => {
  throw new Crash();
};

/** What was taken away, and which read is named for it. */
const takenAway = async (s: Story, by?: Run) => {
  const { items } = await s.stores.ledger.entries(target, (by ?? (await s.provisioned())).id, null, 10);
  return items.map(({ operation, cause }) => [operation.action, cause.why, readIn(cause.evidence)]);
};
const readIn = (evidence: Evidence | null) =>
  evidence && { version: evidence.version, run: evidence.run, read: evidence.read };

it('whoever-read-it-had-died: names the read of a worker that died before its run could say what it had committed', async () => {
  const s = await staffed();
  s.directory.remove(id('dan'), 'soft_deleted');
  s.directory.leave(id('staff'), id('bob'));
  const sync = await s.requestSync('delta');
  onceCommitted(s, dies);
  await expect(s.syncAll()).rejects.toThrow(Crash);
  const { version } = await s.stores.snapshots.head(connection);
  s.pass(31_000);
  await s.syncAll();
  expect((await s.ended(sync)).version).toBeGreaterThan(version);
  await s.provisionAll();
  const told = { version, run: sync.id, read: 'delta' };
  expect(await takenAway(s)).toEqual([
    ['remove_members', 'members', told],
    ['disable', 'soft_deleted', told],
  ]);
});

it('whoever-read-it-has-not-ended: names the read of a run that is about to say so', async () => {
  const s = await staffed();
  s.directory.remove(id('dan'), 'soft_deleted');
  const sync = await s.requestSync('delta');
  const meanwhile = await s.requestProvision('delta');
  onceCommitted(s, () => s.provisionAll());
  await s.syncAll();
  const { version } = await s.ended(sync);
  expect(await takenAway(s, meanwhile)).toEqual([
    ['disable', 'soft_deleted', { version, run: sync.id, read: 'delta' }],
  ]);
});

/** A read is committed by a worker that dies, its run is canceled, and another one reads on. */
const readByNobody = async (s: Story): Promise<Run> => {
  const sync = await s.requestSync('delta');
  onceCommitted(s, dies);
  await expect(s.syncAll()).rejects.toThrow(Crash);
  await s.stores.runs.cancel(sync.id, s.now());
  s.pass(31_000);
  await s.syncAll();
  return sync;
};

it('nobody-says-who-read-last: names the last read that is on record, where nothing changed since', async () => {
  const s = await staffed();
  const { version } = await s.stores.snapshots.head(connection);
  const sync = await readByNobody(s);
  expect(await s.ended(sync)).toMatchObject({ state: 'canceled', version: null });
  expect((await s.stores.snapshots.head(connection)).version).toBeGreaterThan(version);
  const group = [...s.remote.objects.values()].find(({ type }) => type === 'group');
  s.remote.members.get(group?.remoteId ?? remoteId(''))?.add(s.account('dan')?.remoteId ?? remoteId(''));
  await s.planRepair(await s.reconcile());
  await s.approve();
  expect(await takenAway(s)).toEqual([
    ['remove_members', 'members', { version, run: runId('run_000001'), read: 'full' }],
  ]);
});

it('nobody-says-who-read-then: an undo names the last read before, where the run that it takes back went by a version that nobody says they read', async () => {
  const s = await staffed();
  const { version } = await s.stores.snapshots.head(connection);
  const account = s.account('dan')?.remoteId ?? remoteId('');
  s.remote.objects.delete(account);
  await readByNobody(s);
  await s.planRepair(await s.reconcile());
  await s.approve();
  const repaired = await s.provisioned();
  expect(s.account('dan')?.attributes).toMatchObject({ active: true });
  await s.planUndo(repaired);
  await s.approve();
  expect(await takenAway(s)).toEqual([['disable', 'undo', { version, run: runId('run_000001'), read: 'full' }]]);
});

it('whoever-read-it-never-ended: names the read with which something changed last, where no run says that it read since', async () => {
  const s = await story();
  for (const name of ['ann', 'bob']) s.hire(name);
  s.found('staff');
  s.directory.join(id('staff'), id('ann'));
  const sync = await s.requestSync('full');
  onceCommitted(s, dies);
  await expect(s.syncAll()).rejects.toThrow(Crash);
  const { version } = await s.stores.snapshots.head(connection);
  s.pass(31_000);
  onceCommitted(s, dies);
  await expect(s.syncAll()).rejects.toThrow(Crash);
  await s.stores.runs.cancel(sync.id, s.now());
  expect((await s.stores.snapshots.head(connection)).version).toBeGreaterThan(version);
  s.pass(31_000);
  await s.requestProvision('full');
  await s.provisionAll();
  const group = [...s.remote.objects.values()].find(({ type }) => type === 'group');
  s.remote.members.get(group?.remoteId ?? remoteId(''))?.add(s.account('bob')?.remoteId ?? remoteId(''));
  await s.planRepair(await s.reconcile());
  await s.approve();
  expect(await takenAway(s)).toEqual([['remove_members', 'members', { version, run: sync.id, read: 'full' }]]);
});
