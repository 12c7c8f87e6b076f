/** Which tenant a connection opens, as the login service says, and whose else it is. */

import { goesByWorkload, isDirectoryKnown, isReadForOthers } from '../core/tenants.ts';
import type { Check, CheckReport } from '../model/check.ts';
import type { Connection } from '../model/connection.ts';
import type { Source } from '../source/source.ts';
import type { Engine } from './engine.ts';

type Noting = Pick<Engine, 'stores' | 'world'>;

/**
 * Before anything of a tenant is read: of one that is named by a domain nobody could say whether it is read for somebody else. (One that goes by the
 * workload is never named so.) Throws `SourceError` where the login service does not say which it is.
 */
export const knowTenant = async (
  noting: Noting,
  connection: Connection,
  source: Pick<Source, 'tenant'>,
  signal: AbortSignal,
): Promise<void> => {
  if (isDirectoryKnown(connection)) return;
  const directoryId = await source.tenant(signal);
  await noteTenant(noting, connection, { ok: true, checks: [], directoryId });
};

/**
 * Keeps what a check found out, so that a tenant which is given by a domain is known by its id from then on. A connection that goes by the workload and
 * opens what is read for somebody else does not pass.
 */
export const noteTenant = async (
  { stores: { connections }, world }: Noting,
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

/**
 * The same of one that is about to be connected: of two organizations that connect a tenant at the same moment, by whichever way, one does. False: it is
 * somebody else's.
 */
export const takeTenant = async (noting: Noting, connection: Connection, directoryId: string): Promise<boolean> => {
  if (await isTenantOfOthers(noting, connection, directoryId)) return false;
  const { organization } = connection;
  const holder = await noting.stores.installation.claimTenant(directoryId, organization, noting.world.now());
  // Whoever had the claim before, and lost it by time, has written the connection down.
  return holder === organization && !(await isTenantOfOthers(noting, connection, directoryId));
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
