import { describe, expect, it } from 'vitest';
import { follow, isWithin, leavers } from '../../src/core/scope.ts';
import type { SourceId } from '../../src/model/ids.ts';
import type { Ref } from '../../src/model/source-object.ts';
import { aGroup, aUser, idOf, person, team } from './builders.ts';

const scope = (nested: boolean) => ({ kind: 'groups', groups: [idOf('uat')], nested }) as const;

/** Walks a whole scope the way a sweep does; a map of lists stands for the stored membership. */
const groupsReached = (members: Readonly<Record<string, readonly Ref[]>>, nested: boolean): readonly SourceId[] => {
  const followed = new Set<SourceId>(scope(nested).groups);
  for (const group of followed)
    for (const next of follow(scope(nested), followed, members[group] ?? [])) followed.add(next);
  return [...followed];
};

describe('the groups of a scope', () => {
  const members = {
    uat: [aUser('anna'), aGroup('inner'), aGroup('other')],
    inner: [aGroup('deep'), aGroup('uat')],
    deep: [aGroup('inner'), aUser('bert')],
  };

  it('are followed into the groups in them, once each, when the scope is nested', () => {
    expect(groupsReached(members, true)).toEqual(['uat', 'inner', 'other', 'deep']);
  });

  it('are not followed further when it is not', () => {
    expect(groupsReached(members, false)).toEqual(['uat']);
    expect(follow(scope(false), new Set(), members.uat)).toEqual([]);
  });

  it('that are followed already are not followed again', () => {
    expect(follow(scope(true), new Set([idOf('inner')]), members.uat)).toEqual(['other']);
  });

  it('end by themselves where groups are in each other, or in themselves', () => {
    expect(groupsReached({ uat: [aGroup('uat')] }, true)).toEqual(['uat']);
    expect(groupsReached({ uat: [aGroup('a')], a: [aGroup('b')], b: [aGroup('a')] }, true)).toEqual(['uat', 'a', 'b']);
  });

  it('are groups: a user is nowhere to go on from', () => {
    expect(follow(scope(true), new Set(), [aUser('anna')])).toEqual([]);
  });
});

describe('who leaves a scope', () => {
  it('is everybody it does not reach: users as members, groups as followed', () => {
    const objects = [person('anna'), person('bert'), team('uat'), team('other')];
    expect(leavers(objects, new Set([idOf('anna')]), new Set([idOf('uat')]))).toEqual([aUser('bert'), aGroup('other')]);
  });

  it('is not excused by the id of another kind of object', () => {
    expect(leavers([person('x'), team('y')], new Set([idOf('y')]), new Set([idOf('x')]))).toEqual([
      aUser('x'),
      aGroup('y'),
    ]);
  });

  it('is nobody when all are reached', () => {
    expect(leavers([person('anna')], new Set([idOf('anna')]), new Set())).toEqual([]);
  });
});

describe('a scope', () => {
  const all = { kind: 'all' } as const;
  const of = (groups: readonly string[], nested = false) =>
    ({ kind: 'groups', groups: groups.map(idOf), nested }) as const;

  it.each([
    ['everybody', 'everybody', all, all],
    ['a group', 'everybody', of(['uat']), all],
    ['a group', 'that group', of(['uat']), of(['uat'])],
    ['a group', 'that group and the groups in it', of(['uat']), of(['uat'], true)],
    ['one of two groups', 'both', of(['uat']), of(['staff', 'uat'])],
  ])('of %s is within that of %s', (_, __, inner, outer) => {
    expect(isWithin(inner, outer)).toBe(true);
  });

  it.each([
    ['everybody', 'a group', all, of(['uat'])],
    ['a group and the groups in it', 'that group alone', of(['uat'], true), of(['uat'])],
    ['two groups', 'one of them', of(['staff', 'uat']), of(['uat'])],
    ['a group', 'another, whatever is in that', of(['staff']), of(['uat'], true)],
  ])('of %s is not within that of %s', (_, __, inner, outer) => {
    expect(isWithin(inner, outer)).toBe(false);
  });
});
