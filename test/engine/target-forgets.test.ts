/** A target that says of whom it holds that it does not know them. */

import { describe, expect, it } from 'vitest';
import { TargetError } from '../../src/model/errors.ts';
import { remoteId, sourceId } from '../../src/model/ids.ts';
import type { Link } from '../../src/model/operation.ts';
import { group } from '../../src/model/source-object.ts';
import { faulty } from '../support/faulty.ts';
import { off, staff } from '../support/staff.ts';
import { id, type Story, story, target } from '../support/story.ts';

const linkOfGroup = async (s: Story, name: string): Promise<Link | undefined> => {
  const ref = group(sourceId(id(name)));
  return (await s.stores.ledger.links(target, [ref])).get(ref.id);
};

describe('a target that misbehaves', () => {
  describe('that says of the account of a leaver that it does not know it', () => {
    /** `forHowLong`: so many times it says so. */
    const denying = async (forHowLong: number): Promise<Story> => {
      let denied = 0;
      const s = await story({
        wrapTarget: faulty({
          before: ({ action }) => {
            if (action !== 'disable' || denied >= forHowLong) return null;
            denied += 1;
            return new TargetError('gone', '404 from a server that is behind');
          },
        }),
      });
      staff(s, 3);
      await s.full();
      return s;
    };
    const links = (s: Story) => s.stores.ledger.countLinks(target);

    it('once, and holds it, is told once more: the account is not left on, and forgotten', async () => {
      const s = await denying(1);
      s.directory.remove(id('p2'), 'deleted');
      await s.delta();
      expect(s.accounts()).toEqual({ p0: 'on', p1: 'on', p2: 'off' });
      expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { disabled: 1 } });
      expect(await links(s)).toEqual({ user: 3, group: 0 });
    });

    it('again and again, and holds it, gets it later', async () => {
      const s = await denying(2);
      s.directory.remove(id('p2'), 'deleted');
      await s.delta();
      expect(await s.provisioned()).toMatchObject({
        state: 'partially_succeeded',
        counters: { disabled: 0, failed: { not_applied: 1 } },
      });
      expect(await links(s)).toEqual({ user: 3, group: 0 });
      s.pass(7 * 3_600_000);
      await s.delta();
      expect(s.accounts()).toMatchObject({ p2: 'off' });
    });

    it('and does not hold it, is believed', async () => {
      const s = await denying(0);
      s.pass(60_000);
      const account = s.account('p2');
      if (account !== undefined) s.remote.objects.delete(account.remoteId);
      s.directory.remove(id('p2'), 'deleted');
      await s.delta();
      expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { disabled: 1 } });
      expect(await links(s)).toEqual({ user: 2, group: 0 });
    });

    it('and says that it found them by their name, without showing them, is not believed', async () => {
      let isBehind = false;
      const s = await story({
        wrapTarget: (made) => ({
          ...made,
          apply: async (operation, signal) => {
            if (isBehind && operation.action === 'disable') throw new TargetError('gone', 'Not found.');
            return await made.apply(operation, signal);
          },
          get: async (...asked) => (isBehind ? null : await made.get(...asked)),
          find: async (...asked) => {
            if (!isBehind) return await made.find(...asked);
            throw new TargetError('rejected', 'It found 1, and shows 0.', { code: 'paging_broken' });
          },
        }),
      });
      staff(s, 3);
      await s.full();
      s.directory.remove(id('p2'), 'deleted');
      isBehind = true;
      await s.delta();
      expect(await s.provisioned()).toMatchObject({ counters: { disabled: 0, failed: { target_rejected: 1 } } });
      expect(await links(s)).toEqual({ user: 3, group: 0 });
      isBehind = false;
      s.pass(7 * 3_600_000);
      await s.delta();
      expect(s.accounts()).toMatchObject({ p2: 'off' });
    });

    it('and cannot be asked then, is asked again before anything is forgotten', async () => {
      let isDown = false;
      let denied = 0;
      const s = await story({
        wrapTarget: (made) => ({
          ...made,
          get: async (...ask) => {
            if (!isDown) return await made.get(...ask);
            isDown = false;
            throw new TargetError('unavailable', '503');
          },
          apply: async (operation, ...ask) => {
            if (operation.action !== 'disable' || denied > 0) return await made.apply(operation, ...ask);
            denied += 1;
            isDown = true;
            throw new TargetError('gone', '404 from a server that is behind');
          },
        }),
      });
      staff(s, 3);
      await s.full();
      s.directory.remove(id('p2'), 'deleted');
      await s.delta();
      expect(s.accounts()).toMatchObject({ p2: 'off' });
      expect(await links(s)).toEqual({ user: 3, group: 0 });
    });
  });

  describe('whose gateway has lost its route, and says of everybody that they are not there', () => {
    /** As an adapter says it: the word of a write is handed on, and no look proves it. For `answers` answers the route is lost. */
    const people = async (count: number) => {
      const route = { answers: 0 };
      const isLost = (): boolean => {
        route.answers -= 1;
        return route.answers >= 0;
      };
      const ask = async <T>(asked: () => Promise<T>): Promise<T> => {
        if (isLost()) throw new TargetError('unavailable', '404 to everything', { code: 'all_not_found' });
        return await asked();
      };
      const s = await story({
        wrapTarget: (made) => ({
          ...made,
          get: (...asked) => ask(() => made.get(...asked)),
          find: (...asked) => ask(() => made.find(...asked)),
          apply: async (...asked) => {
            if (isLost()) throw new TargetError('gone', '404');
            return await made.apply(...asked);
          },
        }),
      });
      staff(s, count);
      await s.full();
      return { s, route };
    };
    const links = (s: Story) => s.stores.ledger.countLinks(target);

    it('forgets no leaver: they are switched off once it has its route again', async () => {
      const { s, route } = await people(12);
      for (const nth of [0, 1, 2, 3, 4]) s.directory.remove(id(`p${nth}`), 'deleted');
      route.answers = 12;
      await s.delta();
      expect(route.answers).toBeLessThan(0);
      expect(off(s)).toBe(5);
      expect(await links(s)).toEqual({ user: 12, group: 0 });
    });

    it('forgets nobody who is to be changed', async () => {
      const { s, route } = await people(12);
      for (let nth = 0; nth < 12; nth += 1) s.directory.setUser(id(`p${nth}`), { jobTitle: 'new' });
      route.answers = 12;
      await s.delta();
      expect(await links(s)).toEqual({ user: 12, group: 0 });
      expect(s.remote.applied.filter(({ action }) => action === 'create')).toHaveLength(12);
      expect(s.account('p7')?.attributes['title']).toBe('new');
      const adopted = s.remote.applied.filter(({ action }) => action === 'update');
      expect(adopted).toHaveLength(12);
    });
  });

  it('that says once of each account to be changed that it does not know it, and holds it, loses no link', async () => {
    const denied = new Set<string>();
    const s = await story({
      wrapTarget: faulty({
        before: ({ action, ref }) => {
          if (action !== 'update' || denied.has(ref.id)) return null;
          denied.add(ref.id);
          return new TargetError('gone', '404 from a server that is behind');
        },
      }),
    });
    staff(s, 3);
    await s.full();
    for (const nth of [0, 1, 2]) s.directory.setUser(id(`p${nth}`), { jobTitle: 'new' });
    await s.delta();
    expect(denied.size).toBe(3);
    const entries = (await s.stores.ledger.entries(target, (await s.provisioned()).id, null, 10)).items;
    expect(entries.map(({ outcome }) => outcome?.result)).toEqual(['applied', 'applied', 'applied']);
    expect(s.account('p1')?.attributes['title']).toBe('new');
  });

  it('that forgets a group for a while, and shows it again: who left the group meanwhile is taken out of it', async () => {
    const hidden = { group: false };
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        get: async (type, ...ask) => (hidden.group && type === 'group' ? null : await made.get(type, ...ask)),
        find: async (type, ...ask) => {
          // Met again when it is matched, after its link was dropped.
          if (type !== 'group' || !hidden.group) return await made.find(type, ...ask);
          const links = await s.stores.ledger.countLinks(target);
          return links.group > 0 ? [] : await made.find(type, ...ask);
        },
        apply: async (operation, ...ask) => {
          if (operation.action !== 'update' || operation.ref.type !== 'group')
            return await made.apply(operation, ...ask);
          hidden.group = !hidden.group;
          if (hidden.group) throw new TargetError('gone', '404 from a server that is behind');
          return await made.apply(operation, ...ask);
        },
      }),
    });
    staff(s, 3);
    s.found('team');
    for (const name of ['p0', 'p1', 'p2']) s.directory.join(id('team'), id(name));
    await s.full();
    expect(s.groups()).toEqual({ team: ['p0', 'p1', 'p2'] });
    s.pass(60_000);
    const made = await linkOfGroup(s, 'team');
    s.found('team', { displayName: 'the team' });
    s.directory.leave(id('team'), id('p1'));
    await s.delta();
    expect(s.groups()).toEqual({ 'the team': ['p0', 'p2'] });
    const met = await linkOfGroup(s, 'team');
    expect(met).toMatchObject({ remoteId: made?.remoteId, by: 'created', membersSince: made?.membersSince });
  });

  it('that lost a group, and has another one with its name: that one is of others', async () => {
    const s = await story({ target: { leftGroups: 'delete' } });
    s.hire('p0');
    s.found('team');
    s.directory.join(id('team'), id('p0'));
    await s.full();
    s.pass(60_000);
    const [ours] = [...s.remote.objects.values()].filter(({ type }) => type === 'group');
    s.remote.objects.delete(ours?.remoteId ?? remoteId(''));
    const theirs = remoteId('theirs');
    s.remote.objects.set(theirs, { type: 'group', remoteId: theirs, attributes: { displayName: 'the team' } });
    s.found('team', { displayName: 'the team' });
    await s.delta();
    expect(await linkOfGroup(s, 'team')).toBeUndefined();
    s.directory.remove(id('team'), 'deleted');
    await s.delta({ acceptShrink: true });
    expect(s.groups()).toEqual({ 'the team': [] });
  });
});
