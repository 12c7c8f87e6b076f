/** What is read of a source, and by which questions. */

import { createHash } from 'node:crypto';
import { own, sameValue } from '../core/attributes.ts';
import type { Connection } from '../model/connection.ts';
import { SourceError } from '../model/errors.ts';
import type { ConnectionId, SourceId } from '../model/ids.ts';
import type { ReadKind } from '../model/operation.ts';
import type { Run } from '../model/run.ts';
import { type Scope, scopeKey } from '../model/scope.ts';
import type { Ask, ReadMode, Saying } from '../source/source.ts';
import type { Lease } from '../store/leases.ts';
import type { Draft, Head, SnapshotStore } from '../store/snapshot-store.ts';
import { assertConnectionAsRead } from './as-read.ts';
import type { Reader } from './cleared.ts';
import type { Engine } from './engine.ts';
import type { Watch } from './lease-keeper.ts';
import { knowTenant } from './note-tenant.ts';
import { EditedMeanwhile, RunRefused } from './reactions.ts';
import { type ReadEnd, readInto } from './read-into.ts';
import type { Report } from './turn.ts';
import { asRead } from './what-is-read.ts';

/**
 * `group`: one group of a larger scope, which proves nothing about anyone else. `preview`: a scope that somebody thinks of. Neither is a place to
 * continue from.
 */
export type What = {
  readonly kind: ReadKind | 'preview';
  readonly scope: Scope;
  readonly read: ReadMode;
};

/** With what is to be read of it: what the rules of its targets need of what may be, and what they protect somebody by, whether or not it is named. */
export const connected = async (engine: Engine, id: ConnectionId): Promise<Connection> => {
  const connection = await engine.stores.connections.get(id);
  if (connection === null || connection.state === 'deleting') {
    throw new RunRefused({ code: 'connection_removed', message: 'The connection was removed.', owner: 'your_team' });
  }
  if (connection.credentials === null || connection.tenantId === null) {
    throw new RunRefused({
      code: 'not_connected',
      message: 'The connection has no tenant or credentials yet.',
      owner: 'your_team',
    });
  }
  return asRead(engine, connection, await engine.stores.targets.of(id));
};

/**
 * A read is asked for what was needed when it began. Committed, it takes away what it was not asked for: also what a target has come to need since, and
 * what the snapshot holds of it. What the snapshot does not hold anyway comes with the next sync.
 */
export const assertNothingNeededLost = async (
  engine: Engine,
  { id, attributes }: Connection,
  base: Head,
): Promise<void> => {
  const now = await connected(engine, id);
  const isLost = (['user', 'group'] as const).some((type) =>
    now.attributes[type].some((name) => !attributes[type].includes(name) && base.attributes[type].has(name)),
  );
  if (isLost) throw new EditedMeanwhile();
};

/** An interrupted draft may be continued only by a run that reads the same things on the same base. */
const signatureOf = (connection: Connection, what: What, head: Head): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        what.kind,
        scopeKey(what.scope),
        connection.attributes,
        connection.tenantId,
        connection.cloud,
        head.version,
      ]),
    )
    .digest('base64url');

const askFor = (snapshots: SnapshotStore, connection: Connection, what: What, draft: Draft): Ask => ({
  scope: what.scope,
  attributes: connection.attributes,
  read: what.read,
  resume: draft.resume,
  watermark: what.kind === 'full' || what.kind === 'delta',
  known: {
    absent: async (refs) => {
      if (refs.length === 0) return new Map();
      const present = await draft.find(refs);
      const missing = refs.filter(({ id }) => !present.has(id));
      if (missing.length === 0) return new Map();
      const remembered = await snapshots.recall(connection.id, missing);
      return new Map(missing.map(({ id }) => [id, remembered.has(id) ? 'left' : 'never_seen']));
    },
    groupsOf: async (ids) => {
      const groups = new Map<SourceId, SourceId[]>();
      for await (const memberships of draft.groupsOf(ids))
        for (const { group, member } of memberships) groups.set(member.id, [...(groups.get(member.id) ?? []), group]);
      return groups;
    },
    unchanged: async (said) => {
      const stored = await draft.find(said.map(({ ref }) => ref));
      const isStored = ({ ref, attributes }: Saying): boolean => {
        const known = stored.get(ref.id)?.attributes;
        return (
          known !== undefined && Object.entries(attributes).every(([name, value]) => sameValue(own(known, name), value))
        );
      };
      return new Set(said.filter(isStored).map(({ ref }) => ref.id));
    },
    withManager: async (ids) => {
      const found = await draft.find(ids.map((id) => ({ type: 'user', id })));
      return new Set(ids.filter((id) => own(found.get(id)?.attributes ?? {}, 'manager') !== null));
    },
    members: (group) => draft.members(group),
  },
});

type Reading = {
  readonly connection: Connection;
  readonly what: What;
  readonly head: Head;
  readonly run: Pick<Run, 'counters'>;
  readonly lease: Lease;
  readonly watch: Watch;
  readonly report: Report;
};

/** Opens the draft that is read into, or goes on with it; `read` reads to the end, or as far as the slice goes. `reader`: who may be asked again. */
export const beginRead = async (
  engine: Engine,
  { connection, what, head, run, lease, watch, report }: Reading,
): Promise<{ readonly draft: Draft; readonly read: () => Promise<ReadEnd | 'slice'>; readonly reader: Reader }> => {
  await report('authenticate', run.counters);
  const source = engine.connectSource(connection, await engine.stores.connections.secrets(connection.id));
  await knowTenant(engine, connection, source, watch.signal);
  const { snapshots } = engine.stores;
  const draft = await snapshots.begin(lease, signatureOf(connection, what, head));
  const ask = askFor(snapshots, connection, what, draft);
  return {
    draft,
    read: () => readInto(engine, draft, source, ask, run.counters, watch, whileAsRead(engine, connection, report)),
    reader: { source, asked: ask.attributes, limit: connection.shrinkLimit, signal: watch.signal },
  };
};

/** Every few seconds it is looked whether somebody edited the connection, or paused it: what was read so far is kept, and the turn ends there. */
const whileAsRead = (engine: Engine, connection: Connection, report: Report): Report => {
  let looked = engine.world.now().getTime();
  return async (...where) => {
    await report(...where);
    const now = engine.world.now().getTime();
    if (now - looked < engine.timing.reportMs) return;
    looked = now;
    await assertConnectionAsRead(engine, connection);
  };
};

/** Whoever continued such a read would believe what it had shown so far. */
export const isOfNobody = (error: unknown): boolean => error instanceof SourceError && error.code === 'empty_read';

/** A group that somebody mistyped, or that hides its members, says nothing about the connection. */
export const isAboutItsGroup = (error: unknown): error is SourceError =>
  error instanceof SourceError && (error.code === 'ScopeGroupNotFound' || error.code === 'MembersHidden');

export const ofItsGroup = ({ code, message }: SourceError): RunRefused =>
  new RunRefused({ code: code ?? 'forbidden', message, owner: 'your_team' });
