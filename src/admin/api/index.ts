/** The HTTP door: parses, calls a command, renders the answer. It decides nothing. */

import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { Config } from '../../config.ts';
import type { ClockReading } from '../../engine/clock.ts';
import { errorFacts } from '../../logger.ts';
import type { Log } from '../../model/world.ts';
import type { Queues } from '../../queue/queues.ts';
import type { Commands } from '../commands.ts';
import type { IdentityProvider } from '../identity-provider.ts';
import type { Metrics } from '../metrics.ts';
import { authenticate, authenticateAndCount, letInWhoeverMay, type PeopleDoor } from './auth.ts';
import { connectRoutes } from './connect.ts';
import { sessionCookie } from './cookies.ts';
import { healthRoutes, type ReadinessCheck } from './health.ts';
import { notificationRoutes } from './notifications.ts';
import { openApiOf } from './openapi.ts';
import { DoorProblem, problemOf } from './problem.ts';
import { boardPath, queueBoard } from './queue-board.ts';
import { limitAddress, type RateLimits } from './rate-limits.ts';
import type { Route } from './route.ts';
import { apiKeyRoutes } from './routes/api-keys.ts';
import { auditRoutes } from './routes/audit.ts';
import { connectionRoutes } from './routes/connections.ts';
import { credentialRoutes } from './routes/credentials.ts';
import { encryptionKeyRoutes } from './routes/encryption-keys.ts';
import { escrowRoutes } from './routes/escrows.ts';
import { explainRoutes } from './routes/explain.ts';
import { notificationRoutesOf } from './routes/notifications.ts';
import { personRoutes } from './routes/persons.ts';
import { planRoutes } from './routes/plans.ts';
import { previewRoutes } from './routes/previews.ts';
import { reconciliationRoutes } from './routes/reconciliations.ts';
import { restoreRoutes } from './routes/restores.ts';
import { runEventRoutes } from './routes/run-events.ts';
import { runRoutes } from './routes/runs.ts';
import { sessionRoutes } from './routes/session.ts';
import { setupLinkRoutes } from './routes/setup-links.ts';
import { snapshotRoutes } from './routes/snapshots.ts';
import { targetRoutes } from './routes/targets.ts';
import { undoRoutes } from './routes/undo.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { serve } from './serve.ts';
import { setupRoutes } from './setup.ts';
import { signInRoutes } from './sign-in.ts';
import { trace, traceIdOf } from './trace.ts';

export type Api = {
  readonly commands: Commands;
  readonly config: Pick<Config, 'apiKeys' | 'metrics' | 'publicUrl' | 'trustedProxies'>;
  readonly log: Log;
  readonly readiness: readonly ReadinessCheck[];
  readonly clock: () => ClockReading;
  /** Goes on, whatever the clock of the machine is set to. */
  readonly nowMs: () => number;
  readonly metrics: Metrics;
  readonly rateLimits: RateLimits;
  /** Shown to administrators; null: they are not. */
  readonly queues: Queues | null;
  /** Where people sign in; null: they cannot. */
  readonly identityProvider: IdentityProvider | null;
  /** Aborted when the process is to end: then streams of events do. */
  readonly closing: AbortSignal;
};

export const createApi = (api: Api): Express => {
  const { commands, config, log, identityProvider } = api;
  const { publicUrl } = config;
  const routes = allRoutes(publicUrl);
  // Made when somebody asks, for it takes as long as all else here.
  let document: ReturnType<typeof openApiOf> | null = null;
  const cookie = sessionCookie(publicUrl);
  const people = identityProvider === null ? null : { cookie, publicUrl, callerBySession: commands.callerBySession };
  const { app, letIn } = openDoor(api, people);
  const perAddress = limitAddress(api.rateLimits);
  const perCaller = authenticateAndCount(letIn, api.rateLimits);
  app.get('/v1/openapi.json', perAddress, (_request, response) => {
    document ??= openApiOf(routes, publicUrl);
    response.json(document);
  });
  app.use('/v1', perCaller);
  app.use(notificationRoutes(commands, api.rateLimits));
  app.use(perAddress);
  app.use(connectRoutes({ commands, log, publicUrl }));
  app.use(setupRoutes({ commands, log, publicUrl }));
  if (identityProvider !== null)
    app.use(signInRoutes({ commands, log, publicUrl, provider: identityProvider, rateLimits: api.rateLimits }));
  app.use(serve(routes, api));
  if (api.queues !== null) app.use(boardPath, perCaller, queueBoard(api.queues));
  closeDoor(app, log, 'See /v1/openapi.json for what there is.');
  return app;
};

/** What a worker answers: whether it lives, whether it can work, what it has counted. */
export const createWorkerDoor = (worker: DoorParts): Express => {
  const { app } = openDoor(worker, null);
  closeDoor(app, worker.log, 'A worker has /livez, /readyz and /metrics.');
  return app;
};

type DoorParts = Omit<Api, 'commands' | 'closing' | 'queues' | 'identityProvider'> & {
  readonly commands: Pick<Commands, 'callerWith'>;
};

const openDoor = (
  { config, log, readiness, clock, nowMs, metrics, commands, rateLimits }: DoorParts,
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

const closeDoor = (app: Express, log: Log, whatThereIs: string): void => {
  app.use(() => {
    throw new DoorProblem('route_not_found', whatThereIs);
  });
  app.use(problemHandler(log));
};

export const allRoutes = (publicUrl: string | null): readonly Route[] => [
  ...connectionRoutes,
  ...credentialRoutes,
  ...notificationRoutesOf,
  ...setupLinkRoutes,
  ...targetRoutes,
  ...escrowRoutes,
  ...runRoutes,
  ...runEventRoutes,
  ...planRoutes,
  ...previewRoutes,
  ...reconciliationRoutes,
  ...undoRoutes,
  ...snapshotRoutes,
  ...personRoutes,
  ...explainRoutes,
  ...restoreRoutes,
  ...webhookRoutes,
  ...apiKeyRoutes,
  ...encryptionKeyRoutes,
  ...auditRoutes,
  ...sessionRoutes(sessionCookie(publicUrl)),
];

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
