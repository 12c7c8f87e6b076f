import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { syncTurn } from '../../src/engine/sync-run.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import { createVault } from '../../src/store/vault.ts';
import { memoryTarget } from '../../src/target/memory.ts';
import type { Target } from '../../src/target/target.ts';
import { connection, id, type Story, story, target } from '../support/story.ts';

class Crash extends Error {
  override readonly name = 'Crash';
}

/** Counts the places a run passes, and dies at one of them. */
const places = () => {
  const passed: string[] = [];
  let fatal: { site: string; nth: number } | null = null;
  return {
    passed,
    dieAt: (site: string, nth: number) => {
      fatal = { site, nth };
    },
    pass: async (site: string): Promise<void> => {
      passed.push(site);
      if (fatal === null || fatal.site !== site) return;
      fatal = { site, nth: fatal.nth - 1 };
      if (fatal.nth > 0) return;
      fatal = null;
      throw new Crash(site);
    },
  };
};
type Places = ReturnType<typeof places>;

const tell = async (at: Places): Promise<Story> => {
  const s = await story({
    stores: (now) => createMemoryStores({ now, vault: createVault(randomBytes(32)), probe: at.pass }),
    engine: { failpoint: at.pass, timing: { leaseTtlMs: 30_000, sliceMs: 60_000, reportMs: 0 } },
  });
  for (let nth = 0; nth < 120; nth += 1) s.hire(`p${nth}`, nth > 0 ? { manager: id('p0') } : {});
  s.found('staff');
  for (let nth = 0; nth < 40; nth += 1) s.directory.join(id('staff'), id(`p${nth}`));
  return s;
};

const changeALot = (s: Story): void => {
  s.hire('new', { manager: id('p1') });
  s.directory.join(id('staff'), id('new'));
  s.directory.setUser(id('p5'), { jobTitle: 'promoted', manager: id('p1') });
  s.directory.setUser(id('p6'), { accountEnabled: false });
  s.directory.remove(id('p7'), 'soft_deleted');
  s.directory.leave(id('staff'), id('p8'));
};

/** Everything that must be the same in the end, however often a worker died on the way. */
const outcome = (s: Story) => ({
  accounts: s.accounts(),
  groups: s.groups(),
  objects: s.remote.objects.size,
  title: s.account('p5')?.attributes['title'],
  managers: [...s.remote.objects.values()].filter(({ attributes }) =>
    Object.keys(attributes).some((path) => path.endsWith(':manager') && attributes[path] !== null),
  ).length,
});

const both = async (s: Story): Promise<void> => {
  await s.syncAll();
  await s.provisionAll();
};

/** What another worker does after the first one died: the same turns, once the dead one's lease is over. */
const surviving = async (s: Story, work: () => Promise<void>): Promise<number> => {
  for (let deaths = 0; ; deaths += 1) {
    try {
      await work();
      return deaths;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      s.pass(31_000);
    }
  }
};

it('whatever is written to a target was noted before it is sent, with its key', async () => {
  const unnoted: string[] = [];
  const sent = new Set<string>();
  const s: Story = await story({
    wrapTarget: (made) => ({
      ...made,
      apply: async (operation, ...rest) => {
        const open = new Set<string>();
        for await (const intents of s.stores.ledger.openIntents(target))
          for (const one of intents) open.add(one.operation.key);
        if (!open.has(operation.key)) unnoted.push(`${operation.action} ${operation.key}`);
        sent.add(operation.action);
        return made.apply(operation, ...rest);
      },
    }),
  });
  for (let nth = 0; nth < 9; nth += 1) s.hire(`p${nth}`, nth > 0 ? { manager: id('p0') } : {});
  s.found('staff');
  s.directory.join(id('staff'), id('p8'));
  await s.requestSync('full');
  await both(s);
  changeALot(s);
  await s.requestSync('delta');
  await both(s);
  expect([...sent].toSorted()).toEqual(['add_members', 'create', 'disable', 'remove_members', 'update']);
  expect(unnoted).toEqual([]);
});

describe('a worker that dies at any place', () => {
  it('leaves what the next one needs: the same end, no account twice, nothing lost', async () => {
    const calm = places();
    const s = await tell(calm);
    await s.requestSync('full');
    await both(s);
    changeALot(s);
    const beforeDelta = calm.passed.length;
    await s.requestSync('delta');
    await both(s);
    const expected = outcome(s);
    expect(expected.accounts).toMatchObject({ p6: 'off', p7: 'off', new: 'on' });

    const full = Map.groupBy(calm.passed.slice(0, beforeDelta), (site) => site);
    const delta = Map.groupBy(calm.passed.slice(beforeDelta), (site) => site);
    expect([...full.keys(), ...delta.keys()]).toEqual(
      expect.arrayContaining([
        'sync.page',
        'sync.recorded',
        'sync.committed',
        'provision.intended',
        'provision.applied',
        'provision.settled',
        'provision.advanced',
      ]),
    );
    let deaths = 0;
    for (const [phase, sites] of [
      ['full', full],
      ['delta', delta],
    ] as const) {
      for (const [site, times] of sites) {
        for (const nth of new Set([1, Math.ceil(times.length / 2), times.length])) {
          const at = places();
          const again = await tell(at);
          await again.requestSync('full');
          if (phase === 'full') at.dieAt(site, nth);
          deaths += await surviving(again, () => both(again));
          changeALot(again);
          await again.requestSync('delta');
          if (phase === 'delta') at.dieAt(site, nth);
          deaths += await surviving(again, () => both(again));
          expect(outcome(again), `after dying at ${site} (${nth}) of the ${phase} sync`).toEqual(expected);
          const settled = again.writes();
          await again.requestSync('full');
          await both(again);
          expect(again.writes(), `writes of a sync after dying at ${site} (${nth})`).toBe(settled);
        }
      }
    }
    expect(deaths).toBeGreaterThan(30);
  });

  it('and comes back late, cannot undo what the next one did', async () => {
    const at = places();
    const s = await tell(at);
    const run = await s.requestSync('full');
    const signal = new AbortController().signal;
    // The first worker sleeps through its lease in the middle of a page; the second one does all the work meanwhile.
    let slept = false;
    const sleepy = {
      ...s.engine,
      owner: 'sleepy',
      failpoint: async (site: string) => {
        if (site !== 'sync.page' || slept) return;
        slept = true;
        s.pass(31_000);
        await s.syncAll();
        await s.provisionAll();
      },
    };
    await syncTurn(sleepy, connection, signal);
    expect(slept).toBe(true);
    expect(await s.ended(run)).toMatchObject({ state: 'succeeded' });
    expect(Object.keys(s.accounts())).toHaveLength(120);
    await provisionTurn(s.engine, target, signal);
    changeALot(s);
    await s.delta();
    expect(s.accounts()).toMatchObject({ p6: 'off', p7: 'off', new: 'on', p0: 'on' });
  });

  it('and wakes in the middle of writing, sends nothing more to the target', async () => {
    const s = await tell(places());
    await s.requestSync('full');
    await s.syncAll();
    // The answers to its first operations reach the first worker only after its lease has run out and the second one has done everything.
    let asleep: Promise<void> | null = null;
    let isAwake = false;
    let sentLate = 0;
    const sleep = async (): Promise<void> => {
      s.pass(31_000);
      await s.provisionAll();
      isAwake = true;
    };
    const late = (awake: Target): Target => ({
      ...awake,
      apply: async (operation, aborted) => {
        if (isAwake) sentLate += 1;
        const answer = await awake.apply(operation, aborted);
        asleep ??= sleep();
        await asleep;
        return answer;
      },
    });
    const sleepy = { ...s.engine, owner: 'sleepy', connectTarget: () => late(memoryTarget(s.remote)) };
    expect(await provisionTurn(sleepy, target, new AbortController().signal)).toMatchObject({ next: 'again' });
    expect(isAwake).toBe(true);
    expect(sentLate).toBe(0);
    expect(Object.keys(s.accounts())).toHaveLength(120);
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
  });
});
