/** A world whose clock moves only when somebody sleeps, so that waiting takes no time and can be counted. */

import { openEgress } from '../../src/egress/index.ts';
import type { Facts, Log } from '../../src/model/world.ts';
import type { TargetWorld } from '../../src/target/target.ts';

/** The servers of tests are on this machine. */
const egress = openEgress({ allow: ['http://127.0.0.1', 'http://localhost'] });

export type TestWorld = TargetWorld & {
  /** Every wait, in order. */
  readonly slept: readonly number[];
  /** Every line of the log, as one text. */
  readonly lines: readonly string[];
};

export const testWorld = (startsAt = '2026-03-01T08:00:00Z'): TestWorld => {
  const clock = { ms: Date.parse(startsAt) };
  const slept: number[] = [];
  const lines: string[] = [];
  const note = (event: string, facts: Facts = {}): void => {
    lines.push(`${event} ${JSON.stringify(facts)}`);
  };
  const log: Log = { debug: note, info: note, warn: note, error: note };
  return {
    now: () => new Date(clock.ms),
    stopwatch: () => {
      const from = clock.ms;
      return () => clock.ms - from;
    },
    random: () => 0.5,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      slept.push(ms);
      clock.ms += ms;
    },
    log,
    egress,
    witnesses: async () => [],
    slept,
    lines,
  };
};
