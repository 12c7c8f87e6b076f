/** Who calls, as the API shows it to them. */

import { z } from 'zod';
import { apiScopes, type Caller } from '../../../model/api-key.ts';
import { actorKinds } from '../../../model/audit.ts';
import { time, timeOf } from './common.ts';

export const sessionSchema = z
  .strictObject({
    kind: z.enum(actorKinds),
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(apiScopes)),
    organization_ids: z.array(z.string()).nullable(),
    session: z
      .strictObject({
        csrf_token: z.string().meta({ description: 'Goes with every change, in the header X-CSRF-Token.' }),
        ends_at: time.meta({ description: 'Half an hour from now, and twelve hours after signing in at most.' }),
        fresh: z.boolean().meta({ description: 'Whether they signed in within five minutes, as some changes need.' }),
      })
      .nullable()
      .meta({ description: 'Null for a key.' }),
  })
  .meta({ id: 'Session' });

export const sessionView = ({
  actor,
  name,
  scopes,
  organizations,
  session,
}: Caller): z.input<typeof sessionSchema> => ({
  kind: actor.kind,
  id: actor.id,
  name,
  scopes: [...scopes],
  organization_ids: organizations && [...organizations],
  session: session && { csrf_token: session.csrfToken, ends_at: timeOf(session.endsAt), fresh: session.isFresh },
});
