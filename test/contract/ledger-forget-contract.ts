/** What every ledger promises of somebody who is forgotten. */

import { describe, expect, it } from 'vitest';
import { StaleFence } from '../../src/model/errors.ts';
import type { Operation } from '../../src/model/operation.ts';
import type { Ref } from '../../src/model/source-object.ts';
import { all, type LedgerWorld } from '../support/ledger-world.ts';
import {
  addsMembers,
  aGroup,
  applied,
  creates,
  disables,
  escrowed,
  intents,
  linked,
  partlyApplied,
  people,
  updates,
  waits,
} from '../support/operations.ts';

const adds = (team: Ref, members: readonly Ref[]): Operation => ({
  ...addsMembers(team),
  remoteId: linked(team).remoteId,
  action: 'add_members',
  members: members.map((ref) => ({ ref, remoteId: linked(ref).remoteId })),
});

export const forgetContract = ({ created, held, ledger, takenOver }: LedgerWorld): void => {
  describe('the operations on one object', () => {
    it('are all of them, of whatever run, oldest first, and no others', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      const [create, update, other] = [creates(ann), updates(ann), creates(bob)];
      await ledger.intend(lease, intents([create, other]));
      await ledger.intend(lease, intents([adds(aGroup(), [ann]), update]));
      await ledger.settle(lease, [applied(create, linked(ann))]);
      const found = await ledger.entriesOn(target, ann);
      expect(found.map(({ operation }) => operation)).toEqual([create, update]);
      expect(found.map(({ state }) => state)).toEqual(['settled', 'open']);
      expect(await ledger.entriesOn((await held()).target, ann)).toEqual([]);
    });
  });

  describe('somebody who is forgotten', () => {
    it('is in nothing any more, and everybody else is as before', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      const team = aGroup();
      await created(lease, [ann, bob]);
      const [both, gone, failed] = [adds(team, [ann, bob]), disables(ann), updates(ann)];
      await ledger.intend(lease, intents([both, gone, failed]));
      await ledger.settle(lease, [partlyApplied(both, [ann, bob]), applied(gone), escrowed(failed)]);
      await ledger.wait(lease, [
        waits(ann, 'manager', bob.id),
        waits(bob, 'manager', ann.id),
        waits(bob, 'boss', team.id),
      ]);
      await ledger.noteGuarded(lease, new Map([[team.id, [ann, bob]]]));
      const kept = await ledger.entriesOn(target, bob);
      await ledger.forgetPerson(lease, ann.id);
      await ledger.forgetPerson(lease, ann.id);
      expect((await ledger.about(target, [ann])).get(ann.id)).toEqual({
        link: null,
        former: null,
        linkedBy: null,
        escrow: null,
        escrowedBy: null,
      });
      expect(await ledger.entriesOn(target, ann)).toEqual([]);
      expect(await ledger.entriesOn(target, bob)).toEqual(kept);
      expect(await all(ledger.waitingFor(target, [ann, bob]))).toEqual([waits(bob, 'boss', team.id)]);
      expect((await ledger.guarded(target)).get(team.id)).toEqual([bob]);
      const [added] = await ledger.entriesOn(target, team);
      expect(added?.operation).toMatchObject({ members: [{ ref: bob }] });
      expect(added?.outcome).toMatchObject({ refused: [bob.id] });
    });

    it('is not forgotten by a worker that was taken over', async () => {
      const { target, lease } = await held();
      const [ann] = people(1);
      await created(lease, [ann]);
      await takenOver(lease);
      await expect(ledger.forgetPerson(lease, ann.id)).rejects.toThrow(StaleFence);
      expect((await ledger.links(target, [ann])).size).toBe(1);
    });
  });
};
