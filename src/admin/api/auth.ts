/** Who calls: a key (RFC 6750: `Authorization: Bearer <key>`), or a person whose browser brings the cookie of a session. */

import { createHash } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { ApiKey } from '../../config-table.ts';
import type { Caller } from '../../model/api-key.ts';
import type { Spent } from '../../queue/rate-limits.ts';
import { isSame } from '../../store/is-same.ts';
import type { Commands } from '../commands.ts';
import { networkOf } from './client-network.ts';
import type { Cookie } from './cookies.ts';
import { DoorProblem } from './problem.ts';
import { isCountedHere, type RateLimits, refuseOver } from './rate-limits.ts';
import { isSentFromHere } from './same-site.ts';

/** Where people sign in; null where they cannot. */
export type PeopleDoor = {
  readonly cookie: Cookie;
  readonly publicUrl: string | null;
  readonly callerBySession: Commands['callerBySession'];
};

/**
 * Lets callers with a known key or session pass and keeps who they are; everyone else is refused. Without any key or session that is everyone. A right key
 * is good however many wrong ones came from its address: with 256 random bits nobody guesses it, and behind one proxy a neighbour's mistake must not lock
 * it out.
 */
export const letInWhoeverMay =
  (
    configured: readonly ApiKey[],
    { callerWith }: Pick<Commands, 'callerWith'>,
    { wrongKeys }: Pick<RateLimits, 'wrongKeys'>,
    people: PeopleDoor | null,
  ): LetInWhoeverMay =>
  async (request, response) => {
    const authorization = request.get('authorization');
    const token = authorization === undefined ? (people?.cookie.read(request.get('cookie')) ?? null) : null;
    const letIn =
      people !== null && token !== null
        ? await letInBySession(people, token, request, response)
        : await letInByKey(authorization ?? '', { configured, callerWith, wrongKeys }, request, response);
    callers.set(response, letIn);
    response.locals['caller'] = letIn.caller.session === null ? letIn.caller.name : letIn.caller.session.id;
  };
export type LetInWhoeverMay = (request: Request, response: Response) => Promise<void>;

/** Without counting anything but wrong keys. */
export const authenticate =
  (letIn: LetInWhoeverMay): RequestHandler =>
  async (request, response, next) => {
    await letIn(request, response);
    next();
  };

/**
 * Counts a call where it comes from and for whoever was let in, both at once, so that it takes one answer of Redis and not two. Who is not let in is
 * counted where they come from; who comes from where too many came from, as far as this process knows, is not even asked who they are.
 */
export const authenticateAndCount =
  (letIn: LetInWhoeverMay, limits: Pick<RateLimits, 'key' | 'address'>): RequestHandler =>
  async (request, response, next) => {
    const network = networkOf(request.ip);
    const known = limits.address.known(network);
    if (known !== null) refuseOver(response, known, 'This address');
    const isCounted = isCountedHere(response);
    const countAddress = (): Promise<Spent> | null => (isCounted ? null : limits.address.spend(network));
    const refuse = (spent: Spent | null): void => {
      if (spent !== null) refuseOver(response, spent, 'This address');
    };
    try {
      await letIn(request, response);
    } catch (error) {
      refuse(await countAddress());
      throw error;
    }
    const [ofAddress, ofCaller] = await Promise.all([countAddress(), limits.key.spend(callerOf(response).id)]);
    refuse(ofAddress);
    refuseOver(response, ofCaller, 'This caller');
    next();
  };

/** Whoever was let in with this call. */
export const callerOf = (response: Response): Caller => letInWith(response).caller;

/** The same, looked up anew: what goes on for long must end when their key does. */
export const callerAgain = async (response: Response): Promise<Caller> => {
  const caller = await letInWith(response).lookUp();
  if (caller === null) throw new DoorProblem('unauthorized', 'The key or session is not in force any more.');
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

type KeyDoor = {
  readonly configured: readonly ApiKey[];
  readonly callerWith: Commands['callerWith'];
  readonly wrongKeys: RateLimits['wrongKeys'];
};

const letInByKey = async (
  authorization: string,
  { configured, callerWith, wrongKeys }: KeyDoor,
  request: Request,
  response: Response,
): Promise<LetIn> => {
  const presented = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization)?.[1];
  const lookUp = async (): Promise<Caller | null> =>
    presented === undefined ? null : (configuredWith(presented, configured) ?? (await callerWith(presented)));
  const caller = await lookUp();
  if (caller !== null) return { caller, lookUp };
  if (presented !== undefined) refuseOver(response, await wrongKeys.spend(networkOf(request.ip)), 'This address');
  response.set('WWW-Authenticate', presented === undefined ? challenge : `${challenge}, error="invalid_token"`);
  throw new DoorProblem(
    'unauthorized',
    presented === undefined
      ? 'Send an API key: Authorization: Bearer <key>.'
      : 'No key that is in force is this one: it is misspelt, revoked, or over.',
  );
};

const letInBySession = async (
  { cookie, publicUrl, callerBySession }: PeopleDoor,
  token: string,
  request: Request,
  response: Response,
): Promise<LetIn> => {
  const lookUp = () => callerBySession(token, 'stays');
  // A browser that was cut off from a stream comes back to it by itself, whether or not anybody sits there.
  const isByItself = request.get('last-event-id') !== undefined;
  const caller = await callerBySession(token, isByItself ? 'stays' : 'comes');
  if (caller === null || caller.session === null) {
    response.set('WWW-Authenticate', challenge).append('Set-Cookie', cookie.write(null));
    throw new DoorProblem('unauthorized', 'The session is over. Sign in again at /auth/sign-in.');
  }
  // A browser sends the cookie along whoever made it call. A look answers to that site nothing (of one that is written down, see serve.ts); anything
  // else must prove that it is from here.
  const isLook = request.method === 'GET' || request.method === 'HEAD';
  const isProved =
    isSentFromHere(request, publicUrl) && isSame(request.get(csrfHeader) ?? '', caller.session.csrfToken);
  if (!isLook && !isProved)
    throw new DoorProblem(
      'csrf_refused',
      `With a session, send the csrf_token of GET /v1/session in the header ${csrfHeader}, from a page of this server.`,
    );
  return { caller, lookUp };
};

export const csrfHeader = 'X-CSRF-Token';

/**
 * The keys of the configuration may do everything: with one of them the others are made. Compares with every key in constant time, so that neither the
 * content of a key nor its place in the list can be timed.
 */
const configuredWith = (presented: string, keys: readonly ApiKey[]): Caller | null => {
  const digest = createHash('sha256').update(presented).digest();
  const found = keys.filter((key) => isSame(key.digest.reveal(), digest))[0];
  if (found === undefined) return null;
  const { name } = found;
  return {
    id: `configured:${name}`,
    name,
    scopes: ['admin'],
    organizations: null,
    actor: { kind: 'configured_key', id: name, name },
    makers: [],
    session: null,
  };
};
