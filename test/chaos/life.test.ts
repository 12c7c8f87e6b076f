import { afterEach, describe, expect, it } from 'vitest';
import { startGraph } from '../../simulator/graph/index.ts';
import { fractions } from '../../simulator/graph/random.ts';
import { startScim } from '../../simulator/scim/index.ts';
import { notLived, notSeen, whileLiving } from './life.ts';
import { generous } from './rules.ts';
import { openTown } from './town.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const townOf = async (users: number) => {
  const graph = await startGraph({ tenants: [{ users, groups: 6 }] });
  closers.push(graph.close);
  const scim = await startScim();
  closers.push(scim.close);
  const [control] = graph.tenants;
  if (control === undefined) throw new Error('There is no tenant.');
  return openTown(graph.control.tenant(control.tenantId), scim, generous, fractions(7));
};

describe('life in a town while something runs out', () => {
  it('brings people who come, change and leave, also to one of hundreds', async () => {
    const lived = await whileLiving([await townOf(300)], { times: 200, everyMs: 60_000 }, async (seen) => seen);
    expect(lived).toMatchObject({ hire: expect.any(Number), move: expect.any(Number), leave: expect.any(Number) });
    expect(notLived(lived)).toEqual([]);
  });

  it('is told of once, however much happens at once', async () => {
    const town = await townOf(60);
    const before = town.tenant.users();
    const { what, turned } = town.live(100);
    expect(what).toHaveLength(100);
    const come = town.tenant.users().filter((id) => !before.includes(id));
    expect(turned).toEqual(expect.arrayContaining(come.map((id) => `here ${id}`)));
    expect(town.live(0)).toEqual({ what: [], turned: [] });
  });

  it('is missed, by what nobody did, where there was none', () => {
    expect(notLived({ nothing: 50, join: 3 })).toEqual([
      'nobody came meanwhile',
      'nobody changed meanwhile',
      'nobody left meanwhile',
    ]);
    expect(notLived({ enable: 1, rename: 1, leave: 1 })).toEqual([]);
  });
});

it('a trial in which nothing was written at a target has not tried what it was meant to', () => {
  expect(notSeen({ 'effects at the target while memory ran out': 0, changes: 3 })).toEqual([
    'none seen: effects at the target while memory ran out',
  ]);
});
