/** Which tenant a token is of. Whoever asked for it may have named the tenant by one of its domains; the token names it by its id. */

import { z } from 'zod';
import { isDirectoryId } from '../../core/tenants.ts';
import { SourceError } from '../../model/errors.ts';
import type { Tokens } from './credentials.ts';
import { claimsOf } from './permissions.ts';

/** Null: it does not say. */
export const tenantIn = (token: string): string | null => Issued.safeParse(claimsOf(token)).data?.tid ?? null;

/**
 * `named`: what the token was asked for. One that was asked for by an id is of that tenant, whether or not it says so. Throws `SourceError` where there is no
 * token, or none that says.
 */
export const tenantOf = async (tokens: Pick<Tokens, 'get'>, named: string, signal: AbortSignal): Promise<string> => {
  const tenant = tenantIn(await tokens.get(signal));
  if (tenant !== null) return tenant;
  if (isDirectoryId(named)) return named.toLowerCase();
  throw new SourceError('forbidden', 'The login service gave a token that does not say which tenant it is of.', {
    code: 'tenant_unknown',
    mend: {
      owner: 'your_team',
      todo: 'Give the connection the directory id (a GUID) of the tenant in place of its domain.',
    },
  });
};

/** The tenant that issued a token (Entra, "Access token claims reference"). */
const Issued = z.object({ tid: z.guid().transform((id) => id.toLowerCase()) });
