/** For how long it is kept what people who left looked like, and which accounts were theirs. */

import { describe, expect, it } from 'vitest';
import { prune } from '../../src/engine/maintenance.ts';
import { planId, sourceId } from '../../src/model/ids.ts';
import { user } from '../../src/model/source-object.ts';
import { lease } from '../admin/api/stores.ts';
import { ask, why } from '../support/explaining.ts';
import { disables } from '../support/operations.ts';
import { aPlan, staged } from '../support/plan-world.ts';
import { connection, id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const day = 86_400_000;
const keptDays = 400;
const { signal } = new AbortController();
const bob = user(sourceId(id('bob')));

/** Bob left, his account was switched off, and everybody was read once more since. */
const bobLeft = async (options: StoryOptions = {}): Promise<Story> => {
  const s = await story(options);
  for (const name of ['anna', 'bob', 'cora']) s.hire(name);
  s.found('staff');
  for (const name of ['anna', 'bob']) s.directory.join(id('staff'), id(name));
  await s.full();
  s.directory.remove(id('bob'), 'deleted');
  await s.delta();
  s.pass(day);
  await s.full();
  return s;
};
const pruned = (s: Story, days: number | null = keptDays) => prune(s.engine, days, signal);
const known = async ({ stores }: Story) => ({
  seen: (await stores.snapshots.recall(connection, [bob])).get(bob.id),
  link: (await stores.ledger.links(target, [bob])).get(bob.id),
});
const isStripped = async (s: Story): Promise<boolean> => (await known(s)).seen?.left?.isStripped ?? false;

describe('somebody who left long ago', () => {
  it('is known no more by looks, name and account, and why they are not there is answered still', async () => {
    const s = await bobLeft();
    const before = await known(s);
    expect(before).toMatchObject({
      seen: { object: { attributes: { displayName: 'bob' } } },
      link: { state: 'disabled' },
    });
    s.pass(keptDays * day);
    await pruned(s);
    const { seen, link } = await known(s);
    expect(link).toBeUndefined();
    expect(seen).toMatchObject({ gone: 'deleted', object: { ref: bob } });
    expect(seen?.object).toHaveProperty('attributes', {});
    expect(seen?.left).toEqual({ at: before.seen?.left?.at, isStripped: true });

    const { verdict, steps } = await why(s, bob.id);
    expect(verdict.reason).toBe('deleted');
    expect(verdict.sentence).toMatch(/left on 2026-03-02 08:\d\d UTC, the attributes are not kept any more\.$/);
    expect(steps[0]?.says).toMatch(
      /^Deleted in Entra since version \d+, 2026-03-02 .*; the attributes are not kept any more\.$/,
    );
    expect((await ask(s, 'bob@contoso.example')).found).toBe('nobody');
    expect((await ask(s, bob.id, true)).found).toBe('one');
    // At the target nothing was done, and nobody else is known any less.
    expect(s.accounts()).toEqual({ anna: 'on', bob: 'off', cora: 'on' });
    expect((await ask(s, 'anna@contoso.example')).found).toBe('one');
    expect(await s.stores.ledger.countLinks(target)).toEqual({ user: 2, group: 1 });
  });

  it('is known until then, and for good where that is wanted', async () => {
    const s = await bobLeft();
    s.pass((keptDays - 2) * day);
    await pruned(s);
    expect(await isStripped(s)).toBe(false);
    s.pass(10 * keptDays * day);
    await pruned(s, null);
    expect(await isStripped(s)).toBe(false);
    await pruned(s);
    expect(await isStripped(s)).toBe(true);
  });

  it('comes back as somebody new, with the account they had', async () => {
    const s = await bobLeft();
    s.pass(keptDays * day);
    await pruned(s);
    const account = s.account('bob')?.remoteId;
    s.hire('bob');
    await s.full();
    expect(s.accounts()).toEqual({ anna: 'on', bob: 'on', cora: 'on' });
    expect((await known(s)).link).toMatchObject({ remoteId: account, state: 'active' });
    expect((await known(s)).seen?.gone).toBeNull();
  });

  it('counts anew when they leave again', async () => {
    const s = await bobLeft();
    s.pass((keptDays - 10) * day);
    s.hire('bob');
    await s.full();
    s.pass(day);
    s.directory.remove(id('bob'), 'deleted');
    await s.delta();
    s.pass(day);
    await s.full();
    s.pass(20 * day);
    await pruned(s);
    expect(await isStripped(s)).toBe(false);
    s.pass(keptDays * day);
    await pruned(s);
    expect(await isStripped(s)).toBe(true);
  });
});

describe('nobody is forgotten', () => {
  /** After all that time, with this in the way; and once it is not any more. */
  const kept = async (s: Story): Promise<void> => {
    await pruned(s);
    expect(await isStripped(s)).toBe(false);
    expect((await known(s)).link).toBeDefined();
  };
  const gone = async (s: Story): Promise<void> => {
    await pruned(s);
    expect(await isStripped(s)).toBe(true);
  };

  it('whose account is still on, because its target has not come to it', async () => {
    const s = await story();
    for (const name of ['anna', 'bob', 'cora']) s.hire(name);
    await s.full();
    const state = async (wanted: 'paused' | 'active') => {
      const record = await s.stores.targets.get(target);
      await s.stores.targets.edit(target, record?.revision ?? 0, { state: wanted });
    };
    await state('paused');
    s.directory.remove(id('bob'), 'deleted');
    await s.delta();
    s.pass(day);
    await s.full();
    s.pass(keptDays * day);
    await kept(s);
    await state('active');
    await s.delta();
    expect(s.accounts()['bob']).toBe('off');
    await kept(s);
    s.pass((keptDays + 1) * day);
    await gone(s);
  });

  it('whose account is to be deleted later', async () => {
    const s = await bobLeft({ target: { deprovision: { kind: 'delete_after_days', days: 600 } } });
    s.pass(keptDays * day);
    await kept(s);
    s.pass(200 * day);
    await s.delta();
    expect(Object.keys(s.accounts())).toEqual(['anna', 'cora']);
    s.pass((keptDays + 1) * day);
    await gone(s);
  });

  it('of whom something failed, until somebody has let go of that', async () => {
    const s = await bobLeft();
    s.pass(keptDays * day);
    const held = await lease(s.stores, target);
    await s.stores.ledger.escrow(held, [{ ref: bob, reason: 'absence_unproven', detail: 'once' }]);
    await s.stores.leases.release(held);
    await kept(s);
    const again = await lease(s.stores, target);
    await s.stores.ledger.release(again, [bob]);
    await s.stores.leases.release(again);
    await gone(s);
  });

  it('whom a plan names that waits, or an operation of which nobody knows what became of it', async () => {
    const s = await bobLeft();
    s.pass(keptDays * day);
    const held = await lease(s.stores, target);
    const plan = aPlan(target, { id: planId('pln_open') });
    await s.stores.plans.stage(held, plan.id, [staged(disables(bob))]);
    await s.stores.plans.add(held, plan);
    await s.stores.leases.release(held);
    await kept(s);
    await s.stores.plans.decide(plan.id, 'rejected', { by: 'anna', reason: 'No.', at: s.now() });
    const again = await lease(s.stores, target);
    const open = staged(disables(bob));
    await s.stores.ledger.intend(again, [open]);
    await s.stores.leases.release(again);
    await kept(s);
  });

  it('before everybody was read again, for they are in the list of whom the last full sync saw', async () => {
    const s = await story();
    for (const name of ['anna', 'bob', 'cora']) s.hire(name);
    await s.full();
    s.directory.remove(id('bob'), 'deleted');
    await s.delta();
    s.pass((keptDays + 1) * day);
    await kept(s);
    await s.full();
    await gone(s);
  });

  it('while somebody else is at work there, or a run is under way', async () => {
    const s = await bobLeft();
    s.pass(keptDays * day);
    const held = await lease(s.stores, target);
    await kept(s);
    await s.stores.leases.release(held);
    const run = await s.requestSync('delta');
    await s.stores.runs.start(run.id, s.now());
    await kept(s);
    await s.stores.runs.cancel(run.id, s.now());
    await s.stores.runs.finish(run.id, 'canceled', s.now(), { counters: run.counters, version: null, problem: null });
    await gone(s);
  });
});

it('what was broken off is done the next time, and keeps nothing else from being pruned', async () => {
  const s = await bobLeft();
  s.pass(keptDays * day);
  const strip = async (): Promise<never> => {
    throw new Error('The power went.');
  };
  const stores = { ...s.stores, snapshots: { ...s.stores.snapshots, strip } };
  await prune({ ...s.engine, stores }, keptDays, signal);
  const half = await known(s);
  expect([half.link, half.seen?.left?.isStripped]).toEqual([undefined, false]);
  await pruned(s);
  expect(await isStripped(s)).toBe(true);
});
