import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { newProvisionRun, newReconcileRun } from '../../src/engine/request-runs.ts';
import { declareRestore, noticeRestore } from '../../src/engine/restore.ts';
import { syncTurn } from '../../src/engine/sync-run.ts';
import { TargetError } from '../../src/model/errors.ts';
import { organizationId, type RemoteId, type RunId, remoteId, sourceId } from '../../src/model/ids.ts';
import type { WaitingReference } from '../../src/model/operation.ts';
import type { Attributes } from '../../src/model/source-object.ts';
import { nobodyProtected } from '../../src/model/target-record.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import { createMemoryMarks } from '../../src/store/memory/installation.ts';
import { createVault } from '../../src/store/vault.ts';
import type { Target } from '../../src/target/target.ts';
import { day, delta, noticed, putBack, untilBackup, waitsFor } from '../support/put-back.ts';
import { restless } from '../support/restless.ts';
import { connection, id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const word = { by: 'anna', reason: 'The disk died.' };

describe('a database that was put back from a backup', () => {
  it('is noticed once, by counting less than was noted outside of it', async () => {
    const s = await story();
    await untilBackup(s);
    const marks = createMemoryMarks();
    for (let beats = 0; beats < 5; beats += 1) expect(await noticeRestore(s.engine, marks)).toBeNull();
    await marks.note(await s.stores.installation.id(), 6);
    expect(await noticeRestore(s.engine, marks)).toMatchObject({ how: 'detected', at: s.now() });
    expect(await noticeRestore(s.engine, marks)).toBeNull();
    expect(await s.stores.installation.restores()).toMatchObject([{ how: 'detected' }]);
  });

  it('whose restore comes to no end is noticed again, however often that happens', async () => {
    const s = await story();
    await untilBackup(s);
    const marks = createMemoryMarks();
    await marks.note(await s.stores.installation.id(), 2);
    const { installation } = s.stores;
    const unreachable = async (): Promise<void> => {
      throw new Error('The database cannot be reached.');
    };
    const broken = { ...s.engine, stores: { ...s.stores, installation: { ...installation, fence: unreachable } } };
    for (let looks = 0; looks < 4; looks += 1) await expect(noticeRestore(broken, marks)).rejects.toThrow('reached');
    expect(await noticeRestore(s.engine, marks)).toMatchObject({ how: 'detected' });
    expect(await waitsFor(s)).toBe('full sync');
  });

  it('is not seen where nothing was noted, or was noted of another one', async () => {
    const s = await story();
    const marks = createMemoryMarks();
    await marks.note('another installation', 1_000);
    expect(await noticeRestore(s.engine, marks)).toBeNull();
    await noticeRestore(s.engine, marks);
    marks.forget();
    expect(await noticeRestore(s.engine, marks)).toBeNull();
    expect(await marks.highest(await s.stores.installation.id())).toBe(3);
  });

  it('does nothing of what was asked for before, also of a run that is put back while it is looked for', async () => {
    const s = await story();
    await untilBackup(s);
    const asked = await s.requestProvision();
    await restless(s.stores.runs, asked.id, s.now());
    await declareRestore(s.engine, word);
    expect(await s.ended(asked)).toMatchObject({ cancelRequested: true });
  });

  it('is noticed again when it is put back to a time before the last restore, under a greater epoch', async () => {
    const s = await story();
    const first = await declareRestore(s.engine, word);
    const marks = createMemoryMarks();
    await noticeRestore(s.engine, marks);
    const again = await story();
    await marks.note(
      await again.stores.installation.id(),
      (await marks.highest(await s.stores.installation.id())) ?? 0,
    );
    expect((await noticeRestore(again.engine, marks))?.epoch).toBe(first.epoch + 1);
  });

  it('writes nothing to a target before the tenant was read whole', async () => {
    const lived = await story();
    await untilBackup(lived);
    const s = await putBack(lived, untilBackup);
    await noticed(s);
    const before = s.writes();
    expect(await waitsFor(s)).toBe('full sync');
    const asked = await s.requestProvision();
    await s.provisionAll();
    expect(await s.ended(asked)).toMatchObject({ state: 'held', problem: { code: 'database_restored' } });
    expect(s.writes()).toBe(before);
  });

  it('waits for a look at a target also where the backup is from before the first sync', async () => {
    const lived = await story();
    await untilBackup(lived);
    const s = await putBack(lived, async () => {});
    await noticed(s);
    const before = s.writes();
    await delta(s);
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'plan_waits' } });
    expect(s.writes()).toBe(before);
    expect(await s.approve()).toMatchObject({ state: 'succeeded' });
    expect(Object.keys(s.accounts())).toHaveLength(4);
  });

  it('then makes a plan for a person, whatever the target says of first runs, and is as before once that is approved', async () => {
    const lived = await story();
    await untilBackup(lived);
    lived.directory.remove(id('dora'), 'deleted');
    lived.hire('frida');
    await lived.delta();
    const s = await putBack(lived, untilBackup);
    await noticed(s);
    const before = s.writes();
    await delta(s);
    expect(await waitsFor(s)).toBe('plan');
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'plan_waits' } });
    expect(s.writes()).toBe(before);
    // Dora is off already, and that she is to be is looked at all the same; Frida's account is there.
    expect(await s.held(await s.newestPlan())).toEqual(['add_members 3', 'disable user', 'update user']);

    expect(await s.approve()).toMatchObject({ state: 'succeeded' });
    expect(await waitsFor(s)).toBe('nothing');
    expect(s.accounts()).toEqual({ anna: 'on', ben: 'on', carl: 'on', dora: 'off', frida: 'on' });
    lived.hire('gina');
    await s.delta();
    expect(s.accounts()).toMatchObject({ gina: 'on' });
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { created: 1 } });
  });

  it('brings back what came and went in the time that was lost, and gives nobody a second account', async () => {
    const until = async (s: Story): Promise<void> => {
      await untilBackup(s);
      s.hire('gone');
      await s.delta();
      s.directory.remove(id('gone'), 'deleted');
      await s.delta();
    };
    const lived = await story();
    await until(lived);
    lived.hire('anna', { accountEnabled: false });
    lived.hire('ben', { displayName: 'Ben the second' });
    lived.hire('carl', { manager: id('anna') });
    lived.directory.leave(id('sales'), id('carl'));
    lived.hire('gone');
    lived.hire('frida');
    await lived.delta();
    expect(lived.accounts()).toMatchObject({ anna: 'off', gone: 'on', frida: 'on' });
    // And all of it the other way round, before anybody reads it.
    lived.hire('anna');
    lived.hire('ben');
    lived.hire('carl', { manager: null });
    lived.directory.join(id('sales'), id('carl'));
    lived.directory.remove(id('gone'), 'deleted');
    const s = await putBack(lived, until);
    await noticed(s);
    await delta(s);
    await s.approve();
    expect(s.accounts()).toEqual({
      anna: 'on',
      ben: 'on',
      carl: 'on',
      dora: 'on',
      frida: 'on',
      gone: 'off',
    });
    expect(s.account('ben')?.attributes['displayName']).toBe('ben');
    expect(s.groups()).toEqual({ sales: ['anna', 'ben', 'carl'] });
    expect(s.remote.objects.size).toBe(lived.remote.objects.size);
    const manager = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager';
    expect(s.account('carl')?.attributes[manager] ?? null).toBeNull();
  });

  it('switches on whoever was switched off in the time that was lost, and comes back as the plan that would do so is carried out', async () => {
    const lived = await story();
    await untilBackup(lived);
    lived.directory.remove(id('dora'), 'soft_deleted');
    await lived.delta();
    const s = await putBack(lived, untilBackup);
    await noticed(s);
    await delta(s);
    expect(await s.held(await s.newestPlan())).toEqual(['add_members 3', 'disable user']);
    lived.directory.restore(id('dora'));
    expect(await s.approve()).toMatchObject({ counters: { disabled: 0, skipped: { confirmed_present: 1 } } });
    expect(s.accounts()).toMatchObject({ dora: 'off' });
    await s.delta();
    expect(s.accounts()).toMatchObject({ dora: 'on' });
  });

  describe('whom a look at everybody misses, for they come back in the midst of it', () => {
    /** In the time that was lost Dora left. `isSoon`: she is back, and that is read, once all accounts were looked at, and not yet who is away. */
    const missed = async (until: (s: Story) => Promise<void>, options: StoryOptions = {}) => {
      const lived = await story(options);
      await until(lived);
      lived.directory.remove(id('dora'), 'soft_deleted');
      await lived.delta();
      const isSoon = { is: false };
      const failpoint = async (site: string): Promise<void> => {
        if (!isSoon.is || site !== 'provision.objects') return;
        isSoon.is = false;
        lived.directory.restore(id('dora'));
        await s.requestSync('delta');
        await s.syncAll();
      };
      const s: Story = await putBack(lived, until, { ...options, engine: { failpoint } });
      await noticed(s);
      return { s, lived, isSoon };
    };
    const withoutGroups = async (s: Story): Promise<void> => {
      for (const name of ['anna', 'ben', 'dora']) s.hire(name);
      await s.full();
    };

    it('are switched on by the next run where the plan is carried out meanwhile', async () => {
      const { s, isSoon } = await missed(untilBackup);
      await delta(s);
      isSoon.is = true;
      expect(await s.approve()).toMatchObject({ state: 'succeeded', counters: { disabled: 0 } });
      await s.delta();
      expect(s.accounts()).toMatchObject({ dora: 'on' });
    });

    it('have an account again where it was deleted', async () => {
      const { s, isSoon } = await missed(untilBackup, { target: { deprovision: { kind: 'delete' } } });
      await delta(s);
      isSoon.is = true;
      expect(await s.approve()).toMatchObject({ counters: { removed: 0 } });
      await s.delta();
      expect(s.accounts()).toMatchObject({ dora: 'on' });
    });

    it('have an account again where it was deleted, also when they come back before that is read', async () => {
      const { s, lived } = await missed(untilBackup, { target: { deprovision: { kind: 'delete' } } });
      await delta(s);
      lived.directory.restore(id('dora'));
      expect(await s.approve()).toMatchObject({ counters: { removed: 0 } });
      await s.delta();
      expect(s.accounts()).toMatchObject({ dora: 'on' });
    });

    it('are switched on where there is nothing to do besides, and nobody has to look', async () => {
      const { s, isSoon } = await missed(withoutGroups);
      isSoon.is = true;
      await delta(s);
      await s.delta();
      expect((await s.stores.plans.list({ target }, null, 1)).items).toEqual([]);
      expect(s.accounts()).toMatchObject({ dora: 'on' });
    });
  });

  it('looks twice, and no more, for whoever is in no list any more, and whose account was deleted by hand', async () => {
    const options: StoryOptions = { target: { deprovision: { kind: 'none' } } };
    const until = async (s: Story): Promise<void> => {
      await untilBackup(s);
      s.directory.join(id('sales'), id('dora'));
      await s.delta();
    };
    const lived = await story(options);
    await until(lived);
    const account = lived.account('dora')?.remoteId;
    if (account === undefined) throw new Error('Dora has no account.');
    lived.remote.objects.delete(account);
    lived.directory.remove(id('dora'), 'deleted');
    const s = await putBack(lived, until, options);
    await noticed(s);
    await delta(s);
    expect(await s.approve()).toMatchObject({ state: 'succeeded', counters: { membersRemoved: 1 } });
    expect(s.groups()).toEqual({ sales: ['anna', 'ben', 'carl'] });
    s.pass(day);
    await s.provision();
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });

  it('lets go of nobody by the one answer of a reader that is behind: who left is switched off once the tenant says so', async () => {
    const lived = await story();
    await untilBackup(lived);
    lived.directory.remove(id('dora'), 'deleted');
    const hidden = { user: false };
    const wrapTarget = (made: Target): Target => ({
      ...made,
      get: async (type, remoteId, signal) =>
        hidden.user && remoteId === lived.account('dora')?.remoteId ? null : await made.get(type, remoteId, signal),
    });
    const s = await putBack(lived, untilBackup, { wrapTarget });
    await noticed(s);
    await delta(s);
    expect(await s.held(await s.newestPlan())).toContain('disable user');
    hidden.user = true;
    lived.directory.liberties.confirms = false;
    await s.approve();
    expect(s.accounts()).toMatchObject({ dora: 'on' });
    hidden.user = false;
    lived.directory.liberties.confirms = true;
    s.pass(day);
    await s.provision('full');
    expect(s.accounts()).toMatchObject({ dora: 'off' });
  });

  it('goes on without anybody when the target is exactly what the tenant is', async () => {
    const until = async (s: Story): Promise<void> => {
      for (const name of ['anna', 'ben']) s.hire(name);
      await s.full();
    };
    const lived = await story();
    await until(lived);
    lived.hire('anna', { displayName: 'Anna B.' });
    await lived.delta();
    lived.hire('anna');
    await lived.delta();
    const s = await putBack(lived, until);
    await noticed(s);
    const before = s.writes();
    await delta(s);
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
    expect(await waitsFor(s)).toBe('nothing');
    expect(s.writes()).toBe(before);
  });

  it('writes down what the target shows also where nothing is wanted, or the next change would be taken for none', async () => {
    const lived = await story();
    await untilBackup(lived);
    lived.hire('dora', { displayName: 'Dora of the lost day' });
    await lived.delta();
    const s = await putBack(lived, untilBackup);
    await noticed(s);
    await delta(s);
    await s.approve();
    expect(s.account('dora')?.attributes['displayName']).toBe('Dora of the lost day');
    lived.hire('dora');
    await s.delta();
    expect(s.account('dora')?.attributes['displayName']).toBe('dora');
  });

  it('lets nobody approve a plan from before', async () => {
    const waiting = async (s: Story): Promise<void> => {
      await untilBackup(s);
      const record = await s.stores.targets.get(target);
      if (record === null) throw new Error('The target is gone.');
      const limits = { ...record.limits, deprovisions: { count: 0, percent: 0, floor: 0 } };
      await s.stores.targets.edit(target, record.revision, { limits });
      s.directory.remove(id('anna'), 'soft_deleted');
      await s.delta();
    };
    const lived = await story();
    await waiting(lived);
    const s = await putBack(lived, waiting);
    const { id: plan } = await s.newestPlan();
    await noticed(s);
    await expect(s.commands.approvePlan(plan, word)).rejects.toMatchObject({ code: 'database_restored' });
    expect(s.accounts()).toMatchObject({ anna: 'on' });
  });

  it('makes an account anew that was deleted in the time that was lost', async () => {
    const lived = await story();
    await untilBackup(lived);
    const s = await putBack(lived, untilBackup);
    const anna = s.account('anna');
    if (anna === undefined) throw new Error('Anna has no account.');
    s.remote.objects.delete(anna.remoteId);
    for (const members of s.remote.members.values()) members.delete(anna.remoteId);
    await noticed(s);
    await delta(s);
    expect(await s.newestPlan()).toMatchObject({ counts: { create: 1 } });
    await s.approve();
    expect(s.accounts()).toMatchObject({ anna: 'on' });
    expect(s.groups()).toEqual({ sales: ['anna', 'ben', 'carl'] });
  });

  describe('of whoever is protected by then', () => {
    const manager = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager';
    const managerOf = (s: Story, name: string) => s.account(name)?.attributes[manager] ?? null;
    const hired = async (s: Story): Promise<void> => {
      for (const name of ['anna', 'ben', 'carl']) s.hire(name);
      await s.full();
    };
    const protectedAfter = async (lost: (s: Story) => void) => {
      const lived = await story();
      await hired(lived);
      const s = await putBack(lived, hired);
      lost(s);
      await s.editTarget({ protected: { ...nobodyProtected, ids: [id('anna')] } });
      await noticed(s);
      await delta(s);
      return { s, lived };
    };
    const unprotected = async (s: Story): Promise<void> => {
      await s.editTarget({ protected: nobodyProtected });
      await s.delta();
    };
    const lose =
      (...names: readonly string[]) =>
      (s: Story): void => {
        for (const name of names) {
          const account = s.account(name);
          if (account === undefined) throw new Error(`There is no account of ${name}.`);
          s.remote.objects.delete(account.remoteId);
        }
      };

    it.each([
      ['with the plan that somebody approved', ['anna', 'ben']],
      ['where there is nothing to plan', ['anna']],
    ])('tells nobody of an account that was deleted in the time that was lost, %s', async (_, names) => {
      const { s, lived } = await protectedAfter(lose(...names));
      if (names.length > 1) await s.approve();
      expect(await waitsFor(s)).toBe('nothing');
      lived.hire('carl', { manager: id('anna') });
      await s.delta();
      lived.hire('anna', { displayName: 'Anna B.' });
      await s.delta();
      expect(managerOf(s, 'carl')).toBeNull();
      const waiting: WaitingReference[] = [];
      for await (const some of s.stores.ledger.waitingOn(target, [sourceId(id('anna'))])) waiting.push(...some);
      expect(waiting).toMatchObject([{ owner: { id: id('carl') }, path: manager, to: id('anna') }]);
      await unprotected(s);
      expect(s.accounts()).toMatchObject({ anna: 'on', ben: 'on' });
      expect(managerOf(s, 'carl')).toBe(s.account('anna')?.remoteId);
    });

    it('switches an account on again that was switched off in the time that was lost, once they are protected no more', async () => {
      const { s } = await protectedAfter((now) => {
        const account = now.account('anna');
        if (account === undefined) throw new Error('Anna has no account.');
        now.remote.objects.set(account.remoteId, { ...account, attributes: { ...account.attributes, active: false } });
      });
      await s.delta();
      expect(s.accounts()).toMatchObject({ anna: 'off' });
      await unprotected(s);
      expect(s.accounts()).toMatchObject({ anna: 'on' });
    });
  });

  it('does nothing in the name of what was asked for, approved or begun before', async () => {
    const approved = async (s: Story): Promise<void> => {
      await untilBackup(s);
      for (const name of ['anna', 'ben', 'carl']) s.directory.remove(id(name), 'deleted');
      const record = await s.stores.targets.get(target);
      const limits = record && { ...record.limits, deprovisions: { count: 0, percent: 0, floor: 0 } };
      if (record && limits) await s.stores.targets.edit(target, record.revision, { limits });
      await s.delta();
      const { id: plan } = await s.newestPlan();
      await s.commands.approvePlan(plan, word);
      await s.requestSync('full', { acceptShrink: true });
    };
    const lived = await story();
    await untilBackup(lived);
    const s = await putBack(lived, approved);
    await noticed(s);
    const before = s.writes();
    await delta(s);
    expect(s.writes()).toBe(before);
    expect(s.accounts()).toMatchObject({ anna: 'on', ben: 'on', carl: 'on' });
    const states = (await s.stores.plans.list({ target, kind: 'held' }, null, 5)).items.map(({ standing }) => standing);
    expect(states).toMatchObject([{ state: 'superseded' }]);
    const syncs = (await s.stores.runs.list({ connection, kind: 'sync' }, null, 2)).items;
    expect(syncs).toMatchObject([
      { state: 'succeeded', mode: 'full', acceptShrink: null },
      { state: 'canceled', acceptShrink: { missing: { user: 0 } } },
    ]);
  });

  it('puts back in the middle of a provision run: whoever is at it writes no more', async () => {
    let left = 3;
    const s: Story = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal) => {
          left -= 1;
          if (left === 0) await declareRestore(s.engine, word);
          return await made.apply(operation, signal);
        },
      }),
      engine: { failpoint: async () => {} },
    });
    for (let nth = 0; nth < 120; nth += 1) s.hire(`p${nth}`);
    await s.full();
    // Those that were on their way with it, and nobody after them.
    expect(s.writes()).toBeLessThan(60);
    expect(await waitsFor(s)).toBe('full sync');
    await delta(s);
    expect(await waitsFor(s)).toBe('plan');
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', standing: { state: 'waiting' } });
    await s.approve();
    expect(Object.keys(s.accounts())).toHaveLength(120);
    expect(s.remote.objects.size).toBe(120);
  });

  it('reads everybody anew, also where a read was under way', async () => {
    const s = await story({ engine: { timing: { leaseTtlMs: 30_000, sliceMs: -1, reportMs: 2_000 } } });
    for (let nth = 0; nth < 30; nth += 1) s.hire(`p${nth}`);
    const begun = await s.requestSync('full');
    await syncTurn(s.engine, connection, new AbortController().signal);
    await declareRestore(s.engine, word);
    await delta(s);
    expect(await s.ended(begun)).toMatchObject({ state: 'canceled' });
    const head = await s.stores.snapshots.head(connection);
    expect(head).toMatchObject({ counts: { user: 30 } });
    expect(await waitsFor(s)).not.toBe('full sync');
  });

  describe('whose plan did not get all of it done', () => {
    const manager = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager';
    /** The plan of everything waits, and holds nothing but that memberships are told again. */
    const looked = async (options: StoryOptions = {}) => {
      const until = async (s: Story): Promise<void> => {
        await untilBackup(s);
        s.hire('fritz');
        await s.delta();
        s.hire('fritz', { accountEnabled: false });
        s.hire('ben', { manager: id('anna') });
        s.found('board');
        await s.delta();
      };
      const asked = { gets: 0 };
      const lived = await story();
      await until(lived);
      const wrapTarget = (made: Target): Target => {
        const wrapped = options.wrapTarget?.(made) ?? made;
        return {
          ...wrapped,
          get: (...question) => {
            asked.gets += 1;
            return wrapped.get(...question);
          },
        };
      };
      const s = await putBack(lived, until, { ...options, wrapTarget });
      await noticed(s);
      await delta(s);
      return { s, asked };
    };
    const byHand = (s: Story, name: string, attributes: Attributes): void => {
      const account = s.account(name);
      if (account === undefined) throw new Error(`${name} has no account.`);
      s.remote.objects.set(account.remoteId, { ...account, attributes: { ...account.attributes, ...attributes } });
    };
    const deleted = (s: Story, remoteId: RemoteId | undefined): void => {
      if (remoteId === undefined) throw new Error('It is not there.');
      s.remote.objects.delete(remoteId);
      s.remote.members.delete(remoteId);
      for (const members of s.remote.members.values()) members.delete(remoteId);
    };
    const group = (s: Story) =>
      [...s.remote.objects.values()].find(({ attributes }) => attributes['displayName'] === 'board');
    const states = async (s: Story) =>
      (await s.stores.runs.list({ kind: 'provision' }, null, 2)).items.map(({ state }) => state);

    it.each<readonly [string, (s: Story) => void]>([
      ['a value was set by hand', (s) => byHand(s, 'ben', { displayName: 'Ben by hand' })],
      ['a manager was taken from somebody by hand', (s) => byHand(s, 'ben', { [manager]: null })],
      ['who is off was switched on by hand', (s) => byHand(s, 'fritz', { active: true })],
      ['who is on was switched off by hand', (s) => byHand(s, 'carl', { active: false })],
      ['an account was deleted by hand', (s) => deleted(s, s.account('dora')?.remoteId)],
      ['a group was deleted by hand', (s) => deleted(s, group(s)?.remoteId)],
    ])('has the next run do what it left out where %s before it was approved', async (_what, changed) => {
      const { s } = await looked();
      changed(s);
      expect(await s.approve()).toMatchObject({ problem: { code: 'plan_left_out' } });
      expect(await states(s)).toEqual(['succeeded', 'partially_succeeded']);
      expect(s.accounts()).toEqual({ anna: 'on', ben: 'on', carl: 'on', dora: 'on', fritz: 'off' });
      expect(s.account('ben')?.attributes).toMatchObject({
        displayName: 'ben',
        [manager]: s.account('anna')?.remoteId,
      });
      expect(s.groups()).toEqual({ board: [], sales: ['anna', 'ben', 'carl'] });
      expect(s.remote.objects.size).toBe(7);
    });

    it('takes over nobody by that: whose account was replaced by hand has the other one by the next run', async () => {
      const { s } = await looked();
      const dora = s.account('dora');
      if (dora === undefined) throw new Error('Dora has no account.');
      deleted(s, dora.remoteId);
      const other = { ...dora, remoteId: remoteId('by-hand') };
      s.remote.objects.set(other.remoteId, { ...other, attributes: { ...dora.attributes, externalId: null } });
      const { id: applied } = await s.approve();
      const takenOver = async (run: RunId) =>
        (await s.stores.ledger.entries(target, run, null, 100)).items.some(({ cause }) => cause.why === 'adopted');
      expect(await takenOver(applied)).toBe(false);
      expect(await takenOver((await s.provisioned()).id)).toBe(true);
      expect(s.account('dora')).toMatchObject({ remoteId: 'by-hand', attributes: { externalId: id('dora') } });
    });

    it('asks the target for nobody more because of that', async () => {
      const calm = await looked();
      calm.asked.gets = 0;
      await calm.s.approve();
      const { s, asked } = await looked();
      byHand(s, 'ben', { displayName: 'Ben by hand' });
      asked.gets = 0;
      expect(await s.approve()).toMatchObject({
        problem: {
          message: expect.stringMatching(/^1 operation was needed .* It was not done; the next run does it\.$/),
        },
      });
      expect(asked.gets).toBe(calm.asked.gets);
    });

    it('has it done wherever a worker dies at the plan', async () => {
      let passes = 0;
      for (let nth = 1, isThrough = false; !isThrough; nth += 1) {
        const left = { passes: Number.POSITIVE_INFINITY };
        const pass = async (site: string): Promise<void> => {
          if (!/^(ledger|provision)/.test(site)) return;
          left.passes -= 1;
          if (left.passes === 0) throw new Error('died');
        };
        const { s } = await looked({
          stores: (now) => createMemoryStores({ now, vault: createVault(randomBytes(32)), probe: pass }),
          engine: { failpoint: pass },
        });
        byHand(s, 'ben', { displayName: 'Ben by hand' });
        byHand(s, 'fritz', { active: true });
        deleted(s, s.account('dora')?.remoteId);
        left.passes = nth;
        const died = await s.approve().then(
          () => false,
          () => true,
        );
        s.pass(31_000);
        await s.provisionAll();
        expect([nth, s.accounts()]).toEqual([nth, { anna: 'on', ben: 'on', carl: 'on', dora: 'on', fritz: 'off' }]);
        expect([nth, s.account('ben')?.attributes['displayName']]).toEqual([nth, 'ben']);
        expect([nth, s.groups()]).toEqual([nth, { board: [], sales: ['anna', 'ben', 'carl'] }]);
        isThrough = !died;
        passes = nth;
      }
      expect(passes).toBeGreaterThan(10);
    });

    it.each<readonly [string, 'update' | 'create', (s: Story) => void]>([
      ['a value', 'update', (s) => byHand(s, 'ben', { displayName: 'Ben by hand' })],
      ['an account', 'create', (s) => deleted(s, s.account('dora')?.remoteId)],
    ])('has %s that the target refused tried again', async (_what, refused, changed) => {
      const refuses = { now: false };
      const wrapTarget = (made: Target): Target => ({
        ...made,
        apply: async (operation, ...rest) => {
          if (refuses.now && operation.action === refused) throw new TargetError('rejected', 'It is not wanted.');
          return await made.apply(operation, ...rest);
        },
      });
      const { s } = await looked({ wrapTarget });
      changed(s);
      refuses.now = true;
      await s.provision();
      expect(await s.held(await s.newestPlan())).toContain(`${refused} user`);
      await s.approve();
      refuses.now = false;
      s.pass(day);
      await s.provision();
      expect(s.account('ben')?.attributes).toMatchObject({ displayName: 'ben', active: true });
      expect(s.accounts()).toMatchObject({ dora: 'on' });
      expect(await s.stores.ledger.countEscrows(target)).toBe(0);
    });
  });

  describe('and that nobody has looked at since', () => {
    /** Read whole, and the plan of everything waits. */
    const unseen = async () => {
      const lived = await story();
      await untilBackup(lived);
      lived.directory.remove(id('dora'), 'deleted');
      await lived.delta();
      const s = await putBack(lived, untilBackup);
      const [before] = (await s.stores.runs.list({ kind: 'provision' }, null, 1)).items;
      await noticed(s);
      await delta(s);
      expect(await waitsFor(s)).toBe('plan');
      if (before === undefined) throw new Error('There was no run before the backup.');
      return { s, before, writes: s.writes() };
    };
    const ours = { id: target, connection, organization: organizationId('org_story') };
    const wanted = (s: Story) =>
      ({ id: s.engine.newRunId(), mode: 'delta', scope: null, trigger: 'api', at: s.now() }) as const;

    it('takes no run back, repairs nothing and compares nothing, and says what is to be done first', async () => {
      const { s, before } = await unseen();
      await expect(s.commands.requestUndo(before.id)).rejects.toMatchObject({ code: 'database_restored' });
      await expect(s.commands.requestReconcile(target)).rejects.toMatchObject({ code: 'database_restored' });
      const amends = { kind: 'undo', run: before.id } as const;
      const asked = [
        newProvisionRun(ours, before.id, { ...wanted(s), dryRun: true, amends }),
        newReconcileRun(ours, wanted(s)),
      ];
      for (const run of asked) await s.stores.runs.request(run);
      await s.provisionAll();
      for (const run of asked)
        expect(await s.ended(run)).toMatchObject({ state: 'held', problem: { code: 'database_restored' } });
      expect(await waitsFor(s)).toBe('plan');
    });

    it('carries no other plan out than that of everything, whoever approved it', async () => {
      const { s, writes } = await unseen();
      await s.provision('delta', true);
      const dry = await s.newestPlan();
      expect(dry.kind).toBe('dry_run');
      await expect(s.commands.applyPlan(dry.id, word)).rejects.toMatchObject({ code: 'database_restored' });
      await s.stores.plans.decide(dry.id, 'approved', { ...word, at: s.now() });
      const run = newProvisionRun(ours, null, { ...wanted(s), dryRun: false, plan: dry.id });
      await s.stores.runs.request(run);
      await s.provisionAll();
      expect(await s.ended(run)).toMatchObject({ state: 'held', problem: { code: 'database_restored' } });
      expect((await s.stores.plans.get(dry.id))?.standing).toMatchObject({ state: 'refused', why: 'not_looked_at' });
      expect(s.writes()).toBe(writes);
      expect(await waitsFor(s)).toBe('plan');
    });

    it('does all of that again once somebody has', async () => {
      const { s } = await unseen();
      await s.approve();
      expect(await waitsFor(s)).toBe('nothing');
      expect(await s.reconcile()).toMatchObject({ state: 'succeeded' });
      await s.planUndo(await s.provisioned());
      expect(await s.newestPlan()).toMatchObject({ kind: 'undo' });
    });
  });
});
