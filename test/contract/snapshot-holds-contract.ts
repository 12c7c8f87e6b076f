/** What every snapshot store promises of the short cut past what has not changed. */

import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { merge, sameAttributes } from '../../src/core/attributes.ts';
import type { ConnectionId } from '../../src/model/ids.ts';
import type { Attributes } from '../../src/model/source-object.ts';
import {
  id,
  losing,
  newConnection,
  type OpenSnapshots,
  person,
  showing,
  snapshotWorld,
  users,
} from './snapshot-world.ts';

export const snapshotHoldsContract = (open: OpenSnapshots): void => {
  const world = snapshotWorld(open);
  let connection: ConnectionId;
  beforeEach(() => {
    connection = newConnection();
  });
  const begin = async () => world.snapshots.begin(await world.take(connection), 'full');
  const committed = async (attributes: Attributes) => {
    const draft = await begin();
    await draft.put(showing([person('ann', attributes)]));
    await draft.commit({ watermark: null, counts: { user: 1, group: 0 }, full: true });
    return await begin();
  };
  const ann = { displayName: 'Ann', title: 'Chef', manager: 'bob' };
  const holds = async (draft: Awaited<ReturnType<typeof begin>>, attributes: Attributes) =>
    (await draft.holds([person('ann', attributes)])).has(id('ann'));

  describe('what is held already', () => {
    it('is said of the same values in any order, and of those that are unassigned as well', async () => {
      const draft = await committed(ann);
      expect(await holds(draft, ann)).toBe(true);
      expect(await holds(draft, { manager: 'bob', title: 'Chef', displayName: 'Ann', city: null, phones: [] })).toBe(
        true,
      );
    });

    it('is not said of some of the values: what is left out is not known to be the same', async () => {
      const draft = await committed(ann);
      expect(await holds(draft, { manager: 'bob' })).toBe(false);
      expect(await holds(draft, { title: 'Chef', displayName: 'Ann' })).toBe(false);
    });

    it('is not said of other values, of unassigned ones, or of somebody who is gone or was never there', async () => {
      const draft = await committed(ann);
      expect(await holds(draft, { ...ann, title: 'Cook' })).toBe(false);
      expect(await holds(draft, { ...ann, title: null })).toBe(false);
      expect(await holds(draft, { ...ann, city: 'Riga' })).toBe(false);
      expect(await holds(draft, { displayName: 'Ann' })).toBe(false);
      expect(await holds(draft, { ...ann, manager: 'cid' })).toBe(false);
      expect(await holds(draft, { manager: null })).toBe(false);
      expect((await draft.holds([person('bob', {})])).size).toBe(0);
      await draft.put(losing(users('ann'), 'deleted'));
      expect(await holds(draft, ann)).toBe(false);
    });

    it('goes by what the draft staged, not by what is committed', async () => {
      const draft = await committed(ann);
      await draft.put(showing([person('ann', { ...ann, title: 'Cook' })]));
      expect(await holds(draft, ann)).toBe(false);
      expect(await holds(draft, { ...ann, title: 'Cook' })).toBe(true);
    });

    it('goes by a batch that is still on its way', async () => {
      const draft = await committed(ann);
      const putting = draft.put(showing([person('ann', { ...ann, title: 'Cook' })]));
      expect(await holds(draft, ann)).toBe(false);
      await putting;
    });

    it('is never said where merging would change something', async () => {
      const value = fc.constantFrom('a', 'b', null);
      const attributes = fc.dictionary(fc.constantFrom('manager', 'title', 'city', '__proto__'), value);
      await fc.assert(
        fc.asyncProperty(attributes, attributes, async (stored, shown) => {
          connection = newConnection();
          const draft = await committed(stored);
          const said = await holds(draft, shown);
          expect(said && !sameAttributes(stored, merge(stored, shown))).toBe(false);
        }),
        { numRuns: 25 },
      );
    });
  });
};
