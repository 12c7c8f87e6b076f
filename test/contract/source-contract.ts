/** What every source has to do, whatever it reads. */

import { beforeEach, describe, expect, it } from 'vitest';
import type { OffBy } from '../../src/core/switch.ts';
import { SourceError, WatermarkExpired } from '../../src/model/errors.ts';
import { type Resume, type SourceId, sourceId, type Watermark } from '../../src/model/ids.ts';
import { everyone, type Scope } from '../../src/model/scope.ts';
import { group, type Ref, user } from '../../src/model/source-object.ts';
import type { Source } from '../../src/source/source.ts';
import { Folded, type View } from '../support/folded.ts';
import { attributes, never, type Reading, readAll } from '../support/reading.ts';

/** A directory with a source, and what can happen in it. Pages are small, so that every read has several. */
export type DirectoryUnderTest = {
  readonly source: Source;
  hire(name: string, more?: { readonly department?: string; readonly manager?: SourceId }): SourceId;
  rename(id: SourceId, displayName: string): void;
  clearDepartment(id: SourceId): void;
  report(id: SourceId, manager: SourceId | null): void;
  disable(id: SourceId): void;
  softDelete(id: SourceId): void;
  restore(id: SourceId): void;
  purge(id: SourceId): void;
  createGroup(name: string, members: readonly SourceId[]): SourceId;
  deleteGroup(id: SourceId): void;
  join(group: SourceId, member: SourceId): void;
  leave(group: SourceId, member: SourceId): void;
  expireWatermarks(): void;
  expireResumes(): void;
  /** From now on nobody's value of this attribute is shown, with every sign of success. */
  hide(attribute: string): void;
  /** The read that comes breaks off after that many pages. */
  breakAfter(pages: number): void;
  /** What the directory holds, seen from its inside. */
  truth(): View;
};

export const sourceContract = (name: string, open: () => DirectoryUnderTest | Promise<DirectoryUnderTest>): void => {
  describe(`${name} as a source`, () => {
    let directory: DirectoryUnderTest;
    let folded: Folded;
    beforeEach(async () => {
      directory = await open();
      folded = new Folded();
    });

    const read = (reading: Reading) => readAll(directory.source, folded, reading);
    const delta = async (from: Watermark | null, scope: Scope = everyone): Promise<Watermark> => {
      if (from === null) throw new Error('There is no watermark to continue from.');
      return marked(await read({ scope, from }));
    };
    const staff = () => {
      const boss = directory.hire('Ada Berg', { department: 'Sales' });
      const people = ['Ben Cole', 'Cleo Dunn', 'Dov Ek', 'Eva Falk', 'Finn Gray'].map((each) =>
        directory.hire(each, { department: 'Sales', manager: boss }),
      );
      return { boss, people, sales: directory.createGroup('Sales', [boss, ...people]) };
    };
    /** Somebody of a list that was just made. */
    const at = <T>(list: readonly T[], index: number): T => {
      const one = list[index];
      if (one === undefined) throw new RangeError(`There is no number ${index}.`);
      return one;
    };

    it('says which tenant it reads, by its directory id', async () => {
      expect(await directory.source.tenant(never)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    });

    describe('reading everything', () => {
      it('tells all users and groups with their members and managers', async () => {
        staff();
        await read({ scope: everyone });
        expect(folded.view(everyone)).toEqual(directory.truth());
      });

      it('tells unassigned attributes as null', async () => {
        const id = directory.hire('Nora Ode');
        directory.clearDepartment(id);
        const told = { department: 'never told', manager: 'never told' };
        await readAll(directory.source, folded, { scope: everyone }, (message) => {
          if (message.type === 'upsert' && message.ref.id === id) Object.assign(told, message.attributes);
        });
        expect(told).toMatchObject({ department: null, manager: null });
      });

      it('tells what it may not show as unassigned, of everybody and of one person alone', async () => {
        const { boss } = staff();
        directory.hide('department');
        await read({ scope: everyone });
        const { users } = folded.view(everyone);
        expect(Object.keys(users)).toHaveLength(6);
        for (const one of Object.values(users)) expect(one).not.toHaveProperty('department');
        const [shown] = await directory.source.lookUp(boss, attributes, never);
        expect(shown?.attributes).toMatchObject({ displayName: 'Ada Berg' });
        expect(shown?.attributes).not.toHaveProperty('department');
      });

      it('ends with a watermark only when one is asked for', async () => {
        staff();
        expect(await read({ scope: everyone })).not.toBeNull();
        expect(await read({ scope: everyone, watermark: false })).toBeNull();
      });

      it('does not miss what changes while it is under way', async () => {
        const { boss, people } = staff();
        let changed = false;
        const from = await readAll(directory.source, folded, { scope: everyone }, (message) => {
          if (message.type !== 'place' || changed) return;
          changed = true;
          directory.rename(boss, 'Ada Berg-Holm');
          directory.softDelete(at(people, 0));
          directory.hire('Gil Hart');
        });
        await delta(from);
        expect(folded.view(everyone)).toEqual(directory.truth());
      });
    });

    describe('reading what changed', () => {
      it('has nothing to tell when nothing happened', async () => {
        staff();
        const from = await read({ scope: everyone });
        folded.told.clear();
        await delta(from);
        expect([...folded.told]).toEqual([]);
      });

      it('follows hires, moves, cleared attributes, new managers and leavers, round after round', async () => {
        const { boss, people } = staff();
        let from = marked(await read({ scope: everyone }));
        directory.hire('Gil Hart', { department: 'Legal', manager: boss });
        directory.rename(at(people, 0), 'Ben Cole-Ray');
        directory.clearDepartment(at(people, 1));
        from = await delta(from);
        expect(folded.view(everyone)).toEqual(directory.truth());

        directory.report(at(people, 2), at(people, 3));
        directory.report(at(people, 4), null);
        directory.disable(at(people, 0));
        from = await delta(from);
        expect(folded.view(everyone)).toEqual(directory.truth());

        directory.softDelete(at(people, 1));
        directory.purge(at(people, 3));
        await delta(from);
        expect(folded.view(everyone)).toEqual(directory.truth());
      });

      it('keeps what a partial change does not mention', async () => {
        const { boss, people } = staff();
        const from = await read({ scope: everyone });
        directory.rename(at(people, 0), 'Ben Cole-Ray');
        await delta(from);
        expect(folded.view(everyone).users[at(people, 0)]).toMatchObject({ department: 'Sales', manager: boss });
      });

      it('follows groups: new ones, joiners and leavers, deleted ones', async () => {
        const { people, sales } = staff();
        let from = await delta(await read({ scope: everyone }));
        const legal = directory.createGroup('Legal', [at(people, 0), sales]);
        directory.leave(sales, at(people, 1));
        const newcomer = directory.hire('Gil Hart');
        directory.join(sales, newcomer);
        from = await delta(from);
        expect(folded.view(everyone)).toEqual(directory.truth());

        directory.deleteGroup(legal);
        await delta(from);
        expect(folded.view(everyone)).toEqual(directory.truth());
      });

      it('brings back somebody who was restored, with their memberships', async () => {
        const { people, sales } = staff();
        let from = marked(await read({ scope: everyone }));
        directory.softDelete(at(people, 0));
        from = await delta(from);
        expect(folded.view(everyone).users).not.toHaveProperty(at(people, 0));
        directory.restore(at(people, 0));
        await delta(from);
        expect(folded.view(everyone).members[sales]).toContain(at(people, 0));
      });

      it('brings back somebody who was restored, with their manager', async () => {
        const { people } = staff();
        let from = marked(await read({ scope: everyone }));
        directory.softDelete(at(people, 0));
        from = await delta(from);
        directory.restore(at(people, 0));
        await delta(from);
        expect(folded.view(everyone)).toEqual(directory.truth());
      });

      it('brings back without a manager who was in the recycle bin when theirs was deleted for good', async () => {
        const { boss, people } = staff();
        let from = marked(await read({ scope: everyone }));
        directory.softDelete(at(people, 0));
        from = await delta(from);
        directory.purge(boss);
        from = await delta(from);
        directory.restore(at(people, 0));
        await delta(from);
        expect(folded.view(everyone)).toEqual(directory.truth());
      });

      it('brings back with their groups and their manager who was in the recycle bin when everybody was read', async () => {
        const { people, sales } = staff();
        const [known, unknown] = [at(people, 0), at(people, 1)];
        directory.createGroup('Ski club', [known, unknown]);
        directory.softDelete(unknown);
        await read({ scope: everyone });
        directory.softDelete(known);
        const from = marked(await read({ scope: everyone }));
        expect(folded.view(everyone).members[sales]).not.toContain(known);
        for (const id of [known, unknown]) directory.restore(id);
        directory.join(sales, directory.hire('Gil Hart'));
        await delta(from);
        expect(folded.view(everyone)).toEqual(directory.truth());
      });

      it.each([false, true])(
        'gives back their manager to whoever reports to somebody who was in the recycle bin when everybody was read (known before: %s)',
        async (isKnown) => {
          const { boss } = staff();
          if (isKnown) await read({ scope: everyone });
          directory.softDelete(boss);
          const from = marked(await read({ scope: everyone }));
          directory.restore(boss);
          await delta(from);
          expect(folded.view(everyone)).toEqual(directory.truth());
        },
      );

      it('brings back with their manager who was in the recycle bin when everybody was read, and not yet when their groups were', async () => {
        const { people, sales } = staff();
        const away = user(at(people, 0));
        directory.softDelete(away.id);
        const from = marked(await read({ scope: everyone }));
        folded.apply({ type: 'members', group: group(sales), members: { added: [away], removed: [] } });
        directory.restore(away.id);
        await delta(from);
        expect(folded.view(everyone)).toEqual(directory.truth());
      });

      it('brings back a group that was in the recycle bin when everybody was read, with its members and the groups it is in', async () => {
        const { people, sales } = staff();
        const [known, unknown] = [directory.createGroup('Field', people), directory.createGroup('Office', people)];
        for (const id of [known, unknown]) directory.join(sales, id);
        directory.deleteGroup(unknown);
        await read({ scope: everyone });
        directory.deleteGroup(known);
        const from = marked(await read({ scope: everyone }));
        for (const id of [known, unknown]) directory.restore(id);
        await delta(from);
        expect(folded.view(everyone)).toEqual(directory.truth());
      });

      it('gives back the groups of somebody who was in the recycle bin while lists of members were read, and is back', async () => {
        const { people, sales } = staff();
        const away = user(at(people, 0));
        directory.createGroup('Ski club', [away.id]);
        const from = marked(await read({ scope: everyone }));
        directory.softDelete(away.id);
        // As if that list had been read now.
        folded.apply({ type: 'members', group: group(sales), members: { added: [], removed: [away] } });
        directory.restore(away.id);
        directory.join(sales, directory.hire('Gil Hart'));
        await delta(from);
        expect(folded.view(everyone)).toEqual(directory.truth());
      });

      it('gives a group back its members and the groups it is in that was in the recycle bin while lists of members were read', async () => {
        const { people, sales } = staff();
        const away = group(directory.createGroup('Field', people));
        directory.join(sales, away.id);
        const from = marked(await read({ scope: everyone }));
        directory.deleteGroup(away.id);
        folded.apply({ type: 'members', group: group(sales), members: { added: [], removed: [away] } });
        folded.apply({ type: 'members', group: away, members: { added: [], removed: people.map(user) } });
        directory.restore(away.id);
        await delta(from);
        expect(folded.view(everyone)).toEqual(directory.truth());
      });

      it('asks for a full read when its watermark has expired', async () => {
        staff();
        const from = await read({ scope: everyone });
        directory.expireWatermarks();
        await expect(delta(from)).rejects.toThrow(WatermarkExpired);
      });

      it('refuses a watermark of another scope', async () => {
        const { sales } = staff();
        const from = await read({ scope: everyone });
        await expect(delta(from, { kind: 'groups', groups: [sales], nested: false })).rejects.toThrow(WatermarkExpired);
      });
    });

    describe('reading a test group', () => {
      const only = (id: SourceId, nested = false): Scope => ({ kind: 'groups', groups: [id], nested });

      it('tells the group and its members whole, and not one stranger', async () => {
        const { boss, people, sales } = staff();
        const stranger = directory.hire('Zoe Yates', { manager: boss });
        directory.createGroup('Others', [stranger]);
        await read({ scope: only(sales) });
        expect(folded.view(everyone)).toEqual(narrowed(directory.truth(), [boss, ...people, sales]));
      });

      it('reads nested groups only when asked to, and survives a circle of groups', async () => {
        const { boss, people, sales } = staff();
        const outside = directory.hire('Zoe Yates');
        const inner = directory.createGroup('Field', [outside]);
        directory.join(sales, inner);
        directory.join(inner, sales);
        await read({ scope: only(sales) });
        expect(folded.view(everyone)).toEqual(narrowed(directory.truth(), [boss, ...people, sales]));

        const nested = new Folded();
        await readAll(directory.source, nested, { scope: only(sales, true) });
        expect(nested.view(everyone)).toEqual(narrowed(directory.truth(), [boss, ...people, sales, inner, outside]));
      });

      it('tells whoever joins whole, and follows them from then on', async () => {
        const { sales } = staff();
        const joiner = directory.hire('Zoe Yates', { department: 'Legal' });
        const stranger = directory.hire('Yann Xu');
        let from = marked(await read({ scope: only(sales) }));
        directory.rename(stranger, 'Yann Xu-Low');
        directory.join(sales, joiner);
        from = await delta(from, only(sales));
        expect(folded.view(everyone).users[joiner]).toEqual(directory.truth().users[joiner]);
        expect(folded.view(everyone).users).not.toHaveProperty(stranger);

        directory.rename(joiner, 'Zoe Yates-Ito');
        directory.leave(sales, joiner);
        await delta(from, only(sales));
        expect(folded.view(only(sales)).users).not.toHaveProperty(joiner);
      });

      it('tells a group that is nested later with everybody in it', async () => {
        const { boss, people, sales } = staff();
        const outside = directory.hire('Zoe Yates');
        const inner = directory.createGroup('Field', [outside]);
        const outer = directory.createGroup('Region', [inner]);
        const from = await read({ scope: only(sales, true) });
        directory.join(sales, outer);
        await delta(from, only(sales, true));
        const inside = [boss, ...people, sales, outer, inner, outside];
        expect(folded.view(only(sales, true))).toEqual(narrowed(directory.truth(), inside));
      });

      it('brings back a member who was restored', async () => {
        const { people, sales } = staff();
        let from = marked(await read({ scope: only(sales) }));
        directory.softDelete(at(people, 0));
        from = await delta(from, only(sales));
        directory.restore(at(people, 0));
        await delta(from, only(sales));
        expect(folded.view(only(sales)).members[sales]).toContain(at(people, 0));
        expect(folded.view(only(sales)).users[at(people, 0)]).toEqual(directory.truth().users[at(people, 0)]);
      });

      it.each([false, true])(
        'brings back a member who was in the recycle bin when the group was read, known before or not (nested: %s)',
        async (nested) => {
          const { boss, people, sales } = staff();
          const scope = only(sales, nested);
          const [known, unknown] = [at(people, 0), at(people, 1)];
          const stranger = directory.hire('Zoe Yates');
          directory.createGroup('Others', [stranger]);
          for (const id of [unknown, stranger]) directory.softDelete(id);
          await read({ scope });
          directory.softDelete(known);
          const from = marked(await read({ scope }));
          for (const id of [known, unknown, stranger]) directory.restore(id);
          await delta(from, scope);
          expect(folded.view(scope)).toEqual(narrowed(directory.truth(), [boss, ...people, sales]));
          expect(folded.view(everyone).users).not.toHaveProperty(stranger);
        },
      );

      it('gives back a group of the scope to a member who was in the recycle bin while its list was read, and is back', async () => {
        const { boss, people, sales } = staff();
        const away = user(at(people, 0));
        const club = directory.createGroup('Ski club', [away.id]);
        const scope: Scope = { kind: 'groups', groups: [sales, club], nested: false };
        const from = marked(await read({ scope }));
        directory.softDelete(away.id);
        folded.apply({ type: 'members', group: group(sales), members: { added: [], removed: [away] } });
        directory.restore(away.id);
        await delta(from, scope);
        expect(folded.view(scope)).toEqual(narrowed(directory.truth(), [boss, ...people, sales, club]));
      });

      it.each([false, true])(
        'gives back their manager to whoever reports to a member who was in the recycle bin when the group was read (listed in it: %s)',
        async (isListed) => {
          const { boss, people, sales } = staff();
          directory.softDelete(boss);
          const from = marked(await read({ scope: only(sales) }));
          if (isListed)
            folded.apply({ type: 'members', group: group(sales), members: { added: [user(boss)], removed: [] } });
          directory.restore(boss);
          await delta(from, only(sales));
          expect(folded.view(only(sales))).toEqual(narrowed(directory.truth(), [boss, ...people, sales]));
        },
      );

      it('brings back a nested group that was in the recycle bin when the groups were read, with everybody in it', async () => {
        const { boss, people, sales } = staff();
        const outside = directory.hire('Zoe Yates', { department: 'Legal' });
        const inner = directory.createGroup('Field', [outside]);
        const outer = directory.createGroup('Region', [inner]);
        directory.join(sales, outer);
        directory.deleteGroup(outer);
        const from = marked(await read({ scope: only(sales, true) }));
        expect(folded.view(everyone).users).not.toHaveProperty(outside);
        directory.restore(outer);
        await delta(from, only(sales, true));
        const inside = [boss, ...people, sales, outer, inner, outside];
        expect(folded.view(only(sales, true))).toEqual(narrowed(directory.truth(), inside));
      });

      it('brings back a nested group that was away, with whoever had left the scope with it', async () => {
        const { boss, people, sales } = staff();
        const outside = directory.hire('Zoe Yates', { department: 'Legal' });
        const inner = directory.createGroup('Field', [outside]);
        directory.join(sales, inner);
        let from = marked(await read({ scope: only(sales, true) }));
        directory.deleteGroup(inner);
        from = await delta(from, only(sales, true));
        // In the group that was in the scope still, and nowhere else in it.
        folded.apply({ type: 'remove', ref: user(outside), why: 'deleted' });
        directory.restore(inner);
        await delta(from, only(sales, true));
        const inside = [boss, ...people, sales, inner, outside];
        expect(folded.view(only(sales, true))).toEqual(narrowed(directory.truth(), inside));
      });

      it('brings back a nested group that was away, with the groups in it and with everybody in these', async () => {
        const { boss, people, sales } = staff();
        const outside = directory.hire('Zoe Yates', { department: 'Legal' });
        const inner = directory.createGroup('Field', [outside]);
        const outer = directory.createGroup('Region', [inner]);
        directory.join(sales, outer);
        let from = marked(await read({ scope: only(sales, true) }));
        directory.deleteGroup(outer);
        from = await delta(from, only(sales, true));
        for (const ref of [group(inner), user(outside)]) folded.apply({ type: 'remove', ref, why: 'deleted' });
        directory.restore(outer);
        await delta(from, only(sales, true));
        const inside = [boss, ...people, sales, outer, inner, outside];
        expect(folded.view(only(sales, true))).toEqual(narrowed(directory.truth(), inside));
      });

      it('is an error, not an empty group, when the group does not exist', async () => {
        const { sales } = staff();
        const from = await read({ scope: only(sales) });
        directory.deleteGroup(sales);
        const lost = { fault: 'forbidden', code: 'ScopeGroupNotFound' };
        await expect(read({ scope: only(sales) })).rejects.toMatchObject(lost);
        await expect(delta(from, only(sales))).rejects.toMatchObject(lost);
      });
    });

    describe('breaking off', () => {
      /** Every place of a read, with what was folded until then. */
      const places = async (start: Folded, reading: Reading) => {
        const stops: { readonly resume: Resume; readonly folded: Folded }[] = [];
        const working = start.copy();
        await readAll(directory.source, working, reading, (message) => {
          if (message.type === 'place') stops.push({ resume: message.resume, folded: working.copy() });
        });
        return stops;
      };

      const resumesEverywhere = async (start: Folded, reading: Reading): Promise<void> => {
        const stops = await places(start, reading);
        expect(stops.length).toBeGreaterThan(2);
        const whole = start.copy();
        await readAll(directory.source, whole, reading);
        for (const { resume, folded: until } of stops) {
          await readAll(directory.source, until, { ...reading, resume });
          expect(until.view(reading.scope)).toEqual(whole.view(reading.scope));
        }
      };

      it('continues a full read from every place', async () => {
        staff();
        await resumesEverywhere(folded, { scope: everyone });
      });

      it('continues a read of nested groups from every place', async () => {
        const { sales } = staff();
        const inner = directory.createGroup('Field', [directory.hire('Zoe Yates')]);
        directory.join(sales, inner);
        await resumesEverywhere(folded, { scope: { kind: 'groups', groups: [sales], nested: true } });
      });

      it('continues a read of changes from every place', async () => {
        const { people, sales } = staff();
        const from = marked(await read({ scope: everyone }));
        for (const id of people) directory.rename(id, `New ${id}`);
        for (const name of ['Gil', 'Hal', 'Ida']) directory.join(sales, directory.hire(name));
        await resumesEverywhere(folded, { scope: everyone, from });
      });

      it.each([0, 1, 2, 3])('never ends after a fault, be it after %i pages', async (pages) => {
        staff();
        directory.breakAfter(pages);
        const seen: string[] = [];
        const reading = readAll(directory.source, folded, { scope: everyone }, (message) => seen.push(message.type));
        await expect(reading).rejects.toThrow(SourceError);
        expect(seen).not.toContain('end');
      });

      it('starts over when a place is not accepted any more', async () => {
        staff();
        const stops = await places(folded, { scope: everyone });
        directory.expireResumes();
        const ends = await Promise.all(
          stops.map(({ resume, folded: until }) =>
            readAll(directory.source, until, { scope: everyone, resume }).then(
              () => 'complete',
              (error: Error) => error.name,
            ),
          ),
        );
        // A place between two listings holds nothing that could expire.
        expect(ends).toContain('ResumeExpired');
        expect(ends.filter((end) => end !== 'complete' && end !== 'ResumeExpired')).toEqual([]);
      });
    });

    describe('asking again', () => {
      it('tells present, disabled and gone apart', async () => {
        const { people } = staff();
        directory.disable(at(people, 1));
        directory.softDelete(at(people, 2));
        directory.purge(at(people, 3));
        const team = directory.createGroup('Team', []);
        const refs = [...people.slice(0, 4).map(user), group(team), user(unheardOf)];
        const standings = await directory.source.confirm(refs, everyone, never);
        expect([...refs.map(({ id }) => standings.get(id))]).toEqual([
          'present',
          'disabled',
          'gone',
          'gone',
          'present',
          'gone',
        ]);
      });

      it('off-by-another-attribute: tells who is off by what it is asked for, as that is now, whatever their own switch says', async () => {
        const { people } = staff();
        directory.clearDepartment(at(people, 1));
        directory.disable(at(people, 1));
        directory.softDelete(at(people, 2));
        const refs = people.slice(0, 3).map(user);
        const told = async (by: Parameters<Source['confirm']>[3]) => {
          const standings = await directory.source.confirm(refs, everyone, never, by);
          return refs.map(({ id }) => standings.get(id));
        };
        const inSales: OffBy = { attribute: 'department', isOff: (now) => now.attributes['department'] === 'Sales' };
        expect(await told(inSales)).toEqual(['disabled', 'present', 'gone']);
        expect(await told({ attribute: null, isOff: () => true })).toEqual(['disabled', 'disabled', 'gone']);
        expect(await told(null)).toEqual(['present', 'disabled', 'gone']);
      });

      it('names who it keeps as deleted, and nobody who is there, purged or unheard of', async () => {
        const { people } = staff();
        directory.softDelete(at(people, 1));
        directory.purge(at(people, 2));
        const refs = [...people.slice(0, 3).map(user), user(unheardOf)];
        expect([...(await directory.source.deletions(refs, never))]).toEqual([at(people, 1)]);
        expect([...(await directory.source.deletions([], never))]).toEqual([]);
      });

      it('tells who left the scope', async () => {
        const { people, sales } = staff();
        const inner = directory.createGroup('Field', [at(people, 1)]);
        directory.join(sales, inner);
        directory.leave(sales, at(people, 0));
        directory.leave(sales, at(people, 1));
        const ask = async (nested: boolean) => {
          const scope: Scope = { kind: 'groups', groups: [sales], nested };
          const answer = await directory.source.confirm(people.slice(0, 3).map(user), scope, never);
          return people.slice(0, 3).map((id) => answer.get(id));
        };
        expect(await ask(false)).toEqual(['out_of_scope', 'out_of_scope', 'present']);
        expect(await ask(true)).toEqual(['out_of_scope', 'present', 'present']);
      });

      it('tells of nobody that they left the scope while one of its groups is in the recycle bin', async () => {
        const { people, sales } = staff();
        const club = directory.createGroup('Club', []);
        directory.leave(sales, at(people, 0));
        directory.softDelete(club);
        for (const nested of [false, true]) {
          const scope: Scope = { kind: 'groups', groups: [sales, club], nested };
          const answer = await directory.source.confirm(people.slice(0, 2).map(user), scope, never);
          expect(people.slice(0, 2).map((id) => answer.get(id))).toEqual(['unsure', 'unsure']);
        }
      });

      it('knows direct members from nested ones', async () => {
        const { people, sales } = staff();
        const inner = directory.createGroup('Field', [at(people, 1)]);
        directory.join(sales, inner);
        directory.leave(sales, at(people, 0));
        directory.leave(sales, at(people, 1));
        const refs = [user(at(people, 0)), user(at(people, 1)), user(at(people, 2)), group(inner)];
        const answer = await directory.source.confirmMembers(sales, refs, never);
        expect(refs.map(({ id }) => answer.get(id))).toEqual([false, false, true, true]);
      });
    });

    describe('asking who is in a group', () => {
      const everyoneIn = async (group: SourceId): Promise<readonly Ref[] | null> => {
        const found = await directory.source.everyoneIn([group], never);
        return found?.toSorted((a, b) => (a.id < b.id ? -1 : 1)) ?? null;
      };
      const sortedRefs = (...refs: readonly Ref[]) => refs.toSorted((a, b) => (a.id < b.id ? -1 : 1));

      it('names everybody, also by groups in it and groups in those, and these groups', async () => {
        const { boss, people, sales } = staff();
        const [last, other] = [directory.hire('Lena Last'), directory.hire('Otto Other')];
        const inner = directory.createGroup('Inner', [last]);
        const outer = directory.createGroup('Outer', [inner, other]);
        directory.join(sales, outer);
        expect(await everyoneIn(sales)).toEqual(
          sortedRefs(user(boss), ...people.map(user), user(last), user(other), group(inner), group(outer)),
        );
      });

      it('comes to an end where groups hold each other, and is nobody in an empty one', async () => {
        const one = directory.createGroup('One', []);
        const other = directory.createGroup('Other', [one]);
        expect(await everyoneIn(one)).toEqual([]);
        directory.join(one, other);
        expect(await everyoneIn(one)).toEqual(sortedRefs(group(one), group(other)));
      });

      it('does not name who was deleted, and of a group that is not there says so', async () => {
        const { boss, people, sales } = staff();
        directory.softDelete(at(people, 0));
        expect(await everyoneIn(sales)).toEqual(sortedRefs(user(boss), ...people.slice(1).map(user)));
        expect(await directory.source.everyoneIn([sourceId(unheardOf)], never)).toBeNull();
        directory.deleteGroup(sales);
        expect(await everyoneIn(sales)).toBeNull();
      });

      it('names everybody in several, and nobody where one of them is not there', async () => {
        const { boss, people, sales } = staff();
        const last = directory.hire('Lena Last');
        const other = directory.createGroup('Other', [last]);
        const ask = async (...groups: readonly SourceId[]) => directory.source.everyoneIn(groups, never);
        expect(sortedRefs(...((await ask(sales, other)) ?? []))).toEqual(
          sortedRefs(user(boss), ...people.map(user), user(last)),
        );
        expect(await ask(sales, sourceId(unheardOf))).toBeNull();
      });
    });

    describe('looking somebody up', () => {
      const named = { user: ['displayName', 'userPrincipalName', 'manager'], group: ['displayName'] };
      const lookUp = (who: string) => directory.source.lookUp(who, named, never);

      it('shows a user or a group by the object id, in any case, as it is now', async () => {
        const ann = directory.hire("Ann O'Hara");
        const sales = directory.createGroup('Sales', [ann]);
        directory.rename(ann, "Ann D'Arcy");
        const [shown, ...others] = await lookUp(ann.toUpperCase());
        expect(others).toEqual([]);
        expect(shown).toMatchObject({ ref: user(ann), attributes: { displayName: "Ann D'Arcy" } });
        expect(await lookUp(sales)).toEqual([{ ref: group(sales), attributes: { displayName: 'Sales' } }]);
      });

      it('shows a user by the user principal name, in any case, and nobody by a part of it', async () => {
        const ann = directory.hire('Ann Berg');
        directory.hire('Ann Bergmann');
        const [shown] = await lookUp(ann);
        const name = String(shown?.attributes['userPrincipalName']);
        expect((await lookUp(name.toUpperCase())).map(({ ref }) => ref)).toEqual([user(ann)]);
        expect(await lookUp(name.slice(0, -1))).toEqual([]);
        expect(await lookUp("x' or displayName ne 'x")).toEqual([]);
      });

      it('shows nobody who is deleted, or who never was', async () => {
        const ann = directory.hire('Ann Berg');
        directory.softDelete(ann);
        expect(await lookUp(ann)).toEqual([]);
        expect(await lookUp('3f7c2a10-5d1e-4c8a-9b0f-2a6d1c9e4b91')).toEqual([]);
      });
    });

    it('proves that it can read, and says what is missing', async () => {
      const { sales } = staff();
      const scope: Scope = { kind: 'groups', groups: [sales], nested: false };
      expect(await directory.source.check({ scope, attributes }, never)).toMatchObject({ ok: true });
      directory.deleteGroup(sales);
      const report = await directory.source.check({ scope, attributes }, never);
      expect(report.ok).toBe(false);
      expect(report.checks.filter(({ ok }) => !ok).map(({ detail }) => detail)).toEqual([
        expect.stringContaining(sales),
      ]);
    });
  });
};

const unheardOf = sourceId('00000000-0000-4000-8000-000000000000');

const marked = (watermark: Watermark | null): Watermark => {
  if (watermark === null) throw new Error('The read gave no watermark.');
  return watermark;
};

const narrowed = (view: View, ids: readonly SourceId[]): View => {
  const inside = new Set<string>(ids);
  const keep = <T>(all: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(all).filter(([id]) => inside.has(id)));
  return {
    users: keep(view.users),
    groups: keep(view.groups),
    members: Object.fromEntries(
      Object.entries(keep(view.members)).map(([id, members]) => [id, members.filter((member) => inside.has(member))]),
    ),
  };
};
