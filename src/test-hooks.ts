/** What an integration test may ask of a process by its environment, and nobody else should: shorter times, and a place to die at. */

import { secondLookMs } from './core/absence.ts';
import type { Machine } from './engine/clock.ts';
import { defaultTiming, type Timing } from './engine/engine.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** In production nobody plays with these, so that a stray variable cannot shorten a lease or kill a worker. */
export const hooksOf = (environment: Environment): Environment =>
  environment['NODE_ENV'] === 'production' ? {} : environment;

/** Milliseconds. */
export type Times = Timing & {
  /** How long a job is a worker's own without a sign of life; it is looked for twice in that time. */
  readonly lockMs: number;
  readonly reconcileMs: number;
};

/** A worker that died is noticed by its job within 10 s, by its lease within 30 s. TEST_LEASE_MS, TEST_LOCK_MS, TEST_RECONCILE_MS, TEST_SECOND_LOOK_MS. */
export const timesFrom = (environment: Environment): Times => ({
  ...defaultTiming,
  leaseTtlMs: Number(environment['TEST_LEASE_MS'] ?? defaultTiming.leaseTtlMs),
  // Who shortens the lease has a target that does at once what it is asked.
  ...(environment['TEST_LEASE_MS'] === undefined ? {} : { inFlightMs: 0 }),
  lockMs: Number(environment['TEST_LOCK_MS'] ?? 10_000),
  reconcileMs: Number(environment['TEST_RECONCILE_MS'] ?? 30_000),
  secondLookMs: Number(environment['TEST_SECOND_LOOK_MS'] ?? secondLookMs),
});

/** The format of the database that a newer version writes: TEST_FORMAT. */
export const formatFrom = (environment: Environment, current: number): number =>
  Number(environment['TEST_FORMAT'] ?? current);

/** The clocks of this machine; TEST_CLOCK_AHEAD_MS: how wrong the one on the wall is. */
export const machineFrom = (environment: Environment): Machine => {
  const aheadMs = Number(environment['TEST_CLOCK_AHEAD_MS'] ?? 0);
  return { wall: () => Date.now() + aheadMs, steady: () => performance.now() };
};

/** TEST_FAILPOINT=site, or site:nth: where the process kills itself, as a power cut would. */
export const failpointFrom = (environment: Environment): ((site: string) => Promise<void>) => {
  const [site, nth = '1'] = (environment['TEST_FAILPOINT'] ?? '').split(':');
  let passed = 0;
  return async (at) => {
    if (at !== site) return;
    passed += 1;
    if (passed === Number(nth)) process.kill(process.pid, 'SIGKILL');
  };
};
