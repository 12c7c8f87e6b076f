/** Commands on the second credential of a connection: one takes the place of the other, and at no moment there is none. */

import { credentialIn } from '../core/credential-life.ts';
import type { Connection, CredentialPlace } from '../model/connection.ts';
import type { ConnectionId } from '../model/ids.ts';
import type { ConnectionEdit, SecretChanges, Secrets } from '../store/connection-store.ts';
import { begunAnew, type Edited, letGo, noSecond, refuseUnless } from './connections.ts';
import { credentialOf, type GivenCredential, proofIssues, secretsOf } from './given-credentials.ts';
import type { Within } from './reached.ts';
import { found, invalid, Refused } from './refused.ts';
import { editing, type Room, stale, wake } from './room.ts';
import { refuseLimited, takeTenant, trustIssues } from './workload-trust.ts';

export const secondCredentialCommands = (room: Room) => {
  const { connections } = room.stores;

  const edited = async (
    id: ConnectionId,
    revision: number | null,
    change: (before: Within<Connection>) => Promise<{ readonly edit: ConnectionEdit; readonly secrets: SecretChanges }>,
  ): Promise<Edited> => {
    const { before, connection } = await editing(revision, async (expected) => {
      const before = found(await connections.get(id), 'connection');
      if (expected !== null && expected !== before.revision) throw stale();
      if (before.state === 'deleting') throw new Refused('connection_deleting', 'The connection is being removed.');
      const { edit, secrets } = await change(before);
      const whole = { ...edit, credentialUse: begunAnew(before) };
      return { before, connection: await connections.edit(before.id, before.revision, whole, secrets) };
    });
    const { state, revision: now } = connection;
    if (state === 'active') await wake(room, 'schedule', () => room.wakeups.schedule(connection));
    room.world.log.info('connection.edited', { connection: id, revision: now, state });
    return { before, connection };
  };

  return {
    /** Another one of the same application, in place of the second one there was. It is used once the first is refused. */
    addSecondCredential: (id: ConnectionId, given: GivenCredential, revision: number | null): Promise<Edited> =>
      edited(id, revision, async (before) => {
        const { credentials } = before;
        if (credentials === null || credentials.kind === 'admin_consent')
          throw new Refused(
            'credentials_missing',
            'Give the connection its first credentials; this is for another one.',
          );
        refuseLimited(room.reach, given, before, before);
        refuseUnless(proofIssues(given, room));
        const second = credentialOf(given);
        if (second === null)
          throw invalid({ pointer: '/client_secret', detail: 'must be given, or a certificate or workload_identity' });
        const after = { ...before, credentials: { ...credentials, second } };
        refuseUnless(trustIssues(after, given, room));
        await takeTenant(room, given, after);
        return {
          edit: { credentials: after.credentials, ...(before.state === 'quarantined' ? letGo(before) : {}) },
          secrets: secretsOf(given, 'second.'),
        };
      }),

    /** The other one stays, as the first. */
    removeCredential: (id: ConnectionId, place: CredentialPlace, revision: number | null): Promise<Edited> =>
      edited(id, revision, async (before) => {
        const { credentials } = before;
        const second = credentialIn(before, 'second');
        if (credentials === null || credentials.kind === 'admin_consent' || second === null)
          throw new Refused('last_credential', 'The connection has no second credential. Give it one first.');
        const { clientId } = credentials;
        const { second: _, ...first } = credentials;
        return place === 'second'
          ? { edit: { credentials: first }, secrets: noSecond }
          : { edit: { credentials: { ...second, clientId } }, secrets: promoted(await connections.secrets(before.id)) };
      }),
  };
};

/** The secrets of the second credential, as those of the first. */
const promoted = (secrets: Secrets): SecretChanges => ({
  clientSecret: secrets['second.clientSecret'] ?? null,
  certificate: secrets['second.certificate'] ?? null,
  ...noSecond,
});
