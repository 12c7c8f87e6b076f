/**
 * The collection of runs. A queued run holds a slot that names what it does, and the unique index on slots lets only one such run wait; once it has
 * started its slot is its own id. Every step is one compare-and-set on the state, so a run that ended never comes back.
 */

import { randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { laneOf, overtakingRank, rankOf, slotOf, underWay, unfinished } from '../../core/run-queue.ts';
import { type RunId, runId } from '../../model/ids.ts';
import {
  isEnded,
  noCounters,
  type PreviewRun,
  type ProvisionRun,
  type ReconcileRun,
  type Run,
  type Shrink,
  type SyncRun,
} from '../../model/run.ts';
import type { RunFilter, RunStore } from '../run-store.ts';
import type { Collection, Db } from './connect.ts';
import { keyset } from './keyset.ts';

type Stored<R extends Run> = Omit<R, 'id' | 'startedAt'> & {
  readonly _id: string;
  readonly slot: string;
  readonly lane: string;
  /** Lower goes first. Better than the run's own when a person asked for the same. */
  readonly rank: number;
  /** Absent until it starts, so that `$min` keeps the first start. */
  readonly startedAt?: Date;
  /** From its end until whoever is to know of it was told. */
  readonly untold?: true;
  /** Who is at it, and until when nobody else is. */
  readonly teller?: string;
  readonly tellBy?: Date;
};
type RunDocument = Stored<SyncRun> | Stored<ProvisionRun> | Stored<PreviewRun> | Stored<ReconcileRun>;

export const name = 'runs';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [
  { key: { slot: 1 }, unique: true },
  { key: { lane: 1, state: 1, rank: 1, _id: 1 } },
  { key: { state: 1, _id: 1 } },
  { key: { organization: 1, _id: 1 } },
  { key: { connection: 1, _id: 1 } },
  { key: { connection: 1, version: 1, _id: 1 } },
  { key: { target: 1, _id: 1 } },
  { key: { causedBy: 1, _id: 1 } },
  { key: { finishedAt: 1 } },
  { key: { untold: 1 }, sparse: true },
];

const duplicateKey = 11_000;
/** How often a step looks again when somebody else moved the run in between. */
const attempts = 10;
const pruneSize = 1_000;

export const createMongoRunStore = (db: Db, now: () => Date): RunStore => {
  const collection = db.collection<RunDocument>(name);
  const get = async (id: RunId): Promise<Run | null> => runOf(await collection.findOne({ _id: id }));

  return {
    request: async (run) => {
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        if (await insertedInto(collection, run)) return { run, alreadyQueued: false };
        const same = await collection.findOneAndUpdate(
          { $or: [{ slot: slotOf(run) }, { _id: run.id }] },
          { $min: { rank: rankOf(run) } },
        );
        const found = runOf(same);
        if (found?.state === 'queued' && found.id !== run.id) {
          const { notBefore, problem } = run;
          const later = notBefore === null ? { $ne: null } : { $gt: notBefore };
          const queued = { _id: found.id, state: 'queued' as const, notBefore: later };
          const sooner = { $set: { notBefore, problem } };
          const earlier = runOf(await collection.findOneAndUpdate(queued, sooner, { returnDocument: 'after' }));
          return { run: earlier ?? found, alreadyQueued: true };
        }
        if (found) return { run: found, alreadyQueued: found.id !== run.id };
      }
      throw new Error(`The run ${run.id} met another at its slot ${attempts} times; ask again.`);
    },
    get,
    list: async (filter, after, limit) => {
      const found = await collection
        .find({ ...filterOf(filter), ...(after === null ? {} : { _id: { $lt: after } }) })
        .sort({ _id: -1 })
        .limit(limit + 1)
        .toArray();
      const items = found.slice(0, limit).flatMap((document) => runOf(document) ?? []);
      return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    next: async (of, at) => {
      const lane = 'target' in of ? of.target : of.connection;
      const begun = await collection
        .find({ lane, state: { $in: [...underWay] } })
        .sort({ notBefore: 1, _id: 1 })
        .toArray();
      const due = begun.find(({ state, notBefore }) => state === 'running' || notBefore === null || notBefore <= at);
      if (due) return runOf(due);
      const rank = begun.length > 0 ? { rank: { $lt: overtakingRank } } : {};
      const queued = { lane, state: 'queued', ...rank, ...dueAt(at) } as const;
      const found = (await collection.findOne(queued, { sort: { rank: 1, _id: 1 } })) ?? begun[0] ?? null;
      if (found !== null) return runOf(found);
      return runOf(await collection.findOne({ lane, state: 'queued' }, { sort: { notBefore: 1, _id: 1 } }));
    },
    start: async (id, at) =>
      runOf(
        await collection.findOneAndUpdate(
          { _id: id, state: { $in: [...unfinished] } },
          { $set: { state: 'running', notBefore: null, slot: id }, $min: { startedAt: at } },
          { returnDocument: 'after' },
        ),
      ),
    progress: async (id, { phase, counters, place }) => {
      const run = await collection.findOneAndUpdate(
        { _id: id, state: 'running' },
        { $set: { phase, counters, ...(place === undefined ? {} : { place }) } },
        { projection: { cancelRequested: 1 } },
      );
      return { cancelRequested: run?.cancelRequested ?? true };
    },
    postpone: async (id, until, why) => {
      const waiting = { state: 'waiting', notBefore: until, problem: why?.problem ?? null } as const;
      const before = await collection.findOneAndUpdate(
        { _id: id, state: 'running' },
        why?.isFault === true ? { $set: waiting, $inc: { faults: 1 } } : { $set: { ...waiting, faults: 0 } },
        { projection: { cancelRequested: 1 } },
      );
      // Whoever asked to cancel it should not wait as well.
      if (before?.cancelRequested)
        await collection.updateOne({ _id: id, state: 'waiting' }, { $set: { notBefore: null } });
    },
    finish: async (id, state, at, end) => {
      await collection.updateOne(
        { _id: id, state: { $in: [...unfinished] } },
        { $set: { ...ended(id, at), state, ...end } },
      );
    },
    cancel: async (id, at) => {
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        const { matchedCount } = await collection.updateOne(
          { _id: id, state: { $in: ['queued', 'waiting'] } },
          { $set: { ...ended(id, at), state: 'canceled', cancelRequested: true } },
        );
        if (matchedCount === 0)
          await collection.updateOne({ _id: id, state: 'running' }, { $set: { cancelRequested: true } });
        const run = await get(id);
        if (!run || run.cancelRequested || isEnded(run.state)) return run;
      }
      throw new Error(`The run ${id} changed its state ${attempts} times while it was being canceled; ask again.`);
    },
    unfinished: async function* () {
      const at = now();
      const pages = keyset<RunDocument>((last, limit) =>
        collection
          .find({ state: { $in: [...unfinished] }, ...dueAt(at), ...(last ? { _id: { $gt: last._id } } : {}) })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray(),
      );
      for await (const page of pages) yield page.flatMap((document) => runOf(document) ?? []);
    },
    takeUntold: async (limit, ttlMs) => {
      const at = now();
      const free = { untold: true as const, $or: [{ tellBy: { $exists: false } }, { tellBy: { $lte: at } }] };
      const first = await collection.findOne(free);
      if (first === null) return [];
      const some = collection.find({ ...free, organization: first.organization }, { projection: { _id: 1 } });
      const _id = { $in: (await some.limit(limit).toArray()).map((one) => one._id) };
      // Others may take some of them at the same moment: each run is whose mark it bears.
      const teller = randomUUID();
      await collection.updateMany({ _id, ...free }, { $set: { teller, tellBy: new Date(at.getTime() + ttlMs) } });
      const taken = await collection.find({ _id, teller }).toArray();
      return taken.flatMap((document) => runOf(document) ?? []);
    },
    told: async (ids) => {
      await collection.updateMany({ _id: { $in: [...ids] } }, { $unset: { untold: '', teller: '', tellBy: '' } });
    },
    missing: async function* (connection, person) {
      const inSample = { $or: [{ 'shrink.sample': person }, { 'acceptShrink.sample': person }] };
      const pages = keyset<RunDocument>((last, limit) =>
        collection
          .find({ connection, ...inSample, ...(last ? { _id: { $gt: last._id } } : {}) })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray(),
      );
      for await (const page of pages) yield page.flatMap((document) => runOf(document) ?? []);
    },
    forgetPerson: async (connection, person) => {
      for (const field of ['shrink', 'acceptShrink'] as const)
        await collection.updateMany(
          { connection, [`${field}.sample`]: person },
          { $pull: { [`${field}.sample`]: person } },
        );
    },
    prune: async (before) => {
      const old = keyset<{ readonly _id: string }>(
        (_, limit) =>
          collection
            .find({ finishedAt: { $lt: before } })
            .project<{ _id: string }>({ _id: 1 })
            .limit(limit)
            .toArray(),
        pruneSize,
      );
      for await (const page of old) await collection.deleteMany({ _id: { $in: page.map(({ _id }) => _id) } });
    },
    erase: async (connection) => {
      await collection.deleteMany({ connection });
    },
  };
};

const documentOf = (run: Run): RunDocument => {
  const { id, startedAt, ...rest } = run;
  const ours = { _id: id, slot: slotOf(run), lane: laneOf(run), rank: rankOf(run) };
  return { ...rest, ...ours, ...(startedAt ? { startedAt } : {}) };
};

const runOf = (document: RunDocument | null): Run | null => {
  if (!document) return null;
  const { _id, startedAt, ...kept } = document;
  const { slot: _slot, lane: _lane, rank: _rank, untold: _untold, teller: _teller, tellBy: _tellBy, ...run } = kept;
  const counters = { ...noCounters, ...run.counters };
  const found = { ...run, counters, id: runId(_id), startedAt: startedAt ?? null };
  // Runs of earlier versions did not count everything, and amend nothing; and of what they accepted, or were held for, nobody wrote down what it was.
  if (found.kind === 'provision') return { ...found, amends: found.amends ?? null };
  return found.kind === 'sync'
    ? { ...found, acceptShrink: shrinkOf(found.acceptShrink), shrink: shrinkOf(found.shrink) }
    : found;
};

const shrinkOf = (stored: Shrink | boolean | null | undefined): Shrink | null =>
  typeof stored === 'object' ? stored : null;

const insertedInto = async (collection: Collection<RunDocument>, run: Run): Promise<boolean> => {
  try {
    await collection.insertOne(documentOf(run));
    return true;
  } catch (error) {
    if (error instanceof mongoose.mongo.MongoServerError && error.code === duplicateKey) return false;
    throw error;
  }
};

const filterOf = ({
  organizations,
  connection,
  target,
  kind,
  state,
  causedBy,
  version,
  plan,
  isWhole,
  isUnfinished,
}: RunFilter) => ({
  ...(organizations === undefined ? {} : { organization: { $in: [...organizations] } }),
  ...(connection === undefined ? {} : { connection }),
  ...(target === undefined ? {} : { target }),
  ...(kind === undefined ? {} : { kind }),
  ...(state === undefined ? {} : { state }),
  ...(causedBy === undefined ? {} : { causedBy }),
  ...(version === undefined ? {} : { version }),
  ...(plan === undefined ? {} : { plan }),
  // Runs of earlier versions amend nothing.
  ...(isWhole === undefined ? {} : { scope: null, amends: null, dryRun: false }),
  // By what does not change before it ends: whoever walks an index of states misses what moves in it.
  ...(isUnfinished === undefined ? {} : { finishedAt: null }),
});

/** A running one has no `notBefore`. */
const dueAt = (at: Date) => ({ $or: [{ notBefore: null }, { notBefore: { $lte: at } }] });

/** How a run ends, whoever ends it. Where it would go on from names people, and is of no use any more. */
const ended = (id: RunId, at: Date) =>
  ({ phase: 'done', finishedAt: at, notBefore: null, place: null, slot: id, untold: true }) as const;
