/** Time, chance and the log, passed in so that a run can be replayed. */

export type World = {
  readonly now: () => Date;
  readonly stopwatch: Stopwatch;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly log: Log;
};

/**
 * Starts to count the milliseconds that pass. It tells at least as many as have passed, whether the clock is set meanwhile or the machine slept: for
 * what must not be older than it may be.
 */
export type Stopwatch = () => () => number;

/** Facts of an event: ids and counts, never a person's attributes. */
export type Facts = Readonly<Record<string, string | number | boolean | null | undefined>>;
export type Log = {
  readonly debug: (event: string, facts?: Facts) => void;
  readonly info: (event: string, facts?: Facts) => void;
  readonly warn: (event: string, facts?: Facts) => void;
  readonly error: (event: string, facts?: Facts) => void;
};

export const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
