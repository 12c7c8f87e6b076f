import { describe, expect, it } from 'vitest';
import { isOurs, judge, type Lookup, lookups, unmatched } from '../../src/core/matching.ts';
import type { Link } from '../../src/model/operation.ts';
import type { Ref } from '../../src/model/source-object.ts';
import { aUser, linkTo, person, remote } from './builders.ts';

const byName: Lookup = { rule: { to: 'userName', ignoreCase: true }, value: 'anna@contoso.example' };
const anna = aUser('anna');
const owned = (id: string, by: Ref): ReadonlyMap<Link['remoteId'], Link> => {
  const { remoteId } = remote(id, {});
  return new Map([[remoteId, linkTo(by, { remoteId })]]);
};
const nobody: ReadonlyMap<Link['remoteId'], Link> = new Map();

describe('the questions to a target', () => {
  it('follow the matching rules in order, without those whose source value is unassigned', () => {
    const rules = [
      { from: 'id', to: 'externalId', ignoreCase: true },
      { from: 'employeeId', to: 'employeeNumber', ignoreCase: false },
      { from: 'phones[0]', to: 'phone', ignoreCase: false },
      { from: 'upn', to: 'userName', ignoreCase: true },
    ];
    const asked = lookups(person('anna', { upn: 'anna@contoso.example', employeeId: null, phones: [] }), rules);
    expect(asked.map(({ rule, value }) => [rule.to, value])).toEqual([
      ['externalId', 'anna'],
      ['userName', 'anna@contoso.example'],
    ]);
  });

  it('are none by an empty value, in which strangers are alike, and whoever can be asked for by nothing is told apart from nobody', () => {
    const rules = [
      { from: 'employeeId', to: 'employeeNumber', ignoreCase: false },
      { from: 'upn', to: 'userName', ignoreCase: true },
    ];
    const blank = person('anna', { employeeId: ' ', upn: '' });
    expect(lookups(blank, rules)).toEqual([]);
    expect(unmatched(blank, rules)).toEqual({ kind: 'no_key', attributes: ['employeeId', 'upn'] });
    expect(unmatched(person('anna', { upn: 'anna@contoso.example' }), rules)).toEqual({ kind: 'none' });
  });
});

describe("a target's answer", () => {
  it('with one account of that value is a match', () => {
    const account = remote('r-1', { userName: 'anna@contoso.example' });
    expect(judge(anna, byName, [account], nobody)).toEqual({ kind: 'match', remote: account });
  });

  it('with nobody is none', () => {
    expect(judge(anna, byName, [], nobody)).toEqual({ kind: 'none' });
  });

  it('that ignores the filter and claims everybody is verified here', () => {
    const everybody = ['bert', 'ANNA', 'carl'].map((name) =>
      remote(`r-${name}`, { userName: `${name}@contoso.example` }),
    );
    expect(judge(anna, byName, everybody, nobody)).toMatchObject({ kind: 'match', remote: { remoteId: 'r-ANNA' } });
    expect(judge(aUser('dora'), { ...byName, value: 'dora@contoso.example' }, everybody, nobody)).toEqual({
      kind: 'none',
    });
  });

  it('that does not show the attribute proves nothing', () => {
    expect(judge(anna, byName, [remote('r-1', {}), remote('r-2', { userName: null })], nobody)).toEqual({
      kind: 'none',
    });
    expect(
      judge(anna, { rule: { to: 'toString', ignoreCase: false }, value: 'x' }, [remote('r-1', {})], nobody),
    ).toEqual({
      kind: 'none',
    });
  });

  it('in another case is a match only where the rule says so, on either side', () => {
    const exact: Lookup = { rule: { to: 'userName', ignoreCase: false }, value: 'Anna' };
    const claimed = (userName: string) => [remote('r-1', { userName })];
    expect(judge(anna, exact, claimed('anna'), nobody).kind).toBe('none');
    expect(judge(anna, exact, claimed('Anna'), nobody).kind).toBe('match');
    expect(
      judge(anna, { ...byName, value: 'ANNA@Contoso.example' }, claimed('anna@contoso.EXAMPLE'), nobody).kind,
    ).toBe('match');
  });

  it('compares values, not their text', () => {
    const byNumber: Lookup = { rule: { to: 'number', ignoreCase: true }, value: '7' };
    expect(judge(anna, byNumber, [remote('r-1', { number: 7 })], nobody).kind).toBe('none');
  });

  it('with several accounts is ambiguous, and says how many', () => {
    const twins = ['r-1', 'r-2', 'r-3'].map((id) => remote(id, { userName: 'anna@contoso.example' }));
    expect(judge(anna, byName, twins, nobody)).toEqual({ kind: 'ambiguous', attribute: 'userName', hits: 3 });
  });

  it('is ambiguous also when only one of them is free: which one is meant, a person decides', () => {
    const twins = ['r-1', 'r-2'].map((id) => remote(id, { userName: 'anna@contoso.example' }));
    expect(judge(anna, byName, twins, owned('r-1', aUser('bert'))).kind).toBe('ambiguous');
  });

  it('that shows the same account twice shows one', () => {
    const account = remote('r-1', { userName: 'anna@contoso.example' });
    expect(judge(anna, byName, [account, account], nobody).kind).toBe('match');
  });

  it('with an account of somebody else is never adopted', () => {
    const account = remote('r-1', { userName: 'anna@contoso.example' });
    expect(judge(anna, byName, [account], owned('r-1', aUser('bert')))).toEqual({
      kind: 'linked_elsewhere',
      attribute: 'userName',
    });
    expect(judge(anna, byName, [account], owned('r-1', anna)).kind).toBe('match');
  });

  it('of the wrong type is nobody: a group of that name is no account', () => {
    const group = remote('r-1', { userName: 'anna@contoso.example' }, 'group');
    expect(judge(anna, byName, [group], nobody)).toEqual({ kind: 'none' });
    const account = remote('r-2', { userName: 'anna@contoso.example' });
    expect(judge(anna, byName, [group, account], nobody)).toMatchObject({ kind: 'match', remote: account });
  });
});

describe('an account with the id of a link', () => {
  const rules = [
    { from: 'id', to: 'externalId', ignoreCase: true },
    { from: 'userPrincipalName', to: 'userName', ignoreCase: true },
  ];
  const told = { pushed: { externalId: 'anna-id', userName: 'anna@contoso.example', title: 'clerk' } };

  it('is the one that was linked when it is known by what it was told, by whichever rule', () => {
    expect(isOurs(told, remote('r-1', { externalId: 'ANNA-ID', userName: 'renamed@contoso.example' }), rules)).toBe(
      true,
    );
    expect(isOurs(told, remote('r-1', { userName: 'anna@contoso.example' }), rules)).toBe(true);
  });

  it('is another when nothing that it is known by is as it was told, or nothing was told', () => {
    expect(
      isOurs(told, remote('r-1', { externalId: 'bert-id', userName: 'bert@x.example', title: 'clerk' }), rules),
    ).toBe(false);
    expect(isOurs(told, remote('r-1', {}), rules)).toBe(false);
    expect(isOurs({ pushed: { externalId: null } }, remote('r-1', { externalId: null }), rules)).toBe(false);
    expect(isOurs(told, remote('r-1', { externalId: 'anna-id' }), [])).toBe(false);
  });
});
