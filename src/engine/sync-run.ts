/**
 * The inbound half. One sync run brings the snapshot of a connection to what its source holds now:
 * read → fold → stage, then scope → diff → record, then one commit. A read that did not reach its end changes nothing.
 */

import { areRead } from '../core/read-attributes.ts';
import { isWithin } from '../core/scope.ts';
import { shrinkProblem, shrunkBy } from '../core/shrink.ts';
import type { Connection, Problem } from '../model/connection.ts';
import { ResumeExpired, SourceError, WatermarkExpired } from '../model/errors.ts';
import type { ConnectionId } from '../model/ids.ts';
import type { ReadKind } from '../model/operation.ts';
import {
  type Counters,
  countReason,
  isOfTarget,
  type PreviewRun,
  type Run,
  type Shrink,
  type SyncRun,
} from '../model/run.ts';
import { type Scope, scopeKey } from '../model/scope.ts';
import type { Lease } from '../store/leases.ts';
import type { Draft, Head } from '../store/snapshot-store.ts';
import { assertConnectionAsRead, assertGoesOn } from './as-read.ts';
import type { Reader } from './cleared.ts';
import { compareRead } from './compare-read.ts';
import { readCredentialEnds } from './credential-life.ts';
import type { Engine } from './engine.ts';
import type { Watch } from './lease-keeper.ts';
import { nextRun } from './next-run.ts';
import { noteEnd, noteTrouble } from './note-reading.ts';
import { previewRun } from './preview-run.ts';
import { planningSecs } from './provision-run.ts';
import { holdConnection } from './quarantine.ts';
import { RunRefused } from './reactions.ts';
import type { ReadEnd } from './read-into.ts';
import { newPreviewRun, newSyncRun, requestAgain, requestProvisioning, restOf } from './request-runs.ts';
import {
  assertNothingNeededLost,
  beginRead,
  connected,
  isAboutItsGroup,
  isOfNobody,
  ofItsGroup,
  type What,
} from './source-read.ts';
import { type Report, type Turn, takeTurn, type WorkEnd } from './turn.ts';

/** What reads the source of a connection: its sync runs, and previews of another scope. */
export const syncTurn = (engine: Engine, connection: ConnectionId, signal: AbortSignal): Promise<Turn> =>
  takeTurn<SyncRun | PreviewRun, Connection>(
    engine,
    {
      key: connection,
      // It changes nothing outside.
      quietMs: 0,
      next: () => nextRun(engine, { connection }),
      is: readsSource,
      goesBy: async (run) => {
        const by = await connected(engine, connection);
        return { by, timeoutSecs: run.kind === 'preview' ? Math.max(by.timeoutSecs, planningSecs) : by.timeoutSecs };
      },
      work: (run, lease, watch, report) =>
        run.kind === 'preview'
          ? previewRun(engine, run, lease, watch, report)
          : syncRun(engine, run, lease, watch, report),
      again: (run) => requestAgain(engine, sameAgain(engine, run)),
      troubled: async (run, problem, error, by) => {
        // A preview reads by another scope, and a run that is refused was asked for wrongly.
        if (run.kind === 'sync' && !(error instanceof RunRefused)) await noteTrouble(engine, run, problem, by);
      },
      // A preview asks targets, too; whether one of them is to be held back is found by its own runs.
      quarantine: async (problem, error, by) =>
        error instanceof SourceError ? await holdConnection(engine, by, problem) : true,
    },
    signal,
  );

const readsSource = (run: Run): run is SyncRun | PreviewRun => !isOfTarget(run);

const sameAgain = (engine: Engine, run: SyncRun | PreviewRun): Run => {
  const of = { id: run.connection, organization: run.organization };
  const rest = restOf(engine, run);
  return run.kind === 'preview'
    ? newPreviewRun(of, { ...rest, proposed: run.proposed })
    : newSyncRun(of, { ...rest, acceptShrink: run.acceptShrink });
};

const syncRun = async (engine: Engine, run: SyncRun, lease: Lease, watch: Watch, report: Report): Promise<WorkEnd> => {
  const connection = await connected(engine, run.connection);
  assertGoesOn(run, connection);
  const head = await engine.stores.snapshots.head(connection.id);
  const what = whatToRead(connection, run, head);
  const { draft, read, reader } = await beginRead(engine, { connection, what, head, run, lease, watch, report });
  try {
    const end = await read();
    if (end === 'slice') return 'slice';
    const committed = await commit(engine, run, connection, what, draft, end, reader, report);
    if (committed !== 'slice') await noteEnd(engine, run, connection, committed.problem);
    const proves = committed !== 'slice' && committed.state === 'succeeded' && run.scope === null;
    if (proves && connection.quarantine !== null) await engine.stores.connections.proved(connection.id);
    if (proves) await readCredentialEnds(engine, connection, reader.source, watch.signal);
    return committed;
  } catch (error) {
    if (run.scope !== null && isAboutItsGroup(error)) throw ofItsGroup(error);
    if (error instanceof ResumeExpired || isOfNobody(error)) await draft.discard();
    if (!(error instanceof WatermarkExpired)) throw error;
    engine.world.log.warn('sync.reset', { run: run.id, connection: connection.id });
    await forgetWatermark(engine, draft, lease, head);
    return 'slice';
  }
};

type SyncRead = What & { readonly kind: ReadKind };

const whatToRead = (connection: Connection, run: SyncRun, head: Head): SyncRead => {
  if (run.scope !== null) {
    const { group, nested } = run.scope;
    const scope: Scope = { kind: 'groups', groups: [group], nested };
    if (!isWithin(scope, connection.scope)) {
      throw new RunRefused({
        code: 'group_out_of_scope',
        message: `Group ${group}${nested ? ' with the groups in it' : ''} is not within what this connection may read. Change the connection's scope, or run one of its groups.`,
        owner: 'your_team',
      });
    }
    return { kind: 'group', scope, read: { mode: 'full' } };
  }
  // Who was read without an attribute that is wanted now is shown by no change.
  if (run.mode === 'full' || head.watermark === null || !areRead(connection.attributes, head.attributes))
    return { kind: 'full', scope: connection.scope, read: { mode: 'full' } };
  return { kind: 'delta', scope: connection.scope, read: { mode: 'delta', from: head.watermark } };
};

const commit = async (
  engine: Engine,
  run: SyncRun,
  connection: Connection,
  what: SyncRead,
  draft: Draft,
  end: ReadEnd,
  reader: Reader,
  report: Report,
): Promise<WorkEnd> => {
  const { recorded, shrink, counters } = await compareRead(engine, draft, what, connection, end, reader, report);
  await engine.failpoint('sync.recorded');
  const held = await holdBack(engine, run, connection, draft, shrink, end.counters);
  if (held !== null) return held;
  await report('commit', counters);
  await assertConnectionAsRead(engine, connection);
  await assertNothingNeededLost(engine, connection, draft.base);
  const head = await draft.commit({
    watermark: what.kind === 'group' ? 'keep' : end.watermark,
    counts: recorded.present,
    full: what.kind === 'full',
    attributes: connection.attributes,
    by: { run: run.id, kind: what.kind },
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
  if (run.trigger === 'notification' && isEmpty(counters)) await lookOnceMore(engine, run);
  return { state: 'succeeded', counters, version: head.version, problem: null, read: what.kind };
};

const isEmpty = ({ created, updated, removed, membersAdded, membersRemoved }: Counters): boolean =>
  created + updated + removed + membersAdded + membersRemoved === 0;

const onceMoreMs = 120_000;
const notShownYet: Problem = {
  code: 'change_not_shown',
  message: 'Microsoft Graph said that something changed, and did not show it when it was asked; it is asked once more.',
  owner: 'microsoft',
};

/** Graph said that something changed and does not show it yet: its delta query may be behind what it says. */
const lookOnceMore = async (engine: Engine, { connection, organization, id }: SyncRun): Promise<void> => {
  const at = engine.world.now();
  const wanted = { mode: 'delta', scope: null, dryRun: false, trigger: 'retry' } as const;
  const notBefore = new Date(at.getTime() + onceMoreMs);
  const asked = { ...wanted, id: engine.newRunId(), at, notBefore, problem: notShownYet };
  const run = newSyncRun({ id: connection, organization }, asked);
  await engine.stores.runs.request({ ...run, causedBy: id });
};

/** A read that shrank too much is forgotten, unless a person has seen it, or one that shrank at least as much of the same, and let this run pass. */
const holdBack = async (
  engine: Engine,
  run: SyncRun,
  connection: Connection,
  draft: Draft,
  shrink: Shrink,
  counters: Counters,
): Promise<WorkEnd | null> => {
  const problem = shrinkProblem(shrink, connection.shrinkLimit, run.acceptShrink);
  const isAccepted = problem === null && shrinkProblem(shrink, connection.shrinkLimit, null) !== null;
  if (problem === null && !isAccepted) return null;
  const facts = {
    run: run.id,
    connection: connection.id,
    missing_users: shrink.missing.user,
    missing_groups: shrink.missing.group,
    drained_groups: shrink.drained.length,
    cleared_attributes: shrink.cleared.length,
  };
  if (problem === null) {
    engine.world.log.warn('read.accepted', facts);
    return null;
  }
  engine.world.log.warn('read.held', facts);
  await draft.discard();
  return {
    state: 'held',
    counters: countReason(counters, 'skipped', 'read_shrank', shrunkBy(shrink)),
    version: null,
    problem,
    shrink,
  };
};

/** Commits the base as it is, without a watermark: from now on only a full sync is possible, also for whoever comes after us. */
const forgetWatermark = async (engine: Engine, draft: Draft, lease: Lease, head: Head): Promise<void> => {
  await draft.discard();
  const empty = await engine.stores.snapshots.begin(lease, 'reset');
  await empty.commit({ watermark: null, counts: head.counts, full: false });
};
