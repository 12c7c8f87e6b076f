import { describe, expect, it } from 'vitest';
import { isOpen, isProtected, shield } from '../../src/core/protection.ts';
import { remoteId } from '../../src/model/ids.ts';
import type { Attributes } from '../../src/model/source-object.ts';
import { nobodyProtected, type Protection } from '../../src/model/target-record.ts';
import { aGroup, aUser, idOf, person } from './builders.ts';

const by = (protection: Partial<Protection>, members: readonly string[] = []) =>
  shield({ ...nobodyProtected, ...protection }, new Set(members.map(idOf)));
const anna = (attributes: Attributes = {}) => ({
  ref: aUser('anna'),
  remoteId: remoteId('R-1'),
  object: person('anna', attributes),
});

describe('an account', () => {
  it('is protected by its id in the source or at the target, in whatever case it was given', () => {
    expect(isProtected(by({ ids: ['ANNA'] }), anna())).toBe(true);
    expect(isProtected(by({ ids: [' r-1 '] }), anna())).toBe(true);
    expect(isProtected(by({ ids: ['bert'] }), anna())).toBe(false);
    expect(isProtected(by({ ids: ['r-1'] }), { ...anna(), remoteId: null })).toBe(false);
  });

  it('is protected by the value of an attribute, also one of several values', () => {
    const ceo = by({ attributes: [{ attribute: 'jobTitle', value: 'CEO' }] });
    expect(isProtected(ceo, anna({ jobTitle: 'ceo' }))).toBe(true);
    expect(isProtected(ceo, anna({ jobTitle: 'ceo assistant' }))).toBe(false);
    expect(isProtected(ceo, anna({ jobTitle: null }))).toBe(false);
    const tagged = by({ attributes: [{ attribute: 'tags', value: 'keep' }] });
    expect(isProtected(tagged, anna({ tags: ['a', 'Keep'] }))).toBe(true);
    expect(isProtected(by({ attributes: [{ attribute: 'level', value: '7' }] }), anna({ level: 7 }))).toBe(true);
  });

  it('is protected by its group, and the group with it', () => {
    const admins = by({ groups: [idOf('admins')] }, ['admins', 'anna']);
    expect(isProtected(admins, anna())).toBe(true);
    expect(isProtected(admins, { ref: aGroup('admins'), remoteId: null, object: undefined })).toBe(true);
    expect(isProtected(admins, { ref: aUser('bert'), remoteId: null, object: undefined })).toBe(false);
  });

  it('that nobody knows any more is protected by its ids alone', () => {
    const stranger = { ...anna(), object: undefined };
    expect(isProtected(by({ attributes: [{ attribute: 'jobTitle', value: 'CEO' }] }), stranger)).toBe(false);
    expect(isProtected(by({ ids: ['anna'] }), stranger)).toBe(true);
  });

  it('is never found in the prototype', () => {
    expect(isProtected(by({ attributes: [{ attribute: 'constructor', value: 'x' }] }), anna())).toBe(false);
  });
});

it('without anything named nobody is protected', () => {
  expect(isOpen(by({}))).toBe(true);
  expect(isOpen(by({ ids: ['x'] }))).toBe(false);
  expect(isOpen(by({}, ['admins']))).toBe(false);
});
