/** Serves the routes: who may come in, what they send, and how the answer goes out. */

import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Caller } from '../../model/api-key.ts';
import type { Commands } from '../commands.ts';
import { Refused } from '../refused.ts';
import { assertMayDo, assertReaches } from './admission.ts';
import { callerAgain, callerOf } from './auth.ts';
import { type Events, type Seats, seats, sendEvents } from './events.ts';
import { answerOnce, type RepeatableCall } from './idempotency.ts';
import { DoorProblem } from './problem.ts';
import type { Route } from './route.ts';

type Behind = { readonly commands: Commands; readonly closing: AbortSignal };

export const serve = (routes: readonly Route[], { commands, closing }: Behind): Router => {
  const router = Router({ caseSensitive: true });
  const listening = seats();
  for (const [path, alike] of Map.groupBy(routes, (route) => route.path)) {
    const place = router.route(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    for (const route of alike)
      place[route.method](
        mayDo(route),
        // Also where nothing is taken: what was sent in vain is refused, not passed over.
        ...(route.method === 'get' ? [] : [json, refuseOtherBody]),
        handler(route, { commands, closing, listening }),
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
  (route: Route, behind: Behind & { readonly listening: Seats }): RequestHandler =>
  async (request, response) => {
    const { params, query } = request;
    const body: unknown = request.body;
    const caller = callerOf(response);
    await assertReaches(behind.commands, caller, route, { params, query, body });
    const [ifMatch, lastEventId] = [request.get('if-match'), request.get('last-event-id')];
    const carryOut = route.accept({ params: { ...params }, query, body, ifMatch, lastEventId, caller });
    const answer =
      route.method === 'post'
        ? await answerOnce(behind.commands, repeatable(request, route, caller), carryOut)
        : await carryOut();
    if (answer.events !== undefined) return listen(request, response, route, answer.events, behind);
    response.status(answer.status).set(answer.headers ?? {});
    if (answer.body === undefined) response.end();
    else response.json(answer.body);
  };

const repeatable = (request: Request, { id, method }: Route, caller: Caller): RepeatableCall => ({
  caller,
  route: id,
  header: request.get('idempotency-key'),
  content: { method, address: request.originalUrl, ifMatch: request.get('if-match'), body: request.body },
});

const listen = async (
  { params, query, body }: Request,
  response: Response,
  route: Route,
  events: Events,
  { commands, closing, listening }: Behind & { readonly listening: Seats },
): Promise<void> => {
  /** Whoever lost their key, or the right to this, hears no more of it. */
  const isStillLetIn = async (): Promise<boolean> => {
    try {
      const caller = await callerAgain(response);
      assertMayDo(caller, route.scope);
      await assertReaches(commands, caller, route, { params, query, body });
      return true;
    } catch (error) {
      if (error instanceof DoorProblem || error instanceof Refused) return false;
      throw error;
    }
  };
  const leave = listening.take(callerOf(response).id);
  try {
    await sendEvents(response, events, { closing, isStillLetIn });
  } finally {
    leave();
  }
};
