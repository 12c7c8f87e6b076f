/**
 * What a job carries: ids, never a person's data. Parsed on the way in and on the way out, because an older version may have written it, or a newer one:
 * whoever changes what a job means writes `v`, one more than before. Without it, it is 1.
 */

import { z } from 'zod';
import { connectionId, targetId } from '../model/ids.ts';

const connection = z.string().min(1).transform(connectionId);

const knownVersion = 1;

/** A newer version wrote it, and knows what to do with it. */
export class PayloadTooNew extends Error {
  override readonly name = 'PayloadTooNew';
}

const versioned = <S extends z.ZodType>(schema: S): { readonly parse: (data: unknown) => z.output<S> } => ({
  parse: (data) => {
    const { data: v = knownVersion } = z.int().safeParse(z.looseObject({ v: z.unknown() }).safeParse(data).data?.v);
    if (v > knownVersion)
      throw new PayloadTooNew(
        `The job is of version ${v}; this worker knows version ${knownVersion}. It is left to a newer worker: start one.`,
      );
    return schema.parse(data);
  },
});

export const tickPayload = versioned(z.strictObject({ connection, mode: z.enum(['full', 'delta']) }));
export const syncPayload = versioned(z.strictObject({ connection }));
export const provisionPayload = versioned(z.strictObject({ target: z.string().min(1).transform(targetId) }));
export const maintenancePayload = versioned(
  z.discriminatedUnion('what', [
    z.strictObject({ what: z.literal('prune') }),
    z.strictObject({ what: z.literal('purge'), connection }),
    z.strictObject({ what: z.literal('probe_connection'), connection }),
    z.strictObject({ what: z.literal('probe_target'), target: z.string().min(1).transform(targetId) }),
  ]),
);
