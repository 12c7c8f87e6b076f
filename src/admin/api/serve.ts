/** Serves the routes: who may come in, what they send, and how the answer goes out. */

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import { reachOf } from '../../core/access.ts';
import type { Caller } from '../../model/api-key.ts';
import type { Commands } from '../commands.ts';
import { Refused } from '../refused.ts';
import { aboutOf, assertFresh, assertMayDo, assertReaches } from './admission.ts';
import { notingRefusal, recorded } from './audited.ts';
import { callerAgain, callerOf } from './auth.ts';
import { type Events, type Seats, seats, sendEvents } from './events.ts';
import { answerOnce, type RepeatableCall } from './idempotency.ts';
import { DoorProblem } from './problem.ts';
import { isCarriedOutOnce, isLookWrittenDown, type Route } from './route.ts';
import { isAskedFromHere } from './same-site.ts';

type Behind = { readonly commands: Commands; readonly closing: AbortSignal };

export const serve = (routes: readonly Route[], { commands, closing }: Behind): Router => {
  const router = Router({ caseSensitive: true });
  const listening = seats();
  for (const [path, alike] of Map.groupBy(routes, (route) => route.path)) {
    const place = router.route(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    for (const route of alike)
      place[route.method](
        mayDo(route, commands),
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
  (route: Route, commands: Commands): RequestHandler =>
  async (request, response, next) => {
    response.locals['route'] = route.path;
    const caller = callerOf(response);
    refuseFromElsewhere(route, request, caller);
    // What else it would be about is not looked at yet, and may be anything.
    const { params } = request;
    const about = () => aboutOf(commands.within(reachOf(caller)), { params, query: null, body: null });
    await notingRefusal(commands, route, response, about, () => assertMayDo(caller, route.scope));
    next();
  };

/** A link of another site takes the cookie along. What it made a person look at would be in the audit log as theirs, and so would a refusal. */
const refuseFromElsewhere = (route: Route, request: Request, { session }: Caller): void => {
  if (session === null || !isLookWrittenDown(route) || isAskedFromHere(request)) return;
  throw new DoorProblem('csrf_refused', 'This is written down, so it is not answered to a link of another site.');
};

const handler =
  (route: Route, behind: Behind & { readonly listening: Seats }): RequestHandler =>
  async (request, response) => {
    const { params, query } = request;
    const body: unknown = request.body;
    const caller = callerOf(response);
    const { commands } = behind;
    const sent = { params: { ...params }, query, body };
    const within = commands.within(reachOf(caller));
    const about = aboutOf(within, sent);
    const admit = (check: () => void | Promise<void>) => notingRefusal(commands, route, response, () => about, check);
    await admit(() => assertReaches(caller, route, about));
    const [ifMatch, lastEventId] = [request.get('if-match'), request.get('last-event-id')];
    const { needsFresh, carryOut } = route.accept({ ...sent, ifMatch, lastEventId, caller }, within);
    if (needsFresh) await admit(() => assertFresh(caller));
    const carryOutNoted = () => recorded(commands, route, response, about, carryOut);
    const answer = isCarriedOutOnce(route)
      ? await answerOnce(commands, repeatable(request, route, caller), carryOutNoted)
      : await carryOutNoted();
    if (answer.events !== undefined) return listen(request, response, route, answer.events, behind);
    response.status(answer.status).set(answer.headers ?? {});
    if (answer.lines !== undefined) return sendLines(response, answer.lines);
    if (answer.body === undefined) response.end();
    else response.json(answer.body);
  };

/** As fast as they are taken. What breaks off on our side breaks the connection off, so that half a file is not taken for a whole one. */
const sendLines = async (response: Response, lines: AsyncIterable<string>): Promise<void> => {
  try {
    await pipeline(Readable.from(lines), response.type('application/x-ndjson'));
  } catch (error) {
    const isGone = error instanceof Error && Reflect.get(error, 'code') === 'ERR_STREAM_PREMATURE_CLOSE';
    if (!isGone) throw error;
  }
};

const repeatable = (request: Request, { id, method, namesAccounts }: Route, caller: Caller): RepeatableCall => ({
  caller,
  route: id,
  header: request.get('idempotency-key'),
  isAnswerKept: namesAccounts !== true,
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
      const about = aboutOf(commands.within(reachOf(caller)), { params, query, body });
      await assertReaches(caller, route, about);
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
