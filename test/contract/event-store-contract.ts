/** What every store of events promises. */

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EventAbout, NewEvent } from '../../src/model/event.ts';
import { type ConnectionId, connectionId, type OrganizationId, organizationId, sourceId } from '../../src/model/ids.ts';
import type { EventStore } from '../../src/store/event-store.ts';
import { newId } from '../../src/store/ids.ts';
import { all } from '../support/ledger-world.ts';

const start = new Date('2026-03-01T08:00:00.000Z');
const degraded: EventAbout = {
  type: 'connection.degraded',
  status: 'blocked',
  code: 'AADSTS7000215',
  owner: 'customer_it',
};

export const eventStoreContract = (open: () => Promise<EventStore>): void => {
  let events: EventStore;
  let acme: OrganizationId;
  let connection: ConnectionId;
  beforeAll(async () => {
    events = await open();
  });
  beforeEach(() => {
    acme = organizationId(newId('acme|~'));
    connection = connectionId(newId('con'));
  });

  const event = (key: string, other: Partial<NewEvent> = {}): NewEvent => ({
    key: `${key}|${connection}`,
    organization: acme,
    connection,
    at: start,
    about: degraded,
    ...other,
  });
  const keysOf = async (organization: OrganizationId, after = 0): Promise<readonly string[]> =>
    (await events.after(organization, after, 1_000)).map(({ key }) => key.split('|')[0] ?? '');

  describe('events', () => {
    it('are told in the order they were recorded, each organization its own, counted from 1 without gaps', async () => {
      const other = organizationId(newId('other'));
      await events.record([event('a'), event('b', { organization: other }), event('c')]);
      await events.record([event('d')]);
      const told = await events.after(acme, 0, 10);
      expect(told.map(({ key, sequence }) => [key.split('|')[0], sequence])).toEqual([
        ['a', 1],
        ['c', 2],
        ['d', 3],
      ]);
      expect(told[0]).toEqual({ ...event('a'), id: expect.stringMatching(/^evt_[0-9a-f]{32}$/), sequence: 1 });
      expect(await keysOf(acme, 2)).toEqual(['d']);
      expect((await events.after(acme, 0, 2)).length).toBe(2);
      expect(await keysOf(other)).toEqual(['b']);
      expect(await events.newest(acme)).toBe(3);
      expect(await events.newest(organizationId(newId('nobody')))).toBe(0);
    });

    it('are recorded once, whoever records them again', async () => {
      await events.record([event('a'), event('a'), event('b')]);
      await events.record([event('b'), event('a'), event('c')]);
      expect(await keysOf(acme)).toEqual(['a', 'b', 'c']);
    });

    it('are recorded once and without gaps by many at the same time', async () => {
      const all = Array.from({ length: 20 }, (_, nth) => event(`k${nth}`));
      await Promise.all(
        Array.from({ length: 6 }, (_, who) => events.record([...all.slice(who), ...all.slice(0, who)])),
      );
      const told = await events.after(acme, 0, 1_000);
      expect(told.map(({ sequence }) => sequence)).toEqual(all.map((_, nth) => nth + 1));
      expect(new Set(told.map(({ key }) => key)).size).toBe(20);
    });

    it('never reach into those of an organization whose name looks alike', async () => {
      const [one, longer] = [organizationId(newId('a')), organizationId(`${newId('a')}|000000000001`)];
      await events.record([event('x', { organization: one }), event('y', { organization: longer })]);
      expect([await keysOf(one), await keysOf(longer)]).toEqual([['x'], ['y']]);
    });

    it('are found by their id, by whoever they are of', async () => {
      await events.record([event('a')]);
      const [first] = await events.after(acme, 0, 1);
      if (first === undefined) throw new Error('Nothing was recorded.');
      expect(await events.get(acme, first.id)).toEqual(first);
      expect(await events.get(organizationId('other'), first.id)).toBeNull();
    });

    it('stay untold until somebody says that they were told', async () => {
      await events.record([event('a'), event('b')]);
      const mine = async () => (await events.untold(10_000)).filter(({ organization }) => organization === acme);
      const [first] = await mine();
      expect((await mine()).map(({ sequence }) => sequence).toSorted()).toEqual([1, 2]);
      if (first !== undefined) await events.told([first.id]);
      expect((await mine()).length).toBe(1);
    });

    it('go when they are old, and their places stay', async () => {
      await events.record([event('old'), event('older')]);
      await events.prune(new Date(start.getTime() + 1));
      expect(await keysOf(acme)).toEqual([]);
      expect(await events.newest(acme)).toBe(2);
      await events.record([event('new', { at: new Date(start.getTime() + 2) })]);
      await events.prune(new Date(start.getTime() + 1));
      expect((await events.after(acme, 2, 10)).map(({ sequence }) => sequence)).toEqual([3]);
    });

    it('about one person are forgotten, and those about everybody else stay', async () => {
      const [ada, bob] = [
        sourceId('00000000-0000-4000-8000-00000000000a'),
        sourceId('00000000-0000-4000-8000-00000000000b'),
      ];
      const about = (person: typeof ada): EventAbout => ({ type: 'person.created', person, version: 1 });
      await events.record([event('a', { about: about(ada) }), event('b', { about: about(bob) }), event('c')]);
      const told = async (person: typeof ada) =>
        (await all(events.about(acme, connection, person))).map(({ about }) => about);
      expect(await told(ada)).toEqual([about(ada)]);
      expect(await all(events.about(organizationId(newId('other')), connection, ada))).toEqual([]);
      expect(await events.forgetPerson(acme, connection, ada)).toBe(1);
      expect([await told(ada), await told(bob)]).toEqual([[], [about(bob)]]);
      expect(await keysOf(acme)).toEqual(['b', 'c']);
      expect(await events.forgetPerson(acme, connection, ada)).toBe(0);
    });

    it('of a connection go with it, and the place of the organization stays', async () => {
      await events.record([event('a'), event('b', { connection: connectionId('con_other') })]);
      await events.moveTo(connection, 7, null);
      await events.erase(acme, connection);
      expect(await keysOf(acme)).toEqual(['b']);
      expect(await events.position(connection)).toBeNull();
      expect(await events.newest(acme)).toBe(2);
    });
  });

  it('the changes of a connection are told up to a version, which one of two moves', async () => {
    expect(await events.position(connection)).toBeNull();
    expect(await events.moveTo(connection, 3, null)).toBe(true);
    expect(await events.moveTo(connection, 9, null)).toBe(false);
    expect(await events.moveTo(connection, 5, 3)).toBe(true);
    expect(await events.moveTo(connection, 4, 3)).toBe(false);
    expect(await events.position(connection)).toBe(5);
  });
};
