/**
 * The token of our workload proves who this server is, and nothing of whoever asks it for a tenant: every tenant that trusts the server opens by it,
 * whoever names that tenant (a confused deputy; docs/decisions/0035). So the operator alone says which are read by it, and for which organization.
 */

import { isFull, type Reach } from '../core/access.ts';
import { directoryOf, goesByWorkload, isDirectoryId, isReadForOthers } from '../core/tenants.ts';
import type { Connection } from '../model/connection.ts';
import type { GivenCredentials } from './given-credentials.ts';
import { type Issue, Refused } from './refused.ts';
import type { Around, Room } from './room.ts';

type Given = GivenCredentials & { readonly tenantId?: string | undefined };
type Named = Pick<Connection, 'tenantId' | 'cloud' | 'credentials'>;

/** `before`: null for one that is new. Another tenant is as good as another credential: it opens by the same token. */
export const refuseLimited = (by: Reach, given: Given, before: Named | null, after: Named): void => {
  const moved = before === null || before.tenantId !== after.tenantId || before.cloud !== after.cloud;
  if (isFull(by) || !(given.workloadIdentity === true || (moved && goesByWorkload(after)))) return;
  throw new Refused(
    'key_is_limited',
    'Which tenant is read by the identity of the workload is said by a key that is not limited to organizations. Ask the operator, or give a client secret or a certificate.',
    [{ pointer: given.workloadIdentity === true ? '/workload_identity' : '/tenant_id', detail: 'takes such a key' }],
  );
};

/** What is wrong with the application and tenant that are named, as this server is the one it is. */
export const trustIssues = (after: Named, given: Given, { ourApp }: Pick<Around, 'ourApp'>): readonly Issue[] => {
  const { credentials, tenantId } = after;
  const isOurs =
    credentials !== null &&
    credentials.kind !== 'admin_consent' &&
    (given.clientId !== undefined || given.workloadIdentity === true) &&
    credentials.clientId.toLowerCase() === ourApp?.clientId.toLowerCase();
  const isDomain =
    tenantId !== null &&
    !isDirectoryId(tenantId) &&
    goesByWorkload(after) &&
    (given.workloadIdentity === true || given.tenantId !== undefined);
  return [
    ...(isOurs
      ? [
          {
            pointer: given.clientId === undefined ? '/workload_identity' : '/client_id',
            detail: 'is of the application of this server, which tenants are connected to by admin consent alone',
          },
        ]
      : []),
    ...(isDomain
      ? [
          {
            pointer: given.tenantId === undefined ? '/workload_identity' : '/tenant_id',
            detail: 'takes the directory id (a GUID) for the tenant, not a domain',
          },
        ]
      : []),
  ];
};

/**
 * Of a tenant that somebody else's connection reads, the operator has most likely mistaken the id. Whoever is limited brings no tenant under that token
 * (`refuseLimited`), and is not told of others.
 */
export const refuseTakenTenant = async (
  { operator }: Pick<Room, 'operator'>,
  given: Given,
  after: Connection,
): Promise<void> => {
  if (operator === null || !isNamedForWorkload(given, after)) return;
  for await (const batch of operator.allConnections())
    for (const other of batch)
      if (isReadForOthers(other, after))
        throw new Refused(
          'tenant_taken',
          `The tenant is read by ${other.id} of ${other.organization}. Compare the tenant id, or give a client secret or a certificate of this organization's own.`,
        );
};

/** The same of what is about to be kept: of two organizations that name a tenant at the same moment, one does. */
export const takeTenant = async (
  room: Pick<Room, 'operator' | 'world'>,
  given: Given,
  after: Connection,
): Promise<void> => {
  // Whoever is refused in any case speaks for nobody.
  await refuseTakenTenant(room, given, after);
  const tenant = directoryOf(after);
  if (room.operator === null || !isNamedForWorkload(given, after) || tenant === null) return;
  const holder = await room.operator.installation.claimTenant(tenant, after.organization, room.world.now());
  if (holder !== after.organization)
    throw new Refused(
      'tenant_taken',
      `The tenant was named for ${holder} a moment ago. Compare the tenant id, or try again in some minutes.`,
    );
  await refuseTakenTenant(room, given, after);
};

/** That a tenant is read for two organizations is nothing that one of them can say. */
export const refuseLimitedSharing = (by: Reach): void => {
  if (isFull(by)) return;
  throw new Refused(
    'key_is_limited',
    'That a tenant may be read for two organizations is said by a key that is not limited to organizations. Ask the operator.',
    [{ pointer: '/shared_tenant', detail: 'takes such a key' }],
  );
};

const isNamedForWorkload = (given: Given, after: Named): boolean =>
  (given.workloadIdentity === true || given.tenantId !== undefined) && goesByWorkload(after);
