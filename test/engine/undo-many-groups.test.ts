/** Where an undo leaves so many memberships to wait that they are read in pieces, a plan holds each of them once all the same. */

import { describe, expect, it } from 'vitest';
import { sourceId } from '../../src/model/ids.ts';
import type { Plan } from '../../src/model/plan.ts';
import { all } from '../support/ledger-world.ts';
import { free, id, type Story, story, target } from '../support/story.ts';

const people = 260;
const teams = ['red', 'blue', 'green'] as const;

/** More memberships than the ledger answers at once. */
const crowded = async (leftGroups: 'leave' | 'delete'): Promise<Story> => {
  const s = await story({ target: { limits: free, leftGroups } });
  for (let nth = 0; nth < people; nth += 1) s.hire(`p${nth}`);
  for (const team of teams) {
    s.found(team);
    for (let nth = 0; nth < people; nth += 1) s.directory.join(id(team), id(`p${nth}`));
  }
  await s.full();
  s.pass(1_000);
  return s;
};

/** Whom a plan puts into which group, as often as it says so. */
const additions = async (s: Story, plan: Plan): Promise<readonly string[]> => {
  const pairs: string[] = [];
  for await (const staged of s.stores.plans.scan(plan))
    for (const { operation } of staged)
      if (operation.action === 'add_members')
        for (const { ref } of operation.members) pairs.push(`${operation.ref.id} ${ref.id}`);
  return pairs;
};

describe('the first plan after an undo of many memberships', () => {
  it.each([
    ['delta', 'leave'],
    ['delta', 'delete'],
    ['full', 'leave'],
    ['full', 'delete'],
  ] as const)(
    'names each once, and so many are put in, by a %s sync where groups that are left are told: %s',
    async (mode, leftGroups) => {
      const s = await crowded(leftGroups);
      await s.planUndo(await s.provisioned());
      await s.approve();
      await s[mode]();
      const plan = await s.newestPlan();
      const planned = await additions(s, plan);
      const applied = await s.approve();
      expect(plan.kind).toBe('first');
      expect(new Set(planned).size).toBe(teams.length * people);
      expect(planned).toHaveLength(teams.length * people);
      expect(plan.counts.add_members).toBe(teams.length * people);
      expect(applied).toMatchObject({ state: 'succeeded', counters: { membersAdded: teams.length * people } });
      expect([...s.remote.members.values()].map((members) => members.size)).toEqual(teams.map(() => people));
    },
  );

  it('names each once, and they are put in, by a run that tells every group all its members', async () => {
    const s = await crowded('leave');
    await s.planUndo(await s.provisioned());
    await s.approve();
    const dry = await s.provision('full', true);
    expect(dry).toMatchObject({ state: 'succeeded', counters: { membersAdded: teams.length * people } });
    expect(await additions(s, await s.newestPlan())).toHaveLength(teams.length * people);
    expect(await s.approve()).toMatchObject({ state: 'succeeded' });
    expect([...s.remote.members.values()].map((members) => members.size)).toEqual(teams.map(() => people));
    expect(await all(s.stores.ledger.waitingOn(target, [sourceId(id('p0'))]))).toEqual([]);
  });
});
