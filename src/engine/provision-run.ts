/**
 * The outbound half. One provision run brings a target to a committed version of the snapshot:
 * recover → gather → objects (match, map, plan) → references → removals (guard, confirm), each operation intent → apply → settle; position last.
 */

import { batches } from '../core/batches.ts';
import { inWords } from '../core/guard.ts';
import { shield } from '../core/protection.ts';
import type { Connection } from '../model/connection.ts';
import { SourceError, StaleFence } from '../model/errors.ts';
import type { SourceId, TargetId } from '../model/ids.ts';
import type { Exceeded } from '../model/plan.ts';
import type { ProvisionRun, Run } from '../model/run.ts';
import type { Ref } from '../model/source-object.ts';
import { nobodyProtected, type TargetRecord } from '../model/target-record.ts';
import type { Source } from '../source/source.ts';
import type { Secrets } from '../store/connection-store.ts';
import type { Lease } from '../store/leases.ts';
import { exceededWrites } from './count-writes.ts';
import { createsUnderWay } from './creates.ts';
import type { Engine } from './engine.ts';
import { type Gathered, gather, placeOf } from './gather.ts';
import type { Watch } from './lease-keeper.ts';
import { linksOf, type Provisioning } from './provisioning.ts';
import { RunRefused } from './reactions.ts';
import { recover } from './recover.ts';
import { newProvisionRun, requestAgain, restOf } from './request-runs.ts';
import { raiseShield } from './shield.ts';
import type { Chunk } from './steps.ts';
import { type Place, placeFrom, startTally, type Tally, type Wave } from './tally.ts';
import { type Report, type Turn, takeTurn, type WorkEnd } from './turn.ts';
import { atOnce, objectSteps } from './wave-objects.ts';
import { referenceSteps } from './wave-references.ts';
import { provisionRemovals } from './wave-removals.ts';

export const provisionTurn = (engine: Engine, target: TargetId, signal: AbortSignal): Promise<Turn> =>
  takeTurn<ProvisionRun>(
    engine,
    {
      key: target,
      next: () => engine.stores.runs.next({ target }, engine.world.now()),
      is: isProvision,
      timeoutSecs: async () => (await configured(engine, target)).connection.timeoutSecs,
      work: (run, lease, watch, report) => provisionRun(engine, run, lease, watch, report),
      again: (run) => requestAgain(engine, newProvisionRun({ ...run, id: target }, run.causedBy, restOf(engine, run))),
      quarantine: async (problem, error) => {
        // A target's removals are confirmed at the source, so a source's trouble may show here.
        if (!(error instanceof SourceError)) return await engine.stores.targets.hold(target, problem);
        const record = await engine.stores.targets.get(target);
        if (record !== null) await engine.stores.connections.hold(record.connection, problem);
      },
    },
    signal,
  );

const isProvision = (run: Run): run is ProvisionRun => run.kind === 'provision';

const provisionRun = async (
  engine: Engine,
  run: ProvisionRun,
  lease: Lease,
  watch: Watch,
  report: Report,
): Promise<WorkEnd> => {
  const { connection, record } = await configured(engine, run.target);
  const place = placeFrom(run.place, (await engine.stores.snapshots.head(connection.id)).version);
  const target = engine.connectTarget(record, await engine.stores.targets.secrets(record.id));
  let passes = 0;
  const work: Provisioning = {
    engine,
    run,
    connection,
    record,
    source: once(engine, connection, await engine.stores.connections.secrets(connection.id)),
    target,
    lease,
    watch,
    through: place.through,
    shield: shield(nobodyProtected, new Set()),
    exceeded: place.exceeded ?? [],
    pretended: new Map(),
    claims: new Map(),
    creates: createsUnderWay(),
    remoteIds: new Map(),
    nextPass: () => {
      passes += 1;
      return passes;
    },
  };
  return await provision(work, place, report);
};

const provision = async (unprepared: Provisioning, from: Place, report: Report): Promise<WorkEnd> => {
  const { engine, run } = unprepared;
  const tally = startTally(run.counters, report, !run.dryRun);
  await report('recover', run.counters);
  await unprepared.target.ready(unprepared.watch.signal);
  await recover(unprepared);
  await report('gather', run.counters);
  const gathered = await gather(engine.stores, run, from.through);
  const work = await prepared(unprepared, gathered);
  const { exceeded } = work;
  // A dry run keeps what it pretends in memory only, so it goes through in one turn.
  let place: Place = { ...from, exceeded };
  for (const wave of ['objects', 'references'] as const) {
    if (place.wave !== wave) continue;
    const end = await walk(work, gathered, wave, place, tally);
    if (end === 'slice') return 'slice';
    place = { through: place.through, wave: wave === 'objects' ? 'references' : 'removals', after: null, exceeded };
  }
  await tally.checkpoint('guard', place);
  const removals = await provisionRemovals(work, gathered, tally);
  await report('settle', tally.counters());
  const all = [...exceeded, ...removals.exceeded];
  const held = all.length > 0;
  if (held) noteExceeded(work, all);
  await settle(work, gathered, held);
  const failed = Object.keys(tally.counters().failed).length > 0;
  return {
    state: held ? 'held' : failed ? 'partially_succeeded' : 'succeeded',
    counters: tally.counters(),
    version: gathered.through,
    problem: held ? heldProblem(tally, all) : null,
  };
};

/** Knows who is protected and, where that is limited, that it does not create or update too much. */
const prepared = async (work: Provisioning, gathered: Gathered): Promise<Provisioning> => {
  const shielded = { ...work, shield: await raiseShield(work.engine.stores.snapshots, work.record, gathered) };
  return work.run.place === null ? { ...shielded, exceeded: await exceededWrites(shielded, gathered) } : shielded;
};

const noteExceeded = ({ engine, run, record }: Provisioning, exceeded: readonly Exceeded[]): void => {
  for (const { limit, group, wanted, taken, allowed } of exceeded) {
    engine.observe.held(limit);
    engine.world.log.warn('guard.held', { run: run.id, target: record.id, limit, group, wanted, taken, allowed });
  }
};

const walk = async (
  work: Provisioning,
  gathered: Gathered,
  wave: Exclude<Wave, 'removals'>,
  from: Place,
  tally: Tally,
): Promise<'done' | 'slice'> => {
  const done = new Set(from.done);
  let place: Place = { through: from.through, wave, after: from.after, exceeded: work.exceeded };
  let isCut = false;
  // What is begun when the slice ends is finished, so that nothing was asked of the target in vain; nothing more is begun.
  const inSlice = async function* (chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
    for await (const chunk of chunks) {
      yield chunk;
      isCut = work.watch.sliceOver() && !work.run.dryRun;
      if (isCut) return;
    }
  };
  const chunks = inSlice(chunksOf(gathered, from, wave === 'objects' ? atOnce(work) : Number.POSITIVE_INFINITY));
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
  }
  return isCut ? 'slice' : 'done';
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

/** Only a run that looked at everything up to its version moves the position; any other notes only whose members are as wanted. */
const settle = async (work: Provisioning, gathered: Gathered, held: boolean): Promise<void> => {
  if (work.run.dryRun) return;
  await settleGroups(work, gathered, held);
  if (gathered.kind === 'scope' || held) return;
  await releaseGroups(work, gathered);
  await work.engine.stores.ledger.advance(work.lease, gathered.through);
  await work.engine.failpoint('provision.advanced');
};

/** Groups whose members were all pushed for the first time, and those the position will not speak for. */
const settleGroups = async (work: Provisioning, gathered: Gathered, held: boolean): Promise<void> => {
  // What is held back must be found again: groups that are to lose someone stay where they are.
  const mayMove = (id: SourceId): boolean =>
    !held || (gathered.edges.get(id) ?? []).every(({ want }) => want === 'add');
  for await (const items of gathered.groups()) {
    const links = await linksOf(
      work,
      items.map(({ ref }) => ref),
    );
    const reached = [...links.values()].filter(
      ({ membersAt, ref }) => (membersAt === null || gathered.kind === 'scope' || held) && mayMove(ref.id),
    );
    if (reached.length > 0)
      await work.engine.stores.ledger.membersPushed(
        work.lease,
        reached.map(({ ref }) => ref),
        gathered.through,
      );
  }
};

/** Groups that were due and did not fail again (then they would be due later), and whose members are all as wanted, need no more care. */
const releaseGroups = async (work: Provisioning, gathered: Gathered): Promise<void> => {
  const { ledger } = work.engine.stores;
  const retried = new Set<SourceId>();
  for await (const items of gathered.groups())
    for (const { ref, why } of items) if (why === 'retry') retried.add(ref.id);
  if (retried.size === 0) return;
  const due: Ref[] = [];
  for await (const escrows of ledger.dueEscrows(work.record.id))
    due.push(...escrows.map(({ ref }) => ref).filter(({ id }) => retried.has(id)));
  const waiting = new Set<SourceId>();
  for await (const references of ledger.waitingFor(work.record.id, due))
    for (const { owner } of references) waiting.add(owner.id);
  const free = due.filter(({ id }) => !waiting.has(id));
  if (free.length > 0) await ledger.release(work.lease, free);
};

/** Most runs take nothing away and never ask the source. */
const once = (engine: Engine, connection: Connection, secrets: Secrets): (() => Source) => {
  let source: Source | null = null;
  return () => {
    source ??= engine.connectSource(connection, secrets);
    return source;
  };
};

const heldProblem = (tally: Tally, exceeded: readonly Exceeded[]) => ({
  code: 'guard_hold',
  message: `${tally.counters().skipped['guard_hold'] ?? 0} operations are over this target's limits, and none of them was done: ${inWords(exceeded)}. The run's operations show them as planned; raise the limits, or mend the source.`,
  owner: 'your_team' as const,
});

const configured = async (engine: Engine, id: TargetId): Promise<{ connection: Connection; record: TargetRecord }> => {
  const record = await engine.stores.targets.get(id);
  if (record === null || record.state === 'deleting')
    throw new RunRefused({ code: 'target_removed', message: 'The target was removed.', owner: 'your_team' });
  const connection = await engine.stores.connections.get(record.connection);
  if (connection === null || connection.state === 'deleting')
    throw new RunRefused({ code: 'connection_removed', message: 'The connection was removed.', owner: 'your_team' });
  if (record.state !== 'active')
    throw new RunRefused({
      code: `target_${record.state}`,
      message: `The target is ${record.state}; nothing is written to it.`,
      owner: 'your_team',
    });
  return { connection, record };
};
