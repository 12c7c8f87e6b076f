/**
 * Where Microsoft Graph says that something changed. It is open to everybody, as Graph brings no key: what is said is checked by the state that only Graph
 * and we know, and is no more than a hint. Answered within 3 s, or Graph takes the address for slow and drops what it has to say; what is not answered by
 * 2xx it says again for four hours (https://learn.microsoft.com/graph/change-notifications-delivery-webhooks).
 */

import express, { type ErrorRequestHandler, type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { notificationPath } from '../../model/subscription.ts';
import type { Commands } from '../commands.ts';
import { networkOf } from './client-network.ts';
import { DoorProblem } from './problem.ts';
import { type RateLimits, refuseOver } from './rate-limits.ts';

const answerWithinMs = 2_000;

type Heard = Pick<Commands, 'notified'>;
type Limits = Pick<RateLimits, 'strangeNotifications' | 'heardAmongStrange'>;

/**
 * Graph speaks from few addresses for all tenants, so that no count of calls may stand in its way: counted is what brings no state that Graph was told,
 * and nothing else is refused for it as long as there is little of that. Somebody may well have Graph itself say such things, by a subscription of their own
 * with our address: so where too much comes from, some a minute are looked at all the same, and Graph says again whatever was refused.
 * `deadline`: begins to count when it is called.
 */
export const notificationRoutes = (
  commands: Heard,
  limits: Limits,
  deadline: () => AbortSignal = () => AbortSignal.timeout(answerWithinMs),
): Router => {
  const router = Router({ caseSensitive: true });
  router.post(
    notificationPath,
    handshake,
    unlessFlooded(limits),
    json,
    countUnread(limits),
    receive(commands, limits, deadline),
  );
  return router;
};

/**
 * Graph asks whether the address is ours, and wants its token back as it is, as plain text: a browser that is sent here must not take it for a page.
 * Its length is limited, and what is no printable text is no token.
 */
const handshake: RequestHandler = (request, response, next) => {
  response.locals['route'] = notificationPath;
  const token: unknown = request.query['validationToken'];
  if (token === undefined) return next();
  if (typeof token !== 'string' || !/^[\x20-\x7e]{1,1024}$/.test(token))
    throw new DoorProblem('malformed_request', 'The validation token is no text.');
  response.status(200).type('text/plain').send(token);
};

/** Before anything is read or asked for: to find out that a notification is strange takes the database. */
const unlessFlooded =
  ({ strangeNotifications, heardAmongStrange }: Limits): RequestHandler =>
  async (request, response, next) => {
    const network = networkOf(request.ip);
    const over = strangeNotifications.known(network);
    if (over !== null && (await heardAmongStrange.spend(network)).isOver) refuseOver(response, over, 'This address');
    next();
  };

const json = express.json({ limit: '256kb', inflate: false, type: () => true });

/** What is no JSON, or too much of it, is strange as well. */
const countUnread =
  ({ strangeNotifications }: Limits): ErrorRequestHandler =>
  async (error, request, response, _next) => {
    refuseOver(response, await strangeNotifications.spend(networkOf(request.ip)), 'This address');
    throw error;
  };

const notification = z.object({
  subscriptionId: z.string().max(200),
  clientState: z.string().max(200).nullish(),
  lifecycleEvent: z.enum(['reauthorizationRequired', 'subscriptionRemoved', 'missed']).nullish().catch(null),
});
const said = z.object({ value: z.array(notification).max(1_000) });

const receive =
  ({ notified }: Heard, { strangeNotifications }: Limits, deadline: () => AbortSignal): RequestHandler =>
  async (request, response) => {
    const refuseStranger = async () =>
      refuseOver(response, await strangeNotifications.spend(networkOf(request.ip)), 'This address');
    const parsed = said.safeParse(request.body);
    if (!parsed.success) {
      await refuseStranger();
      throw new DoorProblem('malformed_request', 'This is no notification of Microsoft Graph.');
    }
    const hearing = await notified(
      parsed.data.value.map(({ subscriptionId, clientState, lifecycleEvent }) => ({
        subscription: subscriptionId,
        clientState: clientState ?? null,
        lifecycle: lifecycleEvent ?? null,
      })),
      deadline(),
    );
    if (hearing === 'strange') await refuseStranger();
    response.status(hearing === 'say_again' ? 503 : 202).end();
  };
