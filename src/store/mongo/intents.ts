/**
 * The collection of intents, `_id` = target|operation key. `order` puts the intents of a target in the order they were made:
 * by the fence of the holder, then by its clock, so that clocks that differ between machines do not matter.
 */

import type mongoose from 'mongoose';
import { batches } from '../../core/batches.ts';
import { operationAbout, operationWithout, outcomeAbout } from '../../core/forget.ts';
import { endOf, type Taken } from '../../core/guard.ts';
import { type OperationKey, type RunId, runId, type SourceId, type TargetId, targetId } from '../../model/ids.ts';
import { type Cause, countsAsTaken, type Intent, type Operation, type Outcome } from '../../model/operation.ts';
import type { Lease } from '../leases.ts';
import type { Entry } from '../ledger.ts';
import type { Page } from '../snapshot-store.ts';
import type { Db } from './connect.ts';
import { batchSize, type Fenced, insertMissing } from './fenced-writes.ts';
import { holding, inStretches, within } from './holding.ts';
import { keyset, startsWith } from './keyset.ts';
import { createOutcomes } from './outcomes.ts';

type IntentDocument = Fenced & {
  readonly target: string;
  readonly run: string;
  readonly order: string;
  readonly state: Entry['state'];
  readonly at: Date;
  /** JSON: attribute names are the target's, and may hold `$`, `.` or `__proto__`. */
  readonly operation: string;
  readonly cause: Cause;
};

export const name = 'intents';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [
  { key: { target: 1, state: 1, order: 1 } },
  { key: { target: 1, run: 1, order: 1 } },
];

/** So many operations are searched for somebody in one command, which takes some tenths of a second. */
const stretchSize = 10_000;

export const createIntents = (db: Db, now: () => Date, size = stretchSize) => {
  const collection = db.collection<IntentDocument>(name);
  const outcomes = createOutcomes(db);
  const nextOrder = createOrder(now);
  const entriesOf = async (documents: readonly IntentDocument[]): Promise<readonly Entry[]> => {
    const found = await outcomes.find(documents.map(({ _id }) => _id));
    return documents.map((document) => {
      const { _id, state, order } = document;
      return { ...intentOf(document), state, order, outcome: state === 'settled' ? (found.get(_id) ?? null) : null };
    });
  };

  /** Those that hold the id of somebody, oldest first; after one of this order. */
  async function* naming(
    target: TargetId,
    person: SourceId,
    from: string | null,
  ): AsyncGenerator<readonly IntentDocument[]> {
    const made = (order: ReturnType<typeof within>) => ({
      target,
      state: { $in: [...states] },
      ...(Object.keys(order).length === 0 ? {} : { order }),
    });
    const endOf = async (after: string | null, most: number): Promise<string | null> => {
      const [end] = await collection
        .find(made(within({ after, through: null })))
        .project<Pick<IntentDocument, 'order'>>({ _id: 0, order: 1 })
        .sort({ order: 1 })
        .skip(most - 1)
        .limit(1)
        .toArray();
      return end?.order ?? null;
    };
    for await (const { after, through } of inStretches(endOf, from, size))
      yield* keyset<IntentDocument>((last, limit) =>
        collection
          .find({ ...made(within({ after: last?.order ?? after, through })), operation: holding(person) })
          .sort({ order: 1 })
          .limit(limit)
          .toArray(),
      );
  }

  /** From the newest back: it costs what was done since. */
  const lastBefore = async (target: TargetId, since: Date): Promise<string | null> => {
    const before = { target, state: 'settled', at: { $lt: since } } as const;
    return (await collection.findOne(before, { sort: { order: -1 }, projection: { order: 1 } }))?.order ?? null;
  };

  return {
    add: async (
      lease: Lease,
      intents: readonly { readonly operation: Operation; readonly cause: Cause }[],
    ): Promise<void> => {
      const documents = intents.map(({ operation, cause }) => ({
        _id: idOf(lease.key, operation.key),
        f: lease.fence,
        target: lease.key,
        run: cause.run,
        order: nextOrder(lease),
        state: 'open' as const,
        at: now(),
        operation: JSON.stringify(operation),
        cause,
      }));
      await insertMissing(db, name, documents);
    },
    /** The outcome is on record before the intent closes. */
    close: async (lease: Lease, settled: readonly Outcome[]): Promise<void> => {
      for (const batch of batches(settled, batchSize)) {
        const byId = new Map(batch.map((outcome) => [idOf(lease.key, outcome.key), outcome]));
        await outcomes.add(lease, byId);
        await collection.updateMany({ _id: { $in: [...byId.keys()] }, state: 'open' }, { $set: { state: 'settled' } });
      }
    },
    last: async (target: TargetId): Promise<{ readonly mark: string; readonly run: RunId } | null> => {
      const newest = (state: Entry['state']) =>
        collection.findOne({ target, state }, { sort: { order: -1 }, projection: { order: 1, run: 1 } });
      const [open, settled] = await Promise.all([newest('open'), newest('settled')]);
      const last = (open?.order ?? '') > (settled?.order ?? '') ? open : settled;
      return last && { mark: last.order, run: runId(last.run) };
    },
    async *open(target: TargetId): AsyncGenerator<readonly Intent[]> {
      const pages = keyset<IntentDocument>((last, limit) =>
        collection
          .find({ target, state: 'open', ...(last ? { order: { $gt: last.order } } : {}) })
          .sort({ order: 1 })
          .limit(limit)
          .toArray(),
      );
      for await (const page of pages) yield page.map(intentOf);
    },
    ofRun: async (target: TargetId, run: RunId, after: string | null, limit: number): Promise<Page<Entry>> => {
      const found = await collection
        .find({ target, run, ...(after === null ? {} : { order: { $gt: after } }) })
        .sort({ order: 1 })
        .limit(limit + 1)
        .toArray();
      const page = found.slice(0, limit);
      return { items: await entriesOf(page), next: found.length > limit ? (page.at(-1)?.order ?? null) : null };
    },
    find: async (target: TargetId, key: OperationKey): Promise<Entry | null> => {
      const found = await collection.findOne({ _id: idOf(target, key) });
      return found && ((await entriesOf([found]))[0] ?? null);
    },
    /** The runs that made these operations. */
    runsOf: async (target: TargetId, keys: readonly OperationKey[]): Promise<ReadonlyMap<string, RunId>> => {
      const ids = keys.map((key) => idOf(target, key));
      const found = await collection.find({ _id: { $in: ids } }, { projection: { run: 1 } }).toArray();
      return new Map(found.map(({ _id, run }) => [_id.slice(target.length + 1), runId(run)]));
    },
    /** Those that took effect, or may have: open, or settled as what counts; and how it ended. */
    taken: async (
      target: TargetId,
      keys: readonly OperationKey[],
    ): Promise<ReadonlyMap<string, Pick<Taken, 'end'>>> => {
      const ids = keys.map((key) => idOf(target, key));
      const found = await collection.find({ _id: { $in: ids } }, { projection: { state: 1 } }).toArray();
      const settled = found.filter(({ state }) => state === 'settled').map(({ _id }) => _id);
      const results = await outcomes.find(settled);
      const taken = found.filter(({ _id, state }) => {
        const outcome = results.get(_id);
        return state === 'open' || (state === 'settled' && outcome !== undefined && countsAsTaken(outcome));
      });
      return new Map(
        taken.map(({ _id, state }) => {
          const outcome = state === 'open' ? undefined : results.get(_id);
          return [_id.slice(target.length + 1), { end: endOf(outcome ?? null) }];
        }),
      );
    },
    /** On somebody, and on groups as far as it is them, oldest first. */
    async *about(target: TargetId, person: SourceId, since?: Date): AsyncGenerator<readonly Entry[]> {
      const from = since === undefined ? null : await lastBefore(target, since);
      for await (const page of naming(target, person, from)) {
        const made = page.filter(({ at }) => since === undefined || at >= since);
        const about = (await entriesOf(made)).flatMap((entry) => {
          const operation = operationAbout(entry.operation, person);
          const outcome = entry.outcome && outcomeAbout(entry.outcome, person);
          return operation === null ? [] : [{ ...entry, operation, outcome }];
        });
        if (about.length > 0) yield about;
      }
    },
    /** Operations on somebody, and them in operations on groups. */
    forget: async (target: TargetId, person: SourceId): Promise<void> => {
      for await (const page of naming(target, person, null)) {
        // As an attribute of somebody else, such as their manager, they stay.
        const about = page.filter((document) => operationAbout(intentOf(document).operation, person) !== null);
        const left = about.map((document) => ({
          _id: document._id,
          operation: operationWithout(intentOf(document).operation, person),
        }));
        const theirs = left.flatMap(({ _id, operation }) => (operation === null ? [_id] : []));
        await outcomes.remove(theirs);
        await collection.deleteMany({ _id: { $in: theirs } });
        const others = left.filter(({ operation }) => operation !== null);
        await outcomes.forget(
          others.map(({ _id }) => _id),
          person,
        );
        for (const { _id, operation } of others)
          await collection.updateOne({ _id }, { $set: { operation: JSON.stringify(operation) } });
      }
    },
    /** In batches from the oldest on, so that it never costs more than what it removes. */
    prune: async (target: TargetId, before: Date): Promise<void> => {
      const pages = keyset<Pick<IntentDocument, '_id' | 'at' | 'order'>>(
        (last, limit) =>
          collection
            .find({ target, state: 'settled', ...(last ? { order: { $gt: last.order } } : {}) })
            .project<Pick<IntentDocument, '_id' | 'at' | 'order'>>({ at: 1, order: 1 })
            .sort({ order: 1 })
            .limit(limit)
            .toArray(),
        batchSize,
      );
      for await (const page of pages) {
        const old = page.filter(({ at }) => at < before);
        if (old.length === 0) break;
        const ids = old.map(({ _id }) => _id);
        await outcomes.remove(ids);
        await collection.deleteMany({ _id: { $in: ids } });
      }
    },
    erase: async (target: TargetId): Promise<void> => {
      await outcomes.erase(target);
      await collection.deleteMany({ _id: startsWith(`${target}|`) });
    },
  };
};

const states: readonly Entry['state'][] = ['open', 'settled'];
const idOf = (target: string, key: OperationKey): string => `${target}|${key}`;

/** Fence, then microseconds that never stand still: texts of one length, which sort as the numbers do. */
const createOrder = (now: () => Date) => {
  let last = 0;
  return ({ fence }: Lease): string => {
    last = Math.max(last + 1, now().getTime() * 1_000);
    return `${fence.toString(36).padStart(8, '0')}-${last.toString(36).padStart(11, '0')}`;
  };
};

const intentOf = ({ target, operation, cause, at }: IntentDocument): Intent => ({
  target: targetId(target),
  operation: JSON.parse(operation),
  cause,
  at,
});
