/**
 * The outbound half. One provision run brings a target to a committed version of the snapshot:
 * recover → gather → objects (match, map, plan) → references → removals (guard, confirm), each operation intent → apply → settle; position last.
 */

import { batches } from '../core/batches.ts';
import { SourceError, StaleFence } from '../model/errors.ts';
import type { TargetId } from '../model/ids.ts';
import { isOfTarget, type ProvisionRun, type ReconcileRun, type TargetRun } from '../model/run.ts';
import type { Lease } from '../store/leases.ts';
import { isOfPlan } from './aim.ts';
import { assertAsRead, assertGoesOn } from './as-read.ts';
import { beginHeld } from './begin-held.ts';
import { beginRun, restOfRun } from './begin-run.ts';
import { conclude, endPlanned } from './conclude.ts';
import { type Configured, configured } from './configured.ts';
import { exceededWrites } from './count-writes.ts';
import { endLinks } from './end-links.ts';
import { type Engine, inFlightMs } from './engine.ts';
import { type Gathered, gather, type Known, placeOf } from './gather.ts';
import type { Watch } from './lease-keeper.ts';
import { linksByPath } from './links-by-path.ts';
import { nextRun } from './next-run.ts';
import { meetTarget } from './owed-looks.ts';
import { isDry, type Provisioning, placeAt } from './provisioning.ts';
import { holdConnection, holdTarget } from './quarantine.ts';
import { RunRefused } from './reactions.ts';
import { reconcileRun } from './reconcile-run.ts';
import { recover } from './recover.ts';
import { gatherRepair } from './repair.ts';
import { requestAgain } from './request-runs.ts';
import { doubtProblem, rememberGuarded, shieldedFor } from './shield.ts';
import type { Chunk } from './steps.ts';
import { stopIfRefused } from './stop-if-refused.ts';
import { takeAwayOnly } from './take-away-only.ts';
import { type Place, placeFrom, startTally, type Tally, type Wave } from './tally.ts';
import { type Report, type Turn, takeTurn, type WorkEnd } from './turn.ts';
import { gatherNothing, undo } from './undo.ts';
import { atOnce, objectSteps } from './wave-objects.ts';
import { referenceSteps } from './wave-references.ts';
import { provisionRemovals } from './wave-removals.ts';
import { ready, workAt } from './work-at.ts';

/** Runs of a target are worked on one after the other, whichever they are. */
export const provisionTurn = (engine: Engine, target: TargetId, signal: AbortSignal): Promise<Turn> =>
  takeTurn<TargetRun, Configured>(
    engine,
    {
      key: target,
      quietMs: engine.timing.inFlightMs ?? inFlightMs,
      next: () => nextRun(engine, { target }),
      is: isOfTarget,
      goesBy: async (run) => {
        const by = await configured(engine, target);
        const { timeoutSecs } = by.connection;
        const isPlanning = run.kind === 'reconcile' || placeFrom(run.place)?.aim.kind === 'plan';
        return { by, timeoutSecs: isPlanning ? Math.max(timeoutSecs, planningSecs) : timeoutSecs };
      },
      work: async (run, lease, watch, report) =>
        run.kind === 'reconcile'
          ? await reconcile(engine, run, lease, watch, report)
          : await provisionRun(engine, run, lease, watch, report),
      again: async (run) => {
        // A list that takes longer than a day does not get done by beginning it anew.
        if (run.kind === 'provision') await requestAgain(engine, { ...restOfRun(engine, run), plan: run.plan });
      },
      // Of a target that is told by its runs.
      troubled: async () => {},
      // A target's removals are confirmed at the source, so a source's trouble may show here.
      quarantine: (problem, error, { connection, record }) =>
        error instanceof SourceError
          ? holdConnection(engine, connection, problem)
          : holdTarget(engine, record, problem),
    },
    signal,
  );

/** What a run wrote is kept when it is over its time. A plan is made by one run, or not at all: of a large tenant it takes hours to ask the target. */
export const planningSecs = 86_400;

/** Throws `RunRefused` where the mapping is refused: what is wanted of the accounts cannot be said. */
const reconcile = async (
  engine: Engine,
  run: ReconcileRun,
  lease: Lease,
  watch: Watch,
  report: Report,
): Promise<WorkEnd> => {
  const { record, refused } = await configured(engine, run.target);
  if (refused !== null) throw new RunRefused(refused.problem);
  return await reconcileRun(linksByPath(engine, record), record, run, lease, watch, report);
};

const provisionRun = async (
  unnamed: Engine,
  run: ProvisionRun,
  lease: Lease,
  watch: Watch,
  report: Report,
): Promise<WorkEnd> => {
  const { connection, record, refused } = await configured(unnamed, run.target);
  const engine = linksByPath(unnamed, record);
  assertGoesOn(run, connection);
  const isPlain = run.amends === null && !run.dryRun && run.plan === null && run.scope === null;
  if (refused !== null && !isPlain) throw new RunRefused(refused.problem);
  const begun = await beginRun(engine, { run, connection, record, lease, watch });
  if ('state' in begun) return begun;
  const { aim, written, reached } = begun;
  if (written !== null && aim.kind === 'plan') return endPlanned(run, aim.as, written, reached);
  const work = await workAt(engine, { run, connection, record, lease, watch }, begun);
  if (refused !== null) return await takeAwayOnly(work, begun.known, refused, report);
  return await provision(work, begun.place, begun.known, report);
};

/** Goes through the waves, from a place on. */
export const provision = async (unready: Provisioning, from: Place, known: Known, report: Report): Promise<WorkEnd> => {
  const { engine, run } = unready;
  const tally = startTally(run.counters, report);
  await report('recover', run.counters);
  const unprepared = await ready(unready);
  await recover(unprepared);
  await report('gather', run.counters);
  if (run.amends?.kind === 'undo') {
    const undoing = await prepared(unprepared, gatherNothing(from.through));
    return refuseInDoubt(undoing, tally) ?? (await undo(undoing, run.amends.run, from, tally));
  }
  const met = await meetTarget(unprepared, known);
  const gathered =
    run.amends === null
      ? await gather(engine.stores, run, from.through, known, met)
      : await gatherRepair(unprepared, run.amends.run, from.through);
  const unbegun = { ...(await prepared(unprepared, gathered)), looksAtAll: gathered.kind === 'everything' };
  // Whoever leaves the tenant while the run is under way, or before the next, is known to have been protected when it began; also by one that only plans.
  if (run.place === null && !isPreview(unbegun)) await rememberGuarded(unbegun, true);
  const inDoubt = refuseInDoubt(unbegun, tally);
  if (inDoubt !== null) return inDoubt;
  const work = await beginHeld(unbegun, gathered);
  let place: Place = { ...from, exceeded: work.exceeded };
  if (place.wave === 'links') {
    if ((await endLinks(work, place, tally)) === 'slice') return 'slice';
    place = placeAt(work, 'objects');
  }
  for (const wave of ['objects', 'references'] as const) {
    if (place.wave !== wave) continue;
    const end = await walk(work, gathered, wave, place, tally);
    if (end === 'slice') return 'slice';
    place = placeAt(work, wave === 'objects' ? 'references' : 'removals');
  }
  await tally.checkpoint('guard', place);
  const judged = await provisionRemovals(work, gathered, tally);
  stopIfRefused(work, tally);
  await report('settle', tally.counters());
  const end = await conclude(work, gathered, tally, judged, known === 'accepted');
  if (!isDry(work)) await rememberGuarded(work, end.state === 'held');
  await noteProved(work, end);
  return end;
};

/** It holds no lease of the target, and looks at another scope than the saved one. */
const isPreview = ({ aim }: Provisioning): boolean => aim.kind === 'plan' && aim.as === 'preview';

/** Knows who is protected and, where that is limited, that it does not create or update too much. */
const prepared = async (work: Provisioning, gathered: Gathered): Promise<Provisioning> => {
  const shielded = await shieldedFor(work, gathered);
  return work.run.place === null
    ? { ...shielded, exceeded: [...(await exceededWrites(shielded, gathered))] }
    : shielded;
};

/** What a person approved is carried out as a whole: not before it is known whom it must leave out. */
const refuseInDoubt = (work: Provisioning, tally: Tally): WorkEnd | null => {
  const { aim, engine, run, record } = work;
  const problem = isOfPlan(aim) ? doubtProblem(work) : null;
  if (problem === null) return null;
  engine.observe.held('protection');
  const groups = work.shield.unreadable.length;
  engine.world.log.warn('protection.unknown', { run: run.id, target: record.id, operations: 0, groups });
  return { state: 'held', counters: tally.counters(), version: null, problem };
};

const walk = async (
  work: Provisioning,
  gathered: Gathered,
  wave: Extract<Wave, 'objects' | 'references'>,
  from: Place,
  tally: Tally,
): Promise<'done' | 'slice'> => {
  const done = new Set(from.done);
  let place: Place = { ...placeAt(work, wave), after: from.after };
  let isCut = false;
  // What is begun when the slice ends is finished, so that nothing was asked of the target in vain; nothing more is begun.
  const inSlice = async function* (chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
    for await (const chunk of chunks) {
      yield chunk;
      isCut = work.watch.sliceOver();
      if (isCut) return;
    }
  };
  const chunks = inSlice(chunksOf(gathered, from, wave === 'objects' ? atOnce(work) : Number.POSITIVE_INFINITY));
  // Until the target was ready, and what was open was looked up, minutes may have passed.
  await assertAsRead(work);
  const steps = wave === 'objects' ? objectSteps(work, chunks) : referenceSteps(work, gathered, chunks);
  for await (const { last, carryOut } of steps) {
    try {
      await carryOut(tally);
    } catch (error) {
      // Whoever holds a newer fence has this run now; anybody else's work so far counts.
      if (!(error instanceof StaleFence))
        await tally.checkpoint(wave, { ...place, done: [...done, ...tally.doneInChunk()] });
      throw error;
    }
    done.clear();
    place = { ...place, after: placeOf(last) };
    await tally.checkpoint(wave, place);
    await work.engine.failpoint(`provision.${wave}`);
    stopIfRefused(work, tally);
    await assertAsRead(work);
  }
  return isCut ? 'slice' : 'done';
};

/** A quarantine is forgotten once everything could be written. A run that only plans proves nothing, and neither does one of a single group. */
const noteProved = async (work: Provisioning, end: WorkEnd): Promise<void> => {
  if (work.record.quarantine === null || isDry(work) || work.run.scope !== null) return;
  if (end !== 'slice' && end.state === 'succeeded') await work.engine.stores.targets.proved(work.record.id);
};

/** Without those an earlier turn is done with. */
async function* chunksOf(gathered: Gathered, { after, done = [] }: Place, size: number): AsyncGenerator<Chunk> {
  const earlier = new Set(done);
  for await (const items of gathered.items(after)) {
    for (const some of batches(items, Math.min(size, items.length))) {
      const last = some.at(-1);
      if (last !== undefined) yield { items: some.filter(({ ref }) => !earlier.has(ref.id)), last: last.ref };
    }
  }
}
