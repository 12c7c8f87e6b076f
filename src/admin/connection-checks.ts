/** Checks of connections, stored or not: what works, what is missing, who mends it. */

import { secretsFirst } from '../engine/secrets-first.ts';
import type { CheckReport } from '../model/check.ts';
import type { Connection } from '../model/connection.ts';
import { SourceError } from '../model/errors.ts';
import { type ConnectionId, organizationId } from '../model/ids.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Source, ToProve } from '../source/source.ts';
import { onlyGiven } from '../store/connection-store.ts';
import { type ConnectionFields, connectionIssues, newConnection, refuseUnless } from './connections.ts';
import { secretsOf } from './given-credentials.ts';
import { probeSoon } from './probe-soon.ts';
import type { Within } from './reached.ts';
import { found, Refused } from './refused.ts';
import type { Room } from './room.ts';
import { checkOf } from './targets.ts';
import { toBeRead } from './to-be-read.ts';
import { refuseLimited, refuseTakenTenant } from './workload-trust.ts';

/** What was found of the tenant, and of each target. */
export type ConnectionReport = CheckReport & {
  readonly targets: readonly { readonly target: TargetRecord; readonly report: CheckReport }[];
};

export const connectionChecks = (room: Room) => {
  const { connections, targets } = room.stores;

  /** A connection with credentials, and its targets that are not being removed. */
  const toCheck = async (id: ConnectionId) => {
    const connection = found(await connections.get(id), 'connection');
    if (connection.state === 'deleting') throw new Refused('connection_deleting', 'The connection is being removed.');
    if (connection.credentials === null) {
      throw new Refused(
        'credentials_missing',
        'The connection has no credentials yet. Give client_id and client_secret, or have it connected by its consent link or a setup link.',
      );
    }
    return { connection, theirs: (await targets.of(connection.id)).filter(({ state }) => state !== 'deleting') };
  };

  const sourceReport = async (connection: Within<Connection>): Promise<CheckReport> => {
    const read = await toBeRead(room, connection);
    const report = await secretsFirst(
      () => connections.secrets(connection.id),
      (secrets) => checked(() => room.connectSource(connection, secrets), read),
    );
    const noted = await room.engine.noteTenant(connection, report);
    await room.engine.noteCheck(connection, noted);
    if (noted.ok) await probeSoon(connections, connection.id, room.world.now());
    return noted;
  };

  return {
    /** Proves the stored credentials, every permission, and the targets of the connection, by real calls. */
    async checkConnection(id: ConnectionId): Promise<ConnectionReport> {
      const { connection, theirs } = await toCheck(id);
      const [report, ...reports] = await Promise.all([
        sourceReport(connection),
        ...theirs.map(async (target) => ({ target, report: await checkOf(room, target) })),
      ]);
      return { ...report, ok: report.ok && reports.every(({ report: { ok } }) => ok), targets: reports };
    },

    /** The same of the tenant alone. */
    async checkSource(id: ConnectionId): Promise<CheckReport> {
      const { connection } = await toCheck(id);
      return sourceReport(connection);
    },

    /** The same of a connection that is not stored yet. Nothing is kept of it. `read`: by credentials for one that is. */
    async checkNewConnection(
      given: ConnectionFields,
      read: Pick<Partial<ToProve>, 'attributes' | 'watched'> = {},
    ): Promise<CheckReport> {
      const connection = newConnection({ ...given, organization: organizationId('none') }, room.world.now());
      refuseLimited(room.reach, given, null, connection);
      refuseUnless(connectionIssues(connection, given, room));
      // It is nobody's yet, so that whoever reads the tenant is somebody else.
      await refuseTakenTenant(room, given, connection);
      return checked(() => room.connectSourceOnce(connection, onlyGiven(secretsOf(given))), { ...connection, ...read });
    },
  };
};

/** What cannot even be tried, as its credentials are not those of this server, is a finding too. */
const checked = async (connect: () => Source, read: ToProve): Promise<CheckReport> => {
  try {
    return await connect().check(read, AbortSignal.timeout(checkTimeoutMs));
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const { code = 'not_connected', message, mend } = error;
    const remedy = { code, owner: mend?.owner ?? 'your_team', todo: mend?.todo ?? message, link: null } as const;
    return { ok: false, checks: [{ name: 'Credentials', ok: false, detail: message, remedy }] };
  }
};

/** Token, permissions and one read of each kind of object; a tenant that takes longer is answered with a failed check. */
const checkTimeoutMs = 30_000;
