/** Two runs that take turns at a target, of which the one says what the other one has said: only the undo of the first to say it takes it back. */

import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { TargetError } from '../../src/model/errors.ts';
import type { Action } from '../../src/model/operation.ts';
import type { Run, SyncMode } from '../../src/model/run.ts';
import { free, id, type Story, story, target } from '../support/story.ts';
import { leftOut } from '../support/undoing.ts';

const signal = new AbortController().signal;

type Piece = { readonly mode: SyncMode /** Null: it comes to its end. */; readonly until: Action | null };

/**
 * Ann is in the group, and the tenant changes. The first run comes as far as this action, where the target is away; a second one, that somebody asked for,
 * overtakes it, and comes as far as that one. Then those that wait go on, the first one first. `aheadMs`: how far the
 * clock of the process that has the turns of the first one is ahead of the other's.
 */
const inTurns = async (change: (s: Story) => void, first: Piece, second: Piece, aheadMs = 0) => {
  let stop: Action | null = null;
  const s = await story({
    target: { limits: free },
    wrapTarget: (made) => ({
      ...made,
      apply: async (...asked) => {
        if (asked[0].action === stop) throw new TargetError('unavailable', 'It is away.');
        return await made.apply(...asked);
      },
    }),
  });
  for (const name of ['ann', 'bob']) s.hire(name);
  s.found('staff');
  s.directory.join(id('staff'), id('ann'));
  await s.full();
  s.pass(60_000);
  change(s);
  await s.requestSync('delta');
  await s.syncAll();
  const now = () => new Date(s.now().getTime() + aheadMs);
  const itsProcess = { ...s.engine, world: { ...s.engine.world, now } };
  const begun: Run[] = [];
  for (const { mode, until } of [first, second]) {
    const run = await s.requestProvision(mode);
    stop = until;
    await provisionTurn(begun.length === 0 ? itsProcess : s.engine, target, signal);
    s.pass(1_000);
    expect((await s.ended(run)).state).toBe(until === null ? 'succeeded' : 'waiting');
    begun.push(run);
  }
  stop = null;
  s.pass(60_000);
  await provisionTurn(itsProcess, target, signal);
  await s.provisionAll();
  s.pass(60_000);
  const [one, other] = await Promise.all(begun.map(s.ended));
  if (one === undefined || other === undefined) throw new Error('There are two.');
  const undo = async (run: Run): Promise<readonly string[]> => {
    await s.planUndo(run);
    const lines = await leftOut(s);
    // One that holds nothing waits for nobody.
    if ((await s.newestPlan()).standing.state === 'waiting') await s.approve();
    s.pass(60_000);
    return lines;
  };
  return { s, one, other, undo };
};

describe('the undo of a run that took turns with another one', () => {
  const hired = async (aheadMs = 0) =>
    await inTurns(
      (s) => {
        s.hire('new');
        s.directory.join(id('staff'), id('new'));
      },
      { mode: 'delta', until: 'create' },
      { mode: 'full', until: 'add_members' },
      aheadMs,
    );

  it('leaves in a group whom the other had put there, though it made their account, and told the group once more', async () => {
    const { s, one, other, undo } = await hired();
    expect(one.counters).toMatchObject({ created: 0, membersAdded: 1 });
    expect(other.counters).toMatchObject({ created: 1, membersAdded: 2 });
    expect(await undo(other)).toContain(`changed_since add_members staff ${one.id}`);
    expect(s.accounts()).toEqual({ ann: 'on', bob: 'on', new: 'off' });
    expect(s.groups()).toEqual({ staff: ['ann', 'new'] });
    await undo(one);
    expect(s.groups()).toEqual({ staff: ['ann'] });
  });

  it('takes out of the group whom it had put there, though the other told the group once more', async () => {
    const { s, one, undo } = await hired();
    expect(await undo(one)).toEqual([]);
    expect(s.groups()).toEqual({ staff: ['ann'] });
  });

  it('takes out of the group whom it had put there, though the other, which told the group once more, had begun before it', async () => {
    const { s, one, other, undo } = await inTurns(
      (of) => of.directory.join(id('staff'), id('bob')),
      { mode: 'full', until: 'add_members' },
      { mode: 'delta', until: null },
    );
    expect(one.counters).toMatchObject({ membersAdded: 2 });
    expect(other.counters).toMatchObject({ membersAdded: 1 });
    expect(await undo(one)).toContain(`changed_since add_members staff ${other.id}`);
    expect(s.groups()).toEqual({ staff: ['ann', 'bob'] });
    expect(await undo(other)).toEqual([]);
    expect(s.groups()).toEqual({ staff: ['ann'] });
  });

  it('leaves whom the other had put there, though the clock of that one says that it was later', async () => {
    const { s, one, other, undo } = await hired(1_000);
    expect(await undo(other)).toContain(`changed_since add_members staff ${one.id}`);
    expect(s.groups()).toEqual({ staff: ['ann', 'new'] });
  });
});
