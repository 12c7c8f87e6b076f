/** Where there is no PATCH a group is replaced as a whole: nobody is lost whom the target does not show. */

import { afterEach, describe, expect, it } from 'vitest';
import type { ScimOptions } from '../../../simulator/scim/index.ts';
import { operationKey, type RemoteId, remoteId } from '../../../src/model/ids.ts';
import type { Operation } from '../../../src/model/operation.ts';
import type { JsonObject } from '../../../src/model/target-record.ts';
import { scim } from '../../../src/target/scim/index.ts';
import { testWorld } from '../world.ts';
import {
  ada,
  closeOpened,
  connected,
  createStaff,
  membership,
  opened,
  type Setup,
  sent,
  signal,
  staff,
  token,
} from './connected.ts';
import { startScripted } from './scripted-server.ts';

afterEach(closeOpened);

describe('members where there is no PATCH', () => {
  it('are left alone once the target turns out not to show them: writing the list back would lose everybody else', async () => {
    const setup = await connected({}, { knobs: { patch: 'unsupported', memberReads: 'hidden' } });
    const id = await createStaff(setup);
    const [first = '', second = ''] = setup.simulator.control.seed({
      users: [{ userName: 'a' }, { userName: 'b' }],
    }).users;
    const hidden = { fault: 'rejected', code: 'members_hidden' };
    await expect(setup.target.apply(membership('add_members', id, [first]), signal)).rejects.toMatchObject(hidden);
    await expect(setup.target.apply(membership('add_members', id, [second]), signal)).rejects.toMatchObject(hidden);
    expect(setup.simulator.control.accounts().groups).toMatchObject([{ members: [{ value: first }] }]);
  });

  describe('and the target does not show all of them', () => {
    const known = (...ids: readonly string[]) => ({
      members: ids.map((id) => ({ ref: ada, remoteId: remoteId(id) })),
      isOurs: true,
    });
    const rename = (id: RemoteId): Operation => ({
      key: operationKey('r'),
      ref: staff,
      action: 'update',
      remoteId: id,
      attributes: { displayName: 'Renamed' },
      before: { displayName: 'Staff' },
    });
    const never = (): void => {};
    const refused = { fault: 'rejected', code: 'members_hidden' };
    const staffed = async (knobs: ScimOptions['knobs'] = {}) => {
      const setup = await connected({}, { knobs: { patch: 'unsupported', memberReads: 'hidden', ...knobs } });
      const { users } = setup.simulator.control.seed({ users: ['a', 'b', 'c'].map((userName) => ({ userName })) });
      const members = users.map((value) => ({ value }));
      const { groups } = setup.simulator.control.seed({ groups: [{ displayName: 'Staff', members }] });
      const id = remoteId(groups[0] ?? '');
      const there = (): unknown => setup.simulator.control.accounts().groups[0]?.['members'];
      return { ...setup, id, users, there, before: there() };
    };
    const writes = (setup: Setup): readonly string[] => sent(setup).filter((line) => !line.startsWith('GET'));

    it('a group that is renamed loses nobody: it is refused before anything is written', async () => {
      const setup = await staffed();
      const asked = setup.target.apply(rename(setup.id), signal, never, async () => known(...setup.users));
      await expect(asked).rejects.toMatchObject(refused);
      expect(writes(setup)).toEqual([]);
      expect(setup.there()).toEqual(setup.before);
    });

    it('whoever joins a group of others takes nobody out of it, also where nobody is known to be in it', async () => {
      const setup = await staffed();
      const joins = membership('add_members', setup.id, [setup.users[0] ?? '']);
      const asked = setup.target.apply(joins, signal, never, async () => ({ members: [], isOurs: false }));
      await expect(asked).rejects.toMatchObject(refused);
      expect(writes(setup)).toEqual([]);
    });

    it('whoever leaves is not said to have left', async () => {
      const setup = await staffed();
      const leaves = membership('remove_members', setup.id, [setup.users[0] ?? '']);
      const asked = setup.target.apply(leaves, signal, never, async () => known(...setup.users.slice(1)));
      await expect(asked).rejects.toMatchObject(refused);
      expect(setup.there()).toEqual(setup.before);
    });

    it('a list that is cut takes nobody out who was cut off', async () => {
      const staffOf = (members: readonly string[]): JsonObject => ({
        id: 'g',
        displayName: 'Staff',
        members: members.map((value) => ({ value })),
      });
      const server = await startScripted(({ method, path }) => {
        if (path.startsWith('/Users/')) return { status: 200, body: { id: path.slice('/Users/'.length) } };
        return method === 'GET' ? { status: 200, body: staffOf(['1', '2']) } : { status: 200 };
      });
      const target = scim.parse({ base_url: server.baseUrl, token, update_mode: 'put' }).connect(testWorld());
      opened.push(server, target);
      const joins = membership('add_members', remoteId('g'), ['4']);
      const asked = target.apply(joins, signal, never, async () => known('1', '2', '3'));
      await expect(asked).rejects.toMatchObject(refused);
      expect(server.received.filter(({ method }) => method === 'PUT')).toEqual([]);
    });

    /** Who is in the group as it is shown, and what the target says of a user. */
    const showing = async (members: readonly string[], of: (id: string) => JsonObject, settings: JsonObject = {}) => {
      const group = { id: 'g', displayName: 'Staff', members: members.map((value) => ({ value })) };
      const server = await startScripted(({ method, path }) => {
        if (path.startsWith('/Users/')) return { status: 200, body: of(path.slice('/Users/'.length)) };
        if (path.startsWith('/Groups?')) return { status: 200, body: { totalResults: 0, Resources: [] } };
        return method === 'GET' ? { status: 200, body: group } : { status: 200 };
      });
      const world = testWorld();
      const target = scim.parse({ base_url: server.baseUrl, token, update_mode: 'put', ...settings }).connect(world);
      opened.push(server, target);
      const puts = () => server.received.filter(({ method }) => method === 'PUT').length;
      const lists = () => server.received.filter(({ path }) => path.startsWith('/Groups?')).length;
      return { target, world, puts, lists };
    };

    it('who is switched off need not be shown either, where the target shows members', async () => {
      const off = await showing(['1'], (id) => ({ id, active: false }));
      await off.target.apply(rename(remoteId('g')), signal, never, async () => known('1', '2', '3'));
      expect(off.puts()).toBe(1);
      const hides = await showing([], (id) => ({ id, active: false }));
      const asked = hides.target.apply(rename(remoteId('g')), signal, never, async () => known('2'));
      await expect(asked).rejects.toMatchObject(refused);
      const active = await showing(['1'], (id) => ({ id, active: true }));
      const one = active.target.apply(rename(remoteId('g')), signal, never, async () => known('1', '2'));
      await expect(one).rejects.toMatchObject(refused);
      expect([hides.puts(), active.puts()]).toEqual([0, 0]);
    });

    it('it is not asked again for some minutes whether any group shows somebody', async () => {
      const { target, world, lists } = await showing([], (id) => ({ id }));
      const join = async (): Promise<void> => {
        const joins = membership('add_members', remoteId('g'), ['1']);
        const asked = target.apply(joins, signal, never, async () => ({ members: [], isOurs: false }));
        await expect(asked).rejects.toMatchObject(refused);
      };
      await join();
      await join();
      expect(lists()).toBe(1);
      await world.sleep(5 * 60_000, signal);
      await join();
      expect(lists()).toBe(2);
    });

    it('an empty group of others is filled where somebody says that the target shows members', async () => {
      const setup = await staffed({ memberReads: 'returned' });
      const said = scim.parse({ base_url: setup.simulator.baseUrl, token, shows_members: true }).connect(testWorld());
      opened.push(said);
      const [empty = ''] = setup.simulator.control.seed({ groups: [{ displayName: 'Empty' }] }).groups;
      const [member = ''] = setup.users;
      setup.simulator.control.clearRequests();
      const joins = membership('add_members', remoteId(empty), [member]);
      await said.apply(joins, signal, never, async () => ({ members: [], isOurs: false }));
      expect(setup.simulator.control.accounts().groups[1]?.['members']).toMatchObject([{ value: member }]);
      expect(sent(setup).filter((line) => line === 'GET /Groups')).toEqual([]);
    });

    it('many whose accounts are gone cost one proof of it', async () => {
      const setup = await staffed({ memberReads: 'returned' });
      const gone = Array.from({ length: 15 }, (_, nth) => `gone-${nth}`);
      setup.simulator.control.clearRequests();
      await setup.target.apply(rename(setup.id), signal, never, async () => known(...setup.users, ...gone));
      expect(sent(setup).filter((line) => line === 'GET /Users')).toHaveLength(1);
      expect(sent(setup).filter((line) => line === 'GET /Users/{id}')).toHaveLength(30);
    });

    it('whose account is gone there need not be shown', async () => {
      const setup = await staffed({ memberReads: 'returned' });
      await setup.target.apply(rename(setup.id), signal, never, async () => known(...setup.users, 'gone'));
      expect(setup.there()).toEqual(setup.before);
      expect(writes(setup)).toEqual(['PUT /Groups/{id}']);
    });

    it('a group of others that nobody is in is filled where another group shows its members', async () => {
      const setup = await staffed({ memberReads: 'returned' });
      const [empty = ''] = setup.simulator.control.seed({ groups: [{ displayName: 'Empty' }] }).groups;
      const joins = membership('add_members', remoteId(empty), [setup.users[0] ?? '']);
      await setup.target.apply(joins, signal, never, async () => ({ members: [], isOurs: false }));
      expect(setup.there()).toEqual(setup.before);
    });
  });

  it('are not replaced because a PATCH was answered with 404 once, where the group is shown', async () => {
    const setup = await connected({}, { knobs: { memberReads: 'hidden' } });
    const id = await createStaff(setup);
    const [member = ''] = setup.simulator.control.seed({ users: [{ userName: 'a' }] }).users;
    setup.simulator.control.addFaults([{ method: 'PATCH', answer: { kind: 'status', status: 404 } }]);
    await setup.target.apply(membership('add_members', id, [member]), signal);
    expect(sent(setup).filter((line) => line.startsWith('P'))).toEqual([
      'POST /Groups',
      'PATCH /Groups/{id}',
      'PATCH /Groups/{id}',
    ]);
    expect(setup.simulator.control.accounts().groups).toMatchObject([{ members: [{ value: member }] }]);
  });

  const withMember = async (settings: JsonObject, options: ScimOptions = {}) => {
    const setup = await connected(settings, { ...options, knobs: { patch: 'unsupported', ...options.knobs } });
    const id = await createStaff(setup);
    const [member = ''] = setup.simulator.control.seed({ users: [{ userName: 'a' }] }).users;
    await setup.target.apply(membership('add_members', id, [member]), signal);
    setup.simulator.control.clearRequests();
    return { ...setup, leave: () => setup.target.apply(membership('remove_members', id, [member]), signal) };
  };
  const loseWrites = ({ simulator }: Setup): void => {
    simulator.control.addFaults([{ method: 'PUT', times: 'always', answer: { kind: 'lost' } }]);
  };

  it('are not believed to have left because the target answered a success, where it is to be read back', async () => {
    const setup = await withMember({ verify: 'always' });
    loseWrites(setup);
    await expect(setup.leave()).rejects.toMatchObject({ fault: 'rejected', code: 'not_applied' });
    expect(sent(setup)).toEqual(['GET /Groups/{id}', 'PUT /Groups/{id}', 'GET /Groups/{id}']);
  });

  it('have left once the list is read back without them', async () => {
    const setup = await withMember({ verify: 'always' });
    await setup.leave();
    expect(setup.simulator.control.accounts().groups).toMatchObject([{ displayName: 'Staff' }]);
    expect(setup.simulator.control.accounts().groups[0]?.['members'] ?? []).toEqual([]);
  });

  it('who left cost no further look where the answer leaves no doubt', async () => {
    const setup = await withMember({});
    await setup.leave();
    expect(sent(setup)).toEqual(['GET /Groups/{id}', 'PUT /Groups/{id}']);
  });
});
