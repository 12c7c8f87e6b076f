/** Where a subject reads, and the token it reads with. */

import { Agent, request } from 'undici';
import { z } from 'zod';

export const tenant = z.object({ tenantId: z.string(), clientId: z.string(), clientSecret: z.string() });
export type Tenant = z.infer<typeof tenant>;
export const place = z.object({ origin: z.string(), caFile: z.string(), tenant });
export type Place = z.infer<typeof place>;

/** The attributes of the default mapping but `manager`, which lists do not carry. */
export const attributesOf = (names: readonly string[]): readonly string[] => names.filter((name) => name !== 'manager');

export const agent = new Agent({ connections: 32, pipelining: 1, allowH2: false });

export const tokenFor = async ({ origin, tenant: { tenantId, clientId, clientSecret } }: Place): Promise<string> => {
  const form = new URLSearchParams({
    client_id: clientId,
    client_secret: clientSecret,
    grant_type: 'client_credentials',
    scope: 'https://graph.microsoft.com/.default',
  });
  const { body } = await request(`${origin}/${tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
    dispatcher: agent,
  });
  return z.object({ access_token: z.string() }).parse(await body.json()).access_token;
};
