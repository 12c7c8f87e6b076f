import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributeOf, isUnassigned, merge, own, sameAttributes, sameValue } from '../../src/core/attributes.ts';
import type { Attributes, Value } from '../../src/model/source-object.ts';
import { person } from './builders.ts';

const hostile: Attributes = JSON.parse('{"__proto__":"p","constructor":"c"}');

describe('a source attribute', () => {
  const anna = person('anna', { title: 'Nurse', phones: ['1', '2'], 'odd[name]': 'kept', list: [] });

  it('is read by its name', () => {
    expect(attributeOf(anna, 'title')).toBe('Nurse');
    expect(attributeOf(anna, 'odd[name]')).toBe('kept');
    expect(attributeOf(anna, 'missing')).toBe(null);
  });

  it('called id is the id of the object, whatever its attributes say', () => {
    expect(attributeOf(person('anna', { id: 'forged' }), 'id')).toBe('anna');
  });

  it('with an index is one element of a list, and nothing where there is none', () => {
    expect(attributeOf(anna, 'phones[0]')).toBe('1');
    expect(attributeOf(anna, 'phones[1]')).toBe('2');
    expect(['phones[2]', 'list[0]', 'title[0]', 'missing[0]'].map((name) => attributeOf(anna, name))).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it('is never one that every object inherits', () => {
    for (const name of ['toString', 'constructor', '__proto__', '__proto__[0]', 'constructor[0]'])
      expect(attributeOf(anna, name)).toBe(null);
    expect(own(hostile, '__proto__')).toBe('p');
    expect(own({ title: null }, 'title')).toBe(null);
  });
});

describe('values', () => {
  it('that are null or an empty list are unassigned; empty text, zero and false are values', () => {
    expect([null, []].map(isUnassigned)).toEqual([true, true]);
    expect(['', 0, false, ['']].map(isUnassigned)).toEqual([false, false, false, false]);
  });

  it('are the same when equal; lists in any order; all that is unassigned', () => {
    const same: [Value, Value][] = [
      ['a', 'a'],
      [null, []],
      [
        ['b', 'a'],
        ['a', 'b'],
      ],
      [0, 0],
    ];
    const different: [Value, Value][] = [
      ['a', 'A'],
      ['', null],
      [false, null],
      [0, false],
      ['1', 1],
      [['a'], 'a'],
      [['a'], ['a', 'b']],
      [
        ['a', 'b'],
        ['a', 'c'],
      ],
      [['a,b'], ['a', 'b']],
      [
        ['a,b', 'c'],
        ['a', 'b,c'],
      ],
      [['a'], []],
    ];
    for (const [a, b] of same) expect([a, b, sameValue(a, b), sameValue(b, a)]).toEqual([a, b, true, true]);
    for (const [a, b] of different) expect([a, b, sameValue(a, b), sameValue(b, a)]).toEqual([a, b, false, false]);
  });

  it('of a list are compared without touching it', () => {
    const phones = ['2', '1'];
    sameValue(phones, ['1', '2']);
    expect(phones).toEqual(['2', '1']);
  });
});

describe('attributes', () => {
  const value = fc.constantFrom<Value>('a', 'b', 0, false, null, [], ['x', 'y'], ['y', 'x']);
  const attributes = fc
    .array(fc.tuple(fc.constantFrom('title', 'city', '__proto__', 'constructor'), value))
    .map((entries): Attributes => Object.fromEntries(entries));

  it('are the same when every value is, whichever side names it', () => {
    expect(sameAttributes({ title: 'a', city: null }, { title: 'a', phones: [] })).toBe(true);
    expect(sameAttributes({}, { title: 'a' })).toBe(false);
    expect(sameAttributes({ title: 'a' }, {})).toBe(false);
    expect(sameAttributes({}, hostile)).toBe(false);
    expect(sameAttributes(hostile, {})).toBe(false);
  });

  it('merge to what is laid over, without what is unassigned', () => {
    expect(merge({ title: 'a', city: 'Lyon', phones: ['1'] }, { title: 'b', city: null, phones: [] })).toEqual({
      title: 'b',
    });
    expect(merge({ city: null }, {})).toEqual({});
    expect(JSON.stringify(merge({ title: 'a' }, hostile))).toBe('{"title":"a","__proto__":"p","constructor":"c"}');
    expect(Object.getPrototypeOf(merge({}, hostile))).toBe(Object.prototype);
  });

  it('merged twice are as merged once, and sameness is fair to both sides', () => {
    fc.assert(
      fc.property(attributes, attributes, (a, b) => {
        expect(merge(merge(a, b), b)).toEqual(merge(a, b));
        for (const [name, told] of Object.entries(b)) expect(sameValue(own(merge(a, b), name), told)).toBe(true);
        for (const name of Object.keys(a).filter((key) => !Object.hasOwn(b, key)))
          expect(sameValue(own(merge(a, b), name), own(a, name))).toBe(true);
        expect(sameAttributes(a, b)).toBe(sameAttributes(b, a));
        expect(sameAttributes(a, merge(a, {}))).toBe(true);
      }),
    );
  });
});
