/** Which tenant a connection opens, and whether it does so by the token that is the same for all of them. */

import { type Connection, credentialPlaces } from '../model/connection.ts';
import { credentialIn } from './credential-life.ts';

export const goesByWorkload = (connection: Pick<Connection, 'credentials'>): boolean =>
  credentialPlaces.some((place) => credentialIn(connection, place)?.kind === 'workload_identity');

/** One tenant has many domains; by its id alone it can be told from others. */
export const isDirectoryId = (tenant: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(tenant);

/** Whether a limited key named its tenant, and nothing has shown yet that it opens for them. */
export const isUnproved = ({ namedBy, credentialUse }: Pick<Connection, 'namedBy' | 'credentialUse'>): boolean =>
  namedBy === 'organization' && credentialUse.directoryId === undefined;

/** By its id, once that is known: it is before anything of the tenant is read (engine/note-tenant). */
export const directoryOf = ({
  tenantId,
  credentialUse,
}: Pick<Connection, 'tenantId' | 'credentialUse'>): string | null =>
  credentialUse.directoryId ?? tenantId?.toLowerCase() ?? null;

/**
 * Whether it is more than somebody's word that a connection is of this tenant: an administrator signed in there, its credentials got a token of it, people of
 * it were read, or the operator said so, who alone names a tenant for the workload. Anybody can type the id of a tenant, with credentials that open nothing.
 */
export const isProvedToOpen = (
  connection: Pick<Connection, 'tenantId' | 'credentials' | 'credentialUse' | 'firstReadAt'>,
  directoryId: string,
): boolean => {
  const { tenantId, credentials, credentialUse, firstReadAt } = connection;
  if (credentials === null) return false;
  if (credentialUse.directoryId !== undefined) return credentialUse.directoryId === directoryId;
  const isOurs = credentials.kind === 'admin_consent' || goesByWorkload(connection);
  return tenantId?.toLowerCase() === directoryId && (isOurs || firstReadAt !== null);
};

/** Whether another organization's connection reads the tenant of this one. */
export const isReadForOthers = (other: Connection, asked: Connection): boolean => {
  const directoryId = directoryOf(asked);
  return (
    other.organization !== asked.organization &&
    other.state !== 'deleting' &&
    directoryId !== null &&
    isProvedToOpen(other, directoryId)
  );
};
