/** What takes long to be taken away is cut into turns, as all else is: no worker is held by one target for longer than a slice. */

import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { sourceId } from '../../src/model/ids.ts';
import { defaultLimits } from '../../src/model/target-record.ts';
import { id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const many = { count: 1_000, percent: 100, floor: 0 };

/** A target that takes its time for each write. */
const slowly = async (options: StoryOptions = {}): Promise<Story> => {
  const s: Story = await story({
    target: { limits: { ...defaultLimits, deprovisions: many, memberRemovals: many, memberRemovalsPerGroup: many } },
    ...options,
    wrapTarget: (made) => ({
      ...made,
      apply: async (operation, signal, beforeWrite, known) => {
        if (isSlow) s.pass(400);
        return await made.apply(operation, signal, beforeWrite, known);
      },
    }),
  });
  let isSlow = false;
  for (let nth = 0; nth < 200; nth += 1) s.hire(`p${nth}`);
  s.found('staff');
  for (let nth = 0; nth < 20; nth += 1) s.directory.join(id('staff'), id(`p${nth}`));
  await s.full();
  isSlow = true;
  return s;
};

/** How many writes each turn did. */
const turns = async (s: Story): Promise<readonly number[]> => {
  const writes: number[] = [];
  const signal = new AbortController().signal;
  for (let nth = 0; nth < 100; nth += 1) {
    const before = s.writes();
    const turn = await provisionTurn(s.engine, target, signal);
    if (turn.next === 'done') return writes;
    writes.push(s.writes() - before);
  }
  throw new Error('The turns do not come to an end.');
};
const leave = (s: Story, from: number, to: number): void => {
  for (let nth = from; nth < to; nth += 1) s.directory.remove(id(`p${nth}`), 'deleted');
};

describe('many who leave', () => {
  it('lose their accounts in several turns, each of them once', async () => {
    const s = await slowly();
    leave(s, 0, 150);
    await s.requestSync('delta');
    await s.syncAll();
    const written = await turns(s);
    expect(Math.max(...written)).toBeLessThanOrEqual(80);
    expect(written.filter((writes) => writes > 0).length).toBeGreaterThan(2);
    // One operation takes 20 of them out of their group.
    expect(written.reduce((sum, writes) => sum + writes, 0)).toBe(151);
    expect(await s.provisioned()).toMatchObject({
      state: 'succeeded',
      counters: { disabled: 150, membersRemoved: 20, unchanged: 1 },
    });
    expect(s.groups()).toEqual({ staff: [] });
  });

  it('and whom the source shows after all are asked about, counted and kept in escrow once', async () => {
    const back = sourceId(id('p0'));
    let asked = 0;
    const s = await slowly({
      wrapSource: (made) => ({
        ...made,
        confirm: async (refs, scope, signal) => {
          const said = new Map(await made.confirm(refs, scope, signal));
          if (!said.has(back)) return said;
          asked += 1;
          return said.set(back, 'present');
        },
      }),
    });
    const skips = async () => (await s.provisioned()).counters.skipped;
    leave(s, 0, 1);
    leave(s, 30, 150);
    await s.requestSync('delta');
    await s.syncAll();
    const before = asked;
    await turns(s);
    // Of the membership and of the account in one question.
    // Of the membership, and of the account.
    expect(asked - before).toBe(2);
    expect(await skips()).toMatchObject({ confirmed_present: 2 });
    const { items } = await s.stores.ledger.escrows(target, null, 10);
    expect(items.filter(({ ref }) => ref.id === back)).toMatchObject([{ attempts: 1, reason: 'source_unsure' }]);
    expect(await s.provisioned()).toMatchObject({ counters: { disabled: 120 } });
  });

  it('and who is left alone is counted once', async () => {
    const s = await slowly({
      target: {
        limits: { ...defaultLimits, deprovisions: many, groupDeletes: { count: 0, percent: 0, floor: 0 } },
        leftGroups: 'delete',
      },
    });
    leave(s, 20, 150);
    s.directory.remove(id('staff'), 'deleted');
    await s.requestSync('delta', { acceptShrink: true });
    await s.syncAll();
    const written = await turns(s);
    expect(written.filter((writes) => writes > 0).length).toBeGreaterThan(2);
    expect(await s.provisioned()).toMatchObject({
      state: 'held',
      counters: { disabled: 130, skipped: { guard_hold: 1 } },
    });
  });
});
