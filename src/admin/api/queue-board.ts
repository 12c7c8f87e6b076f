/**
 * The queues as Bull Board shows them, for whoever runs the installation. It is there to look at: a job is a wake-up that holds ids and nothing of a
 * person, and what is wanted of the queues is asked for by the other routes.
 */

import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { type RequestHandler, Router } from 'express';
import { queueNames } from '../../queue/names.ts';
import type { Queues } from '../../queue/queues.ts';
import { assertMayDo, assertUnlimited } from './admission.ts';
import { callerOf } from './auth.ts';
import { DoorProblem } from './problem.ts';

export const boardPath = '/admin/queues';

/** It says of itself whose queues it shows, and that nothing can be done there; its link to pages elsewhere is left out. */
const uiConfig = {
  boardTitle: 'Entrain queues',
  environment: {
    label: 'Read only: jobs hold ids, and nothing can be changed here',
    color: '#1d4ed8',
    textColor: '#ffffff',
  },
  hideDocsLink: true,
};

/** Behind whoever finds out who calls. */
export const queueBoard = (queues: Queues): Router => {
  const server = new ExpressAdapter().setBasePath(boardPath);
  createBullBoard({
    queues: queueNames.map((name) => new BullMQAdapter(queues[name], { readOnlyMode: true })),
    serverAdapter: server,
    options: { uiConfig },
  });
  const router = Router({ caseSensitive: true });
  router.use(forAdmins, onlyToLook, ownPolicy, server.getRouter());
  return router;
};

const forAdmins: RequestHandler = (_request, response, next) => {
  response.locals['route'] = boardPath;
  assertMayDo(callerOf(response), 'admin');
  assertUnlimited(callerOf(response));
  next();
};

/** Bull Board refuses what would change something, too; this does not depend on it. */
const onlyToLook: RequestHandler = (request, response, next) => {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.set('Allow', 'GET');
    throw new DoorProblem('method_not_allowed', 'The queues are there to look at.');
  }
  next();
};

/** Its scripts, styles and pictures are served from here; styles are also set by them. Nothing else may be loaded. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const ownPolicy: RequestHandler = (_request, response, next) => {
  response.set('Content-Security-Policy', policy);
  next();
};
