/** What every record of runs promises, whatever it is kept in. */

import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/model/connection.ts';
import { connectionId, organizationId, planId, type RunId, runId, sourceId, targetId } from '../../src/model/ids.ts';
import { count, noCounters, type PreviewRun, type ProvisionRun, type Run, type SyncRun } from '../../src/model/run.ts';
import { newId } from '../../src/store/ids.ts';
import type { Postponed, RunFilter, RunStore } from '../../src/store/run-store.ts';
import { all } from '../support/ledger-world.ts';

const start = new Date('2026-03-01T08:00:00.000Z');
const later = (minutes: number): Date => new Date(start.getTime() + minutes * 60_000);
const outage: Problem = { code: 'source_unavailable', message: 'Graph answers 503.', owner: 'microsoft' };
const fault: Postponed = { problem: outage, isFault: true };
const toldToWait: Problem = { code: 'source_throttled', message: 'Graph answers 429.', owner: 'microsoft' };
const end = { counters: noCounters, version: 3, problem: null };

export const runStoreContract = async (open: (now: () => Date) => Promise<RunStore>): Promise<void> => {
  const clock = { now: start };
  const runs = await open(() => clock.now);

  /** Whatever is to be told of now. It is free again after that. */
  const takenUntold = async (): Promise<readonly Run[]> => {
    const taken: Run[] = [];
    for (let some = await runs.takeUntold(10_000, 1); some.length > 0; some = await runs.takeUntold(10_000, 1))
      taken.push(...some);
    clock.now = new Date(clock.now.getTime() + 1);
    return taken;
  };

  const queued = async (run: Run): Promise<Run> => (await runs.request(run)).run;
  const running = async (run: Run): Promise<Run> => {
    await runs.request(run);
    return (await runs.start(run.id, start)) ?? run;
  };
  const waiting = async (run: Run, until: Date, why: Postponed = fault): Promise<Run> => {
    await running(run);
    await runs.postpone(run.id, until, why);
    return (await runs.get(run.id)) ?? run;
  };

  describe('a request', () => {
    it('is kept as it was made', async () => {
      const { connection } = aTenant();
      const sync = syncRun(connection, {
        scope: { group: sourceId('g-1'), nested: true },
        causedBy: runId('run_before'),
      });
      const provision = provisionRun(connection);
      expect(await runs.request(sync)).toEqual({ run: sync, alreadyQueued: false });
      expect(await runs.request(provision)).toEqual({ run: provision, alreadyQueued: false });
      expect(await runs.get(sync.id)).toEqual(sync);
      expect(await runs.get(provision.id)).toEqual(provision);
      expect(await runs.get(runId('run_nobody'))).toBeNull();
    });

    it('made a hundred times at once is one run', async () => {
      const { connection } = aTenant();
      const answers = await Promise.all(Array.from({ length: 100 }, () => runs.request(syncRun(connection))));
      expect(new Set(answers.map(({ run }) => run.id)).size).toBe(1);
      expect(answers.filter(({ alreadyQueued }) => !alreadyQueued)).toHaveLength(1);
      expect((await runs.list({ connection }, null, 200)).items).toHaveLength(1);
    });

    it('sent twice because the first answer was lost is no other run', async () => {
      const { connection } = aTenant();
      const run = syncRun(connection);
      await runs.request(run);
      expect(await runs.request(run)).toEqual({ run, alreadyQueued: false });
    });

    it('for later waits for its time, and begins sooner when the same is asked for sooner', async () => {
      const { connection, target } = aTenant();
      const inAWhile = await queued(provisionRun(connection, { target, notBefore: later(2) }));
      expect(await runs.next({ target }, start)).toEqual(inAWhile);
      const evenLater = await runs.request(provisionRun(connection, { target, notBefore: later(3) }));
      expect(evenLater).toEqual({ run: inAWhile, alreadyQueued: true });
      const other = await queued(provisionRun(connection, { target, mode: 'full' }));
      expect((await runs.next({ target }, start))?.id).toBe(other.id);
      const sooner = await runs.request(provisionRun(connection, { target, notBefore: later(1) }));
      expect(sooner.run).toMatchObject({ id: inAWhile.id, notBefore: later(1) });
      const now = await runs.request(provisionRun(connection, { target }));
      expect(now.run).toMatchObject({ id: inAWhile.id, notBefore: null });
      expect((await runs.next({ target }, start))?.id).toBe(inAWhile.id);
    });

    it('for later says what it waits for, until the same is asked for sooner', async () => {
      const { connection, target } = aTenant();
      const patient = { target, notBefore: later(2), problem: toldToWait };
      await queued(provisionRun(connection, patient));
      const second = await runs.request(provisionRun(connection, { ...patient, notBefore: later(3), problem: outage }));
      expect(second.run).toMatchObject({ notBefore: later(2), problem: toldToWait });
      const now = await runs.request(provisionRun(connection, { target }));
      expect(now.run).toMatchObject({ notBefore: null, problem: null });
      const late = await runs.request(provisionRun(connection, patient));
      expect(late.run).toMatchObject({ id: second.run.id, notBefore: null, problem: null });
    });

    it('that is sent once more does not hurry a run that has begun', async () => {
      const { connection } = aTenant();
      const run = syncRun(connection);
      await waiting(run, later(5));
      expect((await runs.request(run)).run).toMatchObject({ state: 'waiting', notBefore: later(5) });
    });

    it('for something else is another run', async () => {
      const { connection, target } = aTenant();
      const different: readonly Run[] = [
        syncRun(connection),
        syncRun(connection, { mode: 'full' }),
        syncRun(connection, { dryRun: true }),
        syncRun(connection, { scope: { group: sourceId('g-1'), nested: false } }),
        syncRun(connection, { scope: { group: sourceId('g-1'), nested: true } }),
        syncRun(aTenant().connection),
        provisionRun(connection, { target }),
        provisionRun(connection, { target, mode: 'full' }),
        provisionRun(connection, { target: aTenant().target }),
        previewRun(connection),
        previewRun(connection, { proposed: { kind: 'groups', groups: [sourceId('g-1')], nested: false } }),
        previewRun(connection, { proposed: { kind: 'groups', groups: [sourceId('g-1')], nested: true } }),
      ];
      const answers = await Promise.all(different.map((run) => runs.request(run)));
      expect(answers.map(({ alreadyQueued }) => alreadyQueued)).toEqual(different.map(() => false));
    });

    it('for a preview is kept as it was made, waits among the syncs, and is one with another of the same scope', async () => {
      const { connection } = aTenant();
      const proposed = { kind: 'groups', groups: [sourceId('g-2'), sourceId('g-1')], nested: false } as const;
      const run = previewRun(connection, { proposed });
      expect(await runs.request(run)).toEqual({ run, alreadyQueued: false });
      const same = previewRun(connection, { proposed: { ...proposed, groups: proposed.groups.toReversed() } });
      expect(await runs.request(same)).toEqual({ run, alreadyQueued: true });
      expect(await runs.get(run.id)).toEqual(run);
      expect(await runs.next({ connection }, start)).toEqual(run);
      expect((await runs.list({ connection, kind: 'preview' }, null, 5)).items).toEqual([run]);
      expect((await runs.list({ connection, kind: 'sync' }, null, 5)).items).toEqual([]);
    });

    it('made while the same is under way waits behind it, once', async () => {
      const { connection } = aTenant();
      const first = await running(syncRun(connection));
      const second = await runs.request(syncRun(connection));
      const third = await runs.request(syncRun(connection));
      expect(second.alreadyQueued).toBe(false);
      expect(third).toMatchObject({ alreadyQueued: true, run: { id: second.run.id } });
      await runs.finish(first.id, 'succeeded', later(1), end);
      expect(await runs.next({ connection }, later(1))).toMatchObject({ id: second.run.id });
    });
  });

  describe('the next run', () => {
    it('is a person’s request, then a delta, then what was asked first', async () => {
      const { connection } = aTenant();
      const scope = { group: sourceId('g-1'), nested: false };
      const order = [
        syncRun(connection, { trigger: 'schedule', mode: 'full', scope }),
        syncRun(connection, { trigger: 'schedule', mode: 'full' }),
        syncRun(connection, { trigger: 'schedule' }),
        syncRun(connection, { trigger: 'api', mode: 'full', dryRun: true }),
        syncRun(connection, { trigger: 'api', scope }),
      ];
      for (const run of order) await runs.request(run);
      const taken: string[] = [];
      for (let run = await runs.next({ connection }, start); run; run = await runs.next({ connection }, start)) {
        taken.push(run.id);
        await runs.finish(run.id, 'succeeded', start, end);
      }
      const [oldFull, full, delta, asked, askedDelta] = order.map(({ id }) => id);
      expect(taken).toEqual([askedDelta, asked, delta, oldFull, full]);
    });

    it('is the scheduled one first when a person asked for the same', async () => {
      const { connection } = aTenant();
      const full = await queued(syncRun(connection, { trigger: 'schedule', mode: 'full' }));
      await queued(syncRun(connection, { trigger: 'schedule' }));
      await runs.request(syncRun(connection, { trigger: 'api', mode: 'full' }));
      expect(await runs.next({ connection }, start)).toEqual(full);
    });

    it('is the one under way before any other, so that a crashed worker’s run is continued', async () => {
      const { connection } = aTenant();
      const begun = await running(syncRun(connection, { trigger: 'schedule', mode: 'full' }));
      await queued(syncRun(connection, { trigger: 'api' }));
      expect(await runs.next({ connection }, start)).toEqual(begun);
    });

    it('is not overtaken by a schedule while it waits for its time, but a person may go first', async () => {
      const { connection } = aTenant();
      const throttled = await waiting(syncRun(connection, { mode: 'full' }), later(10));
      await queued(syncRun(connection, { trigger: 'schedule' }));
      expect(await runs.next({ connection }, later(9))).toEqual(throttled);
      const asked = await queued(syncRun(connection, { trigger: 'api', dryRun: true }));
      expect(await runs.next({ connection }, later(9))).toEqual(asked);
      expect(await runs.next({ connection }, later(10))).toEqual(throttled);
    });

    it('of two that wait for their time is the one that waits less, and not the one that was asked for first', async () => {
      const { connection } = aTenant();
      const first = await waiting(syncRun(connection, { mode: 'full' }), later(60));
      const overtaking = await waiting(syncRun(connection, { trigger: 'api', dryRun: true }), later(10));
      expect(await runs.next({ connection }, later(9))).toEqual(overtaking);
      expect(await runs.next({ connection }, later(10))).toEqual(overtaking);
      await runs.finish(overtaking.id, 'succeeded', later(11), end);
      expect(await runs.next({ connection }, later(11))).toEqual(first);
    });

    it('is looked for among sync runs of the connection, or provision runs of the target', async () => {
      const { connection, target } = aTenant();
      const provision = await queued(provisionRun(connection, { target }));
      expect(await runs.next({ connection }, start)).toBeNull();
      expect(await runs.next({ target }, start)).toEqual(provision);
    });
  });

  describe('a run', () => {
    it('keeps its first start over all its slices', async () => {
      const { connection } = aTenant();
      const run = await queued(syncRun(connection));
      expect(await runs.start(run.id, later(1))).toEqual({ ...run, state: 'running', startedAt: later(1) });
      await runs.postpone(run.id, later(2), null);
      expect(await runs.start(run.id, later(3))).toMatchObject({
        state: 'running',
        startedAt: later(1),
        notBefore: null,
      });
      expect(await runs.start(run.id, later(4))).toMatchObject({ state: 'running', startedAt: later(1) });
    });

    it('writes where it is, and keeps its place until it has another', async () => {
      const { connection } = aTenant();
      const { id } = await running(syncRun(connection));
      const counters = { ...count(noCounters, 'read', 200), skipped: { not_managed: 2 } };
      expect(await runs.progress(id, { phase: 'read', counters, place: 'page 2' })).toEqual({ cancelRequested: false });
      await runs.progress(id, { phase: 'diff', counters });
      expect(await runs.get(id)).toMatchObject({ phase: 'diff', counters, place: 'page 2' });
      await runs.progress(id, { phase: 'commit', counters, place: null });
      expect(await runs.get(id)).toMatchObject({ place: null });
      await runs.progress(id, { phase: 'commit', counters, place: 'page 3' });
      await runs.finish(id, 'succeeded', later(1), end);
      expect(await runs.get(id)).toMatchObject({ place: null });
    });

    it('counts the faults in a row that put it back, and forgets them after a slice that worked', async () => {
      const { connection } = aTenant();
      const run = await waiting(syncRun(connection), later(1));
      expect(run).toMatchObject({ state: 'waiting', notBefore: later(1), faults: 1, problem: outage });
      await runs.start(run.id, later(1));
      await runs.postpone(run.id, later(5), fault);
      expect(await runs.get(run.id)).toMatchObject({ faults: 2 });
      await runs.start(run.id, later(5));
      await runs.postpone(run.id, later(6), null);
      expect(await runs.get(run.id)).toMatchObject({ faults: 0, problem: null });
    });

    it('that was told to wait says why, and that is no fault', async () => {
      const { connection } = aTenant();
      const run = await waiting(syncRun(connection), later(1));
      await runs.start(run.id, later(1));
      await runs.postpone(run.id, later(5), { problem: toldToWait, isFault: false });
      expect(await runs.get(run.id)).toMatchObject({ state: 'waiting', faults: 0, problem: toldToWait });
    });

    it('ends once, and nothing brings it back', async () => {
      const { connection } = aTenant();
      const { id } = await running(syncRun(connection));
      await runs.finish(id, 'failed', later(1), { ...end, problem: outage });
      const ended = await runs.get(id);
      expect(ended).toMatchObject({
        state: 'failed',
        phase: 'done',
        finishedAt: later(1),
        problem: outage,
        version: 3,
      });

      await runs.finish(id, 'succeeded', later(2), end);
      await runs.postpone(id, later(3), null);
      expect(await runs.start(id, later(4))).toBeNull();
      expect(await runs.progress(id, { phase: 'read', counters: noCounters })).toEqual({ cancelRequested: true });
      expect(await runs.cancel(id, later(5))).toEqual(ended);
      expect(await runs.get(id)).toEqual(ended);
      expect(await runs.next({ connection }, later(9))).toBeNull();
    });

    it('of many workers that end it at once has one end', async () => {
      const { connection } = aTenant();
      const { id } = await running(syncRun(connection));
      await Promise.all([
        runs.finish(id, 'succeeded', later(1), end),
        runs.finish(id, 'failed', later(1), { ...end, problem: outage }),
        runs.cancel(id, later(1)),
      ]);
      const ended = await runs.get(id);
      expect(ended?.problem).toEqual(ended?.state === 'failed' ? outage : null);
    });
  });

  describe('canceling', () => {
    it('ends at once what is queued or waits', async () => {
      const { connection } = aTenant();
      const one = await queued(syncRun(connection));
      const two = await waiting(syncRun(connection, { mode: 'full' }), later(60));
      for (const { id } of [one, two])
        expect(await runs.cancel(id, later(1))).toMatchObject({ state: 'canceled', finishedAt: later(1) });
      expect(await runs.next({ connection }, later(90))).toBeNull();
      expect((await runs.request(syncRun(connection))).alreadyQueued).toBe(false);
    });

    it('asks a running one to stop, which hears of it when it says where it is', async () => {
      const { connection } = aTenant();
      const { id } = await running(syncRun(connection));
      expect(await runs.cancel(id, later(1))).toMatchObject({ state: 'running', cancelRequested: true });
      expect(await runs.progress(id, { phase: 'read', counters: noCounters })).toEqual({ cancelRequested: true });
      await runs.finish(id, 'canceled', later(2), end);
      expect(await runs.get(id)).toMatchObject({ state: 'canceled' });
    });

    it('does not wait out a backoff', async () => {
      const { connection } = aTenant();
      const { id } = await running(syncRun(connection));
      await runs.cancel(id, later(1));
      await runs.postpone(id, later(60), fault);
      expect(await runs.next({ connection }, later(1))).toMatchObject({ id, cancelRequested: true, notBefore: null });
    });

    it('of a run nobody knows answers that', async () => {
      expect(await runs.cancel(runId('run_nobody'), start)).toBeNull();
    });
  });

  describe('the list', () => {
    it('is read newest first, page by page', async () => {
      const { connection } = aTenant();
      const made: string[] = [];
      for (let each = 0; each < 7; each += 1) {
        const run = await running(syncRun(connection));
        made.unshift(run.id);
        await runs.finish(run.id, 'succeeded', start, end);
      }
      const pages: string[][] = [];
      let after: string | null = null;
      do {
        const page: Awaited<ReturnType<RunStore['list']>> = await runs.list({ connection }, after, 3);
        pages.push(page.items.map(({ id }) => id));
        after = page.next;
      } while (after !== null);
      expect(pages).toEqual([made.slice(0, 3), made.slice(3, 6), made.slice(6)]);
    });

    it('is listed with those of the same organizations, page by page', async () => {
      const organizations = [organizationId(newId('org')), organizationId(newId('org'))];
      const made: string[] = [];
      for (const organization of [...organizations, organizationId(newId('org')), ...organizations]) {
        const run = await queued(syncRun(aTenant().connection, { organization }));
        if (organizations.includes(organization)) made.unshift(run.id);
      }
      const first = await runs.list({ organizations }, null, 3);
      const rest = await runs.list({ organizations }, first.next, 3);
      expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(made);
      expect(rest.next).toBeNull();
    });

    it('is narrowed by any of the filters', async () => {
      const { connection, target } = aTenant();
      const sync = await running(syncRun(connection));
      const provision = await queued(provisionRun(connection, { target, causedBy: sync.id }));
      const found = async (filter: RunFilter) => (await runs.list(filter, null, 10)).items.map(({ id }) => id);
      expect(await found({ connection })).toEqual([provision.id, sync.id]);
      expect(await found({ connection, kind: 'sync' })).toEqual([sync.id]);
      expect(await found({ target })).toEqual([provision.id]);
      expect(await found({ connection, state: 'running' })).toEqual([sync.id]);
      expect(await found({ causedBy: sync.id })).toEqual([provision.id]);
      expect(await found({ connection, target: aTenant().target })).toEqual([]);
      expect(await found({ connection, organizations: [sync.organization] })).toEqual([provision.id, sync.id]);
      expect(await found({ target, organizations: [organizationId('another')] })).toEqual([]);
      expect(await found({ connection, organizations: [] })).toEqual([]);
      await runs.finish(sync.id, 'succeeded', start, { ...end, version: 7 });
      expect(await found({ connection, version: 7 })).toEqual([sync.id]);
      expect(await found({ connection, version: 8 })).toEqual([]);
      const plan = planId('pln_1');
      const ofPlan = await queued(provisionRun(connection, { target, mode: 'full', plan }));
      expect(await found({ target, plan })).toEqual([ofPlan.id]);
      expect(await found({ connection, plan: planId('pln_2') })).toEqual([]);
    });

    it('is narrowed to runs that have not ended, in whatever state they are', async () => {
      const { connection, target } = aTenant();
      const ended = await running(syncRun(connection));
      await runs.finish(ended.id, 'succeeded', start, end);
      const canceled = await queued(syncRun(connection, { mode: 'full' }));
      await runs.cancel(canceled.id, start);
      const open = [
        await queued(syncRun(connection)),
        await running(provisionRun(connection, { target })),
        await waiting(provisionRun(connection, { target, mode: 'full' }), later(1)),
      ];
      const { items } = await runs.list({ connection, isUnfinished: true }, null, 10);
      expect(items.map(({ id }) => id)).toEqual(open.map(({ id }) => id).toReversed());
    });

    it('is narrowed to runs of the whole target, however many others there were since', async () => {
      const { connection, target } = aTenant();
      const whole = await queued(provisionRun(connection, { target }));
      const scope = { group: sourceId('g-1'), nested: false };
      await queued(provisionRun(connection, { target, scope }));
      await queued(provisionRun(connection, { target, dryRun: true }));
      await queued(provisionRun(connection, { target, amends: { kind: 'undo', run: whole.id } }));
      const { items } = await runs.list({ target, kind: 'provision', isWhole: true }, null, 10);
      expect(items).toEqual([whole]);
    });
  });

  it('tells the reconciler of everything that could go on now', async () => {
    clock.now = later(5);
    const { connection, target } = aTenant();
    const due = [
      await queued(syncRun(connection)),
      await running(syncRun(connection, { mode: 'full' })),
      await waiting(provisionRun(connection, { target }), later(5)),
    ];
    await waiting(provisionRun(connection), later(6));
    const ended = await running(syncRun(connection, { dryRun: true }));
    await runs.finish(ended.id, 'succeeded', start, end);
    const found = (await all(runs.unfinished())).filter((run) => run.connection === connection);
    expect(found.map(({ id }) => id).sort()).toEqual(due.map(({ id }) => id).sort());
  });

  it('forgets runs that ended long ago, never one that has not ended', async () => {
    const { connection } = aTenant();
    const old = await running(syncRun(connection));
    await runs.finish(old.id, 'succeeded', new Date('2020-01-01'), end);
    const recent = await running(syncRun(connection));
    await runs.finish(recent.id, 'succeeded', later(1), end);
    const open = await queued(syncRun(connection));
    await runs.prune(new Date('2020-01-02'));
    expect((await runs.list({ connection }, null, 10)).items.map(({ id }) => id)).toEqual([open.id, recent.id]);
  });

  it('has runs that ended told once, however they ended', async () => {
    const { connection } = aTenant();
    const done = await running(syncRun(connection));
    const canceled = await queued(syncRun(connection, { mode: 'full' }));
    const open = await running(provisionRun(connection));
    const untold = async () => (await takenUntold()).filter((run) => run.connection === connection).map(({ id }) => id);
    expect(await untold()).toEqual([]);
    await runs.finish(done.id, 'succeeded', later(1), end);
    await runs.cancel(canceled.id, later(1));
    expect((await untold()).toSorted()).toEqual([done.id, canceled.id].toSorted());
    await runs.told([done.id]);
    expect(await untold()).toEqual([canceled.id]);
    await runs.finish(done.id, 'failed', later(2), end);
    await runs.told([canceled.id]);
    expect(await untold()).toEqual([]);
    await runs.cancel(open.id, later(1));
    expect(await untold()).toEqual([]);
  });

  it('gives runs to tell of to one at a time, those of one organization, and again when they were not told', async () => {
    await runs.told((await takenUntold()).map(({ id }) => id));
    const ended = async (organization: string): Promise<Run> => {
      const run = await running(syncRun(aTenant().connection, { organization: organizationId(organization) }));
      await runs.finish(run.id, 'succeeded', later(1), end);
      return run;
    };
    const [first, second, other] = [await ended('org_one'), await ended('org_one'), await ended('org_two')];
    const taken = [await runs.takeUntold(10, 1_000), await runs.takeUntold(10, 1_000)].map(idsOf);
    expect(taken.toSorted((one, two) => two.length - one.length)).toEqual([
      [first.id, second.id].toSorted(),
      [other.id],
    ]);
    expect(await runs.takeUntold(10, 1_000)).toEqual([]);
    await runs.told([other.id]);
    clock.now = new Date(clock.now.getTime() + 1_000);
    expect(idsOf(await runs.takeUntold(10, 1_000))).toEqual([first.id, second.id].toSorted());
  });

  it('takes somebody who is forgotten out of the samples of what was missing', async () => {
    const { connection } = aTenant();
    const [ann, bob] = [
      sourceId('00000000-0000-4000-8000-00000000000a'),
      sourceId('00000000-0000-4000-8000-00000000000b'),
    ];
    const none = { user: 0, group: 0 };
    const shrink = { missing: none, known: none, drained: [], cleared: [], sample: [ann, bob] };
    const run = await running(syncRun(connection, { acceptShrink: shrink }));
    await runs.finish(run.id, 'held', later(1), { ...end, shrink });
    const missed = async (person: typeof ann) => (await all(runs.missing(connection, person))).map(({ id }) => id);
    expect([await missed(ann), await missed(bob)]).toEqual([[run.id], [run.id]]);
    await runs.forgetPerson(connection, ann);
    expect([await missed(ann), await missed(bob)]).toEqual([[], [run.id]]);
    const left = { ...shrink, sample: [bob] };
    expect(await runs.get(run.id)).toMatchObject({ shrink: left, acceptShrink: left });
  });

  it('erases the runs of one connection, sync and provision alike', async () => {
    const [one, other] = [aTenant(), aTenant()];
    for (const { connection, target } of [one, other]) {
      await queued(syncRun(connection));
      await queued(provisionRun(connection, { target }));
    }
    await runs.erase(one.connection);
    expect((await runs.list({ connection: one.connection }, null, 10)).items).toEqual([]);
    expect((await runs.list({ connection: other.connection }, null, 10)).items).toHaveLength(2);
  });
};

const aTenant = () => ({ connection: connectionId(newId('con')), target: targetId(newId('tgt')) });

const common = (connection: Run['connection']) =>
  ({
    id: runId(newId('run')),
    organization: organizationId('org_1'),
    connection,
    mode: 'delta',
    scope: null,
    dryRun: false,
    trigger: 'schedule',
    causedBy: null,
    state: 'queued',
    phase: 'queued',
    counters: noCounters,
    problem: null,
    cancelRequested: false,
    place: null,
    notBefore: null,
    faults: 0,
    createdAt: start,
    startedAt: null,
    finishedAt: null,
    version: null,
  }) as const;
const syncRun = (connection: Run['connection'], other: Partial<SyncRun> = {}): SyncRun => ({
  ...common(connection),
  kind: 'sync',
  acceptShrink: null,
  shrink: null,
  read: null,
  ...other,
});
const previewRun = (connection: Run['connection'], other: Partial<PreviewRun> = {}): PreviewRun => ({
  ...common(connection),
  kind: 'preview',
  proposed: { kind: 'all' },
  version: null,
  ...other,
});
const provisionRun = (connection: Run['connection'], other: Partial<ProvisionRun> = {}): ProvisionRun => ({
  ...common(connection),
  kind: 'provision',
  target: targetId(newId('tgt')),
  plan: null,
  amends: null,
  ...other,
});
const idsOf = (some: readonly Run[]): readonly RunId[] => some.map(({ id }) => id).toSorted();
