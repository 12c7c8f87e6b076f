/** What every ledger promises about what is to be tried again. */

import { describe, expect, it } from 'vitest';
import { StaleFence } from '../../src/model/errors.ts';
import { runId, type SourceId } from '../../src/model/ids.ts';
import type { WaitingReference } from '../../src/model/operation.ts';
import type { Ref } from '../../src/model/source-object.ts';
import type { Ledger } from '../../src/store/ledger.ts';
import { all, type LedgerWorld } from '../support/ledger-world.ts';
import {
  aGroup,
  applied,
  creates,
  escrowed,
  intents,
  linked,
  partlyApplied,
  people,
  removesMembers,
  skipped,
  start,
  updates,
  waits,
} from '../support/operations.ts';

const hourMs = 3_600_000;
const dayMs = 86_400_000;
const later = (hours: number): Date => new Date(start.getTime() + hours * hourMs);

export const escrowContract = ({ clock, held, ledger, takenOver }: LedgerWorld): void => {
  describe('an escrow', () => {
    it('is tried again after 6 hours, 12 hours, a day, then daily', async () => {
      const { target, lease } = await held();
      const [ref] = people(1);
      const waits: number[] = [];
      for (let attempt = 1; attempt <= 5; attempt += 1) {
        await ledger.settle(lease, [escrowed(creates(ref))]);
        const [escrow] = (await ledger.escrows(target, null, 10)).items;
        expect(escrow).toMatchObject({ attempts: attempt, since: start, detail: 'userName is taken' });
        waits.push(((escrow?.dueAt?.getTime() ?? 0) - clock.now.getTime()) / hourMs);
        expect(await all(ledger.dueEscrows(target))).toEqual([]);
        clock.now = escrow?.dueAt ?? start;
        expect((await all(ledger.dueEscrows(target))).map((due) => due.ref)).toEqual([ref]);
      }
      expect(waits).toEqual([6, 12, 24, 24, 24]);
    });

    it('has the steps of its target, where it is given others', async () => {
      const { target, lease } = await held();
      const [ref, other] = people(2);
      const policy = { retryAfterHours: [2], giveUpAfterDays: 1 };
      await ledger.settle(lease, [escrowed(creates(ref))], policy);
      await ledger.escrow(lease, [{ ref: other, reason: 'ambiguous_match', detail: '2 match' }], policy);
      const { items } = await ledger.escrows(target, null, 10);
      expect(items.map(({ dueAt }) => dueAt)).toEqual([later(2), later(2)]);
    });

    it('stays listed after four weeks, but is not tried by itself any more', async () => {
      const { target, lease } = await held();
      const [ref] = people(1);
      expect(await ledger.settle(lease, [escrowed(creates(ref))])).toEqual({ givenUp: [] });
      clock.now = new Date(start.getTime() + 27.9 * dayMs);
      expect(await ledger.settle(lease, [escrowed(creates(ref))])).toEqual({ givenUp: [ref] });
      expect(await ledger.settle(lease, [escrowed(creates(ref))])).toEqual({ givenUp: [] });
      clock.now = new Date(start.getTime() + 400 * dayMs);
      expect(await all(ledger.dueEscrows(target))).toEqual([]);
      expect(await ledger.countEscrows(target)).toBe(1);
      expect((await ledger.escrows(target, null, 10, 'given_up')).items).toMatchObject([{ ref, dueAt: null }]);
      expect((await ledger.escrows(target, null, 10, 'waiting')).items).toEqual([]);
    });

    it('that could not even be planned is given up as well', async () => {
      const { target, lease } = await held();
      const [ref] = people(1);
      const failure = { ref, reason: 'ambiguous_match', detail: '2 match' } as const;
      expect(await ledger.escrow(lease, [failure])).toEqual({ givenUp: [] });
      clock.now = new Date(start.getTime() + 27.9 * dayMs);
      expect(await ledger.escrow(lease, [failure])).toEqual({ givenUp: [ref] });
      expect(await ledger.escrow(lease, [failure])).toEqual({ givenUp: [] });
      expect((await ledger.escrows(target, null, 10, 'given_up')).items).toMatchObject([{ ref }]);
    });

    it('is due when a person asks, also when it was given up', async () => {
      const { target, lease } = await held();
      const [waiting, parked, other] = people(3);
      await ledger.settle(lease, [escrowed(creates(parked))], { retryAfterHours: [48], giveUpAfterDays: 1 });
      await ledger.settle(lease, [escrowed(creates(waiting))]);
      await ledger.escrow(lease, [{ ref: other, reason: 'ambiguous_match', detail: '2 match' }]);
      const due = async () => (await all(ledger.dueEscrows(target))).map(({ ref }) => ref.id).sort();
      expect(await ledger.retry(target, { ids: people(1).map(({ id }) => id) })).toBe(0);
      expect(await due()).toEqual([]);
      expect(await ledger.retry(target, { ids: [parked.id] })).toBe(1);
      expect(await due()).toEqual([parked.id]);
      expect(await ledger.retry(target, { reason: 'target_rejected' })).toBe(2);
      expect(await due()).toEqual([parked.id, waiting.id].sort());
      expect(await ledger.retry(target, { reason: null })).toBe(3);
      expect((await ledger.escrowsOf(target, [other.id])).map(({ ref, dueAt }) => [ref, dueAt])).toEqual([
        [other, clock.now],
      ]);
    });

    it('is made for a group of which the target took some members only', async () => {
      const { target, lease } = await held();
      const group = aGroup();
      const operation = removesMembers(group, 3);
      await ledger.intend(lease, intents([operation]));
      await ledger.settle(lease, [partlyApplied(operation, people(1))]);
      expect((await ledger.escrows(target, null, 10)).items).toMatchObject([{ ref: group, reason: 'target_rejected' }]);
    });

    it('ends when a later run writes the object', async () => {
      const { target, lease } = await held();
      const [ref] = people(1);
      const [failing, working] = [creates(ref), creates(ref)];
      await ledger.intend(lease, intents([failing]));
      await ledger.settle(lease, [escrowed(failing)]);
      await ledger.intend(lease, intents([working], { run: runId('run_later') }));
      await ledger.settle(lease, [applied(working, linked(ref))]);
      expect(await ledger.countEscrows(target)).toBe(0);
    });

    it('stands when the same run writes something else about the object', async () => {
      const { target, lease } = await held();
      const [ref] = people(1);
      const [attributes, manager] = [updates(ref), updates(ref)];
      await ledger.intend(lease, intents([attributes, manager]));
      await ledger.settle(lease, [escrowed(attributes)]);
      await ledger.settle(lease, [applied(manager, linked(ref))]);
      expect((await ledger.escrows(target, null, 10)).items).toMatchObject([{ ref, reason: 'target_rejected' }]);
    });

    it.each(['no_trace', 'postponed', 'guard_hold'] as const)(
      'stands when the retry was only put off: %s',
      async (reason) => {
        const { target, lease } = await held();
        const [ref] = people(1);
        await ledger.settle(lease, [escrowed(creates(ref))]);
        const retry = creates(ref);
        await ledger.intend(lease, intents([retry], { run: runId('run_later') }));
        await ledger.settle(lease, [skipped(retry, reason)]);
        expect(await ledger.countEscrows(target)).toBe(1);
      },
    );

    it('is made for what could not even be planned, and released when it needs no more care', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      const failure = (ref: Ref) => ({ ref, reason: 'ambiguous_match' as const, detail: 'two accounts' });
      await ledger.escrow(lease, [failure(ann), failure(bob)]);
      await ledger.escrow(lease, [failure(ann)]);
      expect((await ledger.escrows(target, null, 10)).items.map(({ attempts }) => attempts)).toEqual([1, 1]);
      await ledger.release(lease, [ann]);
      expect((await ledger.escrows(target, null, 10)).items.map(({ ref }) => ref)).toEqual([bob]);
    });

    it('is begun anew, also right after it was due', async () => {
      const { target, lease } = await held();
      const [ann] = people(1);
      const look = [{ ref: ann, reason: 'absence_unproven' as const, detail: 'looked once' }];
      await ledger.escrow(lease, look);
      const minuteMs = 60_000;
      clock.now = new Date(start.getTime() + 10 * minuteMs + 1_000);
      await ledger.escrow(lease, look);
      expect(await all(ledger.dueEscrows(target))).toHaveLength(1);
      await ledger.escrow(lease, look, undefined, 'anew');
      expect((await ledger.escrows(target, null, 10)).items).toMatchObject([
        { ref: ann, attempts: 1, since: clock.now, dueAt: new Date(clock.now.getTime() + 10 * minuteMs) },
      ]);
    });

    it('is neither made nor released by a worker that was taken over', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      await ledger.settle(lease, [escrowed(creates(ann))]);
      await takenOver(lease);
      await expect(ledger.release(lease, [ann])).rejects.toThrow(StaleFence);
      await expect(ledger.escrow(lease, [{ ref: bob, reason: 'no_match_key', detail: '' }])).rejects.toThrow(
        StaleFence,
      );
      expect((await ledger.escrows(target, null, 10)).items.map(({ ref }) => ref)).toEqual([ann]);
    });

    it('is found again on pages, each once', async () => {
      const { target, lease } = await held();
      const refs = [...people(6), aGroup()];
      await ledger.escrow(
        lease,
        refs.map((ref) => ({ ref, reason: 'no_match_key' as const, detail: '' })),
      );
      const seen: SourceId[] = [];
      let after: string | null = null;
      do {
        const page: Awaited<ReturnType<Ledger['escrows']>> = await ledger.escrows(target, after, 3);
        seen.push(...page.items.map(({ ref }) => ref.id));
        after = page.next;
      } while (after !== null);
      expect(seen.toSorted()).toEqual(refs.map(({ id }) => id).sort());
      expect(await ledger.countEscrows(target)).toBe(7);
    });
  });

  describe('a waiting reference', () => {
    it('is found by whom it waits for, and by who waits', async () => {
      const { target, lease } = await held();
      const [ann, bob, eve] = people(3);
      const team = aGroup();
      const member = waits(team, 'members', ann.id);
      const manager = waits(bob, 'manager.value', ann.id);
      await ledger.wait(lease, [member, manager, waits(team, 'members', eve.id)]);
      const sorted = (references: readonly WaitingReference[]) =>
        references.toSorted((a, b) => (a.path < b.path ? -1 : 1));
      expect(sorted(await all(ledger.waitingOn(target, [ann.id])))).toEqual([manager, member]);
      expect(await all(ledger.waitingFor(target, [bob]))).toEqual([manager]);
      expect(await all(ledger.waitingFor(target, [team]))).toHaveLength(2);

      await ledger.stopWaiting(lease, [member]);
      expect(await all(ledger.waitingOn(target, [ann.id]))).toEqual([manager]);
    });

    it('keeps by which version somebody is to be removed, and forgets it with the want', async () => {
      const { target, lease } = await held();
      const [ann] = people(1);
      const team = aGroup();
      const leaver = { ...waits(team, 'members', ann.id, 'remove'), version: 7 };
      await ledger.wait(lease, [leaver]);
      expect(await all(ledger.waitingFor(target, [team]))).toEqual([leaver]);
      await ledger.wait(lease, [waits(team, 'members', ann.id, 'add')]);
      expect(await all(ledger.waitingFor(target, [team]))).toEqual([waits(team, 'members', ann.id, 'add')]);
    });

    it('is one per owner, path and person: the last want counts', async () => {
      const { target, lease } = await held();
      const [ann] = people(1);
      const team = aGroup();
      await ledger.wait(lease, [waits(team, 'members', ann.id, 'add'), waits(team, 'members', ann.id, 'remove')]);
      expect(await all(ledger.waitingOn(target, [ann.id]))).toEqual([waits(team, 'members', ann.id, 'remove')]);
      await ledger.wait(lease, [waits(team, 'members', ann.id, 'add')]);
      expect(await all(ledger.waitingFor(target, [team]))).toEqual([waits(team, 'members', ann.id, 'add')]);
      await ledger.stopWaiting(lease, [waits(team, 'members', ann.id, 'remove')]);
      expect(await all(ledger.waitingFor(target, [team]))).toEqual([]);
    });

    it('is read in batches while they are being ended', async () => {
      const { target, lease } = await held();
      const [ann] = people(1);
      const references = Array.from({ length: 1_100 }, () => waits(aGroup(), 'members', ann.id));
      await ledger.wait(lease, references);
      let seen = 0;
      for await (const batch of ledger.waitingOn(target, [ann.id])) {
        seen += batch.length;
        await ledger.stopWaiting(lease, batch);
      }
      expect(seen).toBe(1_100);
      expect(await all(ledger.waitingOn(target, [ann.id]))).toEqual([]);
    });

    it('is neither made nor ended by a worker that was taken over', async () => {
      const { target, lease } = await held();
      const [ann] = people(1);
      const reference = waits(aGroup(), 'members', ann.id);
      const survivor = await takenOver(lease);
      await expect(ledger.wait(lease, [reference])).rejects.toThrow(StaleFence);
      await ledger.wait(survivor, [reference]);
      await expect(ledger.stopWaiting(lease, [reference])).rejects.toThrow(StaleFence);
      expect(await all(ledger.waitingOn(target, [ann.id]))).toEqual([reference]);
    });
  });
};
