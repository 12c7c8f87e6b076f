/** What every ledger promises about who is remembered to be in protected groups. */

import { describe, expect, it } from 'vitest';
import { StaleFence } from '../../src/model/errors.ts';
import type { Ref } from '../../src/model/source-object.ts';
import type { LedgerWorld } from '../support/ledger-world.ts';
import { aGroup, people } from '../support/operations.ts';

export const guardedContract = ({ held, ledger, takenOver }: LedgerWorld): void => {
  const inOrder = (refs: readonly Ref[]): readonly Ref[] => refs.toSorted((a, b) => (a.id < b.id ? -1 : 1));

  describe('who is in the protected groups', () => {
    it('is nobody before it was noted, and then who was noted last', async () => {
      const { target, lease } = await held();
      const [admins, board, inner] = [aGroup(), aGroup(), aGroup()];
      expect(await ledger.guarded(target)).toEqual(new Map());
      const first = inOrder([...people(3), inner]);
      await ledger.noteGuarded(
        lease,
        new Map([
          [admins.id, first],
          [board.id, []],
        ]),
      );
      expect(await ledger.guarded(target)).toEqual(
        new Map([
          [admins.id, first],
          [board.id, []],
        ]),
      );
      const second = inOrder(people(2));
      await ledger.noteGuarded(lease, new Map([[admins.id, second]]));
      expect(await ledger.guarded(target)).toEqual(new Map([[admins.id, second]]));
    });

    it('belongs to its target alone, and goes with it', async () => {
      const [one, other] = [await held(), await held()];
      const groups = new Map([[aGroup().id, inOrder(people(2))]]);
      await ledger.noteGuarded(one.lease, groups);
      expect(await ledger.guarded(other.target)).toEqual(new Map());
      await ledger.erase(one.target);
      expect(await ledger.guarded(one.target)).toEqual(new Map());
    });

    it('is not noted by whoever lost the lease', async () => {
      const { target, lease } = await held();
      const group = aGroup().id;
      const survivor = await takenOver(lease);
      await ledger.noteGuarded(survivor, new Map([[group, []]]));
      await expect(ledger.noteGuarded(lease, new Map([[group, people(1)]]))).rejects.toThrow(StaleFence);
      expect(await ledger.guarded(target)).toEqual(new Map([[group, []]]));
    });
  });
};
