/** Which tenant a connection opens, and whether it does so by the token that is the same for all of them. */

import { type Connection, credentialPlaces } from '../model/connection.ts';
import { credentialIn } from './credential-life.ts';

export const goesByWorkload = (connection: Pick<Connection, 'credentials'>): boolean =>
  credentialPlaces.some((place) => credentialIn(connection, place)?.kind === 'workload_identity');

/** By its id, once that is known. */
export const directoryOf = ({
  tenantId,
  credentialUse,
}: Pick<Connection, 'tenantId' | 'credentialUse'>): string | null =>
  credentialUse.directoryId ?? tenantId?.toLowerCase() ?? null;

/** Whether another organization's connection reads the tenant of this one. */
export const isReadForOthers = (other: Connection, asked: Connection): boolean =>
  other.organization !== asked.organization &&
  other.state !== 'deleting' &&
  other.credentials !== null &&
  directoryOf(other) === directoryOf(asked);
