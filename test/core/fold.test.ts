import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Folded, fold as foldAsked } from '../../src/core/fold.ts';
import type { SourceId } from '../../src/model/ids.ts';
import type { ObjectMessage } from '../../src/model/source-message.ts';
import { type Attributes, isGone, type Ref, type SourceObject, type Value } from '../../src/model/source-object.ts';
import { aGroup, aUser, idOf, person, stored } from './builders.ts';

const upsert = (name: string, attributes: Attributes, isWhole: boolean): ObjectMessage => ({
  type: 'upsert',
  ref: aUser(name),
  attributes,
  whole: isWhole,
});
const part = (name: string, attributes: Attributes): ObjectMessage => upsert(name, attributes, false);
const whole = (name: string, attributes: Attributes): ObjectMessage => upsert(name, attributes, true);
const removed = (name: string, why: 'soft_deleted' | 'deleted' = 'deleted'): ObjectMessage => ({
  type: 'remove',
  ref: aUser(name),
  why,
});
const joins = (group: string, ...names: readonly string[]): ObjectMessage => ({
  type: 'members',
  group: aGroup(group),
  members: { added: names.map(aUser), removed: [] },
});

/** Every attribute that occurs is asked for. */
const fold = (base: ReadonlyMap<SourceId, SourceObject>, messages: readonly ObjectMessage[]): Folded => {
  const all = [...base.values(), ...messages.filter((message) => message.type === 'upsert')];
  const asked = [...new Set(all.flatMap(({ attributes }) => Object.keys(attributes)))];
  return foldAsked(base, messages, { user: asked, group: asked });
};

/** What is there once the page is applied to what is stored. */
const after = (base: ReadonlyMap<SourceId, SourceObject>, folded: Folded): ReadonlyMap<SourceId, SourceObject> => {
  const next = new Map(base);
  for (const { ref, next: state } of folded.objects)
    if (isGone(state)) next.delete(ref.id);
    else next.set(ref.id, { ref, attributes: assigned(state.attributes) });
  return next;
};
/** Null and absent mean the same. */
const assigned = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null));
const names = (refs: readonly Ref[]): string[] => refs.map(({ id }) => id).sort();

describe('a user whose switch is asked for and not shown', () => {
  const asked = { user: ['title', 'accountEnabled'], group: [] };

  it('keeps the one that is known', () => {
    const base = stored(person('anna', { title: 'Doctor', accountEnabled: false }));
    const folded = foldAsked(base, [whole('anna', { title: 'Director' })], asked);
    expect(after(base, folded)).toEqual(stored(person('anna', { title: 'Director', accountEnabled: false })));
    expect(names(folded.seen)).toEqual([idOf('anna')]);
  });

  it('is nobody to us if unknown, until it is shown', () => {
    const base = stored();
    expect(foldAsked(base, [whole('anna', { title: 'Director' })], asked)).toMatchObject({ objects: [], strangers: 1 });
    expect(foldAsked(base, [whole('anna', { accountEnabled: true })], asked).objects).toHaveLength(1);
  });
});

describe('an attribute that is not read any more', () => {
  it('goes with the next whole message, and stays under a part', () => {
    const base = stored(person('anna', { title: 'Doctor', city: 'Rome' }));
    const asked = { user: ['title'], group: [] };
    expect(foldAsked(base, [whole('anna', { title: 'Doctor' })], asked).objects).toMatchObject([
      { next: { attributes: { title: 'Doctor' } } },
    ]);
    expect(foldAsked(base, [part('anna', { title: 'Doctor' })], asked).objects).toEqual([]);
  });
});

describe('a page of messages', () => {
  it('is merged into what is stored: null clears, absent leaves', () => {
    const base = stored(person('anna', { title: 'Nurse', city: 'Lyon', phone: '1' }));
    const { objects } = fold(base, [part('anna', { title: 'Doctor', phone: null })]);
    expect(objects).toEqual([{ ref: aUser('anna'), next: person('anna', { title: 'Doctor', city: 'Lyon' }) }]);
  });

  it('that says what is known already changes nothing, but says who was seen', () => {
    const base = stored(person('anna', { title: 'Nurse', phones: ['1', '2'] }));
    const folded = fold(base, [whole('anna', { title: 'Nurse', phones: ['2', '1'], city: null })]);
    expect(folded).toEqual({ objects: [], members: [], seen: [aUser('anna')], strangers: 0 });
  });

  it('tells one object in several parts', () => {
    const { objects, seen } = fold(stored(), [
      whole('anna', { title: 'Nurse' }),
      part('anna', { manager: 'bert' }),
      whole('anna', { title: 'Doctor' }),
    ]);
    expect(objects).toEqual([{ ref: aUser('anna'), next: person('anna', { title: 'Doctor', manager: 'bert' }) }]);
    expect(seen).toEqual([aUser('anna')]);
  });

  it('creates only from a whole object: a part of somebody unknown is about a stranger', () => {
    const folded = fold(stored(), [part('carl', { title: 'x' }), part('carl', { title: 'y' })]);
    expect(folded).toEqual({ objects: [], members: [], seen: [], strangers: 2 });
  });

  it('shows whom it knows as seen, however little is said of them, and no stranger', () => {
    const { seen, objects } = fold(stored(person('anna')), [part('anna', {}), part('zoe', { title: 'x' })]);
    expect(seen).toEqual([aUser('anna')]);
    expect(objects).toEqual([]);
  });

  it('keeps membership in the order it was told, and apart from objects', () => {
    const list: ObjectMessage = { type: 'members', group: aGroup('staff'), members: { whole: [aUser('anna')] } };
    expect(fold(stored(), [list, joins('staff', 'bert')]).members).toEqual([
      { group: idOf('staff'), whole: [aUser('anna')] },
      { group: idOf('staff'), added: [aUser('bert')], removed: [] },
    ]);
  });
});

describe('somebody who is removed', () => {
  const base = stored(person('anna', { title: 'Nurse' }));

  it('is gone, for the reason that was told', () => {
    const { objects } = fold(base, [removed('anna', 'soft_deleted')]);
    expect(objects).toEqual([{ ref: aUser('anna'), next: { gone: 'soft_deleted' } }]);
  });

  it('and was never stored is nobody', () => {
    expect(fold(stored(), [removed('carl')]).objects).toEqual([]);
    expect(fold(stored(), [whole('carl', { title: 'x' }), removed('carl')]).objects).toEqual([]);
  });

  it('is not seen any more', () => {
    expect(fold(base, [whole('anna', { title: 'x' }), removed('anna')]).seen).toEqual([]);
  });

  it('comes back as they are told then, without what they were before', () => {
    const { objects, seen } = fold(base, [removed('anna'), whole('anna', { city: 'Rome' })]);
    expect(objects).toEqual([{ ref: aUser('anna'), next: person('anna', { city: 'Rome' }) }]);
    expect(seen).toEqual([aUser('anna')]);
  });

  it('comes back by a whole object only', () => {
    const folded = fold(base, [removed('anna'), part('anna', { city: 'Rome' })]);
    expect(folded).toMatchObject({ objects: [{ next: { gone: 'deleted' } }], strangers: 1 });
  });

  it('and back unchanged is no change', () => {
    expect(fold(base, [removed('anna'), whole('anna', { title: 'Nurse' })]).objects).toEqual([]);
  });
});

describe('attribute names out of an object prototype', () => {
  const hostile: Attributes = JSON.parse('{"__proto__":"p","constructor":"c","toString":"t","hasOwnProperty":"h"}');

  it('are names like any other', () => {
    const [folded] = fold(stored(), [whole('anna', hostile)]).objects;
    const next = folded?.next;
    if (next === undefined || isGone(next)) throw new Error('anna is missing');
    expect(JSON.stringify(next.attributes)).toBe(JSON.stringify(hostile));
    expect(fold(stored(next), [whole('anna', hostile)]).objects).toEqual([]);
    expect(fold(stored(next), [part('anna', JSON.parse('{"__proto__":null}'))]).objects).toMatchObject([
      { next: { attributes: { constructor: 'c', toString: 't' } } },
    ]);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  it('are not assigned because every object has them', () => {
    expect(fold(stored(person('anna')), [part('anna', { constructor: null, toString: null })]).objects).toEqual([]);
  });
});

const people = ['anna', 'bert', 'carl'];
const attributeNames = ['title', 'city', '__proto__', 'toString'];
const value = fc.constantFrom<Value>('a', 'b', true, null, ['x', 'y']);
const attributes = fc
  .array(fc.tuple(fc.constantFrom(...attributeNames), value))
  .map((entries): Attributes => Object.fromEntries(entries));
const anybody = fc.constantFrom(...people);
const someStored = fc.dictionary(anybody, attributes).map((all) =>
  after(
    stored(),
    fold(
      stored(),
      Object.entries(all).map(([name, one]) => whole(name, one)),
    ),
  ),
);
const everybodyStored = someStored.map((some) => new Map([...stored(...people.map((name) => person(name))), ...some]));
const anyMessage: fc.Arbitrary<ObjectMessage> = fc.oneof(
  fc.tuple(anybody, attributes).map(([name, one]) => part(name, one)),
  fc.tuple(anybody, attributes).map(([name, one]) => whole(name, one)),
  anybody.map((name) => removed(name)),
);

describe('whatever a source tells', () => {
  /** Parts of one truth about people who are known: each attribute always has the same value. */
  const partsOfOneTruth = fc
    .tuple(
      fc.tuple(attributes, attributes, attributes),
      fc.array(fc.record({ who: fc.nat(2), names: fc.subarray(attributeNames), whole: fc.boolean() }), {
        maxLength: 8,
      }),
    )
    .map(([truth, parts]) =>
      parts.map(({ who, names: told, whole: all }): ObjectMessage => {
        const entries = Object.entries(truth[who] ?? {}).filter(([name]) => told.includes(name));
        return (all ? whole : part)(people[who] ?? '', Object.fromEntries(entries));
      }),
    );

  it('in any order and as often as it likes, the parts of one truth come to the same', () => {
    const told = partsOfOneTruth.chain((parts) =>
      fc.tuple(
        fc.constant(parts),
        fc.shuffledSubarray(parts, { minLength: parts.length }),
        fc.array(fc.constantFrom(...(parts.length === 0 ? [joins('staff')] : parts)), { maxLength: 5 }),
      ),
    );
    fc.assert(
      fc.property(everybodyStored, told, (base, [parts, shuffled, repeated]) => {
        const once = fold(base, parts);
        const messy = fold(base, [...repeated, ...shuffled, ...repeated]);
        expect(after(base, messy)).toEqual(after(base, once));
        expect(names(messy.seen)).toEqual(names(once.seen));
      }),
    );
  });

  // Of somebody known: a part that comes before the first whole object is dropped, the second time it is not.
  it('told twice about people who are known, it changes nothing more, within a page and after it', () => {
    fc.assert(
      fc.property(everybodyStored, fc.array(anyMessage), (base, page) => {
        const once = fold(base, page);
        const twice = fold(base, [...page, ...page]);
        expect(after(base, twice)).toEqual(after(base, once));
        expect(fold(after(base, once), page).objects).toEqual([]);
      }),
    );
  });

  it('cut into pages anywhere it comes to the same', () => {
    fc.assert(
      fc.property(someStored, fc.array(anyMessage), fc.nat(), (base, messages, at) => {
        const cut = at % (messages.length + 1);
        const half = after(base, fold(base, messages.slice(0, cut)));
        const rest = after(half, fold(half, messages.slice(cut)));
        expect(rest).toEqual(after(base, fold(base, messages)));
      }),
    );
  });

  it('only what differs is written', () => {
    fc.assert(
      fc.property(someStored, fc.array(anyMessage), (base, messages) => {
        for (const { ref, next } of fold(base, messages).objects) {
          const before = base.get(ref.id);
          if (isGone(next)) expect(before).toBeDefined();
          else expect(next.attributes).not.toEqual(before?.attributes);
        }
      }),
    );
  });
});
