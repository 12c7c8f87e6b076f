import { describe, expect, it } from 'vitest';
import {
  operationsFrom,
  operationsOn,
  operationsUnseen,
  operationsWithoutValuePaths,
} from '../../../src/target/scim/patch.ts';

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const work = 'emails[type eq "work"].value';

describe('an update as PATCH operations', () => {
  it('adds what was unassigned, replaces what was there, removes what was cleared', () => {
    const before = { title: null, displayName: 'Ada', nickName: 'A' };
    expect(operationsFrom(before, { title: 'Countess', displayName: 'Ada King', nickName: null })).toEqual([
      { op: 'add', path: 'title', value: 'Countess' },
      { op: 'replace', path: 'displayName', value: 'Ada King' },
      { op: 'remove', path: 'nickName' },
    ]);
  });

  it('asks nothing for what is unassigned already', () => {
    expect(operationsOn({}, { title: null, [work]: null })).toEqual([]);
  });

  it('replaces active by a boolean, whatever was known', () => {
    expect(operationsFrom({}, { active: true })).toEqual([{ op: 'replace', path: 'active', value: true }]);
  });

  it('sends a manager as an object', () => {
    const path = `${enterprise}:manager`;
    expect(operationsFrom({}, { [path]: '9' })).toEqual([{ op: 'add', path, value: { value: '9' } }]);
    expect(operationsFrom({ [path]: '9' }, { [path]: null })).toEqual([{ op: 'remove', path }]);
  });

  it('points into an element that is known to be there', () => {
    expect(operationsFrom({ [work]: 'old' }, { [work]: 'new' })).toEqual([{ op: 'replace', path: work, value: 'new' }]);
    const asked = { 'addresses[type eq "work"].locality': 'Paris', 'addresses[type eq "work"].region': 'IDF' };
    expect(operationsFrom({ 'addresses[type eq "work"].locality': 'London' }, asked)).toEqual([
      { op: 'replace', path: 'addresses[type eq "work"].locality', value: 'Paris' },
      { op: 'add', path: 'addresses[type eq "work"].region', value: 'IDF' },
    ]);
  });

  it('removes an element whose value is cleared', () => {
    expect(operationsFrom({ [work]: 'old' }, { [work]: null })).toEqual([
      { op: 'remove', path: 'emails[type eq "work"]' },
    ]);
  });

  it('looks before it clears what is not known to be there', () => {
    expect(operationsFrom({ displayName: 'Ada' }, { title: null, displayName: 'Ada King' })).toBe('look');
    expect(operationsFrom({}, { [work]: null })).toBe('look');
  });

  it('removes what is cleared whatever was there, of a resource that is not shown', () => {
    const title = { op: 'remove', path: 'title' };
    expect(operationsUnseen({ nickName: 'A' }, { title: null, [work]: null, nickName: 'B' })).toEqual([
      [title, { op: 'replace', path: 'nickName', value: 'B' }, { op: 'remove', path: 'emails[type eq "work"]' }],
      [title, { op: 'replace', path: 'nickName', value: 'B' }],
    ]);
    expect(operationsUnseen({}, { title: null, [work]: 'new' })).toBeNull();
  });

  it('looks before it gives an account an element, because it may be there without the part we know of', () => {
    expect(operationsFrom({}, { [work]: 'new', title: 'Countess' })).toBe('look');
    expect(operationsOn({ emails: [{ type: 'home', value: 'x' }] }, { [work]: 'new' })).toEqual([
      { op: 'add', path: 'emails', value: [{ type: 'work', value: 'new' }] },
    ]);
    expect(operationsOn({ emails: [{ type: 'work', display: 'Ada' }] }, { [work]: 'new' })).toEqual([
      { op: 'add', path: work, value: 'new' },
    ]);
  });

  it('replaces the whole list where value paths are not understood, and keeps the others in it', () => {
    const home = { type: 'home', value: 'x', display: 'Home' };
    const resource = { emails: [home, { type: 'work', value: 'old' }], phoneNumbers: [{ type: 'work', value: '1' }] };
    const asked = { [work]: null, 'phoneNumbers[type eq "work"].value': null, title: 'Countess' };
    expect(operationsWithoutValuePaths(resource, asked)).toEqual([
      { op: 'add', path: 'title', value: 'Countess' },
      { op: 'replace', path: 'emails', value: [home] },
      { op: 'remove', path: 'phoneNumbers' },
    ]);
  });
});
