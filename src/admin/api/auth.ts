/** API keys (RFC 6750: `Authorization: Bearer <key>`). */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import type { ApiKey } from '../../config-table.ts';
import type { Caller } from '../../model/api-key.ts';
import type { Commands } from '../commands.ts';
import { DoorProblem } from './problem.ts';

/** Lets callers with a known key pass and keeps who they are; everyone else is refused. Without any key that is everyone. */
export const authenticate =
  (configured: readonly ApiKey[], { callerWith }: Pick<Commands, 'callerWith'>): RequestHandler =>
  async (request, response, next) => {
    const presented = /^Bearer +([\w.~+/=-]+) *$/i.exec(request.get('authorization') ?? '')?.[1];
    const caller =
      presented === undefined ? null : (configuredWith(presented, configured) ?? (await callerWith(presented)));
    if (caller === null) {
      response.set('WWW-Authenticate', presented === undefined ? challenge : `${challenge}, error="invalid_token"`);
      throw new DoorProblem(
        'unauthorized',
        presented === undefined
          ? 'Send an API key: Authorization: Bearer <key>.'
          : 'No key that is in force is this one: it is misspelt, revoked, or over.',
      );
    }
    callers.set(response, caller);
    response.locals['caller'] = caller.name;
    next();
  };

/** Whoever was let in with this call. */
export const callerOf = (response: Response): Caller => {
  const caller = callers.get(response);
  if (caller === undefined) throw new DoorProblem('unauthorized', 'Send an API key: Authorization: Bearer <key>.');
  return caller;
};

const callers = new WeakMap<Response, Caller>();

const challenge = 'Bearer realm="entrain"';

/**
 * The keys of the configuration may do everything: with one of them the others are made. Compares with every key in constant time, so that neither the
 * content of a key nor its place in the list can be timed.
 */
const configuredWith = (presented: string, keys: readonly ApiKey[]): Caller | null => {
  const digest = createHash('sha256').update(presented).digest();
  const found = keys.filter((key) => timingSafeEqual(key.digest.reveal(), digest))[0];
  return found === undefined ? null : { name: found.name, scopes: ['admin'], organizations: null };
};
