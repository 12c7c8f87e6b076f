/** Accounts of others that a run took over are given back as they were, and let go of. */

import { describe, expect, it } from 'vitest';
import { defaultMatching } from '../../src/core/default-mapping.ts';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { TargetError } from '../../src/model/errors.ts';
import { sourceId } from '../../src/model/ids.ts';
import { isEnded } from '../../src/model/run.ts';
import { user } from '../../src/model/source-object.ts';
import type { Target } from '../../src/target/target.ts';
import { id, target } from '../support/story.ts';
import { linked, takenOver } from '../support/taken-over.ts';
import { leftOut, sorted, word } from '../support/undoing.ts';

describe('the undo of a run that took over the accounts of others, by a wrong matching rule', () => {
  const mistaken = async (wrapTarget?: (made: Target) => Target) => {
    const { s, before, run } = await takenOver(wrapTarget);
    await s.planUndo(run);
    return { s, before };
  };

  it('gives them back as they were, and lets go of them', async () => {
    const { s, before } = await mistaken();
    expect(await s.newestPlan()).toMatchObject({ kind: 'undo', counts: { update: 4, disable: 1, create: 0 } });
    expect(await leftOut(s)).toEqual([]);
    expect(await s.approve()).toMatchObject({ state: 'succeeded' });
    expect(sorted(s)).toEqual(before);
    expect(await linked(s)).toBe(0);
  });

  it('lets go of nobody whom the target would not take back as they were, and lists them', async () => {
    let stubborn = false;
    const { s } = await mistaken((made) => ({
      ...made,
      apply: async (operation, signal) => {
        const isRefused = stubborn && operation.action === 'update' && Object.keys(operation.attributes).length > 0;
        if (isRefused && operation.remoteId === 'xaver') throw new TargetError('rejected', 'The title is too long.');
        return await made.apply(operation, signal);
      },
    }));
    stubborn = true;
    expect(await s.approve()).toMatchObject({ counters: { skipped: { not_given_back: 1 } } });
    expect(await linked(s)).toBe(1);
    expect(await leftOut(s)).toEqual(['not_given_back update anna -']);
  });

  it('lets the next run take nobody over again before somebody has looked, and the mended rule makes new accounts', async () => {
    const { s, before } = await mistaken();
    await s.approve();
    s.pass(1_000);
    expect(await s.provision()).toMatchObject({ state: 'held', problem: { code: 'plan_waits' } });
    expect(sorted(s)).toEqual(before);
    const record = await s.stores.targets.get(target);
    await s.stores.targets.edit(target, record?.revision ?? 0, { matching: defaultMatching });
    s.pass(1_000);
    await s.provision('full');
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', counts: { create: 2, update: 0 } });
    await s.approve();
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', xaver: 'on', yves: 'off' });
    expect(sorted(s).objects).toEqual(expect.arrayContaining(before.objects));
  });

  it('leaves an account that it let go of to whoever it is of, though the one who had it by mistake is still here', async () => {
    const { s } = await mistaken();
    await s.approve();
    s.pass(1_000);
    s.hire('anna', { employeeId: '3', jobTitle: 'clerk' });
    s.hire('xenia', { employeeId: '1', jobTitle: 'clerk' });
    await s.delta();
    await s.provision('full');
    await s.approve();
    const { items } = await s.stores.ledger.escrows(target, null, 10);
    expect(items).toEqual([]);
    const links = await s.stores.ledger.links(
      target,
      ['anna', 'bert', 'xenia'].map((name) => user(sourceId(id(name)))),
    );
    expect(links.get(sourceId(id('xenia')))?.remoteId).toBe('xaver');
    expect(links.get(sourceId(id('bert')))?.remoteId).toBe('yves');
    expect(s.accounts()).toMatchObject({ xenia: 'on', anna: 'on', bert: 'on' });
  });

  it('lets go of nobody twice, and of everybody, when the worker dies on the way', async () => {
    const { s, before } = await mistaken();
    const { id: plan } = await s.newestPlan();
    const { run } = await s.commands.approvePlan(plan, word);
    let left = 40;
    for (let died = 0; died < 40 && !isEnded((await s.ended(run)).state); died += 1) {
      left = died;
      const failpoint = async (): Promise<void> => {
        left -= 1;
        if (left < 0) throw new Error('The worker died.');
      };
      await provisionTurn({ ...s.engine, failpoint }, target, new AbortController().signal).catch(() => {});
      s.pass(120_000);
    }
    expect(await s.ended(run)).toMatchObject({ state: 'succeeded' });
    expect(sorted(s)).toEqual(before);
    expect(await linked(s)).toBe(0);
  });
});
