/** API keys (RFC 6750: `Authorization: Bearer <key>`). */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { ApiKey } from '../../config-table.ts';
import { DoorProblem } from './problem.ts';

/** Lets callers with a known key pass and keeps their name for the log; everyone else is refused. Without any key configured that is everyone. */
export const authenticate =
  (keys: readonly ApiKey[]): RequestHandler =>
  (request, response, next) => {
    const presented = /^Bearer +([\w.~+/=-]+) *$/i.exec(request.get('authorization') ?? '')?.[1];
    const caller = presented === undefined ? null : callerOf(presented, keys);
    if (caller === null) {
      response.set('WWW-Authenticate', presented === undefined ? challenge : `${challenge}, error="invalid_token"`);
      throw new DoorProblem('unauthorized', 'Send a valid API key: Authorization: Bearer <key>.');
    }
    response.locals['caller'] = caller;
    next();
  };

const challenge = 'Bearer realm="entrain"';

/** Compares with every key in constant time, so that neither the content of a key nor its place in the list can be timed. */
const callerOf = (presented: string, keys: readonly ApiKey[]): string | null => {
  const digest = createHash('sha256').update(presented).digest();
  return keys.filter((key) => timingSafeEqual(key.digest.reveal(), digest))[0]?.name ?? null;
};
