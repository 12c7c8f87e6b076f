/** How many calls somebody may make, told in every answer (draft-ietf-httpapi-ratelimit-headers-11). */

import type { RequestHandler, Response } from 'express';
import type { AllowedCalls } from '../../config.ts';
import type { RateLimit, Spent } from '../../queue/rate-limits.ts';
import { networkOf } from './client-network.ts';
import { DoorProblem } from './problem.ts';

export type RateLimits = {
  /** By who calls. */
  readonly key: RateLimit;
  /** By where from, before anybody knows who it is. */
  readonly address: RateLimit;
  /** By where from, of calls with a key that is none of ours. */
  readonly wrongKeys: RateLimit;
  /** By where from, of sign-ins that were refused: so many are written down in the audit log. */
  readonly refusedSignIns: RateLimit;
  /** By where from, of what is said in Graph's name and brings no state that Graph was told. */
  readonly strangeNotifications: RateLimit;
  /** By where from, of what is looked at all the same from where too much of that came: Graph speaks from there as well. */
  readonly heardAmongStrange: RateLimit;
};

export const quotasOf = ({ ofKey, ofAddress, wrongKeys }: AllowedCalls) => ({
  key: { name: 'key', calls: ofKey, windowSecs: 60 },
  address: { name: 'address', calls: ofAddress, windowSecs: 60 },
  wrongKeys: { name: 'wrong-keys', calls: wrongKeys, windowSecs: 900 },
  refusedSignIns: { name: 'refused-sign-ins', calls: 20, windowSecs: 900 },
  strangeNotifications: { name: 'strange-notifications', calls: 600, windowSecs: 60 },
  heardAmongStrange: { name: 'heard-among-strange', calls: 60, windowSecs: 60 },
});

export const limitAddress =
  ({ address }: RateLimits): RequestHandler =>
  async (request, response, next) => {
    if (!isCountedHere(response)) refuseOver(response, await address.spend(networkOf(request.ip)), 'This address');
    next();
  };

/** Whether a call was counted where it comes from; from now on it is, once. */
export const isCountedHere = (response: Response): boolean => {
  const isCounted = counted.has(response);
  counted.add(response);
  return isCounted;
};
const counted = new WeakSet<Response>();

/** Tells how much is left, and throws when it was too much. */
export const refuseOver = (response: Response, spent: Spent, who: string): void => {
  const { quota, left, resetSecs, isOver } = spent;
  response.append('RateLimit-Policy', `"${quota.name}";q=${quota.calls};w=${quota.windowSecs}`);
  response.append('RateLimit', `"${quota.name}";r=${left};t=${resetSecs}`);
  if (!isOver) return;
  response.set('Retry-After', String(resetSecs));
  throw new DoorProblem(
    'rate_limited',
    `${who} has made more than ${quota.calls} ${countedAs.get(quota.name) ?? 'calls'} in ${quota.windowSecs} s. Go on in ${resetSecs} s.`,
  );
};

const countedAs: ReadonlyMap<string, string> = new Map([
  ['wrong-keys', 'calls with a wrong key'],
  ['strange-notifications', 'notifications without a state that Graph was told'],
]);
