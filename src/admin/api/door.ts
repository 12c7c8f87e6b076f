/** What API and workers have in common at their doors: who is let in, how they are asked whether they live, and how a problem is told. */

import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { Config } from '../../config.ts';
import type { ClockReading } from '../../engine/clock.ts';
import { errorFacts } from '../../logger.ts';
import type { Log } from '../../model/world.ts';
import type { Commands } from '../commands.ts';
import type { Metrics } from '../metrics.ts';
import { authenticate, letInWhoeverMay, type PeopleDoor } from './auth.ts';
import { healthRoutes, type ReadinessCheck } from './health.ts';
import { DoorProblem, problemOf } from './problem.ts';
import type { RateLimits } from './rate-limits.ts';
import { trace, traceIdOf } from './trace.ts';

export type Door = {
  readonly commands: Pick<Commands, 'callerWith'>;
  readonly config: Pick<Config, 'apiKeys' | 'metrics' | 'publicUrl' | 'trustedProxies'>;
  readonly log: Log;
  readonly readiness: readonly ReadinessCheck[];
  readonly clock: () => ClockReading;
  /** Goes on, whatever the clock of the machine is set to. */
  readonly nowMs: () => number;
  readonly metrics: Metrics;
  readonly rateLimits: RateLimits;
};

/** What a worker answers: whether it lives, whether it can work, what it has counted. */
export const createWorkerDoor = (worker: Door): Express => {
  const { app } = openDoor(worker, null);
  closeDoor(app, worker.log, 'A worker has /livez, /readyz and /metrics.');
  return app;
};

/** The door as far as all have it; `people`: who may come by a session, where they can sign in. */
export const openDoor = (
  { config, log, readiness, clock, nowMs, metrics, commands, rateLimits }: Door,
  people: PeopleDoor | null,
) => {
  const letIn = letInWhoeverMay(config.apiKeys, commands, rateLimits, people);
  const authenticated = authenticate(letIn);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  // The caller's address is what the last of our own proxies says, and nothing that a caller wrote.
  app.set('trust proxy', config.trustedProxies);
  app.use(trace(log), helmet({ contentSecurityPolicy: { useDefaults: false, directives: nothingMayLoad } }), unstored);
  app.use(healthRoutes({ readiness, clock, nowMs, metrics, metricsAccess: config.metrics, authenticated, log }));
  return { app, letIn };
};

/** What is behind all routes: there is no such one, and what went wrong. */
export const closeDoor = (app: Express, log: Log, whatThereIs: string): void => {
  app.use(() => {
    throw new DoorProblem('route_not_found', whatThereIs);
  });
  app.use(problemHandler(log));
};

const nothingMayLoad = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };

const unstored: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store');
  next();
};

/** Express's own handler would print the whole error, with whatever a driver hung on it. */
const problemHandler =
  (log: Log): ErrorRequestHandler =>
  (error: unknown, _request, response, _next) => {
    const problem = problemOf(error, traceIdOf(response));
    if (problem.status >= 500) log.error('request.failed', { trace: problem.trace_id, ...errorFacts(error) });
    if (response.headersSent) response.destroy();
    else response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  };
