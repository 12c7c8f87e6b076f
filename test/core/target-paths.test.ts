import { describe, expect, it } from 'vitest';
import { defaultMapping, defaultMatching } from '../../src/core/default-mapping.ts';
import { linkByPath, operationByPath, rulesByPath } from '../../src/core/target-paths.ts';
import { operationKey, remoteId } from '../../src/model/ids.ts';
import type { MappingRule, PathOf } from '../../src/model/mapping.ts';
import { aUser, mappingRule } from './builders.ts';

/** A kind that takes names in any case, keeps one for itself, and has one that is given once. */
const anyCase: PathOf = (_type, text) => {
  const path = text.toLowerCase();
  if (path === 'owned') return { refused: 'is the own business of the target' };
  return { path, writable: path === 'pin' ? 'only_on_create' : 'always' };
};
const plain = { apply: 'always', whenNull: 'clear', default: null } as const;
const from = (to: string, more: Partial<MappingRule> = {}): MappingRule => ({
  ...plain,
  kind: 'direct',
  from: 'title',
  to,
  ...(more.apply && { apply: more.apply }),
  ...(more.default !== undefined && { default: more.default }),
});
const judged = (rules: readonly MappingRule[], type: 'user' | 'group' = 'user') => {
  const mapping = { user: [], group: [], [type]: rules };
  return rulesByPath({ mapping, matching: { user: [], group: [] } }, anyCase);
};
const pointers = (...rules: readonly MappingRule[]): readonly string[] =>
  judged(rules).refused.map(({ pointer }) => pointer);

describe('the rules of a target, by the names of its paths', () => {
  it('are the same whatever was written, also those it is matched by', () => {
    const { rules, refused } = rulesByPath(
      {
        mapping: { user: [from('Title'), from('ACTIVE')], group: [] },
        matching: { user: [{ from: 'id', to: 'Mark', ignoreCase: true }], group: [] },
      },
      anyCase,
    );
    expect(refused).toEqual([]);
    expect(rules.mapping.user).toEqual([from('title'), from('active')]);
    expect(rules.matching.user).toEqual([{ from: 'id', to: 'mark', ignoreCase: true }]);
  });

  it('refuse what the kind refuses, and leave it as it was written', () => {
    const { rules, refused } = rulesByPath(
      {
        mapping: { user: [from('a'), from('Owned')], group: [] },
        matching: { user: [], group: [{ from: 'id', to: 'owned', ignoreCase: true }] },
      },
      anyCase,
    );
    expect(refused).toEqual([
      { pointer: '/mapping/user/1/to', detail: '"Owned" is the own business of the target' },
      { pointer: '/matching/group/0/to', detail: '"owned" is the own business of the target' },
    ]);
    expect(rules.mapping.user[1]?.to).toBe('Owned');
  });

  it('write no path twice, in whatever spelling', () => {
    expect(pointers(from('title'), from('Title'))).toEqual(['/mapping/user/1/to']);
    expect(pointers(from('mails'), from('x'), from('Mails.Value'))).toEqual(['/mapping/user/2/to']);
  });

  it('give once what an account is made with', () => {
    expect(pointers(from('Pin'))).toEqual(['/mapping/user/0/apply']);
    expect(pointers(from('Pin', { apply: 'only_on_create' }))).toEqual([]);
  });

  it('switch an account by true and false alone, and no group', () => {
    const off = (value: MappingRule['default']): MappingRule => ({ ...plain, kind: 'constant', value, to: 'Active' });
    expect(judged([off(false)]).refused).toEqual([]);
    for (const value of ['False', 'false', 0, null, ['false']])
      expect(pointers(off(value))).toEqual(['/mapping/user/0/value']);
    expect(pointers(from('active', { default: 'False' }))).toEqual(['/mapping/user/0/default']);
    expect(pointers({ ...plain, kind: 'reference', from: 'manager', to: 'active' })).toEqual(['/mapping/user/0/kind']);
    expect(judged([off(true)], 'group').refused).toMatchObject([{ pointer: '/mapping/group/0/to' }]);
  });

  it('of the default have the names of the kind they are for', () => {
    const given = { mapping: defaultMapping, matching: defaultMatching };
    expect(rulesByPath(given, (_type, path) => ({ path, writable: 'always' }))).toEqual({
      rules: given,
      refused: [],
      standing: given,
    });
  });

  it('stand without those that are refused, and a switch without the default that is', () => {
    const to = (path: string, initial: string | null = null) => mappingRule('x', path, { default: initial });
    const mapping = { user: [to('userName'), to('never'), to('active', 'true')], group: [] };
    const { refused, standing } = rulesByPath({ mapping, matching: { user: [], group: [] } }, (_type, path) =>
      path === 'never' ? { refused: 'is refused' } : { path, writable: 'always' },
    );
    expect(refused.map(({ pointer }) => pointer)).toEqual(['/mapping/user/1/to', '/mapping/user/2/default']);
    expect(standing.mapping.user).toEqual([to('userName'), to('active')]);
  });
});

it('an operation that was noted by another spelling is read by the name of now', () => {
  const noted = {
    key: operationKey('k'),
    ref: aUser('anna'),
    action: 'update',
    remoteId: remoteId('7'),
    attributes: { Active: 'True', Title: 'Nurse' },
    before: { Active: false, Title: null },
  } as const;
  expect(operationByPath(noted, anyCase)).toEqual({
    ...noted,
    attributes: { active: true, title: 'Nurse' },
    before: { active: false, title: null },
  });
});

it('a link that was kept by another spelling names by that of now all that is known, and all that is in doubt', () => {
  const kept = {
    ref: aUser('anna'),
    remoteId: remoteId('7'),
    by: 'created',
    state: 'active',
    since: new Date(0),
    hasLeft: false,
    pushed: { Active: 'True', Title: 'Nurse', title: 'Clerk' },
    mayHold: { Active: false, Title: 'Doctor' },
    mayHoldToo: { Active: [null, 'True'], Title: ['Head', ['a']] },
    membersSince: null,
    membersAt: null,
  } as const;
  expect(linkByPath(kept, anyCase)).toEqual({
    ...kept,
    pushed: { active: true, title: 'Clerk' },
    mayHold: { active: false, title: 'Doctor' },
    mayHoldToo: { active: [null, true], title: ['Head', ['a']] },
  });
});
