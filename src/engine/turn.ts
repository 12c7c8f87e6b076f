/**
 * One turn of work on a connection or a target: take the lease, take the run that is due, work for a slice, say when to come back. Faults of a
 * tenant or a target end here; only our own infrastructure's are thrown on.
 */

import type { Problem } from '../model/connection.ts';
import type { Counters, EndedState, Phase, Run } from '../model/run.ts';
import type { Lease, LeaseKey } from '../store/leases.ts';
import type { Engine } from './engine.ts';
import { type Watch, withLease } from './lease-keeper.ts';
import { RunCanceled, reactionTo } from './reactions.ts';

/** When to look again: `done` when nothing is waiting. */
export type Turn = { readonly next: 'done' } | { readonly next: 'again'; readonly at: Date };

/** `slice`: more is to be done, from the place that was reported. */
export type WorkEnd =
  | 'slice'
  | {
      readonly state: EndedState;
      readonly counters: Counters;
      readonly version: number | null;
      readonly problem: Problem | null;
    };

export type Work<R extends Run> = (run: R, lease: Lease, watch: Watch, report: Report) => Promise<WorkEnd>;

/** Writes where the run is, no oftener than needed unless it has a place; throws `RunCanceled` when somebody asked for it. */
export type Report = (phase: Phase, counters: Counters, place?: string | null) => Promise<void>;

export type TurnOf<R extends Run> = {
  readonly key: LeaseKey;
  readonly next: () => Promise<Run | null>;
  readonly is: (run: Run) => run is R;
  readonly timeoutSecs: () => Promise<number>;
  readonly work: Work<R>;
  /** Holds the connection or target back. */
  readonly quarantine: (problem: Problem, error: unknown) => Promise<void>;
};

export const takeTurn = async <R extends Run>(engine: Engine, of: TurnOf<R>, signal: AbortSignal): Promise<Turn> => {
  const due = await of.next();
  if (due === null) return { next: 'done' };
  const now = engine.world.now();
  if (due.notBefore !== null && due.notBefore > now) return { next: 'again', at: due.notBefore };
  const held = await withLease(engine, of.key, (lease, watch) => underLease(engine, of, due, lease, watch), signal);
  if ('busyUntil' in held) return { next: 'again', at: held.busyUntil };
  return held.result;
};

const underLease = async <R extends Run>(
  engine: Engine,
  of: TurnOf<R>,
  due: Run,
  lease: Lease,
  watch: Watch,
): Promise<Turn> => {
  const { runs } = engine.stores;
  const now = (): Date => engine.world.now();
  const run = await runs.start(due.id, now());
  if (run === null || !of.is(run)) return { next: 'again', at: now() };
  let latest: Counters = run.counters;
  const finish = async (state: EndedState, version: number | null, problem: Problem | null): Promise<Turn> => {
    await runs.finish(run.id, state, now(), { counters: latest, version, problem });
    const ended = await runs.get(run.id);
    if (ended !== null) engine.observe.runEnded(ended);
    engine.world.log.info('run.ended', { run: run.id, kind: run.kind, state, code: problem?.code });
    return { next: 'again', at: now() };
  };
  try {
    if (run.cancelRequested) throw new RunCanceled('The run was canceled.');
    watch.setDeadline(new Date((run.startedAt ?? now()).getTime() + (await of.timeoutSecs()) * 1_000));
    watch.check();
    const end = await of.work(
      run,
      lease,
      watch,
      reporter(engine, run, watch, (counters) => {
        latest = counters;
      }),
    );
    if (end === 'slice') {
      await runs.postpone(run.id, now(), null);
      return { next: 'again', at: now() };
    }
    latest = end.counters;
    return await finish(end.state, end.version, end.problem);
  } catch (thrown) {
    // What aborted the work is the reason, not the error some call made of it.
    const error: unknown = watch.signal.aborted ? watch.signal.reason : thrown;
    const reaction =
      reactionTo(error, run.faults, engine.world.random()) ??
      (watch.signal.aborted ? { kind: 'yield' as const } : null);
    if (reaction === null) throw thrown;
    switch (reaction.kind) {
      case 'wait': {
        const until = new Date(now().getTime() + reaction.ms);
        engine.world.log.warn('run.waits', {
          run: run.id,
          kind: run.kind,
          code: reaction.problem.code,
          ms: reaction.ms,
        });
        await runs.postpone(run.id, until, reaction.problem);
        return { next: 'again', at: until };
      }
      case 'quarantine':
        engine.world.log.error('run.quarantined', {
          run: run.id,
          kind: run.kind,
          key: of.key,
          code: reaction.problem.code,
        });
        await of.quarantine(reaction.problem, error);
        return await finish('failed', null, reaction.problem);
      case 'fail':
        return await finish('failed', null, reaction.problem);
      case 'cancel':
        return await finish('canceled', null, null);
      case 'yield':
        await runs.postpone(run.id, now(), null);
        return { next: 'again', at: now() };
      case 'leave':
        return { next: 'again', at: new Date(now().getTime() + engine.timing.leaseTtlMs) };
    }
  }
};

const reporter = (engine: Engine, run: Run, watch: Watch, remember: (counters: Counters) => void): Report => {
  let phase: Phase = run.phase;
  let written = Number.NEGATIVE_INFINITY;
  return async (next, counters, place) => {
    watch.check();
    remember(counters);
    const now = engine.world.now().getTime();
    if (next === phase && place === undefined && now - written < engine.timing.reportMs) return;
    phase = next;
    written = now;
    const { cancelRequested } = await engine.stores.runs.progress(run.id, {
      phase,
      counters,
      ...(place === undefined ? {} : { place }),
    });
    if (cancelRequested) throw new RunCanceled('The run was canceled.');
  };
};
