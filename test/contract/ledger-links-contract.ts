/** What every ledger promises about who is who. */

import { describe, expect, it } from 'vitest';
import { StaleFence } from '../../src/model/errors.ts';
import { remoteId } from '../../src/model/ids.ts';
import type { Outcome } from '../../src/model/operation.ts';
import type { Ref } from '../../src/model/source-object.ts';
import { all, type LedgerWorld } from '../support/ledger-world.ts';
import {
  addsMembers,
  aGroup,
  applied,
  creates,
  deletes,
  disables,
  hostile,
  intents,
  linked,
  people,
  start,
} from '../support/operations.ts';

const dayMs = 86_400_000;

export const linksContract = ({ created, held, ledger, takenOver }: LedgerWorld): void => {
  describe('links', () => {
    it('say who is who from both sides', async () => {
      const { target, lease } = await held();
      const refs = people(3);
      await created(lease, refs);
      const [ann, bob] = refs;
      const links = await ledger.links(target, [...refs, ...people(1)]);
      expect([...links.keys()].sort()).toEqual(refs.map(({ id }) => id).sort());
      expect(links.get(ann.id)).toEqual(linked(ann));

      const remotes = await ledger.linkedRemotes(target, 'user', [linked(bob).remoteId, remoteId('nobody')]);
      expect([...remotes]).toEqual([[linked(bob).remoteId, linked(bob)]]);
      expect((await ledger.linkedRemotes(target, 'group', [linked(bob).remoteId])).size).toBe(0);
    });

    it('hold any attribute name and value the target has', async () => {
      const { target, lease } = await held();
      const [ref] = people(1);
      const operation = creates(ref);
      await ledger.intend(lease, intents([operation]));
      await ledger.settle(lease, [applied(operation, { ...linked(ref), pushed: hostile })]);
      const link = (await ledger.links(target, [ref])).get(ref.id);
      expect(link?.pushed).toEqual(hostile);
      expect(Object.hasOwn(link?.pushed ?? {}, '__proto__')).toBe(true);
      const entry = await ledger.entry(target, operation.key);
      expect(entry?.outcome).toEqual(applied(operation, { ...linked(ref), pushed: hostile }));
    });

    it('are remote ids letter by letter: they are case-sensitive and may hold anything', async () => {
      const { target, lease } = await held();
      const [ref] = people(1);
      const operation = creates(ref);
      const odd = { ...linked(ref), remoteId: remoteId('aB|c$.{}') };
      await ledger.settle(lease, [applied(operation, odd)]);
      expect((await ledger.linkedRemotes(target, 'user', [remoteId('ab|c$.{}')])).size).toBe(0);
      expect((await ledger.linkedRemotes(target, 'user', [odd.remoteId])).get(odd.remoteId)).toEqual(odd);
    });

    it('end when the object is gone from the target, and may begin again', async () => {
      const { target, lease } = await held();
      const [ref] = people(1);
      await created(lease, [ref]);
      await ledger.settle(lease, [applied(deletes(ref), null)]);
      expect((await ledger.links(target, [ref])).size).toBe(0);
      expect((await ledger.linkedRemotes(target, 'user', [linked(ref).remoteId])).size).toBe(0);
      expect(await all(ledger.scanLinks(target, 'user'))).toEqual([]);
      expect(await ledger.countLinks(target)).toEqual({ user: 0, group: 0 });

      const again = { ...linked(ref), remoteId: remoteId('second life') };
      await ledger.settle(lease, [applied(creates(ref), again)]);
      expect((await ledger.links(target, [ref])).get(ref.id)).toEqual(again);
    });

    it('stay as they are when a membership was written', async () => {
      const { target, lease } = await held();
      const team = aGroup();
      await created(lease, [team]);
      await ledger.settle(lease, [applied(addsMembers(team))]);
      expect((await ledger.links(target, [team])).get(team.id)).toEqual(linked(team));
    });

    it('are scanned by type and counted by type', async () => {
      const { target, lease } = await held();
      const refs = people(1_001);
      const team = aGroup();
      await created(lease, [...refs, team]);
      expect((await all(ledger.scanLinks(target, 'user'))).map(({ ref }) => ref.id).sort()).toEqual(
        refs.map(({ id }) => id).sort(),
      );
      expect(await all(ledger.scanLinks(target, 'group'))).toEqual([linked(team)]);
      expect(await ledger.countLinks(target)).toEqual({ user: 1_001, group: 1 });
    });

    it('tell who has been disabled for long enough', async () => {
      const { target, lease } = await held();
      const [longGone, justLeft, active] = people(3);
      const team = aGroup();
      const at = (days: number) => new Date(start.getTime() - days * dayMs);
      const disabled = (ref: Ref, days: number): Outcome =>
        applied(disables(ref), { ...linked(ref), state: 'disabled', since: at(days) });
      await created(lease, [longGone, justLeft, active, team]);
      await ledger.settle(lease, [disabled(longGone, 40), disabled(justLeft, 2), disabled(team, 31)]);
      const found = await all(ledger.disabledBefore(target, at(30)));
      expect(found.map(({ ref }) => ref.id).sort()).toEqual([longGone.id, team.id].sort());
    });

    it('know up to which version the members of a group are pushed, and that never moves back', async () => {
      const { target, lease } = await held();
      const [team, club] = [aGroup(), aGroup()];
      await created(lease, [team, club]);
      const membersAt = async (ref: Ref) => (await ledger.links(target, [ref])).get(ref.id)?.membersAt;
      await ledger.membersPushed(lease, [team, aGroup()], 12);
      await ledger.membersPushed(lease, [team], 4);
      expect([await membersAt(team), await membersAt(club)]).toEqual([12, null]);
      const survivor = await takenOver(lease);
      await expect(ledger.membersPushed(lease, [team], 99)).rejects.toThrow(StaleFence);
      await ledger.membersPushed(survivor, [team], 13);
      expect(await membersAt(team)).toBe(13);
    });

    it('know since when the members of a group may have been pushed, whatever comes later', async () => {
      const { target, lease } = await held();
      const [team, club] = [aGroup(), aGroup()];
      await created(lease, [team, club]);
      const since = async (ref: Ref) => (await ledger.links(target, [ref])).get(ref.id)?.membersSince;
      await ledger.membersStarted(lease, [team, aGroup()], 7);
      await ledger.membersStarted(lease, [team], 9);
      expect([await since(team), await since(club)]).toEqual([7, null]);
      await takenOver(lease);
      await expect(ledger.membersStarted(lease, [club], 9)).rejects.toThrow(StaleFence);
    });

    it('of one target are nothing to another, also where both know the same person', async () => {
      const [one, other] = [await held(), await held()];
      const [ref] = people(1);
      await created(one.lease, [ref]);
      expect((await ledger.links(other.target, [ref])).size).toBe(0);
      expect((await ledger.linkedRemotes(other.target, 'user', [linked(ref).remoteId])).size).toBe(0);
      expect(await ledger.countLinks(other.target)).toEqual({ user: 0, group: 0 });
    });
  });
};
