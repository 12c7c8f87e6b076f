/**
 * A simulated process. Whatever it asks of the outside goes through `call`, where it may die, sleep, or be answered late. What a dead one had asked for
 * may still take effect; it never hears of it.
 */

import { type Clock, createClock } from '../../src/engine/clock.ts';
import { silent } from '../../src/model/world.ts';
import type { Chance } from './chance.ts';
import type { Fault, FaultKind, Faults } from './faults.ts';
import type { Event, Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';
import type { Violation } from './violation.ts';

/** What every process of a run lives in. */
export type Stage = {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly faults: Faults;
  readonly trace: Trace;
  /** Something was promised, and is not so. */
  readonly report: (violation: Violation) => void;
  /** Whose event it is that happens now: what asks for the time in between gets the clock of this one. */
  current: Process | null;
};

export type Call<T> = {
  readonly site: string;
  /** What may strike, besides what may strike any process. */
  readonly kinds: readonly FaultKind[];
  readonly latencyMs: number;
  /** Takes effect outside. Whatever it throws, or gives, is the answer. */
  readonly effect: (fault: Fault | null) => T | Promise<T>;
  /** Who stops waiting is told at once; the effect may take place all the same. */
  readonly signal?: AbortSignal;
};

export type Process = {
  readonly name: string;
  /** Its clock, set by the database's as in a real one. */
  readonly now: () => Date;
  readonly clock: Clock;
  readonly isAlive: () => boolean;
  readonly isFrozen: () => boolean;
  call<T>(call: Call<T>): Promise<T>;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** From outside: no fault. */
  kill(): void;
  /** It stands still for so long. */
  freeze(ms: number): void;
};

export type ProcessOptions = {
  readonly name: string;
  /** How far the clock of its machine is ahead, in ms. */
  readonly skewMs: number;
  /** Nothing ever happens to it, or to what it asks for. */
  readonly isSpared?: boolean;
  readonly onDeath: () => void;
  readonly onFreeze: (ms: number) => void;
};

export const startProcess = (stage: Stage, options: ProcessOptions): Process => {
  const { scheduler, chance, faults, trace } = stage;
  let dead = false;
  let frozenUntil = 0;
  const listeners = listenersOf();

  /** The process hears of it now, once it wakes, or never. */
  const deliver = (hear: () => void): void => {
    if (dead) return;
    if (frozenUntil > scheduler.now()) {
      scheduler.at(frozenUntil, () => deliver(hear));
      return;
    }
    stage.current = process;
    hear();
  };
  const kill = (): void => {
    if (dead) return;
    dead = true;
    listeners.end();
    trace.note(options.name, 'dies', '');
    options.onDeath();
  };
  /** By a fault. Who is killed because all is over, or because the database is put back, does not count. */
  const crash = (): void => {
    if (!dead) trace.count('worker.died');
    kill();
  };
  const freeze = (ms: number): void => {
    frozenUntil = Math.max(frozenUntil, scheduler.now() + ms);
    trace.note(options.name, 'stands still', `${ms} ms`);
    trace.count(ms > 30_000 ? 'worker.stood_still_beyond_its_lease' : 'worker.stood_still');
    options.onFreeze(ms);
  };
  const afterEffect = (fault: Fault | null): 'dead' | 'alive' => {
    if (fault?.kind === 'crash_after') crash();
    if (fault?.kind === 'pause') freeze(pauseMs(fault.roll));
    return dead ? 'dead' : 'alive';
  };

  const call = <T>({ site, kinds, latencyMs, effect, signal }: Call<T>): Promise<T> => {
    if (dead) return never();
    const fault = options.isSpared === true ? null : faults.strike(site, kinds);
    const order = faults.sites.get(site)?.calls ?? 0;
    return new Promise((resolve, reject) => {
      let left = false;
      const leave = (): void => {
        left = true;
        reject(signal?.reason);
      };
      if (signal?.aborted === true) return leave();
      const deafen = signal === undefined ? null : listeners.listen(signal, leave);
      const answer = (hear: () => void, outcome: string): void => {
        trace.note(options.name, site, fault === null ? outcome : `${outcome} (${fault.kind})`);
        if (afterEffect(fault) === 'dead') return;
        deliver(() => {
          deafen?.();
          if (!left) hear();
        });
      };
      const failed = (error: unknown): void => answer(() => reject(error), errorText(error));
      const arrive = (): void => {
        // What was on its way when the process died may have been lost with it.
        if (dead && chance.happens(0.5, `${site} lost with its process`, order)) return;
        if (fault?.kind === 'crash_before') {
          crash();
          return;
        }
        stage.current = process;
        try {
          const result = effect(fault);
          if (result instanceof Promise) result.then((value) => answer(() => resolve(value), 'done'), failed);
          else answer(() => resolve(result), 'done');
        } catch (error) {
          failed(error);
        }
      };
      scheduler.at(scheduler.now() + latencyMs, arrive);
    });
  };

  const sleep = (ms: number, signal: AbortSignal): Promise<void> => {
    if (dead) return never();
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const wake: Event = scheduler.at(scheduler.now() + ms, () =>
        deliver(() => {
          deafen();
          resolve();
        }),
      );
      const deafen = listeners.listen(signal, () => {
        scheduler.cancel(wake);
        reject(signal.reason);
      });
    });
  };

  const machine = { wall: () => scheduler.now() + options.skewMs, steady: scheduler.now };
  const askTime = (): Promise<Date> =>
    call({ site: 'clock', kinds: ofClock, latencyMs: 2, effect: (fault) => timeUnless(fault, scheduler.now()) });
  const clock = createClock(machine, askTime, silent);

  const process: Process = {
    name: options.name,
    now: clock.now,
    clock,
    isAlive: () => !dead,
    isFrozen: () => frozenUntil > scheduler.now(),
    call,
    sleep,
    kill,
    freeze,
  };
  return process;
};

type Listeners = {
  /** Answers how to stop. */
  readonly listen: (signal: AbortSignal, hear: () => void) => () => void;
  readonly end: () => void;
};

/**
 * Whoever waits for a signal. Each signal is listened to once, for all of them: to listen costs more than the call that waits. Node keeps a composed signal,
 * and with it a world that is over, as long as somebody listens.
 */
const listenersOf = (): Listeners => {
  const heard = new Map<AbortSignal, { readonly waiting: Set<() => void>; readonly tell: () => void }>();
  const heardOf = (signal: AbortSignal): Set<() => void> => {
    const known = heard.get(signal);
    if (known !== undefined) return known.waiting;
    const waiting = new Set<() => void>();
    const tell = (): void => {
      heard.delete(signal);
      for (const hear of [...waiting]) hear();
    };
    signal.addEventListener('abort', tell, { once: true });
    heard.set(signal, { waiting, tell });
    return waiting;
  };
  return {
    listen: (signal, hear) => {
      const waiting = heardOf(signal);
      waiting.add(hear);
      return () => void waiting.delete(hear);
    },
    end: () => {
      for (const [signal, { tell }] of heard) signal.removeEventListener('abort', tell);
      heard.clear();
    },
  };
};

const ofClock: readonly FaultKind[] = ['crash_before', 'pause', 'error'];

const timeUnless = (fault: Fault | null, now: number): Date => {
  if (fault?.kind === 'error') throw new Error('The database cannot be asked the time.');
  return new Date(now);
};

/** Mostly as long as a collection of garbage, sometimes longer than any lease. */
const pauseMs = (roll: number): number =>
  Math.round(roll < 0.5 ? 500 + roll * 30_000 : 31_000 + (roll - 0.5) ** 3 * 8 * 600_000);

const never = (): Promise<never> => new Promise(() => {});

const errorText = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);
