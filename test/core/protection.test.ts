import { describe, expect, it } from 'vitest';
import { coverOf, isOpen, isUnsure, shield, type Unreadable } from '../../src/core/protection.ts';
import type { ReadSince } from '../../src/core/read-attributes.ts';
import { remoteId, sourceId } from '../../src/model/ids.ts';
import type { Attributes, GoneReason } from '../../src/model/source-object.ts';
import { nobodyProtected, type Protection } from '../../src/model/target-record.ts';
import { aGroup, aUser, idOf, person } from './builders.ts';

const reading = (...names: readonly string[]): ReadSince => {
  const since = new Map(names.map((name) => [name, 3]));
  return { user: since, group: since };
};
const everything = reading('jobTitle', 'tags', 'level', 'department', 'userPrincipalName', 'mail', 'displayName');
type Known = { readonly members?: readonly string[]; readonly read?: ReadSince; readonly unreadable?: Unreadable[] };
const by = (protection: Partial<Protection>, { members = [], read = everything, unreadable = [] }: Known = {}) =>
  shield({ ...nobodyProtected, ...protection }, new Set(members.map(idOf)), { read, unreadable });
const anna = (attributes: Attributes = {}, gone: GoneReason | null = null, version = 7) => ({
  ref: aUser('anna'),
  remoteId: remoteId('R-1'),
  seen: { object: person('anna', attributes), gone, version },
});

describe('an account', () => {
  it('is protected by its id in the source or at the target, in whatever case it was given', () => {
    expect(coverOf(by({ ids: ['ANNA'] }), anna())).toBe('protected');
    expect(coverOf(by({ ids: [' r-1 '] }), anna())).toBe('protected');
    expect(coverOf(by({ ids: ['bert'] }), anna())).toBe('none');
    expect(coverOf(by({ ids: ['r-1'] }), { ...anna(), remoteId: null })).toBe('none');
  });

  it('is protected by its user principal name or mail address', () => {
    const named = anna({ userPrincipalName: 'Anna@contoso.example', mail: 'a.berg@contoso.example' });
    expect(coverOf(by({ ids: ['ANNA@Contoso.example'] }), named)).toBe('protected');
    expect(coverOf(by({ ids: ['A.Berg@contoso.example'] }), named)).toBe('protected');
    expect(coverOf(by({ ids: ['b@contoso.example'] }), named)).toBe('none');
    expect(coverOf(by({ ids: ['b@contoso.example'] }, { read: reading('mail') }), named)).toBe('unknown');
  });

  it('is protected by the value of an attribute, also one of several values, in any case of both', () => {
    const ceo = by({ attributes: [{ attribute: 'JobTitle', value: 'CEO' }] });
    expect(coverOf(ceo, anna({ jobTitle: 'ceo' }))).toBe('protected');
    expect(coverOf(ceo, anna({ jobTitle: 'ceo assistant' }))).toBe('none');
    expect(coverOf(ceo, anna({ jobTitle: null }))).toBe('none');
    const tagged = by({ attributes: [{ attribute: 'tags', value: 'keep' }] });
    expect(coverOf(tagged, anna({ tags: ['a', 'Keep'] }))).toBe('protected');
    expect(coverOf(by({ attributes: [{ attribute: 'level', value: '7' }] }), anna({ level: 7 }))).toBe('protected');
  });

  it('is protected by its group, and the group with it', () => {
    const admins = by({ groups: [idOf('admins')] }, { members: ['admins', 'anna'] });
    expect(coverOf(admins, anna())).toBe('protected');
    expect(coverOf(admins, { ref: aGroup('admins'), remoteId: null, seen: undefined })).toBe('protected');
    expect(coverOf(admins, { ref: aUser('bert'), remoteId: null, seen: undefined })).toBe('none');
  });

  it('that nobody knows any more is protected by its ids, and else nobody knows', () => {
    const stranger = { ...anna(), seen: undefined };
    expect(coverOf(by({ attributes: [{ attribute: 'jobTitle', value: 'CEO' }] }), stranger)).toBe('unknown');
    expect(coverOf(by({ ids: ['anna'] }), stranger)).toBe('protected');
  });

  it('is never found in the prototype', () => {
    const odd = { attributes: [{ attribute: 'constructor', value: 'x' }] };
    expect(coverOf(by(odd, { read: reading('constructor') }), anna())).toBe('none');
  });
});

describe('whether somebody is protected', () => {
  const board = { attributes: [{ attribute: 'department', value: 'Board' }] };

  it('is not known as long as what protects was not read', () => {
    const unread = by(board, { read: reading('mail') });
    expect(isUnsure(unread)).toBe(true);
    expect(coverOf(unread, anna())).toBe('unknown');
    expect(coverOf(unread, anna({ department: 'Board' }))).toBe('protected');
    // A department is nothing that a group has.
    expect(coverOf(unread, { ref: aGroup('team'), remoteId: null, seen: undefined })).toBe('none');
    expect(isUnsure(by(board))).toBe(false);
    expect(coverOf(by(board), anna())).toBe('none');
  });

  it('is never known of whoever left before it was read', () => {
    expect(coverOf(by(board), anna({}, 'deleted', 3))).toBe('never_known');
    expect(coverOf(by(board), anna({}, 'deleted', 4))).toBe('none');
    expect(coverOf(by(board), anna({ department: 'board' }, 'deleted', 4))).toBe('protected');
  });

  it('is not known of anybody where nobody can say who is in a protected group', () => {
    const blind = by({ groups: [idOf('admins')] }, { unreadable: [{ group: sourceId('admins'), why: 'hidden' }] });
    expect(isUnsure(blind)).toBe(true);
    expect(isOpen(blind)).toBe(false);
    expect(coverOf(blind, anna())).toBe('unknown');
    expect(coverOf(blind, { ref: aGroup('team'), remoteId: null, seen: undefined })).toBe('unknown');
  });
});

it('without anything named nobody is protected', () => {
  expect(isOpen(by({}))).toBe(true);
  expect(isUnsure(shield(nobodyProtected, new Set()))).toBe(false);
  expect(isOpen(by({ ids: ['x'] }))).toBe(false);
  expect(isOpen(by({}, { members: ['admins'] }))).toBe(false);
});
