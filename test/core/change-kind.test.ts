import { describe, expect, it } from 'vitest';
import { changedAttributes, changeKindOf } from '../../src/core/change-kind.ts';
import type { Attributes } from '../../src/model/source-object.ts';
import { person, team } from './builders.ts';

const ann = (attributes: Attributes) => person('ann', attributes);
const staff = (attributes: Attributes) => team('staff', attributes);
const updated = (before: Attributes, after: Attributes) =>
  ({ kind: 'updated', before: ann(before), after: ann(after) }) as const;

describe('a change of a person', () => {
  it('is that they came or went', () => {
    expect(changeKindOf({ kind: 'created', after: ann({}) })).toBe('person.created');
    expect(changeKindOf({ kind: 'removed', before: ann({}), why: 'deleted' })).toBe('person.removed');
  });

  it('is that they were switched off, whatever else changed', () => {
    expect(changeKindOf(updated({ accountEnabled: true }, { accountEnabled: false, title: 'x' }))).toBe(
      'person.disabled',
    );
    expect(changeKindOf(updated({}, { accountEnabled: false }))).toBe('person.disabled');
  });

  it('is an update where they are as much on, or off, as before, or on again', () => {
    expect(changeKindOf(updated({ accountEnabled: false }, { accountEnabled: false, title: 'x' }))).toBe(
      'person.updated',
    );
    expect(changeKindOf(updated({ accountEnabled: false }, { accountEnabled: true }))).toBe('person.updated');
    // Nobody says that they are off.
    expect(changeKindOf(updated({ accountEnabled: true }, {}))).toBe('person.updated');
  });
});

it('a change of a group is that of a group, also where it has what makes a person disabled', () => {
  const [before, after] = [staff({ accountEnabled: true }), staff({ accountEnabled: false })];
  expect(changeKindOf({ kind: 'created', after })).toBe('group.created');
  expect(changeKindOf({ kind: 'updated', before, after })).toBe('group.updated');
  expect(changeKindOf({ kind: 'removed', before, why: 'missing' })).toBe('group.removed');
  expect(changeKindOf({ kind: 'members', group: after.ref, added: [], removed: [] })).toBe('group.members_changed');
});

describe('the attributes of a change', () => {
  it('are those with another value, by name and in order', () => {
    const before = { a: 1, gone: 'x', list: ['x', 'y'], none: null, same: true };
    const after = { new: 'y', a: 2, list: ['y', 'x'], same: true, empty: [] };
    expect(changedAttributes(updated(before, after))).toEqual(['a', 'gone', 'new']);
  });

  it('are all that somebody new has, and none of who went or of members', () => {
    expect(changedAttributes({ kind: 'created', after: ann({ b: 'x', a: 1, c: null, d: [] }) })).toEqual(['a', 'b']);
    expect(changedAttributes({ kind: 'removed', before: ann({ a: 1 }), why: 'missing' })).toEqual([]);
    expect(changedAttributes({ kind: 'members', group: staff({}).ref, added: [], removed: [] })).toEqual([]);
  });
});
