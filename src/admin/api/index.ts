/** The HTTP door: parses, calls a command, renders the answer. It decides nothing. */

import express, { type ErrorRequestHandler, type Express, type RequestHandler, Router } from 'express';
import helmet from 'helmet';
import type { Config } from '../../config.ts';
import type { ClockReading } from '../../engine/clock.ts';
import { errorFacts } from '../../logger.ts';
import type { Log } from '../../model/world.ts';
import type { Commands } from '../commands.ts';
import type { Metrics } from '../metrics.ts';
import { assertMayDo, assertReaches } from './admission.ts';
import { authenticate, callerOf } from './auth.ts';
import { connectRoutes } from './connect.ts';
import { healthRoutes, type ReadinessCheck } from './health.ts';
import { openApiOf } from './openapi.ts';
import { DoorProblem, problemOf } from './problem.ts';
import { nothing } from './request.ts';
import type { Route } from './route.ts';
import { apiKeyRoutes } from './routes/api-keys.ts';
import { connectionRoutes } from './routes/connections.ts';
import { credentialRoutes } from './routes/credentials.ts';
import { escrowRoutes } from './routes/escrows.ts';
import { explainRoutes } from './routes/explain.ts';
import { planRoutes } from './routes/plans.ts';
import { previewRoutes } from './routes/previews.ts';
import { reconciliationRoutes } from './routes/reconciliations.ts';
import { restoreRoutes } from './routes/restores.ts';
import { runRoutes } from './routes/runs.ts';
import { snapshotRoutes } from './routes/snapshots.ts';
import { targetRoutes } from './routes/targets.ts';
import { undoRoutes } from './routes/undo.ts';
import { trace, traceIdOf } from './trace.ts';

export type Api = {
  readonly commands: Commands;
  readonly config: Pick<Config, 'apiKeys' | 'metrics' | 'publicUrl'>;
  readonly log: Log;
  readonly readiness: readonly ReadinessCheck[];
  readonly clock: () => ClockReading;
  readonly metrics: Metrics;
};

export const createApi = (api: Api): Express => {
  const { commands, config, log } = api;
  const routes = allRoutes(commands);
  const document = openApiOf(routes, config.publicUrl);
  const { app, authenticated } = openDoor(api);
  app.get('/v1/openapi.json', (_request, response) => {
    response.json(document);
  });
  app.use(connectRoutes({ commands, log, publicUrl: config.publicUrl }));
  app.use('/v1', authenticated);
  app.use(routerOf(routes, commands));
  closeDoor(app, log, 'See /v1/openapi.json for what there is.');
  return app;
};

/** What a worker answers: whether it lives, whether it can work, what it has counted. */
export const createWorkerDoor = (worker: DoorParts): Express => {
  const { app } = openDoor(worker);
  closeDoor(app, worker.log, 'A worker has /livez, /readyz and /metrics.');
  return app;
};

type DoorParts = Omit<Api, 'commands'> & { readonly commands: Pick<Commands, 'callerWith'> };

const openDoor = ({ config, log, readiness, clock, metrics, commands }: DoorParts) => {
  const authenticated = authenticate(config.apiKeys, commands);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.use(trace(log), helmet({ contentSecurityPolicy: { useDefaults: false, directives: nothingMayLoad } }), unstored);
  app.use(healthRoutes({ readiness, clock, metrics, metricsAccess: config.metrics, authenticated, log }));
  return { app, authenticated };
};

const closeDoor = (app: Express, log: Log, whatThereIs: string): void => {
  app.use(() => {
    throw new DoorProblem('route_not_found', whatThereIs);
  });
  app.use(problemHandler(log));
};

export const allRoutes = (commands: Commands): readonly Route[] => [
  ...connectionRoutes(commands),
  ...credentialRoutes(commands),
  ...targetRoutes(commands),
  ...escrowRoutes(commands),
  ...runRoutes(commands),
  ...planRoutes(commands),
  ...previewRoutes(commands),
  ...reconciliationRoutes(commands),
  ...undoRoutes(commands),
  ...snapshotRoutes(commands),
  ...explainRoutes(commands),
  ...restoreRoutes(commands),
  ...apiKeyRoutes(commands),
];

const nothingMayLoad = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };

const unstored: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store');
  next();
};

const routerOf = (routes: readonly Route[], commands: Commands): Router => {
  const router = Router({ caseSensitive: true });
  for (const [path, alike] of Map.groupBy(routes, (route) => route.path)) {
    const place = router.route(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    for (const route of alike)
      place[route.method](
        mayDo(route),
        ...(route.body === nothing ? [] : [json, refuseOtherBody]),
        handler(route, commands),
      );
    place.all((_request, response) => {
      const methods = alike.map((route) => route.method.toUpperCase()).join(', ');
      response.set('Allow', methods);
      throw new DoorProblem('method_not_allowed', `This address takes: ${methods}.`);
    });
  }
  return router;
};

/** `inflate: false`: a compressed body is refused, so that a small one cannot become a large one. */
const json = express.json({
  limit: '100kb',
  inflate: false,
  type: ['application/json', 'application/merge-patch+json'],
});

const refuseOtherBody: RequestHandler = (request, _response, next) => {
  const empty = request.get('transfer-encoding') === undefined && Number(request.get('content-length') ?? 0) === 0;
  if (request.body === undefined && !empty) {
    throw new DoorProblem('unsupported_media_type', 'Send application/json in UTF-8, not compressed.');
  }
  next();
};

/** Before the body is read: whoever may not do it need not send it. */
const mayDo =
  ({ scope, path }: Route): RequestHandler =>
  (_request, response, next) => {
    response.locals['route'] = path;
    assertMayDo(callerOf(response), scope);
    next();
  };

const handler =
  (route: Route, commands: Commands): RequestHandler =>
  async (request, response) => {
    const { params, query } = request;
    const body: unknown = request.body;
    const caller = callerOf(response);
    await assertReaches(commands, caller, route, { params, query, body });
    const ifMatch = request.get('if-match');
    const answer = await route.handle({ params: { ...params }, query, body, ifMatch, caller });
    response.status(answer.status).set(answer.headers ?? {});
    if (answer.body === undefined) response.end();
    else response.json(answer.body);
  };

/** Express's own handler would print the whole error, with whatever a driver hung on it. */
const problemHandler =
  (log: Log): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    const problem = problemOf(error, traceIdOf(response));
    if (problem.status >= 500) log.error('request.failed', { trace: problem.trace_id, ...errorFacts(error) });
    if (response.headersSent) {
      next(error);
      return;
    }
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  };
