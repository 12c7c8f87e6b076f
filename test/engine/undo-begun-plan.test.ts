/** A plan that was approved, and has begun, before a run was taken back: it is not what comes next. */

import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { isUndoneMark } from '../../src/engine/undone-mark.ts';
import { TargetError } from '../../src/model/errors.ts';
import type { Plan } from '../../src/model/plan.ts';
import { isEnded, type Run } from '../../src/model/run.ts';
import type { Target } from '../../src/target/target.ts';
import { free, type Story, story, target } from '../support/story.ts';
import { word } from '../support/undoing.ts';

/** Once, at what is asked for next, the target does not answer. */
const unsteady = () => {
  let down: 'find' | 'apply' | null = null;
  const failAt = (what: 'find' | 'apply'): void => {
    if (down !== what) return;
    down = null;
    throw new TargetError('unavailable', 'The target cannot be reached.');
  };
  return {
    break: (what: 'find' | 'apply') => {
      down = what;
    },
    wrap: (made: Target): Target => ({
      ...made,
      find: async (...asked) => {
        failAt('find');
        return await made.find(...asked);
      },
      apply: async (...asked) => {
        failAt('apply');
        return await made.apply(...asked);
      },
    }),
  };
};

const turn = async (s: Story): Promise<void> => {
  await provisionTurn(s.engine, target, new AbortController().signal);
};
/** Without time that passes, so that whatever waits goes on waiting. */
const toItsEnd = async (s: Story, run: Run): Promise<Run> => {
  for (let nth = 0; nth < 20 && !isEnded((await s.ended(run)).state); nth += 1) await turn(s);
  return await s.ended(run);
};
const undone = async (s: Story, wrong: Run): Promise<void> => {
  await toItsEnd(s, (await s.commands.requestUndo(wrong.id)).run);
  const { run } = await s.commands.approvePlan((await s.newestPlan()).id, word);
  expect(await toItsEnd(s, run)).toMatchObject({ state: 'succeeded' });
};

const staysUndone = async (s: Story, first: Plan, run: Run): Promise<void> => {
  await s.provisionAll();
  expect(await s.ended(run)).toMatchObject({ state: 'failed' });
  expect((await s.stores.plans.get(first.id))?.standing).toMatchObject({ state: 'refused', why: 'undone_since' });
  expect(isUndoneMark(await s.stores.ledger.rules(target))).toBe(true);
  expect(s.account('anna')?.attributes['displayName']).toBe('anna');
  expect(s.accounts()).not.toHaveProperty('bert');
  expect(await s.newestPlan()).toMatchObject({ kind: 'first', standing: { state: 'waiting' } });
};

describe('a first plan that was approved and begun before an undo', () => {
  it('is not carried out after it, where the target could not be reached before anything of the plan was done', async () => {
    const at = unsteady();
    const s = await story({ target: { limits: free, autoApproveFirst: false }, wrapTarget: at.wrap });
    s.hire('anna');
    await s.full();
    await s.approve();
    s.pass(1_000);
    s.hire('anna', { displayName: 'Rex' });
    await s.delta();
    const wrong = await s.provisioned();
    s.pass(1_000);
    await s.editTarget({ deprovision: { kind: 'delete' } });
    s.hire('bert');
    await s.delta();
    const first = await s.newestPlan();
    expect(first).toMatchObject({ kind: 'first', counts: { create: 1 } });

    const { run } = await s.commands.approvePlan(first.id, word);
    at.break('find');
    await turn(s);
    expect(await s.ended(run)).toMatchObject({ state: 'waiting', place: null });
    expect((await s.stores.plans.get(first.id))?.standing).toMatchObject({ state: 'approved', begun: run.id });
    await undone(s, wrong);
    await staysUndone(s, first, run);
  });

  it('is not carried out after it, where what the undo takes back was taken back in part before the plan was made', async () => {
    const at = unsteady();
    let refuses = false;
    const s = await story({
      target: { limits: free },
      wrapTarget: (made) =>
        at.wrap({
          ...made,
          apply: async (operation, signal) => {
            if (refuses && 'remoteId' in operation && operation.remoteId === s.account('anna')?.remoteId)
              throw new TargetError('rejected', 'Anna is called Rex.');
            return await made.apply(operation, signal);
          },
        }),
    });
    s.hire('anna');
    s.hire('carl');
    await s.full();
    s.pass(1_000);
    s.hire('anna', { displayName: 'Rex' });
    s.hire('carl', { displayName: 'Max' });
    await s.delta();
    const wrong = await s.provisioned();
    s.pass(1_000);
    refuses = true;
    await s.planUndo(wrong);
    expect(await s.approve()).toMatchObject({ state: 'partially_succeeded' });
    refuses = false;
    s.hire('bert');
    await s.delta();
    const first = await s.newestPlan();
    expect(first).toMatchObject({ kind: 'first', counts: { create: 1, update: 1 } });

    const { run } = await s.commands.approvePlan(first.id, word);
    at.break('apply');
    await turn(s);
    const waiting = await s.ended(run);
    expect(waiting).toMatchObject({ state: 'waiting' });
    expect(waiting.kind === 'provision' && waiting.place).not.toBeNull();
    await undone(s, wrong);
    await staysUndone(s, first, run);
  });
});
