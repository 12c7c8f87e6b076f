/** Which tenant a connection opens, as the login service says, and whose else it is. */

import { goesByWorkload, isReadForOthers, isUnproved } from '../core/tenants.ts';
import type { Check, CheckReport } from '../model/check.ts';
import type { Connection } from '../model/connection.ts';
import { SourceError } from '../model/errors.ts';
import type { Source } from '../source/source.ts';
import type { Engine } from './engine.ts';

type Noting = Pick<Engine, 'stores' | 'world'>;

/**
 * Before anything of a tenant is read: whether it is read for somebody else can be said once it is known which it is, and that credentials open it. Throws
 * `SourceError` where the login service does not say which, and where the tenant is not theirs to read.
 */
export const knowTenant = async (
  noting: Noting,
  connection: Connection,
  source: Pick<Source, 'tenant'>,
  signal: AbortSignal,
): Promise<void> => {
  if (connection.credentialUse.directoryId !== undefined) return;
  const directoryId = await source.tenant(signal);
  const { ok } = await noteTenant(noting, connection, { ok: true, checks: [], directoryId });
  if (ok) return;
  const { code, owner, todo } = takenFrom(connection);
  throw new SourceError('forbidden', readByOthers, { code, mend: { owner, todo } });
};

/**
 * Keeps what a check found out, so that a tenant which is given by a domain is known by its id from then on. One that is read for somebody else does not pass
 * where the connection goes by the workload, or where a limited key named the tenant and nothing has opened it yet; the operator is told, and may mean it.
 */
export const noteTenant = async (noting: Noting, connection: Connection, report: CheckReport): Promise<CheckReport> => {
  const { directoryId } = report;
  if (directoryId === undefined) return report;
  const known = { ...connection, credentialUse: { ...connection.credentialUse, directoryId } };
  const others = await readersBeside(noting, known);
  const isRefused = others.length > 0 && (goesByWorkload(known) || isUnproved(connection));
  for (const { id: other } of others)
    noting.world.log.warn('tenant.read_twice', { connection: connection.id, other, refused: isRefused });
  // What is refused opens nothing for them, and keeps nobody from the tenant.
  if (!isRefused) await noteReaders(noting, connection, directoryId, others);
  if (others.length === 0) return report;
  return isRefused
    ? { ...report, ok: false, checks: [...report.checks, taken(connection)] }
    : { ...report, checks: [...report.checks, alsoRead] };
};

/** Connections of other organizations that read the tenant. */
const readersBeside = async ({ stores }: Noting, known: Connection): Promise<readonly Connection[]> => {
  const found: Connection[] = [];
  for await (const batch of stores.connections.all())
    found.push(...batch.filter((other) => isReadForOthers(other, known)));
  return found;
};

/** Also of those who read it before: it was theirs alone until now. */
const noteReaders = async (
  { stores: { connections } }: Noting,
  { id, revision, credentialUse: before }: Connection,
  directoryId: string,
  others: readonly Connection[],
): Promise<void> => {
  const readTwice = others.length > 0;
  if (before.directoryId !== directoryId || (before.readTwice ?? false) !== readTwice)
    await connections.noteUse(id, revision, { directoryId, readTwice });
  for (const other of others)
    if (other.credentialUse.readTwice !== true)
      await connections.noteUse(other.id, other.revision, { readTwice: true });
};

/** Whether a connection of another organization reads the tenant with this id, which whoever is to connect it has proved to be theirs. */
export const isTenantOfOthers = async (
  noting: Noting,
  connection: Connection,
  directoryId: string,
): Promise<boolean> => {
  const asked = { ...connection, credentialUse: { ...connection.credentialUse, directoryId } };
  return (await readersBeside(noting, asked)).length > 0;
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

const readByOthers = 'The tenant is read for another organization, too.';

const takenFrom = (connection: Connection) =>
  ({
    code: 'tenant_taken',
    owner: 'your_team',
    todo: goesByWorkload(connection)
      ? "Compare the tenant id with the customer's, or give a client secret or a certificate of this organization's own."
      : "Compare the tenant id with the customer's. Where two organizations are to read it, the operator gives tenant_id, by a key that is not limited to organizations.",
    link: null,
  }) as const;

const taken = (connection: Connection): Check => ({
  name: 'Tenant',
  ok: false,
  detail: readByOthers,
  remedy: takenFrom(connection),
});

const alsoRead: Check = {
  name: 'Tenant',
  ok: true,
  detail: readByOthers,
  remedy: {
    code: 'tenant_read_twice',
    owner: 'your_team',
    todo: "Nothing where that is meant. Else compare the tenant id with the customer's: people of one customer are about to be written to the targets of another.",
    link: null,
  },
};
