/** What is to be done about a subscription at Microsoft Graph, and when it is looked at again. */

import type { Subscription } from '../model/subscription.ts';

const dayMs = 86_400_000;
/** Graph, "Maximum length of subscription per resource type": 41,760 minutes for users and groups. */
export const longestLifeMs = 28 * dayMs;
/** Renewed so long before it ends, so that a week of trouble loses nothing. */
const renewBeforeMs = 7 * dayMs;

export type Care = 'create' | 'renew' | 'end' | 'nothing';

export const careFor = ({ wanted, held }: Pick<Subscription, 'wanted' | 'held'>, now: Date): Care => {
  if (!wanted) return 'end';
  if (held === null || held.expiresAt <= now) return 'create';
  return held.expiresAt.getTime() - now.getTime() <= renewBeforeMs ? 'renew' : 'nothing';
};

/** When it is due to be renewed, or a day from now, whichever is sooner. */
export const nextCareAt = (expiresAt: Date, now: Date): Date =>
  new Date(Math.max(now.getTime(), Math.min(now.getTime() + dayMs, expiresAt.getTime() - renewBeforeMs)));

/** 5 minutes, then twice as long each time, up to 6 hours. Until then the schedule finds what changed. */
export const retryAt = (failures: number, now: Date): Date =>
  new Date(now.getTime() + Math.min(6 * 3_600_000, 300_000 * 2 ** Math.min(failures, 10)));
