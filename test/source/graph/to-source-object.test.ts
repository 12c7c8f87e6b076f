import { describe, expect, it } from 'vitest';
import {
  managerExpanded,
  managerInDelta,
  memberOf,
  membersInDelta,
  removalOf,
  selectionOf,
} from '../../../src/source/graph/to-source-object.ts';

const id = '6EA91A8D-E32E-41A1-B7BD-D2D185EED0E0';
const lower = id.toLowerCase();
const select = (user: readonly string[], group: readonly string[] = []) => selectionOf({ user, group });

describe('what is selected', () => {
  it('has the id, a name and a switch that are never hidden, and each nested object once', () => {
    const { select: of, manager } = select([
      'manager',
      'displayName',
      'employeeOrgData.costCenter',
      'employeeOrgData.division',
    ]);
    expect(of.user).toBe('id,userPrincipalName,accountEnabled,displayName,employeeOrgData');
    expect(manager).toBe(true);
    expect(select([], ['members', 'mail']).select.group).toBe('id,displayName,visibility,mail');
  });

  it.each(['__proto__', 'a b', '$count', 'a&b=c', 'a..b', ''])('does not let "%s" into a request', (name) => {
    expect(() => select([name])).toThrow(/not the name/);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty'])('does not find %s in an object that lacks it', (name) => {
    expect(select([name]).whole('user', { id })).toEqual({ [name]: null });
    expect(select([name]).partial('user', { id })).toEqual({});
  });
});

describe('the attributes of an object', () => {
  it('hold an extension of the directory in whatever case the tenant spells it', () => {
    const name = 'extension_0123456789abcdef0123456789abcdef_costcenter';
    const shown = { id, extension_0123456789abcdef0123456789abcdef_costCenter: '7' };
    expect(select([name]).whole('user', shown)).toEqual({ [name]: '7' });
    expect(select([name]).whole('user', { id })).toEqual({ [name]: null });
    expect(select([name]).partial('user', { id })).toEqual({});
  });

  it('lack nothing that was asked for when the object is shown whole', () => {
    const entity = { id, displayName: 'Ada', employeeOrgData: { division: 'North' } };
    const selection = select(['displayName', 'city', 'employeeOrgData.costCenter', 'employeeOrgData.division']);
    expect(selection.whole('user', entity)).toEqual({
      displayName: 'Ada',
      city: null,
      'employeeOrgData.costCenter': null,
      'employeeOrgData.division': 'North',
    });
  });

  it('say nothing of what a change leaves out, and null of what it clears', () => {
    const selection = select(['displayName', 'city', 'employeeOrgData.costCenter']);
    expect(selection.partial('user', { id, city: null })).toEqual({ city: null });
    expect(selection.partial('user', { id, employeeOrgData: null })).toEqual({ 'employeeOrgData.costCenter': null });
  });

  it('are the same for lists in any order and objects with keys in any order', () => {
    const selection = select(['identities', 'businessPhones']);
    const one = selection.whole('user', {
      id,
      identities: [{ a: 1, b: [{ d: 1, c: 2 }] }],
      businessPhones: ['2', '1'],
    });
    const other = selection.whole('user', {
      id,
      identities: [{ b: [{ c: 2, d: 1 }], a: 1 }],
      businessPhones: ['1', '2'],
    });
    expect(one).toEqual(other);
    expect(one['businessPhones']).toEqual(['1', '2']);
  });

  it('keep strings as they are: emoji, right to left, composed and not, half a pair', () => {
    for (const displayName of ['👩‍💻', 'אדה', 'e\u0301', '\u00e9', '\ud800', 'a\u0000b'])
      expect(select(['displayName']).whole('user', { id, displayName })).toEqual({ displayName });
  });
});

describe('references', () => {
  it.each<[string, unknown, string | null | undefined]>([
    ['a new manager', [{ '@odata.type': '#microsoft.graph.user', id }], lower],
    ['no manager any more', [{ id, '@removed': { reason: 'deleted' } }], null],
    ['no manager, as an empty list', [], null],
    ['one for another', [{ id: 'old', '@removed': { reason: 'deleted' } }, { id }], lower],
    ['one for another, the other way round', [{ id }, { id: 'old', '@removed': { reason: 'deleted' } }], lower],
    ['nothing', undefined, undefined],
  ])('a delta query tells %s', (_, relation, expected) => {
    expect(managerInDelta(relation === undefined ? { id } : { id, 'manager@delta': relation })).toBe(expected);
  });

  it('a single user tells the manager, or that there is none', () => {
    expect(managerExpanded({ id, manager: { id } })).toBe(lower);
    expect(managerExpanded({ id })).toBeNull();
  });
});

describe('members', () => {
  const entry = (type: string, more = {}) => ({ '@odata.type': `#microsoft.graph.${type}`, id, ...more });

  it('are users and groups', () => {
    expect(memberOf(entry('user'))).toEqual({ type: 'user', id: lower });
    expect(memberOf(entry('group'))).toEqual({ type: 'group', id: lower });
    for (const type of ['device', 'servicePrincipal', 'orgContact']) expect(memberOf(entry(type))).toBeNull();
    expect(() => memberOf({ id })).toThrow(/no type/);
  });

  it('come and go; the last word on somebody counts', () => {
    const gone = { '@removed': { reason: 'deleted' } };
    const delta = (...entries: readonly object[]) => membersInDelta({ id, 'members@delta': entries });
    expect(delta(entry('user'))).toEqual({ added: [{ type: 'user', id: lower }], removed: [] });
    expect(delta(entry('user', gone), entry('user'))).toMatchObject({ removed: [] });
    expect(delta(entry('user'), entry('user', gone))).toMatchObject({ added: [] });
    expect(delta({ id, ...gone })).toEqual({ added: [], removed: [{ type: 'user', id: lower }] });
    expect(delta(entry('device'))).toEqual({ added: [], removed: [] });
    expect(() => membersInDelta({ id, 'members@delta': 'all' })).toThrow(/not a list/);
  });
});

it('tells the recycle bin from the end', () => {
  expect(removalOf({ id, '@removed': { reason: 'changed' } })).toBe('soft_deleted');
  expect(removalOf({ id, '@removed': { reason: 'deleted' } })).toBe('deleted');
  expect(removalOf({ id, '@removed': {} })).toBe('deleted');
  expect(removalOf({ id })).toBeNull();
});
