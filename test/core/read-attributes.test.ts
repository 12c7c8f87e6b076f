import { describe, expect, it } from 'vitest';
import {
  type AttributeNames,
  areRead,
  attributesNeeded,
  attributesToRead,
  nothingRead,
  readAfter,
  wasRead,
} from '../../src/core/read-attributes.ts';
import { nobodyProtected, type Protection } from '../../src/model/target-record.ts';
import { person } from './builders.ts';

const names = (...user: readonly string[]): AttributeNames => ({ user, group: ['displayName'] });
const protecting = (protection: Partial<Protection>, state: 'active' | 'paused' | 'deleting' = 'active') => ({
  state,
  protected: { ...nobodyProtected, ...protection },
});

describe('what is read of a tenant', () => {
  const vip = { attributes: [{ attribute: 'Department', value: 'Board' }] };

  it('is what the connection asks for, and what any of its targets protects by, also one that is paused', () => {
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
  });
});
