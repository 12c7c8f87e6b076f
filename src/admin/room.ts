/** What the commands stand on. */

import type { Config } from '../config.ts';
import type { Observe } from '../engine/engine.ts';
import type { SignMessage } from '../engine/send-message.ts';
import { errorFacts } from '../logger.ts';
import type { Permission } from '../model/check.ts';
import type { Connection } from '../model/connection.ts';
import type { Egress } from '../model/egress.ts';
import { StaleRevision } from '../model/errors.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { World } from '../model/world.ts';
import type { Wakeups } from '../queue/wakeups.ts';
import type { OurApp } from '../source/our-app.ts';
import type { Source } from '../source/source.ts';
import type { KeyProofs } from '../store/api-key-store.ts';
import type { KeysOfVault, Secrets } from '../store/connection-store.ts';
import type { Stores } from '../store/stores.ts';
import type { Target, TargetKind } from '../target/target.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { Refused } from './refused.ts';

export type Room = {
  readonly stores: Stores;
  readonly keyProofs: KeyProofs;
  readonly encryptionKeys: () => Promise<KeysOfVault>;
  readonly wakeups: Wakeups;
  readonly connectSource: (connection: Connection, secrets: Secrets) => Source;
  /** The same for a connection that is not stored. */
  readonly connectSourceOnce: (connection: Connection, secrets: Secrets) => Source;
  readonly connectTarget: (target: TargetRecord, secrets: Secrets) => Target;
  /** Our own application, for connecting tenants by admin consent; null when there is none. */
  readonly ourApp: OurApp | null;
  /** Where people sign in; null: they cannot. */
  readonly identityProvider: IdentityProvider | null;
  /** What a customer is asked to grant for this scope and these attributes. */
  readonly permissionsNeeded: (
    connection: Pick<Connection, 'scope' | 'attributes'>,
  ) => readonly { readonly permission: Permission; readonly required: boolean }[];
  /** The kinds of target that can be added. */
  readonly targetKinds: readonly TargetKind[];
  readonly world: World;
  readonly observe: Pick<Observe, 'restored'>;
  readonly egress: Egress;
  /** Whether Microsoft Graph can reach this server. */
  readonly canBeNotified: boolean;
  readonly sign: SignMessage;
  readonly config: Pick<Config, 'customCloud' | 'returnUrls' | 'workload' | 'publicUrl'>;
};

/**
 * Wakes somebody up, and carries on when the queue cannot be reached: what is wanted stands in the store, and the reconciler finds it there.
 */
export const wake = async (room: Room, event: string, call: () => Promise<void>): Promise<void> => {
  try {
    await call();
  } catch (error) {
    room.world.log.warn('wakeup.failed', { wakeup: event, ...errorFacts(error) });
  }
};

/**
 * Edits a record that others may edit too. Who names the revision they saw is told when it is gone; for everyone else the edit is made again
 * on what is there now.
 */
export const editing = async <T>(
  revision: number | null,
  edit: (expected: number | null) => Promise<T>,
): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await edit(revision);
    } catch (error) {
      if (!(error instanceof StaleRevision)) throw error;
      if (revision !== null || attempt === 5) throw stale();
    }
  }
};

export const stale = (): Refused =>
  new Refused(
    'stale_revision',
    'It was edited by somebody else meanwhile. Read it again, and repeat the edit on what is there now.',
  );
