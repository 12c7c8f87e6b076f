import { describe, expect, it } from 'vitest';
import type { Effect } from '../../simulator/scim/index.ts';
import { exists, isIn, on, startHistory } from './history.ts';
import { evidenceMs, gainMs, judgeOf } from './judge.ts';

const start = Date.parse('2026-03-02T08:00:00Z');
const hour = 3_600_000;

/** Anna, Bert and the team they are in, watched at a target. */
const watched = () => {
  const history = startHistory();
  const truths = new Set([on('anna'), on('bert'), exists('team'), isIn('team', 'anna'), isIn('team', 'bert')]);
  history.note(truths, start);
  const judge = judgeOf('contoso', history, new Set(['robot']));
  let number = 0;
  const see = (atMs: number, id: string, what: Effect['what'], more: Partial<Effect> = {}): void => {
    number += 1;
    const externalId = id.replace(/^r-/, '');
    const at = new Date(atMs).toISOString();
    judge.hear([{ number, at, type: externalId === 'team' ? 'Group' : 'User', id, externalId, what, ...more }]);
  };
  for (const id of ['r-anna', 'r-bert', 'r-team']) see(start, id, { kind: 'created' });
  const becomes = (atMs: number, ...ended: readonly string[]): void => {
    for (const truth of ended) truths.delete(truth);
    history.note(truths, atMs);
  };
  return { see, becomes, truths, history, said: () => judge.violations.map((line) => line.split(': ')[1]) };
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
});
