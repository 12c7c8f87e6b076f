/** Restores of the database as the API shows them. */

import { z } from 'zod';
import type { Restore } from '../../../store/installation.ts';
import { plainText, time, timeOf } from './common.ts';

export const newRestoreSchema = z
  .strictObject({ reason: plainText(1_000).meta({ description: 'Why; kept with the name of the API key.' }) })
  .meta({ id: 'NewRestore' });

export const restoreSchema = z
  .strictObject({
    epoch: z.int().meta({ description: 'What everything since then is counted under.' }),
    at: time,
    how: z.enum(['detected', 'declared']).meta({
      description: '`detected`: the database counted less than Redis had noted. `declared`: somebody said so.',
    }),
    declared_by: z.string().nullable().meta({ description: 'The name of the API key.' }),
    reason: z.string().nullable(),
  })
  .meta({ id: 'Restore' });

export const restoresSchema = z.strictObject({ data: z.array(restoreSchema) });

export const restoreView = (restore: Restore): z.input<typeof restoreSchema> => ({
  epoch: restore.epoch,
  at: timeOf(restore.at),
  how: restore.how,
  declared_by: restore.how === 'declared' ? restore.by : null,
  reason: restore.how === 'declared' ? restore.reason : null,
});
