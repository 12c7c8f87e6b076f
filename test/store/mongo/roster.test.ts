// The roster says of millions of people who is as before and who was not shown: whatever it is told, it must say what a plain list would say.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sourceId } from '../../../src/model/ids.ts';
import { group, type Ref, user } from '../../../src/model/source-object.ts';
import { digestOf } from '../../../src/store/mongo/attributes-json.ts';
import { createPacker, type Entry, pack, stagedIn } from '../../../src/store/mongo/entries.ts';
import { createRoster, type Origin } from '../../../src/store/mongo/roster.ts';

/** Some of one kind, some of the other, and two that are alike but for their type. */
const refs: readonly Ref[] = [
  user(sourceId('0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9')),
  user(sourceId('ffffffff-ffff-ffff-ffff-ffffffffffff')),
  group(sourceId('ffffffff-ffff-ffff-ffff-ffffffffffff')),
  user(sourceId('00000000-0000-0000-0000-000000000000')),
  group(sourceId('ffffffff-0000-0000-0000-ffffffffffff')),
  user(sourceId('ann')),
  group(sourceId('ann')),
  user(sourceId('0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f')),
  user(sourceId('0a1b2c3d+4e5f-6071-8293-a4b5c6d7e8f9')),
  user(sourceId('0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8fé')),
];
const digests = ['a', 'b', 'c'].map(digestOf);

const entry: fc.Arbitrary<Entry> = fc
  .record({
    ref: fc.constantFrom(...refs),
    seen: fc.boolean(),
    staged: fc.boolean(),
    gone: fc.boolean(),
    digest: fc.option(fc.constantFrom(...digests)),
  })
  .map((one) => (one.gone ? { ...one, digest: null } : one));
const said = fc.array(
  fc.record({
    entries: fc.array(entry, { maxLength: 8 }),
    origin: fc.constantFrom<Origin>('roster', 'since', 'draft'),
  }),
  { maxLength: 8 },
);

const keyOf = ({ type, id }: Ref): string => `${type}|${id}`;
type Known = { readonly ref: Ref; readonly seen: boolean; readonly gone: boolean; readonly digest: string | null };

/** The same as a plain list. */
const listed = (all: readonly { readonly entries: readonly Entry[]; readonly origin: Origin }[]) => {
  const known = new Map<string, Known>();
  for (const { entries, origin } of all)
    for (const { ref, seen, staged, gone, digest } of entries) {
      const before = known.get(keyOf(ref));
      if (origin === 'since') {
        if (staged) known.set(keyOf(ref), { ref, seen: false, gone: false, digest: null });
        continue;
      }
      const shown = origin === 'draft' && (seen || (before?.seen ?? false));
      known.set(keyOf(ref), { ref, seen: shown, gone, digest });
    }
  return known;
};

describe('a roster', () => {
  it('says what a plain list would say, whatever it is told', () => {
    fc.assert(
      fc.property(said, (all) => {
        const roster = createRoster();
        for (const { entries, origin } of all) roster.take(pack(entries), origin);
        const known = listed(all);
        const isOpen = ({ seen, gone }: Known): boolean => !seen && !gone;
        for (const ref of refs) {
          const one = known.get(keyOf(ref));
          expect(roster.has(ref)).toBe(one !== undefined);
          const packer = createPacker(1);
          expect(roster.packSeen(ref, packer)).toBe((one?.digest ?? null) !== null);
          if (one?.digest) expect(packer.packed()).toEqual(pack([{ ...one, seen: true, staged: false, gone: false }]));
          for (const digest of digests)
            expect(roster.holds(ref, digest)).toBe(one !== undefined && !one.gone && one.digest === digest);
        }
        const open = [...known.values()].filter(isOpen);
        expect([...roster.unseen()].map(keyOf).sort()).toEqual(open.map(({ ref }) => keyOf(ref)).sort());
        const present = [...known.values()].filter(({ gone }) => !gone).length;
        expect(roster.isWhole({ user: present, group: 0 })).toBe(open.length === 0);
        expect(roster.isWhole({ user: present, group: 1 })).toBe(false);
      }),
    );
  });

  it('knows everybody in a large directory', () => {
    const people = Array.from({ length: 20_000 }, (_, n) => {
      const hex = (n * 2_654_435_761).toString(16).padStart(12, '0').slice(-12);
      return user(sourceId(`${hex.slice(0, 8)}-0000-4000-8000-${hex}`));
    });
    const roster = createRoster();
    const entries = people.map(
      (ref): Entry => ({ ref, seen: true, staged: true, gone: false, digest: digestOf(ref.id) }),
    );
    roster.take(pack(entries), 'roster');
    expect(people.every((ref) => roster.holds(ref, digestOf(ref.id)))).toBe(true);
    roster.take(pack(entries.slice(1)), 'draft');
    expect([...roster.unseen()]).toEqual([people[0]]);
    expect(roster.isWhole({ user: 20_000, group: 0 })).toBe(false);
    roster.take(pack(entries.slice(0, 1)), 'draft');
    expect(roster.isWhole({ user: 20_000, group: 0 })).toBe(true);
  });
});

describe('the entries of a batch', () => {
  it('name what was staged, whatever the ids look like', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
        const staged = entries.filter(({ staged }) => staged).map(({ ref }) => keyOf(ref));
        expect(stagedIn(pack(entries)).map(keyOf).sort()).toEqual(staged.sort());
      }),
    );
  });
});
