import { describe, expect, it } from 'vitest';
import { targetRemedy } from '../../src/core/target-remedies.ts';
import { type Observe, unobserved } from '../../src/engine/engine.ts';
import { probeConnection, probeTarget } from '../../src/engine/quarantine.ts';
import { SecretUnreadable, SourceError, TargetError } from '../../src/model/errors.ts';
import type { Target } from '../../src/target/target.ts';
import { hidden } from '../support/secrets.ts';
import { connection, id, type Story, story, target } from '../support/story.ts';

const { signal } = new AbortController();
const minute = 60_000;

/** A target that answers each write with a fault, for as long as `isBroken`; its check says whether it is well. */
const breakable =
  (fault: TargetError, state: { isBroken: boolean; passes?: boolean }) =>
  (made: Target): Target => ({
    ...made,
    check: async (aborted) =>
      state.isBroken && state.passes !== true
        ? {
            ok: false,
            checks: [{ name: 'token accepted', ok: false, detail: fault.message, remedy: targetRemedy(fault) }],
          }
        : await made.check(aborted),
    apply: async (operation, aborted) => {
      if (state.isBroken) throw fault;
      return await made.apply(operation, aborted);
    },
  });

const staff = (s: Story, count: number): void => {
  for (let nth = 0; nth < count; nth += 1) s.hire(`p${String(nth).padStart(3, '0')}`);
};
const held = async (s: Story) => await s.stores.targets.get(target);
const counting = () => {
  const counted: string[] = [];
  const observe: Observe = {
    ...unobserved,
    quarantined: (kind) => counted.push(`held ${kind}`),
    probed: (kind, result) => counted.push(`${kind} ${result}`),
  };
  return { counted, observe };
};

describe('a target that is held back', () => {
  it('is probed later and later, let go when a probe passes, and goes on with what waited', async () => {
    const state = { isBroken: true };
    const { counted, observe } = counting();
    const s = await story({
      engine: { observe },
      wrapTarget: breakable(new TargetError('unauthorized', '401'), state),
    });
    staff(s, 3);
    await s.full();
    expect(await held(s)).toMatchObject({ state: 'quarantined', quarantine: { since: s.now(), probes: 0 } });

    s.pass(5 * minute);
    expect(await probeTarget(s.engine, target, signal)).toBeNull();
    expect(await held(s)).toMatchObject({
      state: 'quarantined',
      problem: { code: 'target_unauthorized' },
      quarantine: { probes: 1, nextProbeAt: new Date(s.now().getTime() + 10 * minute) },
    });

    state.isBroken = false;
    expect(await probeTarget(s.engine, target, signal)).toMatchObject({ state: 'active', problem: null });
    await s.provision();
    expect(Object.keys(s.accounts())).toHaveLength(3);
    expect((await held(s))?.quarantine).toBeNull();
    expect(counted).toEqual(['held target', 'target failed', 'target passed']);
  });

  it('is asked nothing once a person let it go or paused it', async () => {
    const { counted, observe } = counting();
    const s = await story({ engine: { observe } });
    expect(await probeTarget(s.engine, target, signal)).toBeNull();
    expect(counted).toEqual([]);
  });

  it('stays held back when the check itself breaks', async () => {
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        check: async () => {
          throw new TargetError('throttled', 'The target asked to wait.');
        },
      }),
    });
    await s.stores.targets.hold(target, { code: 'x', message: 'x', owner: 'your_team' });
    expect(await probeTarget(s.engine, target, signal)).toBeNull();
    expect(await held(s)).toMatchObject({ state: 'quarantined', quarantine: { probes: 1 } });
  });
});

it.each(['target', 'connection'] as const)(
  'a %s whose secret was altered stays held back, is probed later and later, and says so',
  async (which) => {
    const s = await story();
    const altered = async () => {
      throw new SecretUnreadable('A stored secret cannot be opened.');
    };
    const { targets, connections } = s.stores;
    const stores = {
      ...s.stores,
      targets: { ...targets, secrets: altered },
      connections: { ...connections, secrets: altered },
    };
    const [store, probed] =
      which === 'target'
        ? [targets, () => probeTarget({ ...s.engine, stores }, target, signal)]
        : [connections, () => probeConnection({ ...s.engine, stores }, connection, signal)];
    const problem = { code: 'target_unauthorized', message: 'x', owner: 'your_team' } as const;
    if (which === 'target') await targets.hold(target, problem);
    else await connections.hold(connection, problem);
    for (const probes of [1, 2]) {
      expect(await probed()).toBeNull();
      expect(await (store === targets ? targets.get(target) : connections.get(connection))).toMatchObject({
        state: 'quarantined',
        problem: { code: 'secret_unreadable', owner: 'your_team' },
        quarantine: { probes },
      });
    }
  },
);

describe('a target that refuses most of what it is sent', () => {
  it('is held back before everybody is in escrow', async () => {
    const state = { isBroken: true };
    const s = await story({ wrapTarget: breakable(new TargetError('rejected', 'invalidValue'), state) });
    staff(s, 200);
    await s.full();
    expect(await s.provisioned()).toMatchObject({ state: 'failed', problem: { code: 'target_refuses_most' } });
    expect(await held(s)).toMatchObject({ state: 'quarantined', problem: { code: 'target_refuses_most' } });
    const escrowed = await s.stores.ledger.countEscrows(target);
    expect(escrowed).toBeGreaterThanOrEqual(20);
    expect(escrowed).toBeLessThan(200);

    state.isBroken = false;
    await probeTarget(s.engine, target, signal);
    await s.provision();
    expect(Object.keys(s.accounts())).toHaveLength(200);
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });

  it('and fools the probe is let go later each time, until a run goes well', async () => {
    const state = { isBroken: true, passes: true };
    const s = await story({ wrapTarget: breakable(new TargetError('rejected', 'invalidValue'), state) });
    staff(s, 60);
    await s.full();
    const waits: number[] = [];
    for (let nth = 0; nth < 3; nth += 1) {
      const due = (await held(s))?.quarantine?.nextProbeAt?.getTime() ?? 0;
      waits.push((due - s.now().getTime()) / minute);
      s.pass(due - s.now().getTime());
      expect(await probeTarget(s.engine, target, signal)).toMatchObject({ state: 'active' });
      await s.provision();
      expect(await held(s)).toMatchObject({ state: 'quarantined' });
    }
    expect(waits).toEqual([5, 10, 20]);
    state.isBroken = false;
    await probeTarget(s.engine, target, signal);
    await s.provision();
    expect(await held(s)).toMatchObject({ state: 'active', quarantine: null });
  });

  it('is held back also where the tenant is small', async () => {
    const s = await story({
      wrapTarget: breakable(new TargetError('rejected', 'invalidValue'), { isBroken: true }),
    });
    staff(s, 10);
    await s.full();
    expect(await s.provisioned()).toMatchObject({ state: 'failed', problem: { code: 'target_refuses_most' } });
    expect(await held(s)).toMatchObject({ state: 'quarantined' });
  });

  it('is not held back where most people of a small tenant swap their names, and whoever is disabled is switched off', async () => {
    const s = await story();
    staff(s, 7);
    await s.full();
    const nameOf = (nth: number): string => `p00${nth % 6}@contoso.example`;
    for (let nth = 0; nth < 6; nth += 1) s.directory.setUser(id(`p00${nth}`), { userPrincipalName: nameOf(nth + 1) });
    s.directory.setUser(id('p006'), { accountEnabled: false });
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ counters: { failed: { target_conflict: 6 } } });
    expect(await held(s)).toMatchObject({ state: 'active' });
    expect(s.accounts()).toMatchObject({ p000: 'on', p006: 'off' });
  });

  it('is not held back for the few whose values it refuses, also when nobody else is sent', async () => {
    const refused = new Set(['p000', 'p001', 'p002', 'p003', 'p004'].map(id));
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, aborted) => {
          if (refused.has(operation.ref.id)) throw new TargetError('rejected', 'invalidValue');
          return await made.apply(operation, aborted);
        },
      }),
    });
    staff(s, 12);
    for (const attempt of ['first', 'again']) {
      if (attempt === 'first') await s.full();
      else await s.provision('full');
      expect(await s.provisioned()).toMatchObject({ state: 'partially_succeeded' });
      expect(await held(s)).toMatchObject({ state: 'active' });
    }
    expect(Object.keys(s.accounts())).toHaveLength(7);
  });
});

describe('a target that is down for hours', () => {
  it('is held back once a run has spent its time on it, and probed from then on', async () => {
    const state = { isBroken: true };
    const s = await story({ wrapTarget: breakable(new TargetError('unavailable', '503'), state) });
    staff(s, 3);
    await s.full();
    expect(await s.provisioned()).toMatchObject({ state: 'failed', problem: { code: 'target_unavailable' } });
    expect(await held(s)).toMatchObject({ state: 'quarantined', problem: { owner: 'target_vendor' } });
    state.isBroken = false;
    await probeTarget(s.engine, target, signal);
    await s.provision();
    expect(Object.keys(s.accounts())).toHaveLength(3);
  });

  it('is not held back for asking to wait, however often', async () => {
    let waits = 0;
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, aborted) => {
          waits += 1;
          if (waits <= 30) throw new TargetError('throttled', '429', { retryAfterMs: 10 });
          return await made.apply(operation, aborted);
        },
      }),
    });
    staff(s, 1);
    await s.full();
    expect(await held(s)).toMatchObject({ state: 'active', quarantine: null });
    expect(Object.keys(s.accounts())).toHaveLength(1);
  });
});

describe('credentials that are edited while a run is under way', () => {
  it('of a connection are not held back for what was said of the ones before: the run goes on with them', async () => {
    const { counted, observe } = counting();
    const expired = new SourceError('unauthorized', 'expired', { code: 'AADSTS7000222' });
    let isOld = true;
    const s = await story({
      engine: { observe },
      wrapSource: (made) => ({
        ...made,
        read: async function* (ask, aborted) {
          if (isOld) {
            isOld = false;
            await s.stores.connections.edit(connection, 1, {}, hidden({ clientSecret: 'another' }));
            throw expired;
          }
          yield* made.read(ask, aborted);
        },
      }),
    });
    staff(s, 2);
    expect(await s.full()).toMatchObject({ state: 'succeeded', problem: null });
    expect(await s.stores.connections.get(connection)).toMatchObject({ state: 'active', problem: null, revision: 2 });
    expect(Object.keys(s.accounts())).toHaveLength(2);
    expect(counted).toEqual([]);
  });

  it('of a target are not, either, and those that are refused themselves are', async () => {
    const { counted, observe } = counting();
    let refusals = 1;
    const s = await story({
      engine: { observe },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, aborted, beforeWrite) => {
          if (refusals === 0) return await made.apply(operation, aborted, beforeWrite);
          refusals -= 1;
          if ((await held(s))?.revision === 1) await s.stores.targets.edit(target, 1, {}, hidden({ token: 'another' }));
          throw new TargetError('unauthorized', '401');
        },
      }),
    });
    staff(s, 1);
    await s.full();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', problem: null });
    expect(await held(s)).toMatchObject({ state: 'active', problem: null });
    expect(counted).toEqual([]);
    refusals = 1;
    s.hire('late');
    await s.delta();
    expect(await held(s)).toMatchObject({ state: 'quarantined', problem: { code: 'target_unauthorized' } });
    expect(counted).toEqual(['held target']);
  });
});

describe('a connection that is held back', () => {
  it('says what a probe finds once the first thing is mended, and has others told of it', async () => {
    const found = {
      consent: { code: 'permission_missing', owner: 'customer_it', todo: 'Grant it.', link: null },
      away: { code: 'graph_timed_out', owner: 'microsoft', todo: 'Nothing.', link: null },
    } as const;
    let remedy: (typeof found)[keyof typeof found] = found.consent;
    const s = await story({
      wrapSource: (made) => ({
        ...made,
        check: async () => ({ ok: false, checks: [{ name: 'Users', ok: false, detail: 'It failed.', remedy }] }),
      }),
    });
    const record = async () => (await s.stores.connections.get(connection)) ?? expect.fail('It is gone.');
    const expired = { code: 'AADSTS7000222', message: 'The secret has expired.', owner: 'customer_it' } as const;
    await s.stores.connections.hold(connection, expired);
    await probeConnection(s.engine, connection, signal);
    await probeConnection(s.engine, connection, signal);
    const problem = { code: 'permission_missing', message: 'It failed. Grant it.', owner: 'customer_it' };
    expect(await record()).toMatchObject({ state: 'quarantined', problem, quarantine: { probes: 2 } });
    // That the tenant does not answer for a while mends nothing.
    remedy = found.away;
    await probeConnection(s.engine, connection, signal);
    expect(await record()).toMatchObject({ problem, quarantine: { probes: 3 } });
    const told = await s.stores.events.after((await record()).organization, 0, 10);
    expect(told.map(({ about }) => about)).toMatchObject([{ status: 'blocked', code: 'permission_missing' }]);
  });

  it('is probed, let go when its tenant answers again, and forgiven when a sync went well', async () => {
    const s = await story();
    staff(s, 2);
    await s.full();
    const expired = new SourceError('unauthorized', 'expired', { code: 'AADSTS7000222' });
    s.directory.liberties.fault = { afterPages: 0, error: expired };
    await s.full();
    expect(await s.stores.connections.get(connection)).toMatchObject({
      state: 'quarantined',
      quarantine: { probes: 0 },
    });
    expect(await probeConnection(s.engine, connection, signal)).toMatchObject({ state: 'active', problem: null });
    expect(await s.stores.connections.get(connection)).toMatchObject({ quarantine: { probes: 1, nextProbeAt: null } });
    s.directory.setUser(id('p000'), { jobTitle: 'new' });
    await s.delta();
    expect(await s.stores.connections.get(connection)).toMatchObject({ state: 'active', quarantine: null });
  });
});
