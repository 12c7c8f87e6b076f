/** Change notifications of Graph (https://learn.microsoft.com/graph/change-notifications-overview): made, renewed and ended here, received elsewhere. */

import { z } from 'zod';
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
    const { id, expirationDateTime } = await client.ask({ method: 'POST', at: '/subscriptions', body }, made, signal);
    return { id, expiresAt: new Date(expirationDateTime) };
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

const placeOf = (id: string): string => `/subscriptions/${encodeURIComponent(id)}`;

const unlessGone = async <T>(ask: () => Promise<T>): Promise<T | null> => {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof GraphRefusal && error.status === 404) return null;
    throw error;
  }
};
