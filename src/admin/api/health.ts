/** What the platform asks: is the process alive, can it work, what does it count. */

import { type RequestHandler, Router } from 'express';
import type { MetricsAccess } from '../../config-table.ts';
import type { ClockReading } from '../../engine/clock.ts';
import { within } from '../../engine/within.ts';
import { errorFacts } from '../../logger.ts';
import type { Log } from '../../model/world.ts';
import type { Metrics } from '../metrics.ts';
import { assertUnlimited } from './admission.ts';
import { type authenticate, callerOf } from './auth.ts';

/** One thing that must be in order before calls are sent here. Rejects when it is not; failed when it takes longer than `timeoutMs`. */
export type ReadinessCheck = {
  readonly name: string;
  readonly timeoutMs: number;
  readonly check: (signal: AbortSignal) => Promise<void>;
};

export type Health = {
  readonly readiness: readonly ReadinessCheck[];
  /** Told beside the checks, and no reason to send calls elsewhere: what is decided goes by the database's clock. */
  readonly clock: () => ClockReading;
  readonly metrics: Metrics;
  readonly metricsAccess: MetricsAccess;
  readonly authenticated: ReturnType<typeof authenticate>;
  readonly log: Log;
  readonly nowMs: () => number;
};

/** Everybody may ask, as often as they like; the databases are asked once in this time. */
const answerKeptMs = 1_000;

export const healthRoutes = (health: Health): Router => {
  const { readiness, clock, metrics, metricsAccess, authenticated, log, nowMs } = health;
  const look = kept(answerKeptMs, nowMs, () => Promise.all(readiness.map((check) => outcomeOf(check, log))));
  const router = Router({ caseSensitive: true });
  router.get('/livez', (_request, response) => {
    response.json({ status: 'alive' });
  });
  router.get('/readyz', async (_request, response) => {
    const checks = await look();
    const ready = checks.every(([, outcome]) => outcome === 'ok');
    response.status(ready ? 200 : 503).json({
      status: ready ? 'ready' : 'not_ready',
      checks: Object.fromEntries(checks),
      clock: { state: clock().state, ahead_secs: aheadSecs(clock()) },
    });
  });
  if (metricsAccess !== 'off') {
    router.get(
      '/metrics',
      ...(metricsAccess === 'key' ? [authenticated, ofEverybody] : []),
      async (_request, response) => {
        response.type(metrics.contentType).send(await metrics.text());
      },
    );
  }
  return router;
};

/** What is counted is counted over all organizations. */
const ofEverybody: RequestHandler = (_request, response, next) => {
  assertUnlimited(callerOf(response));
  next();
};

export const aheadSecs = ({ aheadMs }: ClockReading): number | null => (aheadMs === null ? null : aheadMs / 1_000);

/** Says only which one failed: why is for the log, because anybody may ask. */
const outcomeOf = async (
  { name, timeoutMs, check }: ReadinessCheck,
  log: Log,
): Promise<readonly [string, 'ok' | 'failed']> => {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    await within(signal, check(signal));
    return [name, 'ok'];
  } catch (error) {
    log.warn('readiness.failed', { check: name, ...errorFacts(error) });
    return [name, 'failed'];
  }
};

/** What was found out less than `forMs` ago, or is being found out. `find` does not reject. */
const kept = <T>(forMs: number, nowMs: () => number, find: () => Promise<T>): (() => Promise<T>) => {
  let last: { readonly found: Promise<T>; until: number } | null = null;
  return () => {
    if (last !== null && nowMs() < last.until) return last.found;
    const looking = { found: find(), until: Number.POSITIVE_INFINITY };
    last = looking;
    void looking.found.then(() => {
      looking.until = nowMs() + forMs;
    });
    return looking.found;
  };
};
