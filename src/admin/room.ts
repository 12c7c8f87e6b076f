/**
 * What the commands stand on. Whoever comes is in the hall until it is known who they are, and in a room after that: there the stores go as far as their
 * reach does. Both are made in `house.ts`; commands know no other stores.
 */

import type { Config } from '../config.ts';
import type { FullReach, Reach } from '../core/access.ts';
import type { Observe } from '../engine/engine.ts';
import type { SignMessage } from '../engine/send-message.ts';
import { errorFacts } from '../logger.ts';
import type { Permission } from '../model/check.ts';
import type { CloudInWords, CloudName, Connection } from '../model/connection.ts';
import type { Egress } from '../model/egress.ts';
import { StaleRevision } from '../model/errors.ts';
import type { ConnectionId } from '../model/ids.ts';
import type { TargetPaths } from '../model/mapping.ts';
import type { Approvals, TargetRecord } from '../model/target-record.ts';
import type { World } from '../model/world.ts';
import type { Wakeups } from '../queue/wakeups.ts';
import type { OurApp } from '../source/our-app.ts';
import type { Source } from '../source/source.ts';
import type { KeyProofs } from '../store/api-key-store.ts';
import type { KeysOfVault, Secrets } from '../store/connection-store.ts';
import type { ParseTarget, Target } from '../target/target.ts';
import type { EngineWithin } from './engine-within.ts';
import type { IdentityProvider } from './identity-provider.ts';
import type { Reached, Within } from './reached.ts';
import { Refused } from './refused.ts';
import type { StoresOfHall, StoresOfOperator, StoresWithin } from './stores-within.ts';

/** As much of a target as it takes to reach it, stored or not. */
export type Connectable = Pick<TargetRecord, 'id' | 'kind' | 'settings'>;

/** What there is in every room. */
export type Around = {
  readonly keyProofs: KeyProofs;
  readonly encryptionKeys: () => Promise<KeysOfVault>;
  readonly wakeups: Wakeups;
  readonly connectSource: (connection: Connection, secrets: Secrets) => Source;
  /** The same for a connection that is not stored. */
  readonly connectSourceOnce: (connection: Connection, secrets: Secrets) => Source;
  readonly connectTarget: (target: Connectable, secrets: Secrets) => Target;
  /** Our own application, for connecting tenants by admin consent; null when there is none. */
  readonly ourApp: OurApp | null;
  /** Where people sign in; null: they cannot. */
  readonly identityProvider: IdentityProvider | null;
  /** The cloud of a connection, for people. */
  readonly cloudInWords: (cloud: CloudName) => CloudInWords;
  /** What a customer is asked to grant for this scope and these attributes, and where Graph is to say when something changes. */
  readonly permissionsNeeded: (
    connection: Pick<Connection, 'scope' | 'attributes'> & { readonly watched?: boolean },
  ) => readonly { readonly permission: Permission; readonly required: boolean }[];
  readonly parseTarget: ParseTarget;
  readonly targetPaths: TargetPaths;
  /** How many people have to approve what is over a limit, at every target, whatever it says. */
  readonly leastApprovals: Approvals;
  readonly world: World;
  readonly observe: Pick<Observe, 'restored'>;
  readonly egress: Egress;
  /** Whether Microsoft Graph can reach this server. */
  readonly canBeNotified: boolean;
  readonly sign: SignMessage;
  readonly config: Pick<Config, 'customCloud' | 'returnUrls' | 'workload' | 'publicUrl' | 'ceilings'>;
};

/** Where somebody is whose reach is known. */
export type Room = Around & {
  readonly reach: Reach;
  readonly stores: StoresWithin;
  readonly engine: EngineWithin;
  /** What belongs to the installation; null for whoever is limited. */
  readonly operator: StoresOfOperator | null;
};
export type OperatorRoom = Room & { readonly reach: FullReach; readonly operator: StoresOfOperator };

/** Where somebody is until it is known who they are. What is kept answers there to what proves itself alone. */
export type Hall = Around & {
  readonly stores: StoresOfHall;
  /** For whoever proved themselves by something of this connection: the state of a consent, a setup link, what Graph was told. Null: it is gone. */
  readonly roomOf: (
    connection: Reached<ConnectionId>,
  ) => Promise<{ readonly room: Room; readonly connection: Within<Connection> } | null>;
};

/**
 * Wakes somebody up, and carries on when the queue cannot be reached: what is wanted stands in the store, and the reconciler finds it there.
 */
export const wake = async (room: Pick<Around, 'world'>, event: string, call: () => Promise<void>): Promise<void> => {
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
