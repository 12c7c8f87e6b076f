/** Setup links as the API shows them. */

import { z } from 'zod';
import type { SetupLink } from '../../../store/setup-link-store.ts';
import { connectionIdText, nameText, time, timeOf, timeOrNull } from './common.ts';

export const newSetupLinkSchema = z
  .strictObject({
    given_to: nameText.meta({ description: 'Who gets it; the audit log names them.' }),
    expires_in_hours: z.int().min(1).max(336).default(72),
  })
  .meta({ id: 'NewSetupLink' });

export const setupLinkSchema = z
  .strictObject({
    id: z.string(),
    connection_id: connectionIdText,
    given_to: z.string(),
    created_at: time,
    created_by: z.string().meta({ description: 'The name of whoever made it.' }),
    expires_at: time,
    last_used_at: time.nullable().meta({ description: 'When something was last sent by it.' }),
  })
  .meta({ id: 'SetupLink' });

export const madeSetupLinkSchema = setupLinkSchema
  .extend({ url: z.string().meta({ description: 'The link itself. It is shown this once, and kept nowhere.' }) })
  .meta({ id: 'MadeSetupLink' });

export const setupLinkView = (link: SetupLink): z.input<typeof setupLinkSchema> => ({
  id: link.id,
  connection_id: link.connection,
  given_to: link.givenTo,
  created_at: timeOf(link.createdAt),
  created_by: link.createdBy,
  expires_at: timeOf(link.expiresAt),
  last_used_at: timeOrNull(link.lastUsedAt),
});
