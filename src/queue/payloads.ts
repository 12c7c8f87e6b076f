/** What a job carries: ids, never a person's data. Parsed on the way in and on the way out, because an older version may have written it. */

import { z } from 'zod';
import { connectionId, targetId } from '../model/ids.ts';

const connection = z.string().min(1).transform(connectionId);

export const tickPayload = z.strictObject({ connection, mode: z.enum(['full', 'delta']) });
export const syncPayload = z.strictObject({ connection });
export const provisionPayload = z.strictObject({ target: z.string().min(1).transform(targetId) });
export const maintenancePayload = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('prune') }),
  z.strictObject({ what: z.literal('purge'), connection }),
  z.strictObject({ what: z.literal('probe_connection'), connection }),
  z.strictObject({ what: z.literal('probe_target'), target: z.string().min(1).transform(targetId) }),
]);
