/** What is kept of one person, and when it may be forgotten. */

import { describe, expect, it } from 'vitest';
import type { Kept } from '../../src/engine/kept-of-person.ts';
import { type Erasure, erasePerson, keptOf } from '../../src/engine/persons.ts';
import { sourceId } from '../../src/model/ids.ts';
import { canary, dayMs, lifeOf } from '../support/erasing.ts';
import { all } from '../support/ledger-world.ts';
import { connection, id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const erase = async (s: Story, person = canary): Promise<Erasure> => {
  const record = await s.stores.connections.get(connection);
  if (record === null) throw new Error('There is no connection.');
  return await erasePerson(s.engine, record, person, new AbortController().signal);
};
const kept = async (s: Story, person = canary): Promise<readonly Kept[] | null> => {
  const record = await s.stores.connections.get(connection);
  if (record === null) throw new Error('There is no connection.');
  const batches = await keptOf(s.stores, record, person, new AbortController().signal);
  return batches && (await all(batches));
};
/** Things of one kind. */
const ofKind = <K extends Kept['kind']>(things: readonly Kept[] | null, kind: K) =>
  (things ?? []).filter((one): one is Extract<Kept, { kind: K }> => one.kind === kind);
const why = (erasure: Erasure): string => (erasure.kind === 'not_yet' ? erasure.why : erasure.kind);

const hired = async (options: StoryOptions = {}): Promise<Story> => {
  const s = await story(options);
  for (const name of ['anna', 'bob', 'canary']) s.hire(name);
  await s.full();
  s.pass(dayMs + 1);
  return s;
};

describe('what is kept of somebody', () => {
  it('is what they look like, their changes, and what each target, plan, run and event has of them', async () => {
    const s = await story();
    await lifeOf(s);
    const everything = await kept(s);
    expect(ofKind(everything, 'snapshot')).toMatchObject([
      { remembered: { gone: 'deleted', object: { attributes: { jobTitle: 'canary of the mine' } } } },
    ]);
    const changes = ofKind(everything, 'change').map(({ recorded }) => recorded.change.kind);
    expect(changes.filter((kind) => kind !== 'members')).toEqual(['created', 'updated', 'removed']);
    expect(changes.filter((kind) => kind === 'members').length).toBeGreaterThanOrEqual(3);
    expect(ofKind(everything, 'account')).toMatchObject([{ about: { link: { state: 'disabled' } } }]);
    const operations = ofKind(everything, 'operation').map(({ entry }) => entry.operation.action);
    expect(operations).toEqual(
      expect.arrayContaining(['create', 'update', 'add_members', 'remove_members', 'disable']),
    );
    expect(ofKind(everything, 'escrow')).toMatchObject([{ escrow: { detail: 'canary is taken' } }]);
    expect(ofKind(everything, 'waiting_reference')).toHaveLength(2);
    expect(ofKind(everything, 'protection')).toMatchObject([{ group: id('staff') }]);
    expect(ofKind(everything, 'planned_operation')).toMatchObject([{ staged: { operation: { action: 'update' } } }]);
    expect(ofKind(everything, 'discrepancy')).toMatchObject([{ found: { kind: 'drift' } }]);
    expect(ofKind(everything, 'sample')).toHaveLength(1);
    const told = ofKind(everything, 'event').map(({ event }) => event.about.type);
    expect(told).toEqual(['person.created', 'person.updated', 'person.removed']);
    expect(ofKind(everything, 'audit_entry')).toMatchObject([{ entry: { filed: { action: 'exportPerson' } } }]);
  });

  it('says nothing of those who are in the same groups, changes and operations', async () => {
    const s = await story();
    await lifeOf(s);
    const anna = await kept(s, sourceId(id('anna')));
    expect(ofKind(anna, 'membership')).toMatchObject([{ group: id('staff') }]);
    const others = ofKind(anna, 'waiting_reference').length;
    expect([others, JSON.stringify(anna)]).toEqual([0, expect.not.stringContaining(canary)]);
    expect(JSON.stringify(anna)).not.toContain(id('bob'));
  });

  it('is also that an operator protects them, whether anything else is known of them or not', async () => {
    const s = await hired();
    const record = await s.stores.targets.get(target);
    const ids = [id('nobody')];
    const named = [...ids, 'Bob@Contoso.example'];
    await s.stores.targets.edit(target, record?.revision ?? 0, {
      protected: { ids: named, attributes: [], groups: [] },
    });
    expect(await kept(s, sourceId(id('nobody')))).toMatchObject([{ kind: 'protection', group: null }]);
    expect(ofKind(await kept(s, sourceId(id('bob'))), 'protection')).toMatchObject([{ group: null }]);
    expect(ofKind(await kept(s, sourceId(id('anna'))), 'protection')).toEqual([]);
    expect(await erase(s, sourceId(id('nobody')))).toEqual({ kind: 'unknown' });
    // Whoever was taken out stands there until what was in force before is forgotten.
    const before = await s.stores.targets.get(target);
    if (before === null) throw new Error('There is no target.');
    const { limits, protected: protection, revision } = before;
    await s.stores.targets.edit(target, revision, {
      protected: { ids: [], attributes: [], groups: [] },
      loosened: { from: { limits, protected: protection, approvals: 2 }, at: s.now() },
    });
    expect(await kept(s, sourceId(id('nobody')))).toMatchObject([{ kind: 'protection', group: null }]);
  });

  it('is not told any further once the time for it is over', async () => {
    const s = await hired();
    const record = await s.stores.connections.get(connection);
    const over = new AbortController();
    const batches = record && (await keptOf(s.stores, record, canary, over.signal));
    over.abort(new Error('too late'));
    if (batches === null) throw new Error('Nothing is kept.');
    await expect(all(batches)).rejects.toThrow('too late');
  });

  it('of nobody we ever met is nothing', async () => {
    const s = await hired();
    expect(await kept(s, sourceId(id('nobody')))).toBeNull();
    expect(await erase(s, sourceId(id('nobody')))).toEqual({ kind: 'unknown' });
  });
});

describe('who left', () => {
  it('is forgotten, the accounts that stay are named, and everybody else is as before', async () => {
    const s = await story();
    await lifeOf(s);
    const anna = await kept(s, sourceId(id('anna')));
    const account = s.account('canary');
    expect(await erase(s)).toMatchObject({ kind: 'erased', left: [{ target, link: { remoteId: account?.remoteId } }] });
    expect(await kept(s)).toBeNull();
    const without = (things: readonly Kept[] | null) => (things ?? []).filter(({ kind }) => kind !== 'membership');
    expect(without(await kept(s, sourceId(id('anna'))))).toEqual(without(anna));
    expect(s.accounts()).toEqual({ anna: 'on', bob: 'on', canary: 'off', cora: 'on' });
  });

  it('may be forgotten again, when that was broken off', async () => {
    const s = await story();
    await lifeOf(s);
    const { forgetPerson } = s.stores.snapshots;
    const broken = { ...s, engine: { ...s.engine, stores: { ...s.stores, snapshots: { ...s.stores.snapshots } } } };
    broken.engine.stores.snapshots.forgetPerson = async () => {
      throw new Error('power cut');
    };
    await expect(erase(broken)).rejects.toThrow('power cut');
    s.stores.snapshots.forgetPerson = forgetPerson;
    expect((await erase(s)).kind).toBe('erased');
    expect(await kept(s)).toBeNull();
  });

  it('comes back as somebody new, with the account they had', async () => {
    const s = await story();
    await lifeOf(s);
    await erase(s);
    s.hire('canary');
    await s.full();
    expect(s.accounts()['canary']).toBe('on');
    expect(Object.keys(s.accounts())).toHaveLength(4);
  });

  it('leaves the next sync to read everybody, and nobody is lost by it', async () => {
    const s = await story();
    await lifeOf(s);
    await erase(s);
    const run = await s.delta();
    expect(run).toMatchObject({ state: 'succeeded', read: 'full' });
    expect((await s.stores.snapshots.head(connection)).counts.user).toBe(3);
  });
});

describe('nobody is forgotten', () => {
  it('who is in the scope: the next sync would bring them back', async () => {
    const s = await hired();
    expect(await erase(s)).toEqual({ kind: 'in_scope' });
    expect(await kept(s)).not.toBeNull();
  });

  it('whose account is still on: nobody would switch it off any more', async () => {
    const s = await hired();
    const record = await s.stores.targets.get(target);
    await s.stores.targets.edit(target, record?.revision ?? 0, { state: 'paused' });
    s.directory.remove(id('canary'), 'deleted');
    await s.delta();
    s.pass(dayMs + 1);
    expect(why(await erase(s))).toContain('account is still on');
  });

  it('whose account is to be deleted later', async () => {
    const s = await hired({ target: { deprovision: { kind: 'delete_after_days', days: 30 } } });
    s.directory.remove(id('canary'), 'deleted');
    await s.delta();
    s.pass(dayMs + 1);
    expect(why(await erase(s))).toContain('to be deleted later');
  });

  it('about whom something still counts against the limits of the day', async () => {
    const s = await hired();
    s.directory.remove(id('canary'), 'deleted');
    await s.delta();
    expect(why(await erase(s))).toContain('within the last 24 hours');
  });

  it('while another is at work there', async () => {
    const s = await hired();
    s.directory.remove(id('canary'), 'deleted');
    await s.delta();
    s.pass(dayMs + 1);
    await s.stores.leases.take(target, 'somebody else', 60_000);
    expect(why(await erase(s))).toContain('run is under way');
    expect(await kept(s)).not.toBeNull();
  });

  it('who is in a plan that waits for a decision', async () => {
    const s = await hired();
    s.hire('canary', { jobTitle: 'changed' });
    await s.delta({ dryRun: true });
    const plan = await s.newestPlan();
    s.directory.remove(id('canary'), 'deleted');
    await s.delta();
    s.pass(dayMs + 1);
    expect(why(await erase(s))).toContain(plan.id);
  });
});
