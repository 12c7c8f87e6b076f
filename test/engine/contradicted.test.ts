/** Who is found not to leave after all when the tenant is asked again: they lose no membership that only leavers lose uncounted. */

import { describe, expect, it } from 'vitest';
import { defaultLimits, type Limits, type TargetRecord } from '../../src/model/target-record.ts';
import { why } from '../support/explaining.ts';
import { id, type Story, story } from '../support/story.ts';

const hourMs = 3_600_000;
const few = (floor: number) => ({ count: floor, percent: 100, floor });
const many = few(1_000);
const names = Array.from({ length: 8 }, (_, nth) => `engineer${nth}`);
const limits = (memberRemovals: Partial<Limits>): Limits => ({
  ...defaultLimits,
  deprovisions: many,
  ...memberRemovals,
});

/** Eight people in one group. `beforeAsked`: what happens in the tenant right before it is asked again. */
const office = async (record: Partial<TargetRecord>) => {
  let beforeAsked = (_: Story): void => {};
  const s: Story = await story({
    target: record,
    wrapSource: (source) => ({
      ...source,
      confirm: (refs, scope, signal) => {
        beforeAsked(s);
        return source.confirm(refs, scope, signal);
      },
    }),
  });
  s.found('Engineers');
  for (const name of names) {
    s.hire(name);
    s.directory.join(id('Engineers'), id(name));
  }
  await s.full();
  return {
    s,
    onAsked: (then: (s: Story) => void) => {
      beforeAsked = then;
    },
  };
};

const switchOff = (s: Story, some: readonly string[]): void => {
  for (const name of some) {
    s.hire(name, { accountEnabled: false });
    s.directory.leave(id('Engineers'), id(name));
  }
};
const switchOn = (some: readonly string[]) => (s: Story) => {
  for (const name of some) s.hire(name);
};
const isIn = (s: Story): readonly string[] => s.groups()['Engineers'] ?? [];

describe('whoever is found not to leave', () => {
  it('loses no membership past the limits: those are counted as of people who stay', async () => {
    const { s, onAsked } = await office({ limits: limits({ memberRemovalsPerGroup: few(3) }) });
    switchOff(s, names.slice(0, 6));
    onAsked(switchOn(names));
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ counters: { disabled: 0, skipped: { confirmed_present: 12 } } });
    expect(isIn(s)).toEqual(names);
    expect((await why(s, id('Engineers'))).verdict.reason).toBe('source_unsure');
    s.pass(7 * hourMs);
    await s.delta();
    const run = await s.provisioned();
    expect(run).toMatchObject({ state: 'held', problem: { code: 'guard_hold' } });
    expect(run.problem?.message).toContain('6 member removals from the group');
    expect(isIn(s)).toEqual(names);
    await s.approve();
    expect(isIn(s)).toEqual(names.slice(6));
  });

  it('is taken out of the group a while later where that is within the limits', async () => {
    const { s, onAsked } = await office({ limits: limits({}) });
    switchOff(s, names.slice(0, 2));
    onAsked(switchOn(names));
    await s.delta();
    expect(isIn(s)).toEqual(names);
    s.pass(7 * hourMs);
    await s.delta();
    expect(isIn(s)).toEqual(names.slice(2));
    expect(Object.values(s.accounts())).not.toContain('off');
  });

  it('keeps nobody who does leave in the group, whatever the limits on people who stay', async () => {
    const { s, onAsked } = await office({ limits: limits({ memberRemovals: few(0), memberRemovalsPerGroup: few(0) }) });
    switchOff(s, names.slice(0, 6));
    onAsked(switchOn(names.slice(0, 2)));
    await s.delta();
    expect(isIn(s)).toEqual([...names.slice(0, 2), ...names.slice(6)]);
    expect(s.accounts()).toMatchObject({ engineer0: 'on', engineer1: 'on', engineer2: 'off', engineer5: 'off' });
  });

  it('may lose what a person has approved all the same, where the tenant says so of the group', async () => {
    const { s, onAsked } = await office({ limits: { ...limits({}), deprovisions: few(1) } });
    switchOff(s, names.slice(0, 3));
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'held' });
    onAsked(switchOn(names));
    await s.approve();
    expect(isIn(s)).toEqual(names.slice(3));
    expect(Object.values(s.accounts())).not.toContain('off');
  });
});
