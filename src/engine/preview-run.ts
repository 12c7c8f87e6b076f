/**
 * What another scope would mean, before anybody saves it. The scope is read into a draft, as the full sync after saving would read it; on the draft, as if
 * it were committed, each target is planned by the code of its own runs. The plans are kept for a person to look at, and the draft is forgotten: nothing
 * is committed, and nothing is written to a target.
 */

import { expectedShrink } from '../core/shrink.ts';
import type { Connection, Problem } from '../model/connection.ts';
import { ResumeExpired } from '../model/errors.ts';
import type { Counters, PreviewRun } from '../model/run.ts';
import { scopeKey } from '../model/scope.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Lease } from '../store/leases.ts';
import type { Draft } from '../store/snapshot-store.ts';
import { assertGoesOn } from './as-read.ts';
import { type Compared, compareRead } from './compare-read.ts';
import type { Engine } from './engine.ts';
import { inForceForRun, type MappingRefused } from './in-force.ts';
import { type Watch, withLease } from './lease-keeper.ts';
import { planAhead } from './plan-ahead.ts';
import { type PreviewPlace, previewPlaceFrom, withReasons } from './preview-place.ts';
import { TargetBusy } from './reactions.ts';
import { beginRead, connected, isAboutItsGroup, isOfNobody, ofItsGroup, type What } from './source-read.ts';
import type { Report, WorkEnd } from './turn.ts';

export const previewRun = async (
  engine: Engine,
  run: PreviewRun,
  lease: Lease,
  watch: Watch,
  report: Report,
): Promise<WorkEnd> => {
  const connection = { ...(await connected(engine, run.connection)), scope: run.proposed };
  assertGoesOn(run, connection);
  const what: What = { kind: 'preview', scope: run.proposed, read: { mode: 'full' } };
  const head = await engine.stores.snapshots.head(connection.id);
  const { draft, read, reader } = await beginRead(engine, { connection, what, head, run, lease, watch, report });
  try {
    const end = await read();
    if (end === 'slice') return 'slice';
    const compared = await compareRead(engine, draft, what, connection, end, reader, report);
    await engine.failpoint('preview.compared');
    const planned = await planTargets(engine, { run, connection, draft, compared, watch, report });
    if (planned === 'slice') return 'slice';
    await draft.discard();
    const problem = expectedShrink(compared.shrink, connection.shrinkLimit) ?? planned.refused;
    const state = planned.refused === null ? 'succeeded' : 'partially_succeeded';
    return { state, counters: planned.counters, version: null, problem };
  } catch (error) {
    if (isAboutItsGroup(error)) throw ofItsGroup(error);
    if (error instanceof ResumeExpired || isOfNobody(error)) await draft.discard();
    throw error;
  }
};

type Previewing = {
  readonly run: PreviewRun;
  /** With the scope that is thought of. */
  readonly connection: Connection;
  readonly draft: Draft;
  readonly compared: Compared;
  readonly watch: Watch;
  readonly report: Report;
};

/** A turn that goes on with the targets has read the end of the draft once more, so what was read is counted as the first one did. */
const planTargets = async (
  engine: Engine,
  { run, connection, draft, compared, watch, report }: Previewing,
): Promise<{ readonly counters: Counters; readonly refused: Problem | null } | 'slice'> => {
  let place: PreviewPlace = previewPlaceFrom(run.place) ?? { read: compared.counters.read, done: [], at: null };
  const counters = { ...compared.counters, read: place.read, skipped: {}, failed: {} };
  const reads = draft.asCommitted({
    scope: scopeKey(run.proposed),
    counts: compared.recorded.present,
    attributes: connection.attributes,
  });
  const { stores } = engine;
  const noted = async (next: PreviewPlace): Promise<void> => {
    place = next;
    await report('objects', withReasons(counters, next.done), JSON.stringify(next));
  };
  const ahead = { ...engine, stores: { ...stores, snapshots: { ...stores.snapshots, ...reads } } };
  let ofMapping: Problem | null = null;
  for (const kept of await stores.targets.of(connection.id)) {
    if (kept.state !== 'active') continue;
    const { record, refused } = inForceForRun(engine, kept);
    ofMapping ??= refused?.problem ?? null;
    if (place.done.some(({ target }) => target === kept.id)) continue;
    if (refused !== null) {
      // The others are planned all the same.
      await noted({ ...place, done: [...place.done, unplanned(record, refused)], at: null });
      continue;
    }
    const from = place.at?.target === record.id ? place.at : null;
    const planned = await withTarget(engine, record, watch, (lease, own) =>
      planAhead(ahead, { run, connection, record, lease, watch: own }, from, async (phase, at) => {
        if (at === null) await report(phase, withReasons(counters, place.done));
        else await noted({ ...place, at });
      }),
    );
    if (planned === 'slice') return 'slice';
    await noted({ ...place, done: [...place.done, { target: record.id, ...planned }], at: null });
    await engine.failpoint('preview.planned');
  }
  return { counters: withReasons(counters, place.done), refused: ofMapping };
};

/** Counted as one, for nobody of it was looked at. */
const unplanned = ({ id: target }: TargetRecord, { problem: { code } }: MappingRefused) => ({
  target,
  skipped: {},
  failed: { [code]: 1 },
});

/** A plan is made under the lease of its target, as any other. */
const withTarget = async <T>(
  engine: Engine,
  { id }: TargetRecord,
  { signal }: Watch,
  work: (lease: Lease, watch: Watch) => Promise<T>,
): Promise<T> => {
  const held = await withLease(
    engine,
    id,
    async (lease, own) => {
      try {
        return await work(lease, own);
      } catch (error) {
        // What aborted the work is the reason, not the error some call made of it.
        throw own.signal.aborted ? own.signal.reason : error;
      }
    },
    signal,
  );
  if ('result' in held) return held.result;
  throw new TargetBusy(Math.max(1_000, held.busyUntil.getTime() - engine.world.now().getTime()));
};
