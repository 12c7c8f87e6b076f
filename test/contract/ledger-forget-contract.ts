/** What every ledger promises of somebody who is forgotten. */

import { describe, expect, it } from 'vitest';
import { StaleFence } from '../../src/model/errors.ts';
import type { TargetId } from '../../src/model/ids.ts';
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
  start,
  updates,
  waits,
} from '../support/operations.ts';

const adds = (team: Ref, members: readonly Ref[]): Operation => ({
  ...addsMembers(team),
  remoteId: linked(team).remoteId,
  action: 'add_members',
  members: members.map((ref) => ({ ref, remoteId: linked(ref).remoteId })),
});

export const forgetContract = ({ clock, created, held, ledger, takenOver }: LedgerWorld): void => {
  const about = (target: TargetId, { id }: Ref) => all(ledger.entriesAbout(target, id));

  describe('the operations about one person', () => {
    it('are all on them, of whatever run, oldest first, and those on groups as far as it is them', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      const [create, update, other] = [creates(ann), updates(ann), creates(bob)];
      const team = aGroup();
      const [both, without] = [adds(team, [ann, bob]), adds(team, [bob])];
      await ledger.intend(lease, intents([create, other]));
      await ledger.intend(lease, intents([both, without, update]));
      await ledger.settle(lease, [applied(create, linked(ann)), partlyApplied(both, [ann, bob])]);
      const found = await about(target, ann);
      const alone = { ...adds(team, [ann]), key: both.key };
      expect(found.map(({ operation }) => operation)).toEqual([create, alone, update]);
      expect(found.map(({ state }) => state)).toEqual(['settled', 'settled', 'open']);
      expect(found[1]?.outcome).toMatchObject({ refused: [ann.id] });
      expect(await about((await held()).target, ann)).toEqual([]);
    });

    it('are those made since a time, where one is asked for', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      const [old, young, other] = [creates(ann), updates(ann), updates(bob)];
      await ledger.intend(lease, intents([old]));
      await ledger.settle(lease, [applied(old, linked(ann))]);
      clock.now = new Date(start.getTime() + 60_000);
      await ledger.intend(lease, intents([young, other]));
      const since = async (at: Date) =>
        (await all(ledger.entriesAbout(target, ann.id, at))).map(({ operation }) => operation.key);
      expect(await since(start)).toEqual([old.key, young.key]);
      expect(await since(new Date(start.getTime() + 1))).toEqual([young.key]);
      expect(await since(new Date(start.getTime() + 60_001))).toEqual([]);
      clock.now = start;
    });

    it('are read to the end, also of more than one batch', async () => {
      const { target, lease } = await held();
      const [ann] = people(1);
      const many = Array.from({ length: 1_203 }, () => updates(ann));
      await ledger.intend(lease, intents(many));
      expect((await about(target, ann)).map(({ operation }) => operation.key)).toEqual(many.map(({ key }) => key));
    });
  });

  describe('people of whom nothing is to be done any more', () => {
    it('are let go: their links, and what waits for them; what was done stays, and so does everybody else', async () => {
      const { target, lease } = await held();
      const [ann, bob, cid] = people(3);
      const team = aGroup();
      await created(lease, [ann, bob, cid, team]);
      const gone = disables(ann);
      await ledger.intend(lease, intents([gone]));
      await ledger.settle(lease, [applied(gone, null)]);
      await ledger.wait(lease, [
        waits(ann, 'manager', cid.id),
        waits(cid, 'manager', bob.id),
        waits(cid, 'boss', team.id),
      ]);
      await ledger.noteGuarded(lease, new Map([[team.id, [ann, bob, cid]]]));
      const done = await about(target, ann);
      await ledger.letGo(lease, [ann.id, bob.id]);
      await ledger.letGo(lease, [ann.id, bob.id]);
      const known = await ledger.about(target, [ann, bob, cid, team]);
      expect([ann, bob].map(({ id }) => [known.get(id)?.link, known.get(id)?.former])).toEqual([
        [null, null],
        [null, null],
      ]);
      expect([cid, team].map(({ id }) => known.get(id)?.link?.ref)).toEqual([cid, team]);
      expect(await all(ledger.waitingFor(target, [ann, bob, cid]))).toEqual([waits(cid, 'boss', team.id)]);
      expect((await ledger.guarded(target)).get(team.id)).toEqual([cid]);
      expect(await about(target, ann)).toEqual(done);
    });

    it('are not let go by a worker that was taken over', async () => {
      const { target, lease } = await held();
      const [ann] = people(1);
      await created(lease, [ann]);
      await takenOver(lease);
      await expect(ledger.letGo(lease, [ann.id])).rejects.toThrow(StaleFence);
      expect((await ledger.links(target, [ann])).size).toBe(1);
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
      const kept = (await about(target, bob)).filter(({ operation }) => operation.ref.type === 'user');
      await ledger.forgetPerson(lease, ann.id);
      await ledger.forgetPerson(lease, ann.id);
      expect((await ledger.about(target, [ann])).get(ann.id)).toEqual({
        link: null,
        former: null,
        linkedBy: null,
        escrow: null,
        escrowedBy: null,
      });
      expect(await about(target, ann)).toEqual([]);
      const onBob = (await about(target, bob)).filter(({ operation }) => operation.ref.type === 'user');
      expect(onBob).toEqual(kept);
      expect(await all(ledger.waitingFor(target, [ann, bob]))).toEqual([waits(bob, 'boss', team.id)]);
      expect((await ledger.guarded(target)).get(team.id)).toEqual([bob]);
      const added = await ledger.entry(target, both.key);
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
