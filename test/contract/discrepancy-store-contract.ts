/** What every store of discrepancies promises, whatever it is kept in. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Discrepancy, noDiscrepancies, type Reconciliation } from '../../src/model/discrepancy.ts';
import { StaleFence } from '../../src/model/errors.ts';
import { connectionId, organizationId, type RunId, remoteId, runId, type TargetId } from '../../src/model/ids.ts';
import type { Ref } from '../../src/model/source-object.ts';
import type { DiscrepancyStore } from '../../src/store/discrepancy-store.ts';
import type { Leases } from '../../src/store/leases.ts';
import { all } from '../support/ledger-world.ts';
import { type Around, openMortal } from '../support/mortal.ts';
import { aGroup, hostile, people, start } from '../support/operations.ts';

export type OpenDiscrepancies = (
  around: Around,
) => Promise<{ readonly discrepancies: DiscrepancyStore; readonly leases: Leases }>;

const dayMs = 86_400_000;
const later = (days: number): Date => new Date(start.getTime() + days * dayMs);

export const discrepancyStoreContract = async (open: OpenDiscrepancies): Promise<void> => {
  const { opened, clock, held: heldTarget, takenOver, dieAt } = await openMortal(open);
  const { discrepancies } = opened;
  const held = async () => ({ ...(await heldTarget()), run: aRun() });

  describe('what a reconcile run finds', () => {
    it('is kept as it was found, and once for each thing: the last word counts', async () => {
      const { target, run, lease } = await held();
      const [ann, bob] = people(2);
      const odd = drift(ann, Object.keys(hostile));
      await discrepancies.note(lease, run, [drift(ann), missing(bob)]);
      await discrepancies.note(lease, run, [odd, odd, missing(bob)]);
      expect(await all(discrepancies.scan({ target, run }, 'drift'))).toEqual([odd]);
      expect(await all(discrepancies.scan({ target, run }, 'missing'))).toEqual([missing(bob)]);
      expect(await discrepancies.on({ target, run }, [ann, bob, people(1)[0]])).toEqual(
        expect.arrayContaining([odd, missing(bob)]),
      );
      expect(await all(discrepancies.scan({ target, run: aRun() }, 'drift'))).toEqual([]);
    });

    it('stands together by object, so that several accounts of one person are read one after the other', async () => {
      const { target, run, lease } = await held();
      const refs = people(300);
      await discrepancies.note(
        lease,
        run,
        ['a', 'b'].flatMap((account) => refs.map((ref) => orphan(ref, account))),
      );
      const found = (await all(discrepancies.scan({ target, run }, 'orphan'))).map(({ ref }) => ref.id);
      expect(found).toHaveLength(600);
      expect(found.filter((id, nth) => id !== found[nth - 1])).toHaveLength(300);
    });

    it('is counted and paged by kind, in one order', async () => {
      const { target, run, lease } = await held();
      const [ann, bob] = people(2);
      const staff = aGroup();
      const everything: readonly Discrepancy[] = [
        drift(ann),
        drift(bob),
        missing(ann),
        orphan(bob, 'x'),
        { kind: 'duplicate', ref: ann, remoteId: remoteId('d'), by: 'userName', linked: null },
        { kind: 'unknown', type: 'user', remoteId: remoteId('s|t r') },
        { kind: 'member_missing', ref: staff, remoteId: remoteId('g'), member: { ref: ann, remoteId: remoteId('a') } },
        { kind: 'member_surplus', ref: staff, remoteId: remoteId('g'), member: { ref: bob, remoteId: remoteId('b') } },
        { kind: 'member_unknown', ref: staff, remoteId: remoteId('g'), stranger: remoteId('s') },
      ];
      await discrepancies.note(lease, run, everything);
      expect(await discrepancies.count({ target, run })).toEqual({
        drift: 2,
        missing: 1,
        orphan: 1,
        duplicate: 1,
        unknown: 1,
        member_missing: 1,
        member_surplus: 1,
        member_unknown: 1,
      });
      const pages = async (kind?: 'drift'): Promise<Discrepancy[][]> => {
        const some: Discrepancy[][] = [];
        let after: string | null = null;
        do {
          const filter = kind === undefined ? {} : { kind };
          const { items, next } = await discrepancies.page({ target, run }, filter, after, 2);
          some.push([...items]);
          after = next;
        } while (after !== null);
        return some;
      };
      const whole = await pages();
      expect(whole.map((page) => page.length)).toEqual([2, 2, 2, 2, 1]);
      expect(new Set(whole.flat().map((one) => JSON.stringify(one)))).toEqual(
        new Set(everything.map((one) => JSON.stringify(one))),
      );
      expect((await pages('drift')).flat().map(({ kind }) => kind)).toEqual(['drift', 'drift']);
    });

    it('is dropped when it turns out to be none', async () => {
      const { target, run, lease } = await held();
      const [ann, bob] = people(2);
      await discrepancies.note(lease, run, [drift(ann), drift(bob)]);
      await discrepancies.drop(lease, run, [drift(ann)]);
      expect(await all(discrepancies.scan({ target, run }, 'drift'))).toEqual([drift(bob)]);
    });

    it('about somebody is found in every run of the target, and gone when they are forgotten', async () => {
      const { target, run, lease } = await held();
      const [ann, bob] = people(2);
      const member = { kind: 'member_surplus', ref: aGroup(), remoteId: remoteId('team') } as const;
      const ofMembers = [ann, bob].map((ref) => ({
        ...member,
        member: { ref, remoteId: remoteId(`remote-${ref.id}`) },
      }));
      const twice = {
        kind: 'duplicate',
        ref: ann,
        remoteId: remoteId('second'),
        by: 'userName',
        linked: null,
      } as const;
      await discrepancies.note(lease, run, [drift(ann), drift(bob), twice, ...ofMembers]);
      await discrepancies.see(lease, run, { type: 'user', nth: 1 }, [remoteId('remote-ann')]);
      const other = aRun();
      await discrepancies.note(lease, other, [missing(ann), orphan(ann, 'lost')]);
      const elsewhere = await held();
      await discrepancies.note(elsewhere.lease, elsewhere.run, [missing(ann)]);
      const about = async (ref: Ref) =>
        (await all(discrepancies.about(target, ref.id))).map((one) => [one.run, one.found]);
      const aboutAnn = [
        ...[drift(ann), twice, ofMembers[0]].map((found) => [run, found]),
        ...[missing(ann), orphan(ann, 'lost')].map((found) => [other, found]),
      ];
      const found = await about(ann);
      expect(found).toEqual(expect.arrayContaining(aboutAnn));
      expect(found).toHaveLength(aboutAnn.length);
      await discrepancies.forgetPerson(lease, ann.id);
      expect(await about(ann)).toEqual([]);
      expect(await about(bob)).toHaveLength(2);
      expect(await all(discrepancies.seen({ target, run }, 'user'))).toEqual([]);
      expect(await discrepancies.count({ target, run })).toEqual({ ...noDiscrepancies, drift: 1, member_surplus: 1 });
      expect(await all(discrepancies.scan({ target, run }, 'member_surplus'))).toEqual([ofMembers[1]]);
      expect(await discrepancies.count({ target, run: other })).toEqual(noDiscrepancies);
    });

    it('of a worker that was taken over is refused', async () => {
      const { target, run, lease } = await held();
      const [ann] = people(1);
      await discrepancies.note(lease, run, [drift(ann)]);
      await takenOver(lease);
      const late = [
        discrepancies.note(lease, run, [missing(ann)]),
        discrepancies.drop(lease, run, [drift(ann)]),
        discrepancies.see(lease, run, { type: 'user', nth: 1 }, [remoteId('a')]),
        discrepancies.close(lease, reconciliation(target, run)),
      ];
      // All at once: whichever fails first is waited for already.
      await Promise.all(late.map((one) => expect(one).rejects.toThrow(StaleFence)));
      expect(await discrepancies.count({ target, run })).toEqual({ ...noDiscrepancies, drift: 1 });
      expect(await discrepancies.get(run)).toBeNull();
    });
  });

  describe('whom the lists showed', () => {
    it('is known by type, each page once however often it is read, until the run is over', async () => {
      const { target, run, lease } = await held();
      const [one, two, three] = ['1', '2', '3'].map(remoteId);
      await discrepancies.see(lease, run, { type: 'user', nth: 1 }, [one ?? remoteId('')]);
      await discrepancies.see(lease, run, { type: 'user', nth: 2 }, []);
      await discrepancies.see(lease, run, { type: 'user', nth: 1 }, [two ?? remoteId('')]);
      await discrepancies.see(lease, run, { type: 'group', nth: 1 }, [three ?? remoteId('')]);
      expect(await all(discrepancies.seen({ target, run }, 'user'))).toEqual(['2']);
      expect(await all(discrepancies.seen({ target, run }, 'group'))).toEqual(['3']);
      await discrepancies.close(lease, reconciliation(target, run));
      expect(await all(discrepancies.seen({ target, run }, 'user'))).toEqual([]);
    });
  });

  describe('what a reconcile run came to', () => {
    it('is kept as it was written, also when a worker dies right after', async () => {
      const { target, run, lease } = await held();
      await dieAt('discrepancies.closed', () => discrepancies.close(lease, reconciliation(target, run)));
      expect(await discrepancies.get(run)).toEqual(reconciliation(target, run));
      await discrepancies.close(await takenOver(lease), reconciliation(target, run));
      expect(await discrepancies.get(run)).toEqual(reconciliation(target, run));
    });

    it('goes with all it found when it is old, and with its target', async () => {
      const { target, run, lease } = await held();
      const other = await held();
      const young = aRun();
      for (const [at, of, id] of [
        [start, { target, lease }, run],
        [later(80), { target, lease }, young],
        [start, other, other.run],
      ] as const) {
        clock.now = at;
        await discrepancies.note(
          of.lease,
          id,
          people(2).map((ref) => drift(ref)),
        );
        await discrepancies.see(of.lease, id, { type: 'user', nth: 1 }, [remoteId('a')]);
        await discrepancies.close(of.lease, { ...reconciliation(of.target, id), at });
      }
      await discrepancies.prune(target, later(1));
      expect(await discrepancies.get(run)).toBeNull();
      expect(await discrepancies.count({ target, run })).toEqual(noDiscrepancies);
      expect(await discrepancies.count({ target, run: young })).toEqual({ ...noDiscrepancies, drift: 2 });
      await discrepancies.erase(target);
      expect(await discrepancies.count({ target, run: young })).toEqual(noDiscrepancies);
      expect(await discrepancies.get(young)).toBeNull();
      expect(await discrepancies.count({ target: other.target, run: other.run })).toEqual({
        ...noDiscrepancies,
        drift: 2,
      });
    });
  });
};

const aRun = (): RunId => runId(`run_${randomUUID()}`);

const drift = (ref: Ref, paths: readonly string[] = ['title']): Extract<Discrepancy, { kind: 'drift' }> => ({
  kind: 'drift',
  ref,
  remoteId: remoteId(`remote-${ref.id}`),
  differences: paths.map((path) => ({ path, told: ['a', 'b'], holds: null })),
});
const missing = (ref: Ref): Discrepancy => ({
  kind: 'missing',
  ref,
  remoteId: remoteId(`remote-${ref.id}`),
  gone: null,
});
const orphan = (ref: Ref, account: string): Discrepancy => ({
  kind: 'orphan',
  ref,
  remoteId: remoteId(account),
  by: 'externalId',
  gone: 'soft_deleted',
});

const reconciliation = (target: TargetId, run: RunId): Reconciliation => ({
  run,
  organization: organizationId('org_1'),
  connection: connectionId('con_1'),
  target,
  at: start,
  listings: { user: { objects: 3, incomplete: 'It broke off.', leftOut: 1 }, group: null },
  hidden: { user: ['urn:a.b:$c'], group: [] },
  membersShown: true,
  counts: { ...noDiscrepancies, drift: 2 },
});
