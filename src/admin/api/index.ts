/** The API: parses, calls a command, renders the answer. It decides nothing. */

import type { Express } from 'express';
import type { Queues } from '../../queue/queues.ts';
import type { Commands } from '../commands.ts';
import type { IdentityProvider } from '../identity-provider.ts';
import { authenticateAndCount } from './auth.ts';
import { connectRoutes } from './connect.ts';
import { sessionCookie } from './cookies.ts';
import { closeDoor, type Door, openDoor } from './door.ts';
import { notificationRoutes } from './notifications.ts';
import { openApiOf } from './openapi.ts';
import { boardPath, queueBoard } from './queue-board.ts';
import { limitAddress } from './rate-limits.ts';
import { actionOf, type Route } from './route.ts';
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

export type Api = Door & {
  readonly commands: Commands;
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

export const allRoutes = (publicUrl: string | null): readonly Route[] => {
  const others = routesBesideAudit(publicUrl);
  return [...others, ...auditRoutes(others.map(actionOf))];
};

const routesBesideAudit = (publicUrl: string | null): readonly Route[] => [
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
  ...sessionRoutes(sessionCookie(publicUrl)),
];
