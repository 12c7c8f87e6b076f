/** Time, chance and the log, passed in so that a run can be replayed. */

export type World = {
  readonly now: () => Date;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly log: Log;
};

/** Facts of an event: ids and counts, never a person's attributes. */
export type Facts = Readonly<Record<string, string | number | boolean | null | undefined>>;
export type Log = {
  readonly debug: (event: string, facts?: Facts) => void;
  readonly info: (event: string, facts?: Facts) => void;
  readonly warn: (event: string, facts?: Facts) => void;
  readonly error: (event: string, facts?: Facts) => void;
};

export const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
