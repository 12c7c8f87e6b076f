/** The port of the configuration: connections and targets, with their secrets sealed. */

import type {
  Connection,
  CredentialPlace,
  CredentialTold,
  CredentialUse,
  Problem,
  Quarantine,
} from '../model/connection.ts';
import type { ConnectionId, OrganizationId, TargetId } from '../model/ids.ts';
import type { Secret } from '../model/secret.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Page } from './snapshot-store.ts';

/** By field name. Only ever handed to what connects; never to a door. */
export type Secrets = Readonly<Record<string, Secret>>;
/** Given fields replace stored ones; null takes one away. */
export type SecretChanges = Readonly<Record<string, Secret | null>>;
export const onlyGiven = (changes: SecretChanges): Secrets =>
  Object.fromEntries(Object.entries(changes).filter((entry): entry is [string, Secret] => entry[1] !== null));

/** What may be edited; everything else of a record is set at creation or by the engine. */
export type ConnectionEdit = Partial<
  Pick<
    Connection,
    | 'description'
    | 'tenantId'
    | 'namedBy'
    | 'cloud'
    | 'credentials'
    | 'credentialUse'
    | 'scope'
    | 'attributes'
    | 'refreshIntervalSecs'
    | 'fullSyncIntervalSecs'
    | 'timeoutSecs'
    | 'shrinkLimit'
    | 'state'
    | 'problem'
    | 'quarantine'
    | 'trouble'
  >
>;
export type TargetEdit = Partial<
  Pick<
    TargetRecord,
    | 'name'
    | 'settings'
    | 'credentialVersion'
    | 'mapping'
    | 'matching'
    | 'deprovision'
    | 'leftGroups'
    | 'limits'
    | 'protected'
    | 'escrow'
    | 'autoApproveFirst'
    | 'approvals'
    | 'loosened'
    | 'state'
    | 'problem'
    | 'quarantine'
  >
>;

/** Of one of these alone; left out, of all. */
export type OfOrganizations = { readonly organizations?: readonly OrganizationId[] };

export interface ConnectionStore {
  add(connection: Connection, secrets: Secrets): Promise<void>;
  get(id: ConnectionId): Promise<Connection | null>;
  /** In id order, `after` an id. */
  list(filter: OfOrganizations, after: string | null, limit: number): Promise<Page<Connection>>;
  /** Every connection, in batches; for the reconciler. */
  all(): AsyncIterable<readonly Connection[]>;
  /** Edits the record and its secrets when it is still at this revision. Throws `StaleRevision`. */
  edit(id: ConnectionId, revision: number, edit: ConnectionEdit, secrets?: SecretChanges): Promise<Connection>;
  /**
   * Holds it back or lets it go without touching what people edit (no revision). `problem: null` lets go. `quarantine`: when it is probed; once let go
   * it is what is remembered, null unless given.
   */
  hold(id: ConnectionId, problem: Problem | null, quarantine?: Quarantine | null): Promise<void>;
  /** Holds it back for what was found of this revision, and says whether it still was at it: of a later one that says nothing. */
  holdAt(id: ConnectionId, revision: number, problem: Problem, quarantine: Quarantine): Promise<boolean>;
  /** A probe was in vain, and found this in place of what is known; or the next one is due earlier. Of one that is not held back any more, nothing changes. */
  probed(id: ConnectionId, quarantine: Quarantine, found?: Problem): Promise<void>;
  /** It has proved well: what is remembered of a quarantine goes. One that is held back stays so. */
  proved(id: ConnectionId): Promise<void>;
  /** Notes how reading goes by this revision, which stays the same. Of a later one it says nothing. */
  noteReading(
    id: ConnectionId,
    revision: number,
    note: Partial<Pick<Connection, 'firstReadAt' | 'trouble' | 'toldUnwell'>>,
  ): Promise<void>;
  /** Notes what became known of the credentials of this revision, which stays the same. Of a later one it says nothing. */
  noteUse(id: ConnectionId, revision: number, note: Partial<Omit<CredentialUse, 'told'>>): Promise<void>;
  /** Whether it is the first to note that: whoever is, tells it. */
  noteTold(id: ConnectionId, revision: number, place: CredentialPlace, told: CredentialTold): Promise<boolean>;
  secrets(id: ConnectionId): Promise<Secrets>;
  remove(id: ConnectionId): Promise<void>;
}

export interface TargetStore {
  add(target: TargetRecord, secrets: Secrets): Promise<void>;
  get(id: TargetId): Promise<TargetRecord | null>;
  of(connection: ConnectionId): Promise<readonly TargetRecord[]>;
  /** Other settings may lead elsewhere: with them go the secrets that are not given again. */
  edit(id: TargetId, revision: number, edit: TargetEdit, secrets?: SecretChanges): Promise<TargetRecord>;
  hold(id: TargetId, problem: Problem | null, quarantine?: Quarantine | null): Promise<void>;
  holdAt(id: TargetId, revision: number, problem: Problem, quarantine: Quarantine): Promise<boolean>;
  probed(id: TargetId, quarantine: Quarantine, found?: Problem): Promise<void>;
  proved(id: TargetId): Promise<void>;
  /** Forgets what was in force before the safeguards were loosened at that moment. Should they have been loosened again, nothing changes. */
  forgetLoosened(id: TargetId, at: Date): Promise<void>;
  /** They open for the settings alone that they were given for. Throws `SecretUnreadable` when the target has others, or is said to have. */
  secrets(target: Pick<TargetRecord, 'id' | 'settings'>): Promise<Secrets>;
  remove(id: TargetId): Promise<void>;
}

/** Whose secret it is; of a target, with its settings as they are kept, which say where the secret is sent. */
export type SecretOf = {
  readonly organization: string;
  readonly record: string;
  readonly field: string;
  readonly settings?: string | undefined;
};

/** Seals a secret so that it opens only for the same organization, record and field. All throw `KeysUnavailable` when a key cannot be asked. */
export interface Vault {
  seal(clear: Secret, of: SecretOf): Promise<string>;
  /** Throws `SecretUnreadable` when it was sealed for something else, or was altered. */
  open(sealed: string, of: SecretOf): Promise<Secret>;
  /** The same secret, sealed with the key of now; null when it is. */
  renew(sealed: string, of: SecretOf): Promise<string | null>;
  /** The name of the key that it is sealed with; null for what was never sealed. */
  keyOf(sealed: string): string | null;
  keys(): Promise<KeysOfVault>;
}

/** Names: of the key that seals now, of the one that API keys are proved with, and of all that are configured, these included. */
export type KeysOfVault = { readonly current: string; readonly proves: string; readonly configured: readonly string[] };
