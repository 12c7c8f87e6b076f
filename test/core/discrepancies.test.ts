import { describe, expect, it } from 'vitest';
import {
  asDuplicates,
  asHeld,
  driftOf,
  nameOf,
  ownerOf,
  unlinked,
  withoutHidden,
} from '../../src/core/discrepancies.ts';
import type { Discrepancy } from '../../src/model/discrepancy.ts';
import { remoteId } from '../../src/model/ids.ts';
import type { MappingRule, MatchingRule } from '../../src/model/mapping.ts';
import type { Attributes, GoneReason, Remembered } from '../../src/model/source-object.ts';
import { aGroup, aUser, linkTo, person, remote } from './builders.ts';

const rule = (to: string, apply: MappingRule['apply'] = 'always'): MappingRule => ({
  kind: 'direct',
  from: to,
  to,
  apply,
  whenNull: 'clear',
  default: null,
});
const rules = [rule('title'), rule('emails'), rule('nick', 'only_on_create')];
const ann = linkTo(aUser('ann'), { pushed: { title: 'clerk', emails: ['a', 'b'], nick: 'annie', active: true } });
const holding = (attributes: Attributes) =>
  remote('remote-ann', { title: 'clerk', emails: ['b', 'a'], nick: 'annie', active: true, ...attributes });

describe('drift', () => {
  it('is a value that is not what we told, where we keep telling it', () => {
    expect(driftOf(ann, holding({}), rules)).toEqual([]);
    expect(driftOf(ann, holding({ title: 'boss', nick: 'a', other: 'x' }), rules)).toEqual([
      { path: 'title', told: 'clerk', holds: 'boss' },
    ]);
    expect(driftOf(ann, holding({ title: null }), rules)).toEqual([{ path: 'title', told: 'clerk', holds: null }]);
  });

  it('is an account that was switched on or off, also where no rule says so', () => {
    expect(driftOf(ann, holding({ active: false }), rules)).toEqual([{ path: 'active', told: true, holds: false }]);
    const off = linkTo(aUser('ann'), { state: 'disabled', pushed: { active: false } });
    expect(driftOf(off, holding({ active: true }), [])).toEqual([{ path: 'active', told: false, holds: true }]);
  });

  it('is no value written in the target’s own way, and none where we never told any', () => {
    expect(driftOf(ann, holding({ title: ' CLERK ', emails: ['A', 'B '] }), rules)).toEqual([]);
    expect(driftOf(linkTo(aUser('ann'), { pushed: { title: null } }), holding({}), rules)).toEqual([]);
  });

  it('of what the target shows of nobody is none, unless it shows another value', () => {
    const found = driftOf(ann, holding({ title: null, active: false }), rules);
    expect(withoutHidden(found, new Set(['title', 'active']))).toEqual([{ path: 'active', told: true, holds: false }]);
  });

  it('makes a link what the target holds, but for what it hides or writes in its own way', () => {
    const held = asHeld(ann, holding({ title: ' CLERK', emails: null, active: false }), rules, new Set(['emails']));
    expect(held).toEqual({ ...ann, state: 'disabled', pushed: { ...ann.pushed, active: false } });
    expect(asHeld(ann, holding({ title: 'boss' }), rules, new Set())).toMatchObject({
      state: 'active',
      pushed: { title: 'boss', nick: 'annie' },
    });
  });
});

describe('an account without a link', () => {
  const byId: MatchingRule = { from: 'id', to: 'externalId', ignoreCase: false };
  const byName: MatchingRule = { from: 'userPrincipalName', to: 'userName', ignoreCase: true };
  const seen = (name: string, upn: string, gone: GoneReason | null = null): Remembered => ({
    object: person(name, { userPrincipalName: upn }),
    gone,
    version: 1,
  });
  const account = (attributes: Attributes) => remote('x', attributes);
  const owner = (attributes: Attributes, ...candidates: Remembered[]) =>
    ownerOf(account(attributes), [byId, byName], candidates);

  it('is theirs whose id it carries, before theirs whose name it carries', () => {
    const [one, other] = [seen('ann', 'ann@x'), seen('bob', 'bob@x')];
    expect(owner({ externalId: 'ann', userName: 'BOB@x' }, one, other)).toEqual({ seen: one, by: 'externalId' });
    expect(owner({ externalId: 'their-own', userName: 'BOB@x' }, one, other)).toEqual({ seen: other, by: 'userName' });
    expect(owner({ userName: 'ann@x' }, one, one)).toEqual({ seen: one, by: 'userName' });
  });

  it('is nobody’s when it could be two people’s, or nobody’s at all', () => {
    expect(owner({ userName: 'a@x' }, seen('ann', 'a@x'), seen('bob', 'a@x'))).toBeNull();
    expect(owner({ userName: 'a@x' }, seen('ann', 'a@x', 'deleted'), seen('bob', 'a@x'))?.seen.gone).toBeNull();
    expect(owner({ userName: 'z@x' }, seen('ann', 'a@x'))).toBeNull();
    expect(owner({ userName: null }, seen('ann', ''))).toBeNull();
  });

  it('is an orphan, a duplicate, or unknown', () => {
    const ofAnn = { seen: seen('ann', 'a@x', 'soft_deleted'), by: 'externalId' };
    expect(unlinked(account({}), null, null)).toEqual({ kind: 'unknown', type: 'user', remoteId: 'x' });
    expect(unlinked(account({}), ofAnn, null)).toMatchObject({ kind: 'orphan', gone: 'soft_deleted' });
    expect(unlinked(account({}), ofAnn, remoteId('y'))).toMatchObject({ kind: 'duplicate', linked: 'y' });
  });

  it('is one of several duplicates when there are more orphans of the same person', () => {
    const orphan = (id: string) =>
      ({ kind: 'orphan', ref: aUser('ann'), remoteId: remoteId(id), by: 'userName', gone: null }) as const;
    expect(asDuplicates([orphan('a')])).toEqual([]);
    expect(asDuplicates([orphan('a'), orphan('b')])).toMatchObject([
      { kind: 'duplicate', remoteId: 'a', linked: null },
      { kind: 'duplicate', remoteId: 'b' },
    ]);
  });
});

it('gives every discrepancy of a run a name of its own, and the same one the same', () => {
  const [user, group] = [aUser('ann'), aGroup('ann')];
  const at = { remoteId: remoteId('r') };
  const member = { ref: aUser('bob'), remoteId: remoteId('b') };
  const all: readonly Discrepancy[] = [
    { kind: 'drift', ref: user, ...at, differences: [] },
    { kind: 'drift', ref: group, ...at, differences: [] },
    { kind: 'missing', ref: user, ...at, gone: null },
    { kind: 'orphan', ref: user, ...at, by: 'x', gone: null },
    { kind: 'orphan', ref: user, remoteId: remoteId('s'), by: 'x', gone: null },
    { kind: 'duplicate', ref: user, ...at, by: 'x', linked: null },
    { kind: 'unknown', type: 'user', ...at },
    { kind: 'unknown', type: 'group', ...at },
    { kind: 'member_missing', ref: group, ...at, member },
    { kind: 'member_surplus', ref: group, ...at, member },
    { kind: 'member_unknown', ref: group, ...at, stranger: remoteId('s') },
  ];
  expect(new Set(all.map(nameOf)).size).toBe(all.length);
  expect(nameOf({ kind: 'drift', ref: user, remoteId: remoteId('other'), differences: [] })).toBe('drift|user|ann');
});
