/** What every snapshot store promises about finding somebody by name, also who is gone. */

import { beforeEach, describe, expect, it } from 'vitest';
import type { ConnectionId } from '../../src/model/ids.ts';
import type { Remembered } from '../../src/model/source-object.ts';
import {
  at,
  commit,
  end,
  losing,
  newConnection,
  type OpenSnapshots,
  person,
  showing,
  snapshotWorld,
  start,
  team,
  users,
} from './snapshot-world.ts';

const jane = person('jane', {
  userPrincipalName: 'Jane.Doe@Contoso.example',
  mail: 'jane@contoso.example',
  employeeId: 'E-7',
});

const left = { at: start, isStripped: false };

export const snapshotNamesContract = (open: OpenSnapshots): void => {
  const world = snapshotWorld(open);
  let connection: ConnectionId;
  beforeEach(() => {
    connection = newConnection();
  });
  const named = async (name: string, limit = 10) =>
    (await world.snapshots.named(connection, name, limit)).map(({ object }) => object.ref.id).sort();

  describe('somebody', () => {
    it.each([
      'Jane.Doe@Contoso.example',
      'JANE.DOE@CONTOSO.EXAMPLE',
      'jane@contoso.example',
      'JANE@contoso.example',
      'E-7',
    ])('is found by %s', async (name) => {
      await commit(world, connection, [
        showing([jane, person('bob', { mail: 'bob@contoso.example', employeeId: 'E-8' })]),
      ]);
      expect(await named(name)).toEqual(['jane']);
    });

    it.each(['jane', 'jane.doe@contoso', 'e-7', 'E-', '', '.*', '$ne', 'jane@contoso.example\0'])(
      'is not found by %j: names are whole, and the case of an employee id counts',
      async (name) => {
        await commit(world, connection, [showing([jane])]);
        expect(await named(name)).toEqual([]);
      },
    );

    it('is found by nobody before the commit, and by the new name alone after it', async () => {
      await commit(world, connection, [showing([jane])]);
      const married = person('jane', { ...jane.attributes, userPrincipalName: 'jane.roe@contoso.example' });
      const draft = await world.snapshots.begin(await world.take(connection), 'delta');
      await draft.put(showing([married]));
      expect(await named('jane.roe@contoso.example')).toEqual([]);
      expect(await named('jane.doe@contoso.example')).toEqual(['jane']);
      await draft.commit(end);
      expect(await named('jane.roe@contoso.example')).toEqual(['jane']);
      expect(await named('jane.doe@contoso.example')).toEqual([]);
      expect(await named('jane@contoso.example')).toEqual(['jane']);
    });

    it('who left is found by what they last looked like', async () => {
      await commit(world, connection, [showing([jane])]);
      const { version } = await commit(world, connection, [losing(users('jane'), 'deleted')]);
      expect(await world.snapshots.named(connection, 'jane@contoso.example', 10)).toEqual([
        { object: jane, gone: 'deleted', version, left },
      ]);
      await commit(world, connection, [showing([jane])]);
      expect(await named('jane@contoso.example')).toEqual(['jane']);
    });

    it('of a draft that was given up is found by nobody, and is found when a later one brings them', async () => {
      const draft = await world.snapshots.begin(await world.take(connection), 'full');
      await draft.put(showing([jane]));
      await draft.discard();
      expect(await named('jane@contoso.example')).toEqual([]);
      await commit(world, connection, [showing([jane])]);
      expect(await named('jane@contoso.example')).toEqual(['jane']);
    });

    it('of a draft that another worker continues is found once it is committed', async () => {
      const draft = await world.snapshots.begin(await world.take(connection), 'full');
      await draft.put(showing([jane], { resume: at('page 2') }));
      const continued = await world.snapshots.begin(await world.take(connection), 'full');
      await continued.put(showing([person('bob', { mail: 'bob@contoso.example' })]));
      await continued.commit(end);
      expect(await named('jane@contoso.example')).toEqual(['jane']);
      expect(await named('bob@contoso.example')).toEqual(['bob']);
    });

    it('shares a name with others: all are found, up to the limit', async () => {
      const shared = (name: string) => person(name, { mail: 'shared@contoso.example' });
      const desk = team('desk', { mail: 'Shared@contoso.example' });
      await commit(world, connection, [showing([shared('ann'), desk])]);
      await commit(world, connection, [showing([shared('bob')])]);
      expect(await named('shared@contoso.example')).toEqual(['ann', 'bob', 'desk']);
      expect(await named('shared@contoso.example', 2)).toHaveLength(2);
    });

    it('of one connection is nobody to another, and to nobody once it is erased', async () => {
      await commit(world, connection, [showing([jane])]);
      expect(await world.snapshots.named(newConnection(), 'jane@contoso.example', 10)).toEqual([]);
      await world.snapshots.erase(connection);
      expect(await named('jane@contoso.example')).toEqual([]);
    });

    it('is still found after many small syncs and what tidies up behind them', async () => {
      const renamed = (nth: number) => person(`p${nth}`, { mail: `p${nth}@contoso.example` });
      for (let nth = 0; nth < 25; nth += 1) await commit(world, connection, [showing([renamed(nth)])]);
      const unfinished = await world.snapshots.begin(await world.take(connection), 'delta');
      await unfinished.put(showing([person('late', { mail: 'late@contoso.example' })]));
      await world.snapshots.prune(connection, 0);
      await world.snapshots.prune(connection, 0);
      await unfinished.commit(end);
      for (let nth = 0; nth < 25; nth += 1) expect(await named(`p${nth}@contoso.example`)).toEqual([`p${nth}`]);
      expect(await named('late@contoso.example')).toEqual(['late']);
    });
  });

  it('everybody ever seen is listed page by page, with who is gone and why', async () => {
    await commit(world, connection, [showing(['d', 'b', 'a', 'c'].map((name) => person(name)))]);
    const { version } = await commit(world, connection, [losing(users('b'), 'out_of_scope')]);
    const listed: Remembered[] = [];
    let after: string | null = null;
    do {
      const page = await world.snapshots.recallPage(connection, 'user', after, 3);
      listed.push(...page.items);
      after = page.next;
    } while (after !== null);
    expect(listed.map(({ object, gone }) => [object.ref.id, gone])).toEqual([
      ['a', null],
      ['b', 'out_of_scope'],
      ['c', null],
      ['d', null],
    ]);
    expect(listed[1]).toEqual({ object: person('b'), gone: 'out_of_scope', version, left });
    expect(await world.snapshots.recallPage(connection, 'group', null, 3)).toEqual({ items: [], next: null });
  });
};
