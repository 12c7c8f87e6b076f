/** Change notifications of Graph (https://learn.microsoft.com/graph/change-notifications-overview): made, renewed and ended here, received elsewhere. */

import { z } from 'zod';
import { type Mend, SourceError, type SourceFault } from '../../model/errors.ts';
import type { WatchedResource } from '../../model/subscription.ts';
import type { Subscriptions } from '../source.ts';
import type { GraphClient } from './client.ts';
import { GraphRefusal } from './errors.ts';

const made = z.object({ id: z.string().min(1).max(200), expirationDateTime: z.iso.datetime({ offset: true }) });
const renewed = made.pick({ expirationDateTime: true });

export const graphSubscriptions = (client: GraphClient): Subscriptions => ({
  create: async (resource, { url, clientState, expiresAt }, signal) => {
    const body = {
      // Who is new and who was deleted for now comes as `updated`, too.
      changeType: 'updated,deleted',
      notificationUrl: url,
      // It cannot be added later.
      lifecycleNotificationUrl: url,
      resource: `/${resource}`,
      expirationDateTime: expiresAt.toISOString(),
      clientState,
    };
    try {
      const { id, expirationDateTime } = await client.ask({ method: 'POST', at: '/subscriptions', body }, made, signal);
      return { id, expiresAt: new Date(expirationDateTime) };
    } catch (error) {
      throw error instanceof GraphRefusal ? meant(error, resource) : error;
    }
  },
  renew: (id, expiresAt, signal) =>
    unlessGone(async () => {
      const body = { expirationDateTime: expiresAt.toISOString() };
      const { expirationDateTime } = await client.ask({ method: 'PATCH', at: placeOf(id), body }, renewed, signal);
      return { expiresAt: new Date(expirationDateTime) };
    }),
  end: async (id, signal) => {
    await unlessGone(() => client.text({ method: 'DELETE', at: placeOf(id) }, signal));
  },
});

/**
 * What reading needs is not what a subscription needs: Graph asks for Group.Read.All where groups are to be told of, and has a limit of 100 for each
 * application and tenant (https://learn.microsoft.com/graph/api/subscription-post-subscriptions). Both are 403, and the code does not tell them apart.
 */
const meant = (refusal: GraphRefusal, resource: WatchedResource): SourceError => {
  const { status, code, codes, message } = refusal;
  const because = (fault: SourceFault, says: string, code: string, mend: Mend): SourceError =>
    new SourceError(fault, says, { cause: refusal, code, mend });
  if (status === 403) {
    const permission = needed[resource];
    const orFull = codes.includes('authorization_requestdenied') ? '' : ', or the tenant has as many as it may have';
    return because(
      'forbidden',
      `Graph makes no subscription to ${resource} (403 ${code}): the application permission ${permission} is missing${orFull}.`,
      'subscription_refused',
      {
        owner: 'customer_it',
        todo: `Grant ${permission} if you want changes of ${resource} told at once; without it they are found by the schedule.`,
      },
    );
  }
  if (status === 400 && codes.includes('invalidrequest'))
    return because('forbidden', message, 'notifications_not_reached', {
      owner: 'your_team',
      todo: 'See that ENTRAIN_PUBLIC_URL with /notifications/graph can be reached from the internet by HTTPS, without sign-in. Until then changes are found by the schedule.',
    });
  return refusal;
};

const needed: Readonly<Record<WatchedResource, string>> = { users: 'User.Read.All', groups: 'Group.Read.All' };

const placeOf = (id: string): string => `/subscriptions/${encodeURIComponent(id)}`;

const unlessGone = async <T>(ask: () => Promise<T>): Promise<T | null> => {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof GraphRefusal && error.status === 404) return null;
    throw error;
  }
};
