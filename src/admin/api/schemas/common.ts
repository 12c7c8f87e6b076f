/** What several resources are made of. */

import { z } from 'zod';
import type { Problem, Quarantine } from '../../../model/connection.ts';
import type { Evidence } from '../../../model/operation.ts';
import type { Ref } from '../../../model/source-object.ts';

const idOf = (prefix: string, what: string) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}_[0-9a-f]{32}$`), `must be the id of a ${what}: ${prefix}_ and 32 hexadecimal digits`);
export const connectionIdText = idOf('con', 'connection');
export const targetIdText = idOf('tgt', 'target');
export const runIdText = idOf('run', 'run');
export const planIdText = idOf('pln', 'plan');

export const guidForm = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
/** An Entra object id. */
export const guid = z.string().regex(guidForm, 'must be a GUID such as 3f7c2a10-5d1e-4c8a-9b0f-2a6d1c9e4b91');
export const organizationIdText = z
  .string()
  .regex(/^[!-~]{1,128}$/, 'must be 1 to 128 visible ASCII characters')
  .meta({ description: 'Your own id of the customer.' });
/** No character of Unicode's category Cc. Spelled by numbers, so that whoever reads the OpenAPI document can use it, too. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const withoutControls = /^[^\u0000-\u001f\u007f-\u009f]*$/;

/** Text for a person to read, which no terminal or log can be misled by. */
export const plainText = (most: number) =>
  z.string().min(1).max(most).regex(withoutControls, 'must not hold control characters');
export const nameText = plainText(200);

export const time = z.string().meta({ format: 'date-time' });
export const timeOf = (date: Date): string => date.toISOString();
export const timeOrNull = (date: Date | null): string | null => date?.toISOString() ?? null;

export const refSchema = z.strictObject({ type: z.enum(['user', 'group']), id: z.string() });
export const refView = ({ type, id }: Ref): z.infer<typeof refSchema> => ({ type, id });

export const limitSchema = z.strictObject({
  count: z.int().min(0).max(1_000_000),
  percent: z.number().min(0).max(100),
  floor: z.int().min(0).max(1_000_000),
});

export const valueSchema = z
  .union([
    z.string().max(8_192),
    z.number(),
    z.boolean(),
    z.null(),
    z.array(z.string().max(8_192)).max(1_000).readonly(),
  ])
  .meta({ id: 'Value', description: 'The value of an attribute; null is unassigned.' });
export const attributesSchema = z.record(z.string(), valueSchema);

export const owner = z
  .enum(['customer_it', 'your_team', 'microsoft', 'target_vendor'])
  .meta({ description: 'Who can mend it.' });

export const faultSchema = z
  .strictObject({
    code: z.string(),
    message: z.string(),
    resolution_owner: owner,
  })
  .meta({ id: 'Fault' });
export const faultView = (problem: Problem | null): z.infer<typeof faultSchema> | null =>
  problem && { code: problem.code, message: problem.message, resolution_owner: problem.owner };

export const quarantineSchema = z
  .strictObject({
    since: time,
    probes: z.int().meta({ description: 'How often it was found not to be mended.' }),
    next_probe_at: time.nullable().meta({ description: 'When it is checked again; once a check passes it is let go.' }),
  })
  .meta({ id: 'Quarantine' });
export const quarantineView = ({
  state,
  quarantine,
}: {
  readonly state: string;
  readonly quarantine: Quarantine | null;
}): z.infer<typeof quarantineSchema> | null =>
  state !== 'quarantined' || quarantine === null
    ? null
    : {
        since: timeOf(quarantine.since),
        probes: quarantine.probes,
        next_probe_at: timeOrNull(quarantine.nextProbeAt),
      };

export const evidenceSchema = z
  .strictObject({
    version: z.int().nullable().meta({ description: 'The version of the snapshot that has it.' }),
    run_id: z.string().nullable().meta({ description: 'The sync run that committed that version.' }),
    read: z.enum(['full', 'delta', 'group']).nullable().meta({ description: 'The kind of its read.' }),
    confirmed: z
      .strictObject({
        at: time,
        said: z.record(z.string(), z.int()).meta({
          description:
            'How many of them the source said what of: gone, deleted, out_of_scope, disabled, not_a_member, off_by_mapping; present, where the mapping has everybody off.',
        }),
        by: z.string().nullable().meta({
          description:
            'The attribute by which they are off, where the mapping takes another than accountEnabled for active.',
        }),
      })
      .nullable()
      .meta({ description: 'What the source said when it was asked again; null: it was not asked yet.' }),
  })
  .meta({ id: 'Evidence', description: 'What taking something away rests on.' });
export const evidenceView = (evidence: Evidence | null): z.infer<typeof evidenceSchema> | null =>
  evidence && {
    version: evidence.version,
    run_id: evidence.run,
    read: evidence.read,
    confirmed: evidence.confirmed && {
      at: timeOf(evidence.confirmed.at),
      said: { ...evidence.confirmed.said },
      by: evidence.confirmed.by ?? null,
    },
  };
