import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diff, diffEdges, diffPresence, type Flips, membersChange } from '../../src/core/diff.ts';
import { recordChanges } from '../../src/engine/record-changes.ts';
import type { Change } from '../../src/model/change.ts';
import { connectionId, resume, type SourceId } from '../../src/model/ids.ts';
import { everyone } from '../../src/model/scope.ts';
import type { Ref, SourceObject } from '../../src/model/source-object.ts';
import { completed } from '../../src/source/source.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import type { Batch } from '../../src/store/snapshot-store.ts';
import { createVault } from '../../src/store/vault.ts';
import { aGroup, aUser, idOf, now, person, team } from './builders.ts';

const ids = (...names: readonly string[]): ReadonlySet<SourceId> => new Set(names.map(idOf));
const flips = (appeared: readonly string[], vanished: readonly string[]): Flips => ({
  appeared: ids(...appeared),
  vanished: ids(...vanished),
});
const still = flips([], []);
const users = (...names: readonly string[]): readonly Ref[] => names.map(aUser);
const edges = (group: string, added: readonly string[], removed: readonly string[]) => ({
  group: idOf(group),
  added: users(...added),
  removed: users(...removed),
});
const members = (group: string, added: readonly string[], removed: readonly string[]): Change => ({
  kind: 'members',
  group: aGroup(group),
  added: users(...added),
  removed: users(...removed),
});

const asked = { user: ['title'], group: [] };

describe('an object', () => {
  it('is not changed by less being read of it, and loses nothing but what it lost', () => {
    const { ref, ...read } = person('anna', { title: 'Nurse', city: 'Bern' });
    const before = { ref, ...read };
    expect(diff({ ref, before, after: person('anna', { title: 'Nurse' }) }, asked)).toBeNull();
    const after = person('anna', { title: 'Doctor' });
    expect(diff({ ref, before, after }, asked)).toEqual({
      kind: 'updated',
      before: person('anna', { title: 'Nurse' }),
      after,
    });
    const cleared = person('anna', {});
    expect(diff({ ref, before: person('anna', { title: 'Nurse' }), after: cleared }, asked)).toMatchObject({
      kind: 'updated',
    });
  });

  it('is created, updated or removed', () => {
    const [before, after] = [person('anna', { title: 'Nurse' }), person('anna', { title: 'Doctor' })];
    const { ref } = after;
    expect(diff({ ref, before: null, after }, asked)).toEqual({ kind: 'created', after });
    expect(diff({ ref, before, after }, asked)).toEqual({ kind: 'updated', before, after });
    expect(diff({ ref, before, after: null, why: 'missing' }, asked)).toEqual({
      kind: 'removed',
      before,
      why: 'missing',
    });
  });
});

describe('an edge that came or went', () => {
  it('is a change when both ends are there', () => {
    expect(diffEdges(edges('staff', ['anna'], ['bert']), still, ids('staff', 'anna', 'bert'))).toEqual(
      members('staff', ['anna'], ['bert']),
    );
  });

  it('to somebody who is not there is none', () => {
    expect(diffEdges(edges('staff', ['anna'], ['bert']), still, ids('staff'))).toBe(null);
    expect(diffEdges(edges('staff', ['anna', 'carl'], []), still, ids('staff', 'carl'))).toEqual(
      members('staff', ['carl'], []),
    );
  });

  it('of a group that is not there is none', () => {
    expect(diffEdges(edges('staff', ['anna'], ['bert']), still, ids('anna', 'bert'))).toBe(null);
  });

  it('of somebody who came themselves is told with their coming', () => {
    expect(
      diffEdges(edges('staff', ['anna'], ['bert']), flips(['anna', 'bert'], []), ids('staff', 'anna', 'bert')),
    ).toBe(null);
  });

  it('of a group that came or went is told with the group', () => {
    const one = edges('staff', ['anna'], ['bert']);
    expect(diffEdges(one, flips(['staff'], []), ids('staff', 'anna', 'bert'))).toBe(null);
    expect(diffEdges(one, flips([], ['staff']), ids('anna', 'bert'))).toBe(null);
  });
});

describe('somebody who came or went', () => {
  const memberships = [
    { group: idOf('staff'), member: aUser('anna') },
    { group: idOf('uat'), member: aUser('anna') },
    { group: idOf('staff'), member: aUser('bert') },
  ];

  it('changes every group they are in, one change per group', () => {
    expect(diffPresence('added', memberships, still)).toEqual([
      members('staff', ['anna', 'bert'], []),
      members('uat', ['anna'], []),
    ]);
    expect(diffPresence('removed', memberships, still)).toEqual([
      members('staff', [], ['anna', 'bert']),
      members('uat', [], ['anna']),
    ]);
  });

  it('changes no group that came or went itself', () => {
    expect(diffPresence('added', memberships, flips(['staff'], []))).toEqual([members('uat', ['anna'], [])]);
    expect(diffPresence('removed', memberships, flips([], ['staff', 'uat']))).toEqual([]);
    expect(diffPresence('added', [], still)).toEqual([]);
  });

  it('is no change where nobody did', () => {
    expect(membersChange(idOf('staff'), [], [])).toBe(null);
  });
});

/** Who is there, and the edges, as a source holds them; an edge may have an end that is not there. */
type Tenant = { readonly there: readonly string[]; readonly edges: readonly string[] };
const userNames = ['anna', 'bert', 'carl'];
const groupNames = ['staff', 'uat'];
const everyEdge = groupNames.flatMap((group) => [...userNames, ...groupNames].map((name) => `${group}>${name}`));
const complete = completed({ scope: everyone, read: { mode: 'full' } });
const tenant: fc.Arbitrary<Tenant> = fc.record({
  there: fc.subarray([...userNames, ...groupNames]),
  edges: fc.subarray(everyEdge),
});

const refTo = (name: string): Ref => (groupNames.includes(name) ? aGroup(name) : aUser(name));
const objectOf = (name: string): SourceObject => (groupNames.includes(name) ? team(name) : person(name));
const effective = ({ there, edges: all }: Tenant): string[] =>
  all.filter((edge) => edge.split('>').every((end) => there.includes(end))).sort();

describe('from one version to the next', () => {
  const id = connectionId('con_1');
  const commits = async () => {
    const stores = createMemoryStores({ now: () => now, vault: createVault(randomBytes(32)) });
    const lease = await stores.leases.take(id, 'w', 60_000);
    if (!('fence' in lease)) throw new Error('The lease is taken.');
    return async (tenantNow: Tenant): Promise<readonly Change[]> => {
      const before = (await stores.snapshots.head(id)).version;
      const draft = await stores.snapshots.begin(lease, 'any');
      await draft.put(batchFor(tenantNow));
      await recordChanges(stores.snapshots, draft, complete, asked, async () => {});
      await draft.commit({ watermark: null, counts: { user: 0, group: 0 }, full: true });
      const changes: Change[] = [];
      for await (const some of stores.snapshots.changesAfter(id, before))
        changes.push(...some.map((one) => one.change));
      return changes;
    };
  };
  const batchFor = ({ there, edges: all }: Tenant): Batch => ({
    objects: [...userNames, ...groupNames].map((name) => ({
      ref: refTo(name),
      next: there.includes(name) ? objectOf(name) : { gone: 'deleted' },
    })),
    members: groupNames.map((group) => ({
      group: idOf(group),
      whole: all.filter((edge) => edge.startsWith(`${group}>`)).map((edge) => refTo(edge.slice(group.length + 1))),
    })),
    seen: [],
    resume: resume('1'),
  });

  /**
   * Plays the changes on what was there. Telling anything twice, or of who is not there, is an error; but a group that is away, or comes back, tells
   * who is not in it, as far as anybody may think that they are.
   */
  const play = (there: Set<string>, memberships: Set<string>, changes: readonly Change[]): void => {
    const tell = (set: Set<string>, what: string, comes: boolean): void => {
      expect([what, set.has(what)]).toEqual([what, !comes]);
      if (comes) set.add(what);
      else set.delete(what);
    };
    const returned = new Set<string>();
    for (const change of changes) {
      if (change.kind === 'created') {
        tell(there, change.after.ref.id, true);
        returned.add(change.after.ref.id);
      }
      if (change.kind === 'removed') {
        tell(there, change.before.ref.id, false);
        // Whoever handles a group that went handles it whole.
        for (const edge of [...memberships]) if (edge.startsWith(`${change.before.ref.id}>`)) memberships.delete(edge);
      }
      if (change.kind !== 'members') continue;
      for (const { id: member } of change.added) tell(memberships, `${change.group.id}>${member}`, true);
      for (const { id: member } of change.removed)
        if (there.has(change.group.id) && !returned.has(change.group.id))
          tell(memberships, `${change.group.id}>${member}`, false);
    }
  };

  /** The same for somebody who keeps a group that went, with the members it had: a target whose groups are not ours to delete. */
  const keep = (memberships: Set<string>, changes: readonly Change[]): void => {
    for (const change of changes) {
      if (change.kind !== 'members') continue;
      for (const { id: member } of change.added) memberships.add(`${change.group.id}>${member}`);
      for (const { id: member } of change.removed) memberships.delete(`${change.group.id}>${member}`);
    }
  };

  it('the changes tell every coming and going of people, groups and memberships, exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(tenant, { minLength: 1, maxLength: 4 }), async (tenants) => {
        const commit = await commits();
        const there = new Set<string>();
        const memberships = new Set<string>();
        const kept = new Set<string>();
        for (const one of tenants) {
          const changes = await commit(one);
          play(there, memberships, changes);
          keep(kept, changes);
          const isThere = (edge: string): boolean => there.has(edge.split('>')[0] ?? '');
          expect([...kept].filter(isThere).sort()).toEqual(effective(one));
          expect([...there].sort()).toEqual([...one.there].sort());
          expect([...memberships].sort()).toEqual(effective(one));
        }
      }),
      { numRuns: 300 },
    );
  });
});
