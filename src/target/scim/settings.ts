/** What an operator says of a SCIM target. */

import { z } from 'zod';
import { Secret, secret } from '../../model/secret.ts';
import type { Json, JsonObject } from '../../model/target-record.ts';
import { type GivenSettings, inClear, SettingsRefused } from '../target.ts';

const baseUrl = z.url({ protocol: /^https?$/, error: 'must be an https:// URL', abort: true }).refine((text) => {
  const url = URL.parse(text);
  return url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
}, 'must hold no credentials, query or fragment');

const fields = z
  .strictObject({
    /** Where SCIM begins: `/Users` and `/Groups` are below it. */
    base_url: baseUrl,
    /** Sent as bearer token (RFC 6750). Visible ASCII only: anything else would break out of the header. */
    token: z
      .preprocess(
        inClear,
        z.string().regex(/^[\x21-\x7e]{1,16384}$/, 'must be a bearer token: visible characters without spaces'),
      )
      .transform((text) => secret(text)),
    /** Plain http to another machine; to this one it needs no permission. */
    allow_http: z.boolean().default(false),
    /** Some targets refuse requests without one. */
    user_agent: z
      .string()
      .regex(/^[\x20-\x7e]{1,200}$/, 'must be printable ASCII')
      .default('Entrain'),
    concurrency: z.int().min(1).max(100).default(8),
    requests_per_second: z.number().positive().max(10_000).nullable().default(null),
    timeout_secs: z.number().positive().max(600).default(30),
    /** Member changes in one PATCH. 100 is what most vendors document as their limit. */
    members_per_request: z.int().min(1).max(5_000).default(100),
    /** Without it the target's ServiceProviderConfig decides, and PATCH is tried where that says nothing. */
    update_mode: z.enum(['patch', 'put']).nullable().default(null),
    /** Without it the target's ResourceTypes decide, and groups are tried where those say nothing. */
    groups: z.boolean().nullable().default(null),
    /**
     * Of a target without PATCH, whether it shows the members of its groups. Without it that is believed once a group shows one; true is for a target whose
     * groups are all empty yet.
     */
    shows_members: z.literal(true).nullable().default(null),
    /** `doubt`: reads back when an answer contradicts what was asked, and whoever was switched off. `always`: after every write. */
    verify: z.enum(['doubt', 'always']).default('doubt'),
    /** How often a read, or anything the target throttles shortly, is tried before the engine has to wait. */
    max_attempts: z.int().min(1).max(10).default(3),
  })
  .refine(({ base_url, allow_http }) => allow_http || !/^http:/i.test(base_url) || isLoopback(base_url), {
    path: ['base_url'],
    message: 'must be an https:// URL, or allow_http must be true',
  });

export type ScimSettings = z.infer<typeof fields>;

/** Throws `SettingsRefused`. `stored` is what was given, so that what was not said follows the defaults of later versions; the address is as it is called. */
export const parseSettings = (
  input: GivenSettings,
): { readonly settings: ScimSettings; readonly stored: JsonObject } => {
  const parsed = fields.safeParse(input);
  if (!parsed.success) throw new SettingsRefused(parsed.error.issues.flatMap(toIssues));
  return { settings: parsed.data, stored: { ...shown(input), base_url: parsed.data.base_url } };
};

const shown = (input: GivenSettings): JsonObject => {
  const stored: Record<string, Json> = {};
  for (const [name, value] of Object.entries(input))
    if (name !== 'token' && !(value instanceof Secret)) stored[name] = value;
  return stored;
};

const toIssues = (issue: z.core.$ZodIssue): readonly { readonly pointer: string; readonly message: string }[] =>
  issue.code === 'unrecognized_keys'
    ? issue.keys.map((key) => ({ pointer: pointerTo([key]), message: 'is not a setting of a SCIM target' }))
    : [{ pointer: pointerTo(issue.path), message: issue.message }];

/** RFC 6901 §3. */
const pointerTo = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

const isLoopback = (address: string): boolean => {
  const host = URL.parse(address)?.hostname ?? '';
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
};
