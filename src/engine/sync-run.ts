/**
 * The inbound half. One sync run brings the snapshot of a connection to what its source holds now:
 * read → fold → stage, then scope → diff → record, then one commit. A read that did not reach its end changes nothing.
 */

import { createHash } from 'node:crypto';
import { own } from '../core/attributes.ts';
import { type Shrink, shrinkProblem } from '../core/shrink.ts';
import type { Connection } from '../model/connection.ts';
import { ResumeExpired, SourceError, WatermarkExpired } from '../model/errors.ts';
import type { ConnectionId } from '../model/ids.ts';
import { type Counters, countReason, type Run, type SyncRun } from '../model/run.ts';
import { type Scope, scopeKey } from '../model/scope.ts';
import type { Ask, ReadMode } from '../source/source.ts';
import type { Lease } from '../store/leases.ts';
import type { Draft, Head } from '../store/snapshot-store.ts';
import { emptiedGroups } from './emptied-groups.ts';
import type { Engine } from './engine.ts';
import type { Watch } from './lease-keeper.ts';
import { holdConnection } from './quarantine.ts';
import { RunRefused } from './reactions.ts';
import { type ReadEnd, readInto } from './read-into.ts';
import { recordChanges } from './record-changes.ts';
import { newSyncRun, requestAgain, requestProvisioning, restOf } from './request-runs.ts';
import { sweep } from './sweep.ts';
import { type Report, type Turn, takeTurn, type WorkEnd } from './turn.ts';

export const syncTurn = (engine: Engine, connection: ConnectionId, signal: AbortSignal): Promise<Turn> =>
  takeTurn<SyncRun>(
    engine,
    {
      key: connection,
      next: () => engine.stores.runs.next({ connection }, engine.world.now()),
      is: isSync,
      timeoutSecs: async () => (await connected(engine, connection)).timeoutSecs,
      work: (run, lease, watch, report) => syncRun(engine, run, lease, watch, report),
      again: (run) =>
        requestAgain(
          engine,
          newSyncRun(
            { id: connection, organization: run.organization },
            { ...restOf(engine, run), acceptShrink: run.acceptShrink },
          ),
        ),
      quarantine: (problem) => holdConnection(engine, connection, problem),
    },
    signal,
  );

const isSync = (run: Run): run is SyncRun => run.kind === 'sync';

const syncRun = async (engine: Engine, run: SyncRun, lease: Lease, watch: Watch, report: Report): Promise<WorkEnd> => {
  const connection = await connected(engine, run.connection);
  const head = await engine.stores.snapshots.head(connection.id);
  const what = whatToRead(connection, run, head);
  await report('authenticate', run.counters);
  const source = engine.connectSource(connection, await engine.stores.connections.secrets(connection.id));
  const draft = await engine.stores.snapshots.begin(lease, signatureOf(connection, what, head));
  try {
    const end = await readInto(engine, draft, source, askFor(connection, what, draft), run.counters, watch, report);
    if (end === 'slice') return 'slice';
    const committed = await commit(engine, run, connection, what, draft, end, report);
    const proves = committed !== 'slice' && committed.state === 'succeeded' && run.scope === null;
    if (proves && connection.quarantine !== null) await engine.stores.connections.proved(connection.id);
    return committed;
  } catch (error) {
    if (run.scope !== null && isAboutItsGroup(error))
      throw new RunRefused({ code: error.code ?? 'forbidden', message: error.message, owner: 'your_team' });
    if (error instanceof ResumeExpired || isOfNobody(error)) await draft.discard();
    if (!(error instanceof WatermarkExpired)) throw error;
    engine.world.log.warn('sync.reset', { run: run.id, connection: connection.id });
    await forgetWatermark(engine, draft, lease, head);
    return 'slice';
  }
};

/** Whoever continued such a read would believe what it had shown so far. */
const isOfNobody = (error: unknown): boolean => error instanceof SourceError && error.code === 'empty_read';

/** A group that somebody mistyped, or that hides its members, says nothing about the connection. */
const isAboutItsGroup = (error: unknown): error is SourceError =>
  error instanceof SourceError && (error.code === 'ScopeGroupNotFound' || error.code === 'MembersHidden');

/** `group`: one group of a larger scope, which proves nothing about anyone else and is no place to continue from. */
type What = { readonly kind: 'full' | 'delta' | 'group'; readonly scope: Scope; readonly read: ReadMode };

const whatToRead = (connection: Connection, run: SyncRun, head: Head): What => {
  if (run.scope !== null) {
    const { group, nested } = run.scope;
    const within = connection.scope;
    if (within.kind === 'groups' && (!within.groups.includes(group) || (nested && !within.nested))) {
      throw new RunRefused({
        code: 'group_out_of_scope',
        message: `Group ${group}${nested ? ' with the groups in it' : ''} is not within what this connection may read. Change the connection's scope, or run one of its groups.`,
        owner: 'your_team',
      });
    }
    return { kind: 'group', scope: { kind: 'groups', groups: [group], nested }, read: { mode: 'full' } };
  }
  if (run.mode === 'full' || head.watermark === null)
    return { kind: 'full', scope: connection.scope, read: { mode: 'full' } };
  return { kind: 'delta', scope: connection.scope, read: { mode: 'delta', from: head.watermark } };
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

const askFor = (connection: Connection, what: What, draft: Draft): Ask => ({
  scope: what.scope,
  attributes: connection.attributes,
  read: what.read,
  resume: draft.resume,
  watermark: what.kind !== 'group',
  known: {
    groups: async (ids) => new Set((await draft.find(ids.map((id) => ({ type: 'group', id })))).keys()),
    withManager: async (ids) => {
      const found = await draft.find(ids.map((id) => ({ type: 'user', id })));
      return new Set(ids.filter((id) => own(found.get(id)?.attributes ?? {}, 'manager') !== null));
    },
    members: (group) => draft.members(group),
  },
});

const commit = async (
  engine: Engine,
  run: SyncRun,
  connection: Connection,
  what: What,
  draft: Draft,
  end: ReadEnd,
  report: Report,
): Promise<WorkEnd> => {
  await report('scope', end.counters);
  const emptied = await emptiedGroups(engine.stores.snapshots, draft, what.scope);
  if (what.kind !== 'group') await sweep(draft, end.complete);
  const recording = (): Promise<void> => report('diff', end.counters);
  await recording();
  const recorded = await recordChanges(engine.stores.snapshots, draft, recording);
  await engine.failpoint('sync.recorded');
  const missing = what.kind === 'full' ? recorded.missing : { user: 0, group: 0 };
  const held = await holdBack(
    engine,
    run,
    connection,
    draft,
    { missing, known: draft.base.counts, emptied },
    end.counters,
  );
  if (held !== null) return held;
  const counters: Counters = {
    ...end.counters,
    ...recorded.counts,
    unchanged:
      what.kind === 'full'
        ? recorded.present.user + recorded.present.group - recorded.counts.created - recorded.counts.updated
        : end.counters.unchanged,
  };
  await report('commit', counters);
  const head = await draft.commit({
    watermark: what.kind === 'group' ? 'keep' : end.watermark,
    counts: recorded.present,
    full: what.kind === 'full',
    ...(what.kind === 'group' ? {} : { scope: scopeKey(what.scope) }),
  });
  await engine.failpoint('sync.committed');
  engine.observe.committed(connection.id, engine.world.now());
  engine.world.log.info('snapshot.committed', {
    run: run.id,
    connection: connection.id,
    version: head.version,
    created: counters.created,
    updated: counters.updated,
    removed: counters.removed,
  });
  await requestProvisioning(engine, run);
  return { state: 'succeeded', counters, version: head.version, problem: null, read: what.kind };
};

/** A read that shrank too much is forgotten, unless a person accepted that for this run. */
const holdBack = async (
  engine: Engine,
  run: SyncRun,
  connection: Connection,
  draft: Draft,
  shrink: Shrink,
  counters: Counters,
): Promise<WorkEnd | null> => {
  const problem = shrinkProblem(shrink, connection.shrinkLimit);
  if (problem === null) return null;
  const facts = {
    run: run.id,
    connection: connection.id,
    missing_users: shrink.missing.user,
    missing_groups: shrink.missing.group,
    emptied_groups: shrink.emptied.length,
  };
  if (run.acceptShrink) {
    engine.world.log.warn('read.accepted', facts);
    return null;
  }
  engine.world.log.warn('read.held', facts);
  await draft.discard();
  return {
    state: 'held',
    counters: countReason(counters, 'skipped', 'read_shrank', shrink.missing.user + shrink.missing.group),
    version: null,
    problem,
  };
};

/** Commits the base as it is, without a watermark: from now on only a full sync is possible, also for whoever comes after us. */
const forgetWatermark = async (engine: Engine, draft: Draft, lease: Lease, head: Head): Promise<void> => {
  await draft.discard();
  const empty = await engine.stores.snapshots.begin(lease, 'reset');
  await empty.commit({ watermark: null, counts: head.counts, full: false });
};

const connected = async (engine: Engine, id: ConnectionId): Promise<Connection> => {
  const connection = await engine.stores.connections.get(id);
  if (connection === null || connection.state === 'deleting') {
    throw new RunRefused({ code: 'connection_removed', message: 'The connection was removed.', owner: 'your_team' });
  }
  if (connection.credentials === null || connection.tenantId === null) {
    throw new RunRefused({
      code: 'not_connected',
      message: 'The connection has no tenant or credentials yet.',
      owner: 'customer_it',
    });
  }
  return connection;
};
