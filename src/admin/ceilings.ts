/**
 * Refuses what would be one too many. It is counted before something is added, and not held while it is: of many that are added at the same moment some
 * may come on top, which for an end to growth is good enough.
 */

import type { Ceilings } from '../model/ceilings.ts';
import { type RefusalCode, Refused } from './refused.ts';
import type { Around } from './room.ts';

/** `there`: how many there are. What is being removed counts until it is gone. */
export const refuseAbove = ({ config }: Pick<Around, 'config'>, what: keyof Ceilings, there: number): void => {
  const most = config.ceilings[what];
  if (there < most) return;
  const { code, says, todo, variable } = words[what];
  throw new Refused(code, `${says(most)} ${todo}, or have the operator raise ${variable}.`);
};

type Words = {
  readonly code: RefusalCode;
  readonly says: (most: number) => string;
  readonly todo: string;
  readonly variable: string;
};
const words: Readonly<Record<keyof Ceilings, Words>> = {
  connections: {
    code: 'too_many_connections',
    says: (most) => `An organization has at most ${most} connections.`,
    todo: 'Remove one',
    variable: 'ENTRAIN_MOST_CONNECTIONS',
  },
  targets: {
    code: 'too_many_targets',
    says: (most) => `A connection has at most ${most} targets.`,
    todo: 'Remove one',
    variable: 'ENTRAIN_MOST_TARGETS',
  },
  webhooks: {
    code: 'too_many_webhooks',
    says: (most) => `An organization has at most ${most} webhooks.`,
    todo: 'Remove one, have one tell the others',
    variable: 'ENTRAIN_MOST_WEBHOOKS',
  },
  apiKeys: {
    code: 'too_many_api_keys',
    says: (most) => `At most ${most} API keys that are in force are limited to an organization.`,
    todo: 'Revoke one',
    variable: 'ENTRAIN_MOST_API_KEYS',
  },
};
