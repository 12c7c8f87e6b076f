/**
 * The one clock of a process. It goes by the database's, which all processes share: two looks at somebody ten minutes apart, the limits of a day and the
 * end of a lease mean the same to every worker, however wrong the clock of its machine is.
 */

import type { Log, Stopwatch, World } from '../model/world.ts';

/** What a machine tells of the time, in milliseconds. `wall`: since 1970, as it is set. `steady`: since some moment, never set. */
export type Machine = { readonly wall: () => number; readonly steady: () => number };

/** `fine` up to 2 s, `off` up to a minute: people and BullMQ's own delays begin to notice. `unknown`: the database was never asked. */
export type ClockState = 'unknown' | 'fine' | 'off' | 'far_off';
export type ClockReading = {
  readonly state: ClockState;
  /** How far the machine's clock is ahead of the database's; null: not known. */
  readonly aheadMs: number | null;
};

export type Clock = {
  /** The database's time, as far as it is known. Never runs backwards: where it was ahead, it stands still until it is not. */
  readonly now: () => Date;
  readonly stopwatch: Stopwatch;
  /** Asks the database. Throws where it cannot be asked; then the last answer stands. */
  readonly measure: () => Promise<void>;
  readonly reading: () => ClockReading;
};

const fineMs = 2_000;
const offMs = 60_000;
/** An answer that was so long under way tells the time too vaguely. */
const longestWayMs = 5_000;
/** The machine's two clocks do not part on their own: one was set, or the machine slept. */
const partedMs = 2_000;
const againMs = 1_000;

/** `ask`: what time it is at the database. */
export const createClock = (machine: Machine, ask: () => Promise<Date>, log: Log): Clock => {
  let anchor = { steady: machine.steady(), time: machine.wall(), wall: machine.wall() };
  let last = Number.NEGATIVE_INFINITY;
  let reading: ClockReading = { state: 'unknown', aheadMs: null };
  let asking: Promise<void> | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;

  const timeAt = (steady: number): number => anchor.time + (steady - anchor.steady);
  const measure = async (): Promise<void> => {
    const [steady, wall] = [machine.steady(), machine.wall()];
    const time = (await ask()).getTime();
    const wayMs = Math.max(machine.steady() - steady, machine.wall() - wall);
    if (wayMs > longestWayMs) {
      if (reading.state === 'unknown') throw new Error(`The database took ${wayMs} ms to say what time it is.`);
      return;
    }
    // It was asked the time at some moment of the way; in the middle of it, as far as anybody can tell.
    const middle = { steady: steady + wayMs / 2, wall: wall + wayMs / 2 };
    // Within what the way leaves open, the clock is right as it is.
    const isRight = reading.state !== 'unknown' && Math.abs(timeAt(middle.steady) - time) <= wayMs / 2;
    anchor = { ...middle, time: isRight ? timeAt(middle.steady) : time };
    note(Math.round(middle.wall - time));
  };
  const note = (aheadMs: number): void => {
    const state = stateOf(aheadMs);
    if (state !== 'fine' && state !== reading.state) log.warn('clock.off', { ahead_ms: aheadMs, state });
    if (state === 'fine' && reading.state !== 'fine' && reading.state !== 'unknown')
      log.info('clock.fine', { ahead_ms: aheadMs });
    const standsMs = Math.round(last - timeAt(machine.steady()));
    if (standsMs > fineMs) log.error('clock.stands', { for_ms: standsMs });
    reading = { state, aheadMs };
  };
  const measureOnce = (): Promise<void> => {
    askedAt = machine.steady();
    asking ??= measure().finally(() => {
      asking = null;
    });
    return asking;
  };
  /** Not again at once: the clock is asked many times a second, and the database may be away. */
  const isToMeasure = (): boolean =>
    reading.state !== 'unknown' &&
    machine.steady() - askedAt > againMs &&
    Math.abs(machine.wall() - anchor.wall - (machine.steady() - anchor.steady)) > partedMs;

  return {
    now: () => {
      // The database's time is not known yet, and is soon: `measure` says so, where it is asked for.
      if (isToMeasure()) measureOnce().catch(() => {});
      last = Math.max(last, timeAt(machine.steady()));
      return new Date(last);
    },
    // A steady clock may stand still while the machine sleeps, and the other one may be set back: whichever says more.
    stopwatch: () => {
      const [steady, wall] = [machine.steady(), machine.wall()];
      return () => Math.max(machine.steady() - steady, machine.wall() - wall);
    },
    measure: measureOnce,
    reading: () => reading,
  };
};

const stateOf = (aheadMs: number): ClockState => {
  const off = Math.abs(aheadMs);
  return off <= fineMs ? 'fine' : off <= offMs ? 'off' : 'far_off';
};

/** Asks again from time to time, for as long as the process lives. Where the database cannot be asked, the last answer stands. */
export const keepClock = async (
  clock: Pick<Clock, 'measure'>,
  { sleep, log }: Pick<World, 'sleep' | 'log'>,
  everyMs: number,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    await sleep(everyMs, signal).catch(() => {});
    if (signal.aborted) return;
    await clock.measure().catch((error: unknown) => {
      if (!signal.aborted) log.warn('clock.unasked', { message: error instanceof Error ? error.message : 'unknown' });
    });
  }
};
