/** That somebody was erased, as the API shows it. */

import { z } from 'zod';
import type { Left } from '../../persons.ts';
import { targetIdText } from './common.ts';

export const erasureSchema = z
  .strictObject({
    accounts_left: z
      .array(z.strictObject({ target_id: targetIdText, remote_id: z.string(), state: z.enum(['active', 'disabled']) }))
      .meta({
        description: 'Their accounts at targets, which stay as they are and are known to nobody here any more.',
      }),
  })
  .meta({ id: 'Erasure' });
export const erasureView = (left: readonly Left[]): z.input<typeof erasureSchema> => ({
  accounts_left: left.map(({ target, link }) => ({ target_id: target, remote_id: link.remoteId, state: link.state })),
});
