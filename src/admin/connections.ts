/** Commands on connections: our records of the tenants we read. */

import { isOutdated, isToBeRead } from '../core/accepted.ts';
import { isFull } from '../core/access.ts';
import { credentialIn } from '../core/credential-life.ts';
import type { AttributeNames } from '../core/read-attributes.ts';
import { asRead } from '../engine/what-is-read.ts';
import {
  type CloudName,
  type Connection,
  type CredentialUse,
  defaultAttributes,
  defaultIntervals,
  defaultShrinkLimit,
  unusedCredentials,
} from '../model/connection.ts';
import { type ConnectionId, connectionId, type OrganizationId } from '../model/ids.ts';
import type { Limit } from '../model/limit.ts';
import { everyone, type Scope, scopeKey } from '../model/scope.ts';
import type { ObjectType } from '../model/source-object.ts';
import { type ConnectionEdit, onlyGiven, type SecretChanges } from '../store/connection-store.ts';
import { newId } from '../store/ids.ts';
import type { Head, Page, Restored } from '../store/snapshot-store.ts';
import { refuseAbove } from './ceilings.ts';
import { areGiven, credentialIssues, credentialsOf, type GivenCredentials, secretsOf } from './given-credentials.ts';
import type { Within } from './reached.ts';
import { readWhatIsNeeded } from './read-what-is-needed.ts';
import { found, type Issue, invalid, Refused } from './refused.ts';
import { type Around, editing, type Room, stale, wake } from './room.ts';
import { cancelAll } from './runs.ts';
import { refuseTakingMapped } from './target-rules.ts';
import { refuseLimited, takeTenant, trustIssues } from './workload-trust.ts';

/** What a person says of a connection; what is left out keeps its value, or gets its default. */
export type ConnectionFields = GivenCredentials & {
  readonly description?: string | null | undefined;
  readonly tenantId?: string | undefined;
  readonly cloud?: CloudName | undefined;
  readonly scope?: Scope | undefined;
  readonly attributes?: Partial<Record<ObjectType, readonly string[] | undefined>> | undefined;
  readonly refreshIntervalSecs?: number | undefined;
  readonly fullSyncIntervalSecs?: number | undefined;
  readonly timeoutSecs?: number | undefined;
  readonly shrinkLimit?: Limit | undefined;
};
export type NewConnection = ConnectionFields & {
  readonly organization: OrganizationId;
  readonly name?: string | undefined;
};
/** `active` lets go of a connection that is paused or held back; `paused`: nothing is read, and nothing written to its targets, until then. */
export type ConnectionChanges = ConnectionFields & { readonly state?: 'active' | 'paused' | undefined };

/** After the database was put back from a backup. `plans`: of its targets, which somebody has to look at. */
export type Recovery = { readonly since: Date; readonly waitsFor: 'full_sync' | 'plans' };
export type ConnectionDetail = {
  readonly connection: Connection;
  readonly head: Head;
  readonly recovery: Recovery | null;
};

/** The record as it was, and as it is now. */
export type Edited = { readonly before: Connection; readonly connection: Connection };

/** How the next sync will read: a snapshot of another scope or other attributes cannot be continued. */
export type NextSync = 'full' | 'delta';

export const connectionCommands = (room: Room) => {
  const { connections, snapshots } = room.stores;

  const get = async (id: ConnectionId): Promise<Within<Connection>> => found(await connections.get(id), 'connection');

  return {
    /** The time that everything goes by. */
    now: room.world.now,

    async addConnection(given: NewConnection): Promise<Within<Connection>> {
      const organization = found(room.stores.organization(given.organization), 'organization');
      const fresh = { ...newConnection(given, room.world.now()), organization, namedBy: namerIn(room) };
      refuseLimited(room.reach, given, null, fresh);
      refuseUnless(connectionIssues(fresh, given, room));
      const { items } = await connections.list({ organization }, null, room.config.ceilings.connections);
      refuseAbove(room, 'connections', items.length);
      await takeTenant(room, given, fresh);
      const connection = await connections.add(fresh, onlyGiven(secretsOf(given)));
      if (connection.state === 'active') await wake(room, 'schedule', () => room.wakeups.schedule(connection));
      room.world.log.info('connection.added', { connection: connection.id, state: connection.state });
      return connection;
    },

    async getConnection(id: ConnectionId): Promise<ConnectionDetail> {
      const connection = await get(id);
      const head = await snapshots.head(connection.id);
      return { connection, head, recovery: head.restored && (await recoveryOf(connection, head, head.restored)) };
    },

    listConnections(
      filter: { readonly organization?: OrganizationId },
      after: string | null,
      limit: number,
    ): Promise<Page<Connection>> {
      return connections.list(filter, after, limit);
    },

    /** Edits what is given. With `revision`, only when the record is still at it. */
    async editConnection(
      id: ConnectionId,
      changes: ConnectionChanges,
      revision: number | null = null,
    ): Promise<Edited & { readonly nextSync: NextSync }> {
      const { before, after } = await editing(revision, async (expected) => {
        const before = await get(id);
        if (expected !== null && expected !== before.revision) throw stale();
        if (before.state === 'deleting') throw new Refused('connection_deleting', 'The connection is being removed.');
        await refuseAnotherTenant(before, changes);
        const edit = editOf(before, changes, namerIn(room));
        const edited = { ...before, ...edit };
        refuseLimited(room.reach, changes, before, edited);
        refuseUnless(connectionIssues(edited, changes, room));
        if (changes.attributes !== undefined)
          refuseTakingMapped(before, edited, await room.stores.targets.of(before.id));
        await takeTenant(room, changes, edited);
        if (edited.state === 'active' && edited.credentials === null) {
          throw new Refused(
            'credentials_missing',
            'The connection has no credentials yet. Give client_id and client_secret, or have it connected by its consent link or a setup link.',
          );
        }
        const secrets = { ...secretsOf(changes), ...withoutSecond(before, edited) };
        return { before, after: await connections.edit(before.id, before.revision, edit, secrets) };
      });
      if (before.state !== 'active' && after.state === 'active') await wakeWaiting(after);
      await wake(room, 'schedule', () =>
        after.state === 'active' ? room.wakeups.schedule(after) : room.wakeups.unschedule(id),
      );
      room.world.log.info('connection.edited', { connection: id, revision: after.revision, state: after.state });
      return { before, connection: after, nextSync: await nextSync(before, after) };
    },

    /** Takes it out of service at once; what is stored of it is purged by maintenance. Nothing is done at its targets. */
    async removeConnection(id: ConnectionId, revision: number | null = null): Promise<Edited> {
      const removed = await editing(revision, async (expected) => {
        const before = await get(id);
        if (expected !== null && expected !== before.revision) throw stale();
        const isGone = before.state === 'deleting';
        const after = isGone ? before : await connections.edit(before.id, before.revision, { state: 'deleting' });
        return { before, connection: after };
      });
      await room.stores.setupLinks.close(removed.connection.id);
      await wake(room, 'unschedule', () => room.wakeups.unschedule(id));
      await cancelAll(room, { connection: removed.connection.id });
      room.world.log.info('connection.removed', { connection: id });
      return removed;
    },
  };

  /** Runs that waited for the connection to go on. */
  async function wakeWaiting(connection: Within<Connection>): Promise<void> {
    const { id } = connection;
    const targets = await room.stores.targets.of(id);
    // What somebody approved meanwhile comes before the tenant is read again, as far as that can be said of two queues.
    for (const target of targets) await wake(room, 'provision', () => room.wakeups.provision(target.id, 'delta'));
    await readWhatIsNeeded(room, connection, targets);
    await wake(room, 'sync', () => room.wakeups.sync(id, 'delta'));
  }

  /** What is still to be done since the database was put back; null: nothing. */
  async function recoveryOf({ id }: Within<Connection>, head: Head, { at }: Restored): Promise<Recovery | null> {
    if (isToBeRead(head)) return { since: at, waitsFor: 'full_sync' };
    for (const target of await room.stores.targets.of(id))
      if (isOutdated(target, head, await room.stores.ledger.rules(target.id))) return { since: at, waitsFor: 'plans' };
    return null;
  }

  /** Everybody of the old tenant would be missing in the new one, and would be deprovisioned at every target. */
  async function refuseAnotherTenant(before: Within<Connection>, changes: ConnectionChanges): Promise<void> {
    const { tenantId = before.tenantId } = changes;
    const sameTenant = tenantId?.toLowerCase() === before.tenantId?.toLowerCase();
    const sameCloud = changes.cloud === undefined || changes.cloud === before.cloud;
    // An administrator of this tenant has proved that it is theirs, and nobody of another: credentials that open that one prove no such thing.
    const proved = before.credentials?.kind === 'admin_consent';
    if (proved && !(sameTenant && sameCloud))
      throw new Refused(
        'tenant_fixed',
        'The tenant was proved by admin consent. Add a connection for the other tenant.',
        [{ pointer: sameTenant ? '/cloud' : '/tenant_id', detail: 'cannot be changed' }],
      );
    if ((sameTenant && sameCloud) || (await snapshots.head(before.id)).version === 0) return;
    throw new Refused(
      'tenant_fixed',
      'People of this tenant are stored already. Add a connection for the other tenant.',
      [{ pointer: sameTenant ? '/cloud' : '/tenant_id', detail: 'cannot be changed after the first sync' }],
    );
  }

  async function nextSync(before: Connection, after: Within<Connection>): Promise<NextSync> {
    const sameScope = scopeKey(before.scope) === scopeKey(after.scope);
    const targets = await room.stores.targets.of(after.id);
    const keyOf = (connection: Connection) => attributesKey(asRead(room, connection, targets).attributes);
    const sameAttributes = keyOf(before) === keyOf(after);
    return sameScope && sameAttributes && (await snapshots.head(after.id)).watermark !== null ? 'delta' : 'full';
  }
};

export const newConnection = (given: NewConnection, now: Date): Connection => ({
  ...withFields(given, {
    description: null,
    tenantId: null,
    namedBy: 'operator',
    cloud: 'global',
    credentials: null,
    scope: everyone,
    attributes: defaultAttributes,
    ...defaultIntervals,
    shrinkLimit: defaultShrinkLimit,
  }),
  id: connectionId(newId('con')),
  organization: given.organization,
  name: given.name ?? given.tenantId ?? given.organization,
  vendor: 'MS_ENTRA',
  state: given.clientId === undefined ? 'pending' : 'active',
  problem: null,
  quarantine: null,
  firstReadAt: null,
  trouble: null,
  toldUnwell: null,
  credentialUse: unusedCredentials,
  createdAt: now,
  updatedAt: now,
  revision: 1,
});

type Namer = Connection['namedBy'];
const namerIn = ({ reach }: Pick<Room, 'reach'>): Namer => (isFull(reach) ? 'operator' : 'organization');

type Editable = Required<Omit<ConnectionEdit, 'state' | 'problem' | 'quarantine' | 'trouble' | 'credentialUse'>>;

const withFields = (given: ConnectionFields, base: Editable): Editable => ({
  description: given.description === undefined ? base.description : given.description,
  tenantId: given.tenantId ?? base.tenantId,
  namedBy: base.namedBy,
  cloud: given.cloud ?? base.cloud,
  credentials: credentialsOf(given, base.credentials),
  scope: given.scope ?? base.scope,
  attributes: {
    user: given.attributes?.user ?? base.attributes.user,
    group: given.attributes?.group ?? base.attributes.group,
  },
  refreshIntervalSecs: given.refreshIntervalSecs ?? base.refreshIntervalSecs,
  fullSyncIntervalSecs: given.fullSyncIntervalSecs ?? base.fullSyncIntervalSecs,
  timeoutSecs: given.timeoutSecs ?? base.timeoutSecs,
  shrinkLimit: given.shrinkLimit ?? base.shrinkLimit,
});

/** State and problem are written only when the person means them: the engine may hold the connection back at the same moment. */
const editOf = (before: Connection, changes: ConnectionChanges, namer: Namer): ConnectionEdit => {
  const fields = withFields(changes, before);
  const isMoved = fields.tenantId !== before.tenantId || fields.cloud !== before.cloud;
  const newCredentials = areGiven(changes) || changes.clientSecretEndsAt !== undefined;
  const edit = {
    ...fields,
    ...(newCredentials ? { credentialUse: begunAnew(before) } : {}),
    ...(isMoved ? { credentialUse: unusedCredentials } : {}),
    // Whoever names it again says nothing new, but for the operator: it is meant.
    ...(isMoved || (changes.tenantId !== undefined && namer === 'operator') ? { namedBy: namer } : {}),
    // What was found of other credentials, or of another tenant, says nothing of these.
    ...(areGiven(changes) || isMoved || changes.state === 'active' ? { trouble: null } : {}),
  };
  if (changes.state === 'paused') return { ...edit, state: 'paused' };
  return changes.state === 'active' || areGiven(changes) ? { ...edit, ...letGo(before, changes.state) } : edit;
};

/** Others of the same tenant. */
export const begunAnew = ({ credentialUse: { directoryId, readTwice = false } }: Connection): CredentialUse =>
  directoryId === undefined ? unusedCredentials : { ...unusedCredentials, directoryId, readTwice };

/** New credentials let go of what waited for them; `active` of what a person paused, too. */
export const letGo = ({ state }: Pick<Connection, 'state'>, wanted?: 'active'): ConnectionEdit =>
  wanted === 'active' || state === 'pending' || state === 'quarantined'
    ? { state: 'active', problem: null, quarantine: null }
    : {};

/** A second credential that went with the application it was of. */
const withoutSecond = ({ credentials: before }: Connection, { credentials: after }: Connection): SecretChanges =>
  hasSecond(before) && !hasSecond(after) ? noSecond : {};

const hasSecond = (credentials: Connection['credentials']): boolean => credentialIn({ credentials }, 'second') !== null;
export const noSecond: SecretChanges = { 'second.clientSecret': null, 'second.certificate': null };

export const connectionIssues = (connection: Connection, given: ConnectionFields, room: Around): Issue[] => {
  const issues: Issue[] = [...credentialIssues(connection, given, room), ...trustIssues(connection, given, room)];
  const refuse = (pointer: string, detail: string) => issues.push({ pointer, detail });
  if (connection.credentials !== null && connection.tenantId === null) {
    refuse('/tenant_id', 'must be given together with credentials');
  }
  if (connection.cloud === 'custom' && room.config.customCloud === null) {
    refuse('/cloud', 'no custom cloud is configured on this server');
  }
  return issues;
};

export const refuseUnless = (issues: readonly Issue[]): void => {
  if (issues.length > 0) throw invalid(...issues);
};

const attributesKey = ({ user, group }: AttributeNames): string => JSON.stringify([user.toSorted(), group.toSorted()]);
