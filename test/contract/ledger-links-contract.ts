/** What every ledger promises about who is who. */

import { describe, expect, it } from 'vitest';
import { StaleFence } from '../../src/model/errors.ts';
import { remoteId } from '../../src/model/ids.ts';
import type { Link, Outcome } from '../../src/model/operation.ts';
import { type Ref, user } from '../../src/model/source-object.ts';
import type { About } from '../../src/store/ledger.ts';
import { all, type LedgerWorld } from '../support/ledger-world.ts';
import {
  addsMembers,
  aGroup,
  applied,
  creates,
  deletes,
  disables,
  escrowed,
  hostile,
  intents,
  linked,
  people,
  skipped,
  start,
  updates,
} from '../support/operations.ts';

const dayMs = 86_400_000;
const former = ({ remoteId, by, membersSince }: Link) => ({ remoteId, by, membersSince });
const nothing: About = { link: null, former: null, linkedBy: null, escrow: null, escrowedBy: null };

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
      expect([...remotes.links]).toEqual([[linked(bob).remoteId, linked(bob)]]);
      expect((await ledger.linkedRemotes(target, 'group', [linked(bob).remoteId])).links.size).toBe(0);
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

    it('say what the target may hold besides, until it is known to hold something', async () => {
      const { target, lease } = await held();
      const [ref] = people(1);
      await created(lease, [ref]);
      const [unseen, looked, again] = [updates(ref), updates(ref), updates(ref)];
      await ledger.intend(lease, intents([unseen, looked, again]));
      const mayHoldToo = Object.fromEntries(Object.entries(hostile).map(([path, value]) => [path, [value, 'x', null]]));
      const link: Link = { ...linked(ref), mayHold: { ...hostile, manager: null }, mayHoldToo, looked: true };
      const doubted: Outcome = { ...escrowed(unseen), link };
      await ledger.settle(lease, [doubted]);
      expect((await ledger.links(target, [ref])).get(ref.id)).toEqual(link);
      expect((await ledger.entry(target, unseen.key))?.outcome).toEqual(doubted);
      const { key, ref: of, action, at } = skipped(looked, 'no_trace');
      const lost: Outcome = { key, ref: of, action, at, result: 'skipped', reason: 'no_trace', link };
      await ledger.settle(lease, [lost]);
      expect((await ledger.entry(target, looked.key))?.outcome).toEqual(lost);
      await ledger.settle(lease, [applied(again, linked(ref))]);
      expect((await ledger.links(target, [ref])).get(ref.id)).toEqual(linked(ref));
    });

    it('are remote ids letter by letter: they are case-sensitive and may hold anything', async () => {
      const { target, lease } = await held();
      const [ref] = people(1);
      const operation = creates(ref);
      const odd = { ...linked(ref), remoteId: remoteId('aB|c$.{}') };
      await ledger.settle(lease, [applied(operation, odd)]);
      expect((await ledger.linkedRemotes(target, 'user', [remoteId('ab|c$.{}')])).links.size).toBe(0);
      expect((await ledger.linkedRemotes(target, 'user', [odd.remoteId])).links.get(odd.remoteId)).toEqual(odd);
    });

    it('end when the object is gone from the target, and may begin again', async () => {
      const { target, lease } = await held();
      const [ref] = people(1);
      await created(lease, [ref]);
      await ledger.settle(lease, [applied(deletes(ref), null)]);
      expect((await ledger.links(target, [ref])).size).toBe(0);
      expect((await ledger.linkedRemotes(target, 'user', [linked(ref).remoteId])).links.size).toBe(0);
      expect(await all(ledger.scanLinks(target, 'user'))).toEqual([]);
      expect(await all(ledger.linkedIds(target, 'user'))).toEqual([]);
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
      expect(await all(ledger.linkedIds(target, 'user'))).toEqual(refs.map(({ id }) => id).sort());
      expect(await all(ledger.scanLinks(target, 'group'))).toEqual([linked(team)]);
      const inOrder = refs.map(({ id }) => id).sort();
      const rest = await all(ledger.scanLinks(target, 'user', inOrder[600]));
      expect(rest.map(({ ref }) => ref.id)).toEqual(inOrder.slice(601));
      expect(await all(ledger.scanLinks(target, 'group', team.id))).toEqual([]);
      expect(await all(ledger.linkedIds(target, 'group'))).toEqual([team.id]);
      expect(await ledger.countLinks(target)).toEqual({ user: 1_001, group: 1 });
      expect(await ledger.countActive(target)).toEqual({ user: 1_001, group: 1 });
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
      expect(await ledger.countActive(target)).toEqual({ user: 1, group: 0 });
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

    it('remember which operation made them what they are, and what became of them', async () => {
      const { target, lease } = await held();
      const [ann, bob, eve] = people(3);
      const [made, disabled, gone] = [creates(ann), disables(ann), deletes(bob)];
      await ledger.settle(lease, [applied(made, linked(ann)), applied(creates(bob), linked(bob))]);
      expect(await ledger.about(target, [ann, eve])).toEqual(
        new Map([
          [ann.id, { ...nothing, link: linked(ann), linkedBy: made.key }],
          [eve.id, nothing],
        ]),
      );
      const off = { ...linked(ann), state: 'disabled' } as const;
      await ledger.settle(lease, [applied(disabled, off), applied(gone, null)]);
      expect(await ledger.about(target, [ann, bob])).toEqual(
        new Map([
          [ann.id, { ...nothing, link: off, linkedBy: disabled.key }],
          [bob.id, { ...nothing, former: { ...former(linked(bob)), until: start }, linkedBy: gone.key }],
        ]),
      );
      await ledger.settle(lease, [applied(creates(bob), linked(bob))]);
      expect((await ledger.about(target, [bob])).get(bob.id)).toMatchObject({ link: linked(bob), former: null });
    });

    it('are told together with an escrow, and the operation that led to it', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      const refused = creates(ann);
      await ledger.intend(lease, intents([refused]));
      await ledger.settle(lease, [escrowed(refused)]);
      await ledger.escrow(lease, [{ ref: bob, reason: 'ambiguous_match', detail: 'two accounts' }]);
      const about = await ledger.about(target, [ann, bob]);
      expect(about.get(ann.id)).toMatchObject({
        link: null,
        escrow: { reason: 'target_rejected', attempts: 1 },
        escrowedBy: refused.key,
      });
      expect(about.get(bob.id)).toMatchObject({ escrow: { reason: 'ambiguous_match' }, escrowedBy: null });
    });

    it('are known of an account that could not be written, whatever its attributes are called', async () => {
      const { target, lease } = await held();
      const [ann] = people(1);
      const update = updates(ann);
      const link = { ...linked(ann), pushed: { 'urn:x:2.0.User:$a.b': 'c' } };
      await ledger.intend(lease, intents([update]));
      await ledger.settle(lease, [{ ...escrowed(update), link }]);
      expect((await ledger.about(target, [ann])).get(ann.id)).toMatchObject({
        link,
        linkedBy: update.key,
        escrow: { reason: 'target_rejected' },
      });
    });

    it('end where the object is gone that could not be written, which is in escrow to be made anew', async () => {
      const { target, lease } = await held();
      const team = aGroup();
      await created(lease, [team]);
      const gone = addsMembers(team, ...people(1));
      await ledger.intend(lease, intents([gone]));
      await ledger.settle(lease, [{ ...escrowed(gone), link: null }]);
      expect(await ledger.links(target, [team])).toEqual(new Map());
      expect((await ledger.about(target, [team])).get(team.id)).toMatchObject({
        link: null,
        former: { ...former(linked(team)), until: start },
        linkedBy: gone.key,
        escrow: { reason: 'target_rejected' },
        escrowedBy: gone.key,
      });
      await ledger.settle(lease, [applied(creates(team), linked(team))]);
      expect((await ledger.about(target, [team])).get(team.id)).toMatchObject({ link: linked(team), escrow: null });
    });

    it('tell whose a remote object is, or was last', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      const team = aGroup();
      await created(lease, [ann, bob, team]);
      await ledger.settle(lease, [applied(deletes(bob), null)]);
      const owners = (ref: Ref) => ledger.ownersOf(target, linked(ref).remoteId);
      expect(await owners(ann)).toEqual([ann]);
      expect(await owners(bob)).toEqual([bob]);
      expect(await owners(team)).toEqual([team]);
      expect(await ledger.ownersOf(target, remoteId('nobody'))).toEqual([]);
      expect(await ledger.ownersOf((await held()).target, linked(ann).remoteId)).toEqual([]);
    });

    it('end once: what says so again later changes neither when that was nor by what', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      await created(lease, [ann]);
      const [first, again, ofNobody] = [deletes(ann), deletes(ann), deletes(bob)];
      await ledger.settle(lease, [applied(first, null)]);
      const later = new Date(start.getTime() + dayMs);
      await ledger.settle(lease, [{ ...applied(again, null), at: later }]);
      await ledger.settle(lease, [applied(ofNobody, null)]);
      await ledger.settle(lease, [{ ...applied(ofNobody, null), at: later }]);
      const about = await ledger.about(target, [ann, bob]);
      expect(about.get(ann.id)).toMatchObject({
        link: null,
        former: { ...former(linked(ann)), until: start },
        linkedBy: first.key,
      });
      expect(about.get(bob.id)).toEqual(nothing);
    });

    it('that ended say whose a remote object was, one after the other, and by which operation that ended', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      const account = linked(ann);
      const ends = new Map([ann, bob].map((ref) => [ref.id, deletes(ref)]));
      for (const [id, end] of ends) {
        await ledger.settle(lease, [applied(creates(end.ref), { ...account, ref: user(id) })]);
        await ledger.settle(lease, [applied(end, null)]);
      }
      const { links, ended } = await ledger.linkedRemotes(target, 'user', [account.remoteId, remoteId('nobody')]);
      expect(links.size).toBe(0);
      expect([...ended.keys()]).toEqual([account.remoteId]);
      const of = (ref: Ref) => ({ ref, former: { ...former(account), until: start }, by: ends.get(ref.id)?.key });
      expect(ended.get(account.remoteId)).toHaveLength(2);
      expect(ended.get(account.remoteId)).toEqual(expect.arrayContaining([of(ann), of(bob)]));
      expect((await ledger.linkedRemotes(target, 'group', [account.remoteId])).ended.size).toBe(0);
      await ledger.settle(lease, [applied(creates(bob), { ...account, ref: bob })]);
      const again = await ledger.linkedRemotes(target, 'user', [account.remoteId]);
      expect([...again.links.values()].map(({ ref }) => ref)).toEqual([bob]);
      expect(again.ended.get(account.remoteId)).toEqual([of(ann)]);
    });

    it('that ended are forgotten when they are older than anyone asks for', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      await created(lease, [ann, bob]);
      await ledger.settle(lease, [applied(deletes(bob), null)]);
      await ledger.prune(target, new Date(start.getTime() + dayMs));
      const about = await ledger.about(target, [ann, bob]);
      expect(about.get(ann.id)?.link).toEqual(linked(ann));
      expect(about.get(bob.id)).toEqual(nothing);
      expect(await ledger.ownersOf(target, linked(bob).remoteId)).toEqual([]);
    });

    it('of one target are nothing to another, also where both know the same person', async () => {
      const [one, other] = [await held(), await held()];
      const [ref] = people(1);
      await created(one.lease, [ref]);
      expect((await ledger.links(other.target, [ref])).size).toBe(0);
      expect((await ledger.linkedRemotes(other.target, 'user', [linked(ref).remoteId])).links.size).toBe(0);
      expect(await ledger.countLinks(other.target)).toEqual({ user: 0, group: 0 });
    });
  });
};
