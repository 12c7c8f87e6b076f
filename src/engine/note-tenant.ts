/** Which tenant a connection opens, as a check found out. */

import { goesByWorkload, isReadForOthers } from '../core/tenants.ts';
import type { Check, CheckReport } from '../model/check.ts';
import type { Connection } from '../model/connection.ts';
import type { Engine } from './engine.ts';

/**
 * Keeps it, so that a tenant which is given by a domain is known by its id from then on. A connection that goes by the workload and opens what is read for
 * somebody else does not pass.
 */
export const noteTenant = async (
  { stores: { connections }, world }: Pick<Engine, 'stores' | 'world'>,
  connection: Connection,
  report: CheckReport,
): Promise<CheckReport> => {
  const { directoryId } = report;
  if (directoryId === undefined) return report;
  if (connection.credentialUse.directoryId !== directoryId)
    await connections.noteUse(connection.id, connection.revision, { directoryId });
  const known = { ...connection, credentialUse: { ...connection.credentialUse, directoryId } };
  for await (const batch of connections.all())
    for (const other of batch) {
      if (!isReadForOthers(other, known) || !(goesByWorkload(known) || goesByWorkload(other))) continue;
      world.log.warn('tenant.read_twice', { connection: connection.id, other: other.id });
      if (goesByWorkload(known)) return { ...report, ok: false, checks: [...report.checks, readByOthers] };
    }
  return report;
};

/** Whether a connection of another organization reads the tenant with this id, which whoever is to connect it has proved to be theirs. */
export const isTenantOfOthers = async (
  { stores: { connections } }: Pick<Engine, 'stores'>,
  connection: Connection,
  directoryId: string,
): Promise<boolean> => {
  const asked = { ...connection, credentialUse: { ...connection.credentialUse, directoryId } };
  for await (const batch of connections.all()) if (batch.some((other) => isReadForOthers(other, asked))) return true;
  return false;
};

const readByOthers: Check = {
  name: 'Tenant',
  ok: false,
  detail: 'The tenant is read for another organization, too.',
  remedy: {
    code: 'tenant_taken',
    owner: 'your_team',
    todo: "Compare the tenant id with the customer's, or give a client secret or a certificate of this organization's own.",
    link: null,
  },
};
