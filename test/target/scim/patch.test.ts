import { describe, expect, it } from 'vitest';
import { patchOperations } from '../../../src/target/scim/patch.ts';

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const work = 'emails[type eq "work"].value';

describe('an update as PATCH operations', () => {
  it('adds what was unassigned, replaces what was there, removes what was cleared', () => {
    const asked = { title: 'Countess', displayName: 'Ada King', nickName: null };
    const before = { title: null, displayName: 'Ada', nickName: 'A' };
    expect(patchOperations(asked, before, null)).toEqual([
      { op: 'add', path: 'title', value: 'Countess' },
      { op: 'replace', path: 'displayName', value: 'Ada King' },
      { op: 'remove', path: 'nickName' },
    ]);
  });

  it('asks nothing for what is unassigned already', () => {
    expect(patchOperations({ title: null, [work]: null }, {}, null)).toEqual([]);
  });

  it('replaces active by a boolean, whatever was known', () => {
    expect(patchOperations({ active: true }, {}, null)).toEqual([{ op: 'replace', path: 'active', value: true }]);
  });

  it('sends a manager as an object', () => {
    const path = `${enterprise}:manager`;
    expect(patchOperations({ [path]: '9' }, {}, null)).toEqual([{ op: 'add', path, value: { value: '9' } }]);
    expect(patchOperations({ [path]: null }, { [path]: '9' }, null)).toEqual([{ op: 'remove', path }]);
  });

  it('points into an element that is known to be there', () => {
    expect(patchOperations({ [work]: 'new' }, { [work]: 'old' }, null)).toEqual([
      { op: 'replace', path: work, value: 'new' },
    ]);
    const asked = { 'addresses[type eq "work"].locality': 'Paris', 'addresses[type eq "work"].region': 'IDF' };
    expect(patchOperations(asked, { 'addresses[type eq "work"].locality': 'London' }, null)).toEqual([
      { op: 'replace', path: 'addresses[type eq "work"].locality', value: 'Paris' },
      { op: 'add', path: 'addresses[type eq "work"].region', value: 'IDF' },
    ]);
  });

  it('removes an element whose value is cleared', () => {
    expect(patchOperations({ [work]: null }, { [work]: 'old' }, null)).toEqual([
      { op: 'remove', path: 'emails[type eq "work"]' },
    ]);
  });

  it('looks before it gives an account an element, because it may be there without the part we know of', () => {
    expect(patchOperations({ [work]: 'new', title: 'Countess' }, {}, null)).toBe('look');
    expect(patchOperations({ [work]: 'new' }, {}, { emails: [{ type: 'home', value: 'x' }] })).toEqual([
      { op: 'add', path: 'emails', value: [{ type: 'work', value: 'new' }] },
    ]);
    expect(patchOperations({ [work]: 'new' }, {}, { emails: [{ type: 'work', display: 'Ada' }] })).toEqual([
      { op: 'add', path: work, value: 'new' },
    ]);
  });
});
