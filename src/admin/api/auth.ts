/** API keys (RFC 6750: `Authorization: Bearer <key>`). */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import type { ApiKey } from '../../config-table.ts';
import type { Caller } from '../../model/api-key.ts';
import type { Commands } from '../commands.ts';
import { networkOf } from './client-network.ts';
import { DoorProblem } from './problem.ts';
import { type RateLimits, refuseOver } from './rate-limits.ts';

/**
 * Lets callers with a known key pass and keeps who they are; everyone else is refused. Without any key that is everyone. A right key is good however many
 * wrong ones came from its address: with 256 random bits nobody guesses it, and behind one proxy a neighbour's mistake must not lock it out.
 */
export const authenticate =
  (
    configured: readonly ApiKey[],
    { callerWith }: Pick<Commands, 'callerWith'>,
    { wrongKeys }: Pick<RateLimits, 'wrongKeys'>,
  ): RequestHandler =>
  async (request, response, next) => {
    const presented = /^Bearer +([\w.~+/=-]+) *$/i.exec(request.get('authorization') ?? '')?.[1];
    const lookUp = async (): Promise<Caller | null> =>
      presented === undefined ? null : (configuredWith(presented, configured) ?? (await callerWith(presented)));
    const caller = await lookUp();
    if (caller === null) {
      if (presented !== undefined) refuseOver(response, await wrongKeys.spend(networkOf(request.ip)), 'This address');
      response.set('WWW-Authenticate', presented === undefined ? challenge : `${challenge}, error="invalid_token"`);
      throw new DoorProblem(
        'unauthorized',
        presented === undefined
          ? 'Send an API key: Authorization: Bearer <key>.'
          : 'No key that is in force is this one: it is misspelt, revoked, or over.',
      );
    }
    callers.set(response, { caller, lookUp });
    response.locals['caller'] = caller.name;
    next();
  };

/** Counts the calls of whoever was let in. */
export const limitCaller =
  ({ key }: Pick<RateLimits, 'key'>): RequestHandler =>
  async (_request, response, next) => {
    refuseOver(response, await key.spend(callerOf(response).id), 'This API key');
    next();
  };

/** Whoever was let in with this call. */
export const callerOf = (response: Response): Caller => letInWith(response).caller;

/** The same, looked up anew: what goes on for long must end when their key does. */
export const callerAgain = async (response: Response): Promise<Caller> => {
  const caller = await letInWith(response).lookUp();
  if (caller === null) throw new DoorProblem('unauthorized', 'The key is not in force any more.');
  return caller;
};

const letInWith = (response: Response): LetIn => {
  const letIn = callers.get(response);
  if (letIn === undefined) throw new DoorProblem('unauthorized', 'Send an API key: Authorization: Bearer <key>.');
  return letIn;
};

type LetIn = { readonly caller: Caller; readonly lookUp: () => Promise<Caller | null> };
const callers = new WeakMap<Response, LetIn>();

const challenge = 'Bearer realm="entrain"';

/**
 * The keys of the configuration may do everything: with one of them the others are made. Compares with every key in constant time, so that neither the
 * content of a key nor its place in the list can be timed.
 */
const configuredWith = (presented: string, keys: readonly ApiKey[]): Caller | null => {
  const digest = createHash('sha256').update(presented).digest();
  const found = keys.filter((key) => timingSafeEqual(key.digest.reveal(), digest))[0];
  return found === undefined
    ? null
    : { id: `configured:${found.name}`, name: found.name, scopes: ['admin'], organizations: null };
};
