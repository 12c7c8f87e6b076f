/** Change notifications of a connection as the API shows them. */

import { z } from 'zod';
import { type Subscription, watchedResources } from '../../../model/subscription.ts';
import { faultSchema, faultView, time, timeOrNull } from './common.ts';

export const notificationsSchema = z
  .strictObject({
    data: z.array(
      z.strictObject({
        resource: z.enum(watchedResources),
        state: z.enum(['pending', 'active', 'ending']),
        expires_at: time.nullable().meta({ description: 'It is renewed a week before.' }),
        problem: faultSchema
          .nullable()
          .meta({ description: 'Why it could not be made or renewed; it is tried again.' }),
      }),
    ),
  })
  .meta({ id: 'Notifications' });

export const notificationsView = (all: readonly Subscription[]): z.input<typeof notificationsSchema> => ({
  data: all.map(({ resource, wanted, held, problem }) => ({
    resource,
    state: wanted ? (held === null ? 'pending' : 'active') : 'ending',
    expires_at: timeOrNull(held?.expiresAt ?? null),
    problem: faultView(problem),
  })),
});
