/** What is taken away: within the limits, once the source was asked, and when the policy says so. */

import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { SourceError } from '../../src/model/errors.ts';
import { defaultLimits } from '../../src/model/target-record.ts';
import { memorySource } from '../../src/source/memory.ts';
import { off, staff } from '../support/staff.ts';
import { id, type Story, story, target } from '../support/story.ts';

/** From now on p2 is off for 29 days, and gone two days later. */
const expectGoneAfterThirtyDays = async (s: Story): Promise<void> => {
  s.pass(29 * 86_400_000);
  await s.delta();
  expect(s.accounts()).toMatchObject({ p2: 'off' });
  s.pass(2 * 86_400_000);
  await s.delta();
  expect(Object.keys(s.accounts())).toEqual(['p0', 'p1']);
};

describe('taking away', () => {
  it('is held when it is more than the limits allow, while everything else goes on', async () => {
    const s = await story({
      target: { limits: { ...defaultLimits, deprovisions: { count: 500, percent: 10, floor: 2 } } },
    });
    staff(s, 30);
    await s.full();
    for (let nth = 0; nth < 4; nth += 1) s.directory.remove(id(`p${nth}`), 'deleted');
    s.hire('new');
    await s.delta();
    expect(await s.provisioned()).toMatchObject({
      state: 'held',
      problem: { code: 'guard_hold' },
      counters: { created: 1, disabled: 0 },
    });
    const { id: run } = await s.provisioned();
    const operations = await s.stores.ledger.entries(target, run, null, 100);
    expect(operations.items.map(({ state, operation }) => `${state} ${operation.action}`)).toEqual(['settled create']);
    expect(await s.held(await s.newestPlan())).toEqual(Array.from({ length: 4 }, () => 'disable user'));
    expect(off(s)).toBe(0);
    expect(s.accounts()).toMatchObject({ new: 'on' });

    const record = await s.stores.targets.get(target);
    await s.stores.targets.edit(target, record?.revision ?? 0, { limits: defaultLimits });
    await s.provision();
    expect(off(s)).toBe(4);
  });

  it('does not happen to somebody whom the source still shows, and is asked again later', async () => {
    const s = await story();
    staff(s, 3);
    await s.full();
    // The list does not show p2 any more; the point read does.
    const honest = memorySource(s.directory);
    let lying = true;
    const engine = {
      ...s.engine,
      connectSource: () => ({
        ...honest,
        confirm: async (...ask: Parameters<typeof honest.confirm>) =>
          lying ? new Map(ask[0].map((ref) => [ref.id, 'present' as const])) : honest.confirm(...ask),
      }),
    };
    s.directory.remove(id('p2'), 'deleted');
    await s.requestSync('delta');
    await s.syncAll();
    await provisionTurn(engine, target, new AbortController().signal);
    expect(off(s)).toBe(0);
    expect(await s.provisioned()).toMatchObject({
      state: 'succeeded',
      counters: { skipped: { confirmed_present: 1 } },
    });
    lying = false;
    s.pass(7 * 3_600_000);
    await s.delta();
    expect(s.accounts()).toMatchObject({ p2: 'off' });
  });

  it('deletes only days after switching off, where the policy says so', async () => {
    const s = await story({ target: { deprovision: { kind: 'delete_after_days', days: 30 } } });
    staff(s, 3);
    await s.full();
    s.directory.remove(id('p2'), 'deleted');
    await s.delta();
    expect(s.accounts()).toMatchObject({ p2: 'off' });
    await expectGoneAfterThirtyDays(s);
  });

  it('gives who was disabled long before they left all the days from their leaving', async () => {
    const s = await story({ target: { deprovision: { kind: 'delete_after_days', days: 30 } } });
    staff(s, 3);
    await s.full();
    s.hire('p2', { accountEnabled: false });
    await s.delta();
    expect(s.accounts()).toMatchObject({ p2: 'off' });
    s.pass(40 * 86_400_000);
    s.directory.remove(id('p2'), 'soft_deleted');
    await s.delta();
    expect(s.accounts()).toMatchObject({ p2: 'off' });
    await expectGoneAfterThirtyDays(s);
  });
});

describe('asking the source before something is taken away', () => {
  it('waits while it is throttled, and then takes away what is true', async () => {
    const s = await story();
    staff(s, 3);
    await s.full();
    const honest = memorySource(s.directory);
    let throttled = 3;
    const engine = {
      ...s.engine,
      connectSource: () => ({
        ...honest,
        confirm: async (...ask: Parameters<typeof honest.confirm>) => {
          throttled -= 1;
          if (throttled >= 0) throw new SourceError('throttled', '429', { retryAfterMs: 120_000 });
          return await honest.confirm(...ask);
        },
      }),
    };
    s.directory.remove(id('p2'), 'deleted');
    await s.requestSync('delta');
    await s.syncAll();
    for (let turns = 0; turns < 10; turns += 1) {
      const turn = await provisionTurn(engine, target, new AbortController().signal);
      if (turn.next === 'done') break;
      s.pass(Math.max(0, turn.at.getTime() - s.now().getTime()));
    }
    expect(s.accounts()).toMatchObject({ p2: 'off' });
    expect(await s.provisioned()).toMatchObject({
      state: 'succeeded',
      faults: 0,
      counters: { disabled: 1, skipped: {} },
    });
  });
});
