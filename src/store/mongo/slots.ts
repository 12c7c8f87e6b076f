/**
 * A document of the snapshot holds what is committed (`current`) and, beside it, what a draft staged (`next`). What is staged counts for a draft, or
 * for a version on its way in, only when its place is in one of their parts: a batch counts as a whole, from when its own document is there.
 *
 * `kept` is what was staged up to the last place from which the draft can be continued. Without it, a later batch would take that with it when it is
 * broken off, or comes late: whoever continues the draft reads on from that place, and would never see it again.
 *
 * The first version of a snapshot stays as it was staged: everything in it is new, and rolling it forward would write each document a second time. Its
 * parts stand in the head, and what lies in them is committed wherever nothing was since. Whatever is staged over it makes it `current` first.
 */

import { setImmediate } from 'node:timers/promises';
import mongoose from 'mongoose';
import { batches } from '../../core/batches.ts';
import { StaleFence } from '../../model/errors.ts';
import type { Db } from './connect.ts';
import { eachOf } from './each-of.ts';
import { isIn, type Part, type Settled, type Staging } from './places.ts';

/** What a reader goes by: what counts as staged, and what counts as committed beside `current`. */
export type Sight = { readonly parts: readonly Part[]; readonly settled: Settled | null };

export type Slot<C> = C & { readonly place: number };
export type Slotted<C> = {
  readonly _id: string;
  /** The version that last changed `current`; 0 when nothing was committed yet. */
  readonly v: number;
  readonly current?: Slot<C>;
  readonly kept?: Slot<C>;
  readonly next?: Slot<C>;
};

export const stagedIn = <C>({ next, kept }: Slotted<C>, parts: readonly Part[]): Slot<C> | null => {
  if (next && isIn(parts, next.place)) return next;
  return kept && isIn(parts, kept.place) ? kept : null;
};
export const committedIn = <C>({ current, ...document }: Slotted<C>, settled: Settled | null): Slot<C> | null =>
  current ?? (settled && stagedIn(document, settled.parts));
export const effectiveIn = <C>(document: Slotted<C>, { parts, settled }: Sight): Slot<C> | null =>
  stagedIn(document, parts) ?? committedIn(document, settled);

/** `fields` stand beside the slots, whatever becomes of them. `existing`: the document as it was read. */
export type Write<C> = {
  readonly id: string;
  readonly existing: Slotted<C> | null;
  readonly content: C;
  readonly fields?: Readonly<Record<string, unknown>>;
};

type Row = { _id: string; v: number; [field: string]: unknown };
const duplicateKey = 11_000;
/** Serializing so many takes some milliseconds at a stretch; fewer would be more commands. */
const stageSize = 250;

export const slots = (db: Db, name: string) => {
  const rows = db.collection<Row>(name);

  /** Throws `StaleFence` when a later draft or version was there first. */
  const stage = async <C>(writes: readonly Write<C>[], staging: Staging): Promise<void> =>
    eachOf(batches(writes, stageSize), 2, (some) => stageSome(some, staging));

  const stageSome = async <C>(writes: readonly Write<C>[], staging: Staging): Promise<void> => {
    await setImmediate();
    const fresh = writes.filter(({ existing }) => existing === null);
    const there = await insert(fresh.map((write) => documentOf(write, staging)));
    const known = writes.filter(({ existing }) => existing !== null);
    const updates = [...there.flatMap((index) => fresh[index] ?? []), ...known];
    if (updates.length === 0) return;
    const { matchedCount } = await rows.bulkWrite(
      updates.map((write) => ({ updateOne: updateOf(write, staging) })),
      { ordered: false },
    );
    if (matchedCount < updates.length) throw new StaleFence(`A later draft or version has changed ${name}.`);
  };

  /** What is known to be new is inserted, at a tenth of the cost of an upsert. Returns which of them were there after all. */
  const insert = async (documents: readonly Row[]): Promise<readonly number[]> => {
    if (documents.length === 0) return [];
    try {
      await rows.insertMany([...documents], { ordered: false });
      return [];
    } catch (error) {
      if (!(error instanceof mongoose.mongo.MongoBulkWriteError) || error.result.getWriteConcernError()) throw error;
      const failures = [error.writeErrors].flat();
      if (failures.length === 0 || failures.some(({ code }) => code !== duplicateKey)) throw error;
      return failures.map(({ index }) => index);
    }
  };

  return {
    stage,
    /** What was staged at this place becomes what is committed. Harmless to repeat. */
    roll: async (ids: readonly string[], place: number, version: number): Promise<void> => {
      for (const batch of batches(ids, 1_000))
        await rows.updateMany(
          { _id: { $in: [...batch] }, 'next.place': place },
          { $rename: { next: 'current' }, $unset: { kept: '' }, $set: { v: version } },
        );
    },
    /** The same for what is kept, once every `next` that counts was rolled: those that are left do not count. */
    rollKept: async (ids: readonly string[], place: number, version: number): Promise<void> => {
      for (const batch of batches(ids, 1_000))
        await rows.updateMany(
          { _id: { $in: [...batch] }, 'kept.place': place },
          { $rename: { kept: 'current' }, $unset: { next: '' }, $set: { v: version } },
        );
    },
    /** What was staged at this place never counts: it goes. */
    forget: async (ids: readonly string[], place: number): Promise<void> => {
      for (const batch of batches(ids, 1_000)) {
        const these = { _id: { $in: [...batch] } };
        await rows.deleteMany({ ...these, v: 0, 'next.place': place });
        await rows.updateMany({ ...these, 'next.place': place }, { $unset: { next: '' } });
        await rows.updateMany({ ...these, 'kept.place': place }, { $unset: { kept: '' } });
      }
    },
  };
};

const documentOf = <C>({ id, content, fields }: Write<C>, { place }: Staging): Row => ({
  _id: id,
  v: 0,
  ...fields,
  next: { place, ...content },
});

/**
 * A late worker must not reach what a later draft staged (its place is greater) nor what has been committed since it looked (its version is
 * greater). The holder of the newest fence is never refused, for what others staged meanwhile does not count for it, and is overwritten.
 */
const updateOf = <C>(
  { id, existing, content, fields }: Write<C>,
  { place, durable, settled }: Staging,
): mongoose.mongo.UpdateOneModel<Row> => {
  const kept = existing && stagedIn(existing, durable);
  const asStaged = existing && !existing.current ? committedIn(existing, settled) : null;
  const set: Record<string, unknown> = { ...fields, next: { place, ...content } };
  if (kept) set['kept'] = kept;
  if (asStaged && settled) Object.assign(set, { current: asStaged, v: settled.version });
  return {
    filter: { _id: id, v: versionsOf(existing, asStaged ? settled : null), 'next.place': { $not: { $gt: place } } },
    update: kept ? { $set: set } : { $set: set, $unset: { kept: '' } },
  };
};

/** A late worker may make `current` what is so already. That changes nothing, and must not shut out the one in time. */
const versionsOf = (existing: Slotted<unknown> | null, settled: Settled | null): number | { $in: number[] } =>
  settled ? { $in: [0, settled.version] } : (existing?.v ?? 0);
