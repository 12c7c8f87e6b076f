/**
 * The queue: one waiting job per connection or target, schedules that tick, locks that run out when their holder is gone. It may lose, double and
 * delay wake-ups, and be emptied at any time; what it keeps are wake-ups only.
 */

import type { ConnectionId, TargetId } from '../../src/model/ids.ts';
import type { SyncMode } from '../../src/model/run.ts';
import type { Wait, Waiting } from '../../src/queue/follow-up.ts';
import { priorityOf, probeKey, provisionKey, schedulerId, syncKey } from '../../src/queue/names.ts';
import { maintenancePayload } from '../../src/queue/payloads.ts';
import type { Jobs } from '../../src/queue/reconcile.ts';
import { intervalsOf, offsetOf } from '../../src/queue/schedules.ts';
import type { Wakeups } from '../../src/queue/wakeups.ts';
import type { Fault, FaultKind } from './faults.ts';
import type { Process, Stage } from './process.ts';
import type { Event } from './scheduler.ts';

/** Redis could not be reached, or did not answer. */
export class QueueUnavailable extends Error {
  override readonly name = 'QueueUnavailable';
}

export type Errand =
  | { readonly kind: 'tick'; readonly connection: ConnectionId; readonly mode: SyncMode }
  | { readonly kind: 'sync'; readonly connection: ConnectionId }
  | { readonly kind: 'provision'; readonly target: TargetId }
  | { readonly kind: 'probe_connection'; readonly connection: ConnectionId }
  | { readonly kind: 'probe_target'; readonly target: TargetId };

type Job = {
  readonly key: string;
  readonly errand: Errand;
  priority: number;
  dueAt: number;
  /** Nothing was due before. */
  rests: boolean;
  attempts: number;
  /** Who works on it, under which lock. */
  held: { readonly by: Process; readonly lock: number } | null;
  /** What follows it once it is done: the last that was said while it was worked on. */
  next: Next | null;
};
type Next = { readonly priority: number; readonly dueAt: number; readonly rests: boolean };
export type Held = { readonly errand: Errand; readonly key: string; readonly lock: number };
/** `failed`: it threw. */
export type JobEnd = 'done' | 'failed';

export type Queue = {
  doorFor(process: Process): Wakeups & { readonly jobs: Jobs };
  /** The next job for a slot of this process. */
  take(process: Process): Promise<Held>;
  /** Another follows it once it is done, not before that time. */
  followUp(process: Process, held: Held, kind: Wait['kind'], at: Date): Promise<void>;
  end(process: Process, held: Held, end: JobEnd): Promise<void>;
  /** The locks of a process that died, or stands still until then, run out. */
  abandon(process: Process, wakesAt: number | null): void;
  /** As FLUSHALL. */
  empty(): void;
  readonly isScheduled: (connection: ConnectionId) => boolean;
};

const lockMs = 10_000;
const mostAttempts = 8;

export const createQueue = (stage: Stage): Queue => {
  const { scheduler, chance } = stage;
  const jobs = new Map<string, Job>();
  const schedules = new Map<string, { readonly every: number; readonly offset: number; tick: Event }>();
  let slots: { readonly process: Process; readonly give: (held: Held) => void }[] = [];
  let locks = 0;

  const dispatch = (): void => {
    const due = [...jobs.values()].filter((job) => job.held === null && job.dueAt <= scheduler.now());
    for (const job of due.sort((a, b) => a.priority - b.priority || a.dueAt - b.dueAt)) {
      slots = slots.filter(({ process }) => process.isAlive());
      const ready = slots.filter(({ process }) => !process.isFrozen());
      if (ready.length === 0) return;
      locks += 1;
      const slot = chance.pick(ready, 'slot', locks);
      slots = slots.filter((other) => other !== slot);
      job.held = { by: slot.process, lock: locks };
      stage.current = slot.process;
      slot.give({ errand: job.errand, key: job.key, lock: locks });
      // Each process goes on in an event of its own.
      dispatchAt(scheduler.now());
      return;
    }
  };
  const dispatchAt = (time: number): void => {
    scheduler.at(time, dispatch);
  };
  const put = (key: string, errand: Errand, { priority, dueAt, rests }: Next): void => {
    const known = jobs.get(key);
    if (known === undefined) {
      jobs.set(key, { key, errand, priority, dueAt, rests, attempts: 0, held: null, next: null });
    } else if (known.held !== null) {
      known.next = { priority, dueAt, rests };
    } else {
      known.dueAt = Math.min(known.dueAt, dueAt);
      known.priority = Math.min(known.priority, priority);
    }
    dispatchAt(dueAt);
  };
  const release = (job: Job, dueAt: number): void => {
    job.held = null;
    job.dueAt = dueAt;
    dispatchAt(dueAt);
  };
  /** A job whose lock was not renewed is found when stalled jobs are looked for, and waits again. */
  const expireLater = (job: Job, lock: number, isExpired: () => boolean): void => {
    const late = chance.between(0, 5_000, 'stalled check', lock);
    scheduler.at(scheduler.now() + lockMs + late, () => {
      if (job.held?.lock === lock && isExpired()) release(job, scheduler.now());
    });
  };
  const settle = (key: string, lock: number, end: JobEnd): void => {
    const job = jobs.get(key);
    if (job?.held?.lock !== lock) return;
    if (end === 'failed') job.attempts += 1;
    if (end === 'failed' && job.attempts < mostAttempts) {
      release(job, scheduler.now() + 500 * 2 ** job.attempts);
      return;
    }
    jobs.delete(key);
    if (job.next !== null) put(key, job.errand, { ...job.next, dueAt: Math.max(job.next.dueAt, scheduler.now()) });
  };
  const schedule = (id: string, every: number, errand: Errand): void => {
    const known = schedules.get(id);
    if (known !== undefined) scheduler.cancel(known.tick);
    const offset = offsetOf(id, every);
    const nextAfter = (time: number): number => (Math.floor((time - offset) / every) + 1) * every + offset;
    const arm = (): Event =>
      scheduler.at(nextAfter(scheduler.now()), () => {
        put(`tick ${id} ${scheduler.now()}`, errand, next(priorityOf.delta, scheduler.now()));
        const own = schedules.get(id);
        if (own !== undefined) own.tick = arm();
      });
    schedules.set(id, { every, offset, tick: arm() });
  };
  const unschedule = (id: string): void => {
    const known = schedules.get(id);
    if (known !== undefined) scheduler.cancel(known.tick);
    schedules.delete(id);
  };

  const ask = <T>(process: Process, site: string, kinds: readonly FaultKind[], effect: (fault: Fault | null) => T) =>
    process.call({
      site,
      kinds,
      latencyMs: 1,
      effect: (fault) => {
        if (fault?.kind === 'error') throw new QueueUnavailable(`cannot be reached for ${site}`);
        const answer = effect(fault);
        if (fault?.kind === 'answer_lost') throw new QueueUnavailable(`no answer to ${site}`);
        return answer;
      },
    });
  const wake = (process: Process, key: string, errand: Errand, priority: number): Promise<void> =>
    ask(process, 'queue.wake', ofWake, (fault) => {
      if (fault?.kind === 'wakeup_lost') return;
      const now = scheduler.now();
      const dueAt = fault?.kind === 'wakeup_late' ? now + Math.ceil(fault.roll * 120_000) : now;
      put(key, errand, next(priority, dueAt));
      if (fault?.kind === 'wakeup_twice') put(`${key} twice`, errand, next(priority, now));
    });

  /** Nobody removes anything here, and nothing gets old: of all maintenance only probes have a meaning. */
  const probe = (process: Process, payload: object): Promise<void> =>
    ask(process, 'queue.probe', ofRedis, () => {
      const wanted = probeOf(payload);
      if (wanted !== null) put(wanted.key, wanted.errand, next(priorityOf.delta, scheduler.now()));
    });

  return {
    doorFor: (process) => ({
      sync: (connection, urgency) =>
        wake(process, syncKey(connection), { kind: 'sync', connection }, priorityOf[urgency]),
      provision: (target, urgency) =>
        wake(process, provisionKey(target), { kind: 'provision', target }, priorityOf[urgency]),
      schedule: (connection) =>
        ask(process, 'queue.schedule', ofRedis, () => {
          for (const mode of ['delta', 'full'] as const)
            schedule(schedulerId(connection.id, mode), intervalsOf(connection)[mode], {
              kind: 'tick',
              connection: connection.id,
              mode,
            });
        }),
      unschedule: (connection) =>
        ask(process, 'queue.unschedule', ofRedis, () => {
          for (const mode of ['delta', 'full'] as const) unschedule(schedulerId(connection, mode));
        }),
      jobs: {
        tick: {
          getJobSchedulers: () =>
            ask(process, 'queue.schedules', ofRedis, () =>
              [...schedules].map(([key, { every, offset }]) => ({ key, every, offset })),
            ),
          removeJobScheduler: (id) => ask(process, 'queue.unschedule', ofRedis, () => unschedule(id)),
        },
        sync: lookingFor(process),
        provision: lookingFor(process),
        maintenance: { add: (_name, payload) => probe(process, payload) },
      },
    }),
    take: (process) =>
      new Promise((give) => {
        slots.push({ process, give });
        dispatchAt(scheduler.now());
      }),
    followUp: (process, { errand, key }, kind, at) =>
      ask(process, 'queue.follow_up', ofRedis, () => {
        // Whoever says when reckons by its own clock.
        const waitMs = Math.max(0, at.getTime() - process.now().getTime());
        const priority = jobs.get(key)?.priority ?? priorityOf.delta;
        put(key, errand, { priority, dueAt: scheduler.now() + waitMs, rests: kind === 'rest' });
      }),
    end: (process, { key, lock }, end) => {
      const job = jobs.get(key);
      // Should it not get through, nobody renews the lock of that job any more.
      if (job !== undefined) expireLater(job, lock, () => true);
      return ask(process, 'queue.end', ofRedis, () => settle(key, lock, end));
    },
    abandon: (process, wakesAt) => {
      if (wakesAt !== null) dispatchAt(wakesAt);
      for (const job of jobs.values())
        if (job.held?.by === process) expireLater(job, job.held.lock, () => !process.isAlive() || process.isFrozen());
    },
    empty: () => {
      for (const id of [...schedules.keys()]) unschedule(id);
      jobs.clear();
    },
    isScheduled: (connection) =>
      (['delta', 'full'] as const).every((mode) => schedules.has(schedulerId(connection, mode))),
  };

  function lookingFor(process: Process): Jobs['sync'] {
    return {
      getDeduplicationJobId: (key) => ask(process, 'queue.job', ofRedis, () => (jobs.has(key) ? key : null)),
      getJob: (id) => ask(process, 'queue.job', ofRedis, () => waitingOf(jobs.get(id))),
    };
  }
};

const next = (priority: number, dueAt: number): Next => ({ priority, dueAt, rests: false });

const waitingOf = (job: Job | undefined): Waiting | undefined =>
  job && { name: job.rests ? 'rest' : job.errand.kind, timestamp: 0, delay: job.held === null ? job.dueAt : 0 };

const probeOf = (payload: object): { readonly key: string; readonly errand: Errand } | null => {
  const asked = maintenancePayload.parse(payload);
  switch (asked.what) {
    case 'probe_connection':
      return { key: probeKey(asked.connection), errand: { kind: asked.what, connection: asked.connection } };
    case 'probe_target':
      return { key: probeKey(asked.target), errand: { kind: asked.what, target: asked.target } };
    case 'prune':
    case 'purge':
      return null;
  }
};

const ofRedis: readonly FaultKind[] = ['crash_before', 'crash_after', 'pause', 'error', 'answer_lost'];
const ofWake: readonly FaultKind[] = [...ofRedis, 'wakeup_lost', 'wakeup_twice', 'wakeup_late'];
