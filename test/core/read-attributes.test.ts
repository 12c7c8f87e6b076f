import { describe, expect, it } from 'vitest';
import {
  type AttributeNames,
  areRead,
  attributesNeeded,
  attributesOfRules,
  attributesToRead,
  nothingRead,
  readAfter,
  sayingOnlyRead,
  unreadOf,
  wasRead,
} from '../../src/core/read-attributes.ts';
import type { Mapping } from '../../src/model/mapping.ts';
import { nobodyProtected, type Protection } from '../../src/model/target-record.ts';
import { mappingRule, person } from './builders.ts';

const names = (...user: readonly string[]): AttributeNames => ({ user, group: ['displayName'] });
const rules = (mapped: readonly string[], matched: readonly string[] = ['id']) => ({
  mapping: { user: mapped.map((from) => mappingRule(from, `to-${from}`)), group: [] },
  matching: { user: matched.map((from) => ({ from, to: from, ignoreCase: true })), group: [] },
});
const protecting = (protection: Partial<Protection>, state: 'active' | 'paused' | 'deleting' = 'active') => ({
  ...rules([]),
  state,
  protected: { ...nobodyProtected, ...protection },
});
const mappingOf = (mapped: readonly string[], matched?: readonly string[]) => ({
  ...protecting({}),
  ...rules(mapped, matched),
});

describe('what is read of a tenant', () => {
  const vip = { attributes: [{ attribute: 'Department', value: 'Board' }] };

  it('follows the mapping and the matching of its targets: what no rule goes by is not asked for', () => {
    const asked = names('mail', 'businessPhones', 'mobilePhone', 'streetAddress', 'employeeId', 'faxNumber');
    const both = attributesToRead(asked, [
      mappingOf(['id', 'businessPhones[0]']),
      mappingOf(['displayName'], ['faxNumber']),
    ]);
    // By their mail and their employee id people are found, whatever is mapped.
    expect(both.user).toEqual(['mail', 'businessPhones', 'employeeId', 'faxNumber']);
    expect(attributesToRead(asked, [mappingOf(['streetAddress'])]).user).toEqual([
      'mail',
      'streetAddress',
      'employeeId',
    ]);
  });

  it('is never more than the connection may read, whatever is mapped', () => {
    expect(attributesToRead(names('mail'), [mappingOf(['mail', 'mobilePhone'], ['employeeId'])]).user).toEqual([
      'mail',
    ]);
    expect(attributesOfRules(names('mail'), mappingOf(['mobilePhone', 'mail[0]'])).user).toEqual(['mail']);
  });

  it('is all that it may read as long as there is no target', () => {
    const asked = names('mail', 'streetAddress');
    expect(attributesToRead(asked, [])).toEqual(asked);
    expect(attributesToRead(asked, [{ ...mappingOf([]), state: 'deleting' }])).toEqual(asked);
  });

  it('is also what any of its targets protects by, also one that is paused', () => {
    const asked = names('mail');
    expect(attributesToRead(asked, [])).toEqual(asked);
    expect(attributesToRead(asked, [protecting(vip, 'paused')]).user).toEqual(['mail', 'department']);
    expect(attributesToRead(names('department'), [protecting(vip)]).user).toEqual(['department']);
    expect(attributesToRead(asked, [protecting(vip, 'deleting')])).toEqual(asked);
  });

  it('asks of groups nothing that only users have', () => {
    const both = attributesNeeded({ ...nobodyProtected, attributes: [{ attribute: 'DisplayName', value: 'x' }] });
    expect(both).toEqual({ user: ['displayName'], group: ['displayName'] });
    expect(attributesNeeded({ ...nobodyProtected, ...vip }).group).toEqual([]);
  });

  it('holds the names of people where somebody is protected by one', () => {
    const { user, group } = attributesNeeded({ ...nobodyProtected, ids: ['ceo@contoso.example'] });
    expect(user).toEqual(['userPrincipalName', 'mail']);
    expect(group).toEqual(['mail']);
    expect(attributesNeeded({ ...nobodyProtected, ids: ['7', 'R-1'] })).toEqual({ user: [], group: [] });
  });
});

describe('a mapping', () => {
  const read = readAfter({ version: 0, attributes: nothingRead }, names('mail', 'businessPhones'), true, 1);
  const whenNull = (from: string, given: 'clear' | 'keep' = 'clear') =>
    sayingOnlyRead({ user: [mappingRule(from, 'x', { whenNull: given })], group: [] }, read).user.map(
      (rule) => rule.whenNull,
    );

  it('clears nothing at a target that was not read of the tenant', () => {
    expect(whenNull('mail')).toEqual(['clear']);
    expect(whenNull('businessPhones[0]')).toEqual(['clear']);
    expect(whenNull('id')).toEqual(['clear']);
    expect(whenNull('faxNumber')).toEqual(['keep']);
    expect(whenNull('mail', 'keep')).toEqual(['keep']);
    expect(unreadOf(names('mail', 'faxNumber'), read)).toEqual({ user: ['faxNumber'], group: [] });
  });

  it('has no default for what was not read, which is unknown and not empty', () => {
    const defaults = (from: string) =>
      sayingOnlyRead(
        { user: [mappingRule(from, 'x', { whenNull: 'keep', default: 'none' })], group: [] },
        read,
      ).user.map((rule) => rule.default);
    expect(defaults('mail')).toEqual(['none']);
    expect(defaults('faxNumber')).toEqual([null]);
  });

  it('writes a constant whatever was read', () => {
    const constant: Mapping = {
      user: [{ kind: 'constant', value: null, to: 'x', apply: 'always', whenNull: 'clear', default: null }],
      group: [],
    };
    expect(sayingOnlyRead(constant, nothingRead)).toEqual(constant);
  });
});

describe('what was read of everybody', () => {
  const first = readAfter({ version: 0, attributes: nothingRead }, names('mail'), true, 1);

  it('grows by a full sync, shrinks by any other, and remembers since when', () => {
    expect(first.user).toEqual(new Map([['mail', 0]]));
    const more = readAfter({ version: 1, attributes: first }, names('mail', 'department'), true, 5);
    expect([...more.user]).toEqual([
      ['mail', 0],
      ['department', 5],
    ]);
    expect([...readAfter({ version: 5, attributes: more }, names('department', 'city'), false, 6).user]).toEqual([
      ['department', 5],
    ]);
  });

  it('is not forgotten by an attribute that was left out and taken in again: it was not read in between', () => {
    const without = readAfter({ version: 1, attributes: first }, names(), true, 2);
    expect(readAfter({ version: 2, attributes: without }, names('mail'), true, 3).user.get('mail')).toBe(3);
  });

  it('says of each object whether it was read with what is asked', () => {
    const read = readAfter({ version: 1, attributes: first }, names('mail', 'department'), true, 5);
    const anna = { object: person('anna', {}), gone: null, version: 2 };
    const asked = { user: ['department'], group: [] };
    expect(areRead(asked, read)).toBe(true);
    expect(wasRead(asked, first, anna)).toBe('not_yet');
    expect(wasRead(asked, read, anna)).toBe('yes');
    // Who was not there any more when it was first read, nobody can read again.
    expect(wasRead(asked, read, { ...anna, gone: 'missing', version: 5 })).toBe('never');
    expect(wasRead(asked, read, { ...anna, gone: 'deleted', version: 3 })).toBe('never');
    expect(wasRead(asked, read, { ...anna, gone: 'deleted', version: 6 })).toBe('yes');
    expect(wasRead({ user: ['mail'], group: [] }, read, { ...anna, gone: 'deleted', version: 1 })).toBe('yes');
    // It was read before as well, and left out for a while: whoever left by then was read with it.
    const left = { ...anna, object: person('anna', { department: 'Board' }), gone: 'missing', version: 5 } as const;
    expect(wasRead(asked, read, left)).toBe('yes');
  });
});
