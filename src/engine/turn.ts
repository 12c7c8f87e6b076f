/**
 * One turn of work on a connection or a target: take the lease, take the run that is due, work for a slice, say when to come back. Faults of a
 * tenant or a target end here; only our own infrastructure's are thrown on.
 */

import type { Problem } from '../model/connection.ts';
import type { ReadKind } from '../model/operation.ts';
import type { Counters, EndedState, Phase, Run, Shrink } from '../model/run.ts';
import type { Lease, LeaseKey } from '../store/leases.ts';
import type { Postponed } from '../store/run-store.ts';
import type { Engine } from './engine.ts';
import { type Watch, withLease } from './lease-keeper.ts';
import { backoffMs, RunCanceled, RunTimedOut, reactionTo } from './reactions.ts';

/**
 * When to look again. `done`: nothing is waiting. `rest`: nothing is due before, unless somebody asked for it since that was looked at. `again`: to come
 * back sooner would be in vain.
 */
export type Turn = { readonly next: 'done' } | { readonly next: 'again' | 'rest'; readonly at: Date };

/** `slice`: more is to be done, from the place that was reported. */
export type WorkEnd =
  | 'slice'
  | {
      readonly state: EndedState;
      readonly counters: Counters;
      readonly version: number | null;
      readonly problem: Problem | null;
      /** How a sync run read what it committed. */
      readonly read?: ReadKind;
      /** What a sync run is held for. */
      readonly shrink?: Shrink;
    };

export type Work<R extends Run> = (run: R, lease: Lease, watch: Watch, report: Report) => Promise<WorkEnd>;

/** Writes where the run is, no oftener than needed unless it has a place; throws `RunCanceled` when somebody asked for it. */
export type Report = (phase: Phase, counters: Counters, place?: string | null) => Promise<void>;

/** `By`: the connection, or target with its connection, that the turn goes by. */
export type TurnOf<R extends Run, By> = {
  readonly key: LeaseKey;
  /** How long what a turn sent may take effect after it lost its lease. */
  readonly quietMs: number;
  readonly next: () => Promise<Run | null>;
  readonly is: (run: Run) => run is R;
  /** As it is now, and how long a run of it may take. */
  readonly goesBy: (run: R) => Promise<{ readonly by: By; readonly timeoutSecs: number }>;
  readonly work: Work<R>;
  /** Asks for the rest of a run that was over its time, and waited out no fault. */
  readonly again: (run: R) => Promise<void>;
  /** The run waits for what is not as it should be, or ended by it, and nothing is held back. */
  readonly troubled: (run: R, problem: Problem, error: unknown, by: By | null) => Promise<void>;
  /** Holds the connection or target back; false where it was edited since the turn began, which is no reason to hold back what it is now. */
  readonly quarantine: (problem: Problem, error: unknown, by: By) => Promise<boolean>;
};

export const takeTurn = async <R extends Run, By>(
  engine: Engine,
  of: TurnOf<R, By>,
  signal: AbortSignal,
): Promise<Turn> => {
  const due = await of.next();
  if (due === null) return { next: 'done' };
  const now = engine.world.now();
  if (due.notBefore !== null && due.notBefore > now) return { next: 'rest', at: due.notBefore };
  const work = (lease: Lease, watch: Watch): Promise<Turn> => underLease(engine, of, due, lease, watch);
  const held = await withLease(engine, of.key, work, signal, of.quietMs);
  if ('busyUntil' in held) return { next: 'again', at: held.busyUntil };
  return held.result;
};

/** What is due already needs no rest. */
const comeBack = (at: Date, now: Date): Turn => ({ next: at > now ? 'rest' : 'again', at });

const underLease = async <R extends Run, By>(
  engine: Engine,
  of: TurnOf<R, By>,
  due: Run,
  lease: Lease,
  watch: Watch,
): Promise<Turn> => {
  const { runs } = engine.stores;
  const now = (): Date => engine.world.now();
  const run = await runs.start(due.id, now());
  if (run === null || !of.is(run)) return { next: 'again', at: now() };
  const reporting = reporter(engine, run, watch);
  const postpone = async (until: Date, why: Postponed | null): Promise<Turn> => {
    await reporting.flush();
    await runs.postpone(run.id, until, why);
    // What somebody asked for meanwhile, or what waits for less long, goes first: a wake-up that came while we were at work would sleep with us.
    const next = await of.next();
    return comeBack(next === null ? until : (next.notBefore ?? now()), now());
  };
  const finish = async (
    state: EndedState,
    counters: Counters,
    version: number | null,
    problem: Problem | null,
    ofSync: { readonly read?: ReadKind; readonly shrink?: Shrink } = {},
  ): Promise<Turn> => {
    await runs.finish(run.id, state, now(), { counters, version, problem, ...ofSync });
    const ended = await runs.get(run.id);
    if (ended !== null) engine.observe.runEnded(ended);
    engine.world.log.info('run.ended', { run: run.id, kind: run.kind, state, code: problem?.code });
    return { next: 'again', at: now() };
  };
  let by: By | null = null;
  let waitedOut: Problem | null = null;
  try {
    if (run.cancelRequested) throw new RunCanceled('The run was canceled.');
    const going = await of.goesBy(run);
    by = going.by;
    const deadline = new Date((run.startedAt ?? now()).getTime() + going.timeoutSecs * 1_000);
    waitedOut = isWaitedOut(due, deadline, now()) ? due.problem : null;
    watch.setDeadline(deadline);
    watch.check();
    const end = await of.work(run, lease, watch, reporting.report);
    if (end === 'slice') return await postpone(now(), null);
    const { state, counters, version, problem, ...ofSync } = end;
    return await finish(state, counters, version, problem, ofSync);
  } catch (thrown) {
    // What aborted the work is the reason, not the error some call made of it.
    const error: unknown = watch.signal.aborted ? watch.signal.reason : thrown;
    const reaction =
      reactionTo(error, { faults: run.faults, waitedOut }, engine.world.random()) ??
      (watch.signal.aborted ? { kind: 'yield' as const } : null);
    if (reaction === null) throw thrown;
    switch (reaction.kind) {
      case 'wait':
        engine.world.log.warn('run.waits', {
          run: run.id,
          kind: run.kind,
          code: reaction.problem.code,
          ms: reaction.ms,
        });
        if (reaction.isFault) await of.troubled(run, reaction.problem, error, by);
        return await postpone(new Date(now().getTime() + reaction.ms), reaction);
      case 'quarantine':
        if (by === null || !(await of.quarantine(reaction.problem, error, by))) {
          // It was edited meanwhile, and the run goes on by what it is now.
          const { code } = reaction.problem;
          engine.world.log.warn('run.refused_before_edit', { run: run.id, kind: run.kind, key: of.key, code });
          return await postpone(now(), null);
        }
        engine.world.log.error('run.quarantined', {
          run: run.id,
          kind: run.kind,
          key: of.key,
          code: reaction.problem.code,
        });
        return await finish('failed', reporting.latest(), null, reaction.problem);
      case 'fail':
        await of.troubled(run, reaction.problem, error, by);
        if (error instanceof RunTimedOut && waitedOut === null) await of.again(run);
        return await finish('failed', reporting.latest(), null, reaction.problem);
      case 'cancel':
        return await finish('canceled', reporting.latest(), null, null);
      case 'yield':
        return await postpone(now(), null);
      case 'leave':
        return { next: 'again', at: new Date(now().getTime() + engine.timing.leaseTtlMs) };
    }
  }
};

/**
 * Whether its time was over while it waited for a fault to pass, and it was taken up again no later after that than the next wait would have lasted.
 * Where nobody was at work on it, or it had got on since, the fault may have passed long ago.
 */
const isWaitedOut = ({ faults, notBefore }: Run, deadline: Date, now: Date): boolean =>
  faults > 0 &&
  notBefore !== null &&
  notBefore >= deadline &&
  now.getTime() - notBefore.getTime() <= backoffMs(faults, 1);

type Reporter = {
  readonly report: Report /** Writes what was reported and not yet written. */;
  readonly flush: () => Promise<void>;
  readonly latest: () => Counters;
};

const reporter = (engine: Engine, run: Run, watch: Watch): Reporter => {
  let latest: { phase: Phase; counters: Counters } = { phase: run.phase, counters: run.counters };
  let written = { ...latest, at: Number.NEGATIVE_INFINITY };
  const write = async (place?: string | null): Promise<boolean> => {
    written = { ...latest, at: engine.world.now().getTime() };
    const { cancelRequested } = await engine.stores.runs.progress(run.id, {
      ...latest,
      ...(place === undefined ? {} : { place }),
    });
    return cancelRequested;
  };
  return {
    report: async (phase, counters, place) => {
      latest = { phase, counters };
      // A phase that is over at once is not worth a write, and there are several in every run.
      const afterMs = phase === written.phase ? engine.timing.reportMs : engine.timing.reportMs / 4;
      const isDue = engine.world.now().getTime() - written.at >= afterMs;
      const cancelRequested = place !== undefined || isDue ? await write(place) : false;
      watch.check();
      if (cancelRequested) throw new RunCanceled('The run was canceled.');
    },
    flush: async () => {
      if (latest.counters !== written.counters) await write();
    },
    latest: () => latest.counters,
  };
};
