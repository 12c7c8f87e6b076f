/** Who calls, as the API shows it to them; and who is signed in, as it shows it to administrators. */

import { z } from 'zod';
import { apiScopes, type Caller } from '../../../model/api-key.ts';
import { actorKinds } from '../../../model/audit.ts';
import type { OpenSession } from '../../sessions.ts';
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
        ends_at: time.meta({
          description:
            'Half an hour from now, and twelve hours after signing in at most; one hour where the scopes include `configure`, `approve` or `admin`.',
        }),
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

export const sessionIdText = z
  .string()
  .regex(/^ses_[0-9a-f]{32}$/, 'must be the id of a session: ses_ and 32 hexadecimal digits');

export const openSessionSchema = z
  .strictObject({
    id: sessionIdText.meta({ description: 'Names the session, and is good for nothing else.' }),
    person_id: z.string().meta({ description: 'Who it is, as the audit log names them.' }),
    name: z.string(),
    issuer: z.string(),
    subject: z.string().meta({ description: 'Who it is at the identity provider.' }),
    scopes: z.array(z.enum(apiScopes)),
    created_at: time.meta({ description: 'When they signed in here.' }),
    authenticated_at: time.meta({ description: 'When they showed the identity provider who they are.' }),
    last_used_at: time.meta({ description: 'To the minute.' }),
    ends_at: time.meta({ description: 'Unless they come again before.' }),
    own: z.boolean().meta({ description: 'Whether it is the one that this call was made with.' }),
  })
  .meta({ id: 'OpenSession' });

export const openSessionView = (
  { session, actor, scopes, endsAt }: OpenSession,
  caller: Caller,
): z.input<typeof openSessionSchema> => ({
  id: session.id,
  person_id: actor.id,
  name: session.name,
  issuer: session.issuer,
  subject: session.subject,
  scopes: [...scopes],
  created_at: timeOf(session.createdAt),
  authenticated_at: timeOf(session.authenticatedAt),
  last_used_at: timeOf(session.lastSeenAt),
  ends_at: timeOf(endsAt),
  own: caller.session?.id === session.id,
});
