/** What is kept of one person, and when it may be forgotten. */

import { describe, expect, it } from 'vitest';
import { type Erasure, erasePerson, keptOf } from '../../src/engine/persons.ts';
import { sourceId } from '../../src/model/ids.ts';
import { canary, dayMs, lifeOf } from '../support/erasing.ts';
import { connection, id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const erase = async (s: Story, person = canary): Promise<Erasure> => {
  const record = await s.stores.connections.get(connection);
  if (record === null) throw new Error('There is no connection.');
  return await erasePerson(s.engine, record, person, new AbortController().signal);
};
const kept = async (s: Story, person = canary) => {
  const record = await s.stores.connections.get(connection);
  return record && (await keptOf(s.stores, record, person));
};
const why = (erasure: Erasure): string => (erasure.kind === 'not_yet' ? erasure.why : erasure.kind);

const hired = async (options: StoryOptions = {}): Promise<Story> => {
  const s = await story(options);
  for (const name of ['anna', 'bob', 'canary']) s.hire(name);
  await s.full();
  s.pass(dayMs + 1);
  return s;
};

describe('what is kept of somebody', () => {
  it('is what they look like, their groups, their changes, and what each target has of them', async () => {
    const s = await story();
    await lifeOf(s);
    const all = await kept(s);
    expect(all?.remembered).toMatchObject({
      gone: 'deleted',
      object: { attributes: { jobTitle: 'canary of the mine' } },
    });
    expect(all?.changes.map(({ change }) => change.kind)).toEqual(['created', 'updated', 'removed']);
    const [at] = all?.targets ?? [];
    expect(at?.about.link).toMatchObject({ state: 'disabled' });
    expect(at?.operations.map(({ operation }) => operation.action)).toEqual(
      expect.arrayContaining(['create', 'update', 'disable']),
    );
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
    expect(await kept(s, sourceId(id('anna')))).toEqual(anna);
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
