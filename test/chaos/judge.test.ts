import { describe, expect, it } from 'vitest';
import type { Effect } from '../../simulator/scim/index.ts';
import { exists, here, is, isIn, on, startHistory } from './history.ts';
import { evidenceMs, gainMs, judgeOf } from './judge.ts';
import { careful, generous, type Rules } from './rules.ts';

const start = Date.parse('2026-03-02T08:00:00Z');
const hour = 3_600_000;
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

/** What the tenant says of somebody besides, and how it is written. */
const said = (who: string): readonly string[] => [
  is(who, 'userName', `${who}@contoso.example`),
  is(who, 'familyName', who),
  is(who, 'manager', null),
  ...['displayName', 'givenName', 'title', 'mail', 'department'].map((attribute) => is(who, attribute, null)),
];
const writtenAsSaid = (who: string | null): Effect['wrote'] =>
  who === 'team'
    ? { displayName: 'The team' }
    : { userName: `${who}@contoso.example`, name: { familyName: String(who) } };

/** Anna, Bert and the team they are in, watched at a target. */
const watched = (rules: Rules = generous) => {
  const history = startHistory();
  const truths = new Set([
    ...['anna', 'bert'].flatMap((who) => [here(who), on(who), isIn('team', who), ...said(who)]),
    exists('team'),
    is('team', 'displayName', 'The team'),
  ]);
  history.note(truths, start);
  const judge = judgeOf('contoso', history, new Set(['robot']), rules);
  let number = 0;
  const see = (atMs: number, id: string, what: Effect['what'], more: Partial<Effect> = {}): void => {
    number += 1;
    const externalId = id.replace(/^r-/, '');
    const at = new Date(atMs).toISOString();
    const type = externalId.startsWith('team') ? 'Group' : 'User';
    const wrote = what.kind === 'created' ? writtenAsSaid(more.externalId ?? externalId) : {};
    judge.hear([{ number, at, type, id, externalId, what, wrote, ...more }]);
  };
  for (const id of ['r-anna', 'r-bert', 'r-team']) see(start, id, { kind: 'created' });
  const becomes = (atMs: number, ...ended: readonly string[]): void => {
    for (const truth of ended) truths.delete(truth);
    history.note(truths, atMs);
  };
  return {
    see,
    becomes,
    approve: judge.approve,
    withdraw: judge.withdraw,
    truths,
    history,
    said: () => judge.violations.map((line) => line.split(': ')[1]),
  };
};

describe('the observer', () => {
  it('has nothing to say when who left is disabled and put out of groups', () => {
    const w = watched();
    w.becomes(start + hour, on('anna'), isIn('team', 'anna'));
    w.see(start + hour, 'r-team', { kind: 'left', members: ['r-anna'] });
    w.see(start + 2 * hour, 'r-anna', { kind: 'switched_off' });
    expect(w.said()).toEqual([]);
  });

  it('accuses whoever disables, deletes or puts out somebody who is there', () => {
    const w = watched();
    w.see(start + hour, 'r-anna', { kind: 'switched_off' });
    w.see(start + hour, 'r-bert', { kind: 'deleted' });
    w.see(start + hour, 'r-team', { kind: 'left', members: ['r-anna', 'r-bert'] });
    w.see(start + hour, 'r-team', { kind: 'deleted' });
    expect(w.said()).toHaveLength(5);
  });

  it('accepts evidence that is a little old, and none that came too late', () => {
    const w = watched();
    w.becomes(start + hour, on('anna'));
    w.truths.add(on('anna'));
    w.becomes(start + hour + 1_000);
    w.see(start + hour + evidenceMs, 'r-anna', { kind: 'switched_off' });
    expect(w.said()).toEqual([]);
    w.see(start + hour + evidenceMs + 2_000, 'r-anna', { kind: 'switched_off' });
    w.see(start + hour - 1, 'r-bert', { kind: 'switched_off' });
    w.becomes(start + hour, on('bert'));
    expect(w.said()).toHaveLength(2);
  });

  it('accuses of a second account, and not of one that comes after the first is gone', () => {
    const w = watched();
    w.becomes(start + hour, exists('team'));
    w.see(start + hour, 'r-team', { kind: 'deleted' });
    w.see(start + hour, 'r-team-2', { kind: 'created' }, { externalId: 'team', type: 'Group' });
    expect(w.said()).toEqual([]);
    w.see(start + hour, 'r-anna-2', { kind: 'created' }, { externalId: 'anna' });
    expect(w.said()).toEqual([expect.stringContaining('anna has an account already')]);
  });

  it('accuses whoever switches on, makes or puts into a group somebody of whom the tenant has long not said so', () => {
    const w = watched();
    w.becomes(start + hour, on('anna'), on('bert'), isIn('team', 'anna'), isIn('team', 'bert'));
    w.see(start + hour + gainMs - 1, 'r-anna', { kind: 'switched_on' });
    w.see(start + hour + gainMs - 1, 'r-team', { kind: 'joined', members: ['r-anna'] });
    expect(w.said()).toEqual([]);
    w.see(start + hour + gainMs, 'r-anna', { kind: 'switched_on' });
    w.see(start + hour + gainMs, 'r-team', { kind: 'joined', members: ['r-anna', 'r-bert', 'robot'] });
    w.see(start + hour + gainMs, 'r-bert', { kind: 'deleted' });
    w.see(start + hour + gainMs, 'r-bert-2', { kind: 'created' }, { externalId: 'bert' });
    expect(w.said()).toEqual([
      expect.stringContaining('anna was switched on'),
      expect.stringContaining('anna was put into group team'),
      expect.stringContaining('bert was put into group team'),
      expect.stringContaining('robot, who is not ours, was put into group team'),
      expect.stringContaining('bert was deleted'),
      expect.stringContaining('bert was made'),
    ]);
  });

  it('accuses whoever hands an account to somebody else, once', () => {
    const w = watched();
    w.see(start + hour, 'r-anna', { kind: 'changed' }, { externalId: 'bert' });
    w.see(start + hour, 'r-anna', { kind: 'changed' }, { externalId: 'bert' });
    expect(w.said()).toEqual([expect.stringContaining('the account of anna became that of bert')]);
  });

  it('accuses of accounts for another tenant, and of anything done to what is not ours', () => {
    const w = watched();
    w.see(start + hour, 'r-zoe', { kind: 'created' });
    w.see(start + hour, 'robot', { kind: 'changed' }, { externalId: null });
    w.see(start + hour, 'r-team', { kind: 'left', members: ['robot'] });
    expect(w.said()).toHaveLength(3);
  });

  it('accuses whoever writes what the tenant says of somebody else, or has long not said', () => {
    const w = watched();
    const changes = (wrote: Effect['wrote'], at = start + hour, id = 'r-anna'): void =>
      w.see(at, id, { kind: 'changed' }, { wrote });
    w.truths.add(is('anna', 'title', 'Counsel'));
    w.becomes(start + hour, is('anna', 'title', null));
    changes({ title: 'Counsel' });
    changes({ title: null }, start + hour + gainMs - 1);
    expect(w.said()).toEqual([]);
    changes({ title: null }, start + hour + gainMs);
    changes({ userName: 'bert@contoso.example' });
    changes({ name: { familyName: 'anna', givenName: 'Ann' } });
    changes({ displayName: 'Another team' }, start + hour, 'r-team');
    expect(w.said()).toEqual([
      expect.stringContaining('title of anna became null'),
      expect.stringContaining('userName of anna became "bert@contoso.example"'),
      expect.stringContaining('givenName of anna became "Ann"'),
      expect.stringContaining('displayName of team became "Another team"'),
    ]);
  });

  it('accuses whoever gives somebody a manager of whom the tenant says nothing, or takes one away', () => {
    const w = watched();
    const isGiven = (value: string | null): void =>
      w.see(
        start + hour,
        'r-anna',
        { kind: 'changed' },
        { wrote: { [enterprise]: value === null ? {} : { manager: { value } } } },
      );
    w.truths.add(is('anna', 'manager', 'bert'));
    w.becomes(start + hour - gainMs, is('anna', 'manager', null));
    isGiven('r-bert');
    expect(w.said()).toEqual([]);
    isGiven(null);
    isGiven('robot');
    expect(w.said()).toEqual([
      expect.stringContaining('anna lost the manager bert'),
      expect.stringContaining('anna was given the manager robot'),
    ]);
  });

  it('accuses whoever deletes somebody who is there, where leavers are deleted', () => {
    const w = watched(careful);
    w.becomes(start + hour, on('anna'), here('anna'));
    w.see(start + hour, 'r-anna', { kind: 'deleted' });
    expect(w.said()).toEqual([]);
    w.becomes(start + hour, on('bert'));
    w.see(start + hour, 'r-bert', { kind: 'deleted' });
    expect(w.said()).toEqual([expect.stringContaining('bert was deleted, and never left the tenant')]);
  });

  it('accuses whoever takes more than the day allows, but for what somebody approved', () => {
    const w = watched({ ...careful, limits: { deprovisions: 1, group_deletes: 0, member_removals: 1 } });
    const object = { type: 'user', id: 'bert' } as const;
    w.becomes(start + hour, isIn('team', 'anna'), isIn('team', 'bert'), exists('team'));
    w.see(start + hour, 'r-team', { kind: 'left', members: ['r-anna'] });
    w.becomes(start + hour, on('anna'), on('bert'));
    w.see(start + hour, 'r-anna', { kind: 'switched_off' });
    w.approve('pln_1', [{ object, action: 'disable', members: null }]);
    w.see(start + hour, 'r-bert', { kind: 'switched_off' });
    // Who leaves altogether is counted with the account.
    w.see(start + hour, 'r-team', { kind: 'left', members: ['r-bert'] });
    expect(w.said()).toEqual([]);
    w.see(start + hour, 'r-bert', { kind: 'switched_off' });
    w.see(start + hour, 'r-team', { kind: 'deleted' });
    expect(w.said()).toEqual([
      expect.stringContaining('2 deprovisions that nobody approved, where 1 are allowed'),
      expect.stringContaining('1 group_deletes that nobody approved, where 0 are allowed'),
    ]);
  });

  it('lets what is approved again, because the answer was lost, excuse nothing twice', () => {
    const w = watched({ ...careful, limits: { deprovisions: 0, group_deletes: 0, member_removals: 9 } });
    const operations = [{ object: { type: 'user' as const, id: 'anna' }, action: 'disable', members: null }];
    w.becomes(start + hour, on('anna'));
    w.approve('pln_1', operations);
    w.see(start + hour, 'r-anna', { kind: 'switched_off' });
    w.approve('pln_1', operations);
    w.see(start + hour + 1_000, 'r-anna', { kind: 'switched_off' });
    expect(w.said()).toEqual([expect.stringContaining('1 deprovisions that nobody approved')]);
  });

  it('takes nobody for released by a plan that came to nothing, and by another that holds them as well', () => {
    const w = watched({ ...careful, limits: { deprovisions: 0, group_deletes: 0, member_removals: 0 } });
    const operation = { object: { type: 'user', id: 'anna' }, action: 'disable', members: null } as const;
    w.becomes(start + hour, on('anna'));
    w.approve('pln_1', [operation]);
    w.approve('pln_2', [operation]);
    w.withdraw('pln_1');
    w.see(start + hour, 'r-anna', { kind: 'switched_off' });
    expect(w.said()).toEqual([]);
    w.approve('pln_3', [operation]);
    w.withdraw('pln_3');
    w.see(start + hour, 'r-anna', { kind: 'switched_off' });
    expect(w.said()).toEqual([expect.stringContaining('1 deprovisions that nobody approved')]);
  });

  it('counts a membership with the account that goes, and not with one that is off for long', () => {
    const w = watched({ ...careful, limits: { deprovisions: 9, group_deletes: 0, member_removals: 0 } });
    const leaves = (at: number, who: string): void => w.see(at, 'r-team', { kind: 'left', members: [`r-${who}`] });
    w.becomes(start + hour, on('anna'), on('bert'), isIn('team', 'anna'), isIn('team', 'bert'));
    leaves(start + hour, 'anna');
    w.see(start + hour, 'r-anna', { kind: 'switched_off' });
    w.see(start + hour, 'r-bert', { kind: 'switched_off' });
    leaves(start + hour + evidenceMs, 'bert');
    expect(w.said()).toEqual([]);
    leaves(start + hour + evidenceMs + 1, 'bert');
    expect(w.said()).toEqual([expect.stringContaining('1 member_removals that nobody approved')]);
    w.becomes(start + 2 * hour, here('bert'));
    leaves(start + 2 * hour, 'bert');
    expect(w.said()).toHaveLength(1);
  });
});
