import { describe, expect, it } from 'vitest';
import { isToBeOff } from '../../src/core/switch.ts';
import type { MappingRule } from '../../src/model/mapping.ts';
import type { Attributes } from '../../src/model/source-object.ts';
import { person } from '../core/builders.ts';
import { id, type Story, story } from '../support/story.ts';

const names = ['anna', 'ben', 'cora', 'dan', 'eve'] as const;

/** They leave while nobody looks, and then everybody is looked at. */
const leaveUnseen = async (s: Story, leavers: readonly string[]): Promise<void> => {
  for (const name of names) s.hire(name);
  s.found('staff');
  s.found('club');
  await s.full();
  await s.requestProvision('full');
  for (const name of leavers) s.directory.remove(id(name), 'deleted');
  s.directory.remove(id('club'), 'deleted');
  await s.requestSync('delta');
  await s.syncAll();
  await s.provisionAll();
};

describe('a run that looks at everybody', () => {
  it.each([
    ['the first', ['anna']],
    ['one in between', ['cora']],
    ['the last', ['eve']],
    ['several in a row', ['ben', 'cora', 'dan']],
    ['all but one', ['anna', 'ben', 'cora', 'dan']],
  ])('finds who is linked and has left: %s', async (_which, leavers) => {
    const s = await story({ target: { leftGroups: 'delete' } });
    await leaveUnseen(s, leavers);
    const expected = Object.fromEntries(names.map((name) => [name, leavers.includes(name) ? 'off' : 'on']));
    expect(s.accounts()).toEqual(expected);
    expect(Object.keys(s.groups())).toEqual(['staff']);
  });
});

describe('somebody is to be off', () => {
  const active: MappingRule = {
    kind: 'direct',
    from: 'accountEnabled',
    to: 'active',
    apply: 'always',
    whenNull: 'keep',
    default: null,
  };

  it.each([
    ['when the source says so', { accountEnabled: false }, [active], true],
    ['not when the source says the opposite', { accountEnabled: true }, [active], false],
    ['not when the source says nothing', {}, [active], false],
    ['not when the mapping leaves it alone', { accountEnabled: false }, [], false],
    [
      'not when it is only said on creation',
      { accountEnabled: false },
      [{ ...active, apply: 'only_on_create' }],
      false,
    ],
  ] satisfies [string, Attributes, MappingRule[], boolean][])('%s', (_when, attributes, rules, expected) => {
    expect(isToBeOff(person('anna', attributes), rules)).toBe(expected);
  });
});
