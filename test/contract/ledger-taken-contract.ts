/** What every ledger promises about what a target lost within a window: the guard's memory, which nothing resets. */

import { describe, expect, it } from 'vitest';
import { nothing } from '../../src/core/guard.ts';
import type { Operation } from '../../src/model/operation.ts';
import type { LedgerWorld } from '../support/ledger-world.ts';
import {
  aGroup,
  applied,
  cause,
  creates,
  deletes,
  disables,
  escrowed,
  linked,
  partlyApplied,
  people,
  removesMembers,
  skipped,
  start,
  updates,
} from '../support/operations.ts';

const hourMs = 3_600_000;
const nobodyGone = { user: new Set(), group: new Set() };
const nothingTaken = { ...nothing, gone: nobodyGone };
const later = (hours: number): Date => new Date(start.getTime() + hours * hourMs);

export const takenContract = ({ clock, dieAt, held, ledger, takenOver }: LedgerWorld): void => {
  const limited = (operations: readonly Operation[]) =>
    operations.map((operation) => ({ operation, cause: cause({ limited: true, why: 'missing' }) }));

  describe('what was taken', () => {
    it('is nothing where nothing was done', async () => {
      const { target } = await held();
      expect(await ledger.taken(target, start)).toEqual(nothingTaken);
    });

    it('is what was applied, or may have been; not what was refused or never sent', async () => {
      const { target, lease } = await held();
      const [ann, bob, cid] = people(3);
      const [open, done, refused] = [disables(ann), disables(bob), disables(cid)];
      const [dan] = people(1);
      const unsent = disables(dan);
      await ledger.intend(lease, limited([open, done, refused, unsent]));
      await ledger.settle(lease, [applied(done, linked(bob)), escrowed(refused), skipped(unsent, 'postponed')]);
      expect(await ledger.taken(target, start)).toMatchObject({ deprovisions: 2 });
    });

    it('is also what the target said it did and does not show, for it may show it later; but for a loss, each time it is tried', async () => {
      const { target, lease } = await held();
      const [ann, bob, cid] = people(3);
      const operations = [deletes(ann), deletes(ann), updates(bob), updates(bob), creates(cid)];
      await ledger.intend(lease, limited(operations));
      const notShown = { result: 'escrowed', reason: 'not_applied', detail: 'It answered a success.' } as const;
      await ledger.settle(
        lease,
        operations.map(({ key, ref, action }) => ({ key, ref, action, at: start, ...notShown })),
      );
      expect(await ledger.taken(target, start)).toMatchObject({ deprovisions: 1, updates: 2, creates: 1 });
    });

    it('is also members whose removal nobody knows the end of; not an account that was looked at and is as it was', async () => {
      const { target, lease } = await held();
      const [ann] = people(1);
      const operations = [removesMembers(aGroup(), 3), disables(ann)];
      await ledger.intend(
        lease,
        operations.map((operation) => ({ operation, cause: cause({ limited: true, why: 'members' }) })),
      );
      await ledger.settle(
        lease,
        operations.map((operation) => skipped(operation, 'no_trace')),
      );
      expect(await ledger.taken(target, start)).toMatchObject({ memberRemovals: 3, deprovisions: 0 });
    });

    it('is somebody once, however often they were told to go before it showed; and a second time where they went twice', async () => {
      const { target, lease } = await held();
      const [ann, bob, cid] = people(3);
      const tell = async (operation: Operation, isShown: boolean): Promise<void> => {
        clock.now = new Date(clock.now.getTime() + 60_000);
        await ledger.intend(lease, limited([operation]));
        const { key, ref, action } = operation;
        const notShown = { result: 'escrowed', reason: 'not_applied', detail: 'It answered a success.' } as const;
        await ledger.settle(lease, [isShown ? applied(operation, null) : { key, ref, action, at: start, ...notShown }]);
      };
      for (const isShown of [false, false, true]) await tell(disables(ann), isShown);
      for (const isShown of [false, false]) await tell(disables(bob), isShown);
      for (const isShown of [true, false]) await tell(disables(cid), isShown);
      expect(await ledger.taken(target, start)).toMatchObject({ deprovisions: 4 });
      // Of whoever is to go once more, what was shown counts beside that, and what was not does not.
      const again = new Set([ann.id, bob.id, cid.id]);
      expect(await ledger.taken(target, start, again)).toMatchObject({ deprovisions: 2 });
    });

    it('is of whom an account or a group is gone, once each; not who was told to go and is shown, nor of whom that is open', async () => {
      const { target, lease } = await held();
      const [ann, bob, cid] = people(3);
      const [dan] = people(1);
      const team = aGroup();
      const [off, away, open, unseen, closed] = [
        disables(ann),
        deletes(ann),
        disables(bob),
        deletes(cid),
        deletes(team),
      ];
      const others = [updates(dan), removesMembers(aGroup(), 2)];
      await ledger.intend(lease, limited([off, away, open, unseen, closed, ...others]));
      const { key, ref, action } = unseen;
      await ledger.settle(lease, [
        ...[off, away, closed, ...others].map((operation) => applied(operation)),
        { key, ref, action, at: start, result: 'escrowed', reason: 'not_applied', detail: 'It answered a success.' },
      ]);
      expect(await ledger.taken(target, start)).toMatchObject({
        deprovisions: 4,
        groupDeletes: 1,
        gone: { user: new Set([ann.id]), group: new Set([team.id]) },
      });
    });

    it('counts each kind apart, and members by their group', async () => {
      const { target, lease } = await held();
      const [ann, bob, cid] = people(3);
      const [team, other] = [aGroup(), aGroup()];
      const operations = [
        creates(ann),
        updates(bob),
        disables(cid),
        deletes(team),
        deletes(other),
        removesMembers(team, 3),
        removesMembers(other, 2),
      ];
      await ledger.intend(
        lease,
        operations.map((operation) => ({ operation, cause: cause({ limited: true, why: 'members' }) })),
      );
      expect(await ledger.taken(target, start)).toEqual({
        deprovisions: 1,
        groupDeletes: 2,
        memberRemovals: 5,
        creates: 1,
        updates: 1,
        adoptions: 0,
        byGroup: new Map([
          [team.id, 3],
          [other.id, 2],
        ]),
        // Nothing of it was settled yet.
        gone: nobodyGone,
      });
    });

    it('counts what was taken over apart from what was changed, and not what carried the id of its owner', async () => {
      const { target, lease } = await held();
      const whys = ['adopted', 'inherited', 'recognized', 'updated'] as const;
      await ledger.intend(
        lease,
        people(whys.length).map((ref, nth) => ({
          operation: updates(ref),
          cause: cause({ limited: true, why: whys[nth] ?? 'updated' }),
        })),
      );
      expect(await ledger.taken(target, start)).toMatchObject({ adoptions: 2, updates: 2 });
    });

    it('is also what was applied in part', async () => {
      const { target, lease } = await held();
      const operation = removesMembers(aGroup(), 3);
      await ledger.intend(lease, limited([operation]));
      await ledger.settle(lease, [partlyApplied(operation, people(1))]);
      expect(await ledger.taken(target, start)).toMatchObject({ memberRemovals: 3 });
    });

    it('leaves out what counts against no limit', async () => {
      const { target, lease } = await held();
      const operations = people(2).map(disables);
      await ledger.intend(
        lease,
        operations.map((operation) => ({ operation, cause: cause({ limited: false }) })),
      );
      expect(await ledger.taken(target, start)).toEqual(nothingTaken);
    });

    it('is forgotten when the window has passed it, and not before', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      await ledger.intend(lease, limited([disables(ann)]));
      clock.now = later(1);
      await ledger.intend(lease, limited([disables(bob)]));
      expect(await ledger.taken(target, start)).toMatchObject({ deprovisions: 2 });
      expect(await ledger.taken(target, later(0.5))).toMatchObject({ deprovisions: 1 });
      expect(await ledger.taken(target, later(1))).toMatchObject({ deprovisions: 1 });
      expect(await ledger.taken(target, later(2))).toEqual(nothingTaken);
    });

    it('belongs to its target alone', async () => {
      const [one, other] = [await held(), await held()];
      await ledger.intend(one.lease, limited(people(2).map(disables)));
      expect(await ledger.taken(other.target, start)).toEqual(nothingTaken);
    });

    it('outlives the worker, and counts once what was meant twice', async () => {
      const { target, lease } = await held();
      const operations = people(3).map(disables);
      await dieAt('ledger.intended', () => ledger.intend(lease, limited(operations)));
      const survivor = await takenOver(lease);
      clock.now = later(1);
      await ledger.intend(survivor, limited(operations));
      expect(await ledger.taken(target, start)).toMatchObject({ deprovisions: 3 });
    });

    it('is nothing yet when the worker died before the intent', async () => {
      const { target, lease } = await held();
      await dieAt('ledger.counted', () => ledger.intend(lease, limited(people(2).map(disables))));
      expect(await ledger.taken(target, start)).toEqual(nothingTaken);
    });

    it('is read to its end, also of more than one batch', async () => {
      const { target, lease } = await held();
      const operations = people(1_203).map(disables);
      await ledger.intend(lease, limited(operations));
      await ledger.settle(
        lease,
        operations.map((operation) => applied(operation, null)),
      );
      expect(await ledger.taken(target, start)).toMatchObject({ deprovisions: 1_203 });
    });

    it('goes with its target, and when it is old', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      const [old, fresh] = [disables(ann), disables(bob)];
      await ledger.intend(lease, limited([old]));
      clock.now = later(48);
      await ledger.intend(lease, limited([fresh]));
      await ledger.settle(lease, [applied(old, null), applied(fresh, null)]);
      await ledger.prune(target, later(24));
      expect(await ledger.taken(target, start)).toMatchObject({ deprovisions: 1 });
      await ledger.erase(target);
      expect(await ledger.taken(target, start)).toEqual(nothingTaken);
    });
  });
};
