/**
 * The collection of the audit log. The number of an entry is its `_id`, so of several processes that add one at the same time the database lets one in,
 * and the others look what the last entry is then. Stopped right after that, nothing is half done: the highest number is noted a moment later, by
 * whoever adds the next.
 */

import type mongoose from 'mongoose';
import pLimit from 'p-limit';
import { placeAfter, sealed } from '../audit-chain.ts';
import type { AuditFilter, AuditLog, Filed, KeptEntry } from '../audit-log.ts';
import type { Db } from './connect.ts';
import { isDuplicate } from './duplicates.ts';
import { keyset } from './keyset.ts';

type EntryDocument = Filed & { readonly _id: number; readonly hash: string; readonly text: string };
type NotedDocument = { readonly _id: string; readonly seq: number };

export const name = 'audit_entries';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [
  { key: { organization: 1, _id: 1 } },
  { key: { subjects: 1, _id: 1 } },
  { key: { actor: 1, _id: 1 } },
];
const notedName = 'audit_noted';
const theOne = 'highest';

export const createMongoAuditLog = (db: Db, now: () => Date): AuditLog => {
  const entries = db.collection<EntryDocument>(name);
  const noted = db.collection<NotedDocument>(notedName);
  /** Within a process they need not race. */
  const oneByOne = pLimit(1);

  const append: AuditLog['append'] = async (entry) => {
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      // The number first: whoever noted it had added the entry before, so an entry that is not found after that was taken out.
      const highest = await notedNow();
      const last = await entries.findOne({}, { sort: { _id: -1 }, projection: { hash: 1 } });
      const kept = sealed(entry, now(), placeAfter(last && { seq: last._id, hash: last.hash }, highest));
      if (!(await isFirst(kept))) continue;
      await note(kept.seq);
      return kept;
    }
    throw new Error(`The audit log was written to by others ${mostAttempts} times in a row; try again.`);
  };

  const isFirst = async ({ seq, hash, text, filed }: KeptEntry): Promise<boolean> => {
    try {
      await entries.insertOne({ _id: seq, hash, text, ...filed });
      return true;
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      return false;
    }
  };

  const notedNow = async (): Promise<number> => (await noted.findOne({ _id: theOne }))?.seq ?? 0;

  const note = async (seq: number): Promise<void> => {
    try {
      await noted.updateOne({ _id: theOne }, { $max: { seq } }, { upsert: true });
    } catch (error) {
      // The very first one, noted twice at once; whoever adds the next notes more.
      if (!isDuplicate(error)) throw error;
    }
  };

  return {
    append: (entry) => oneByOne(() => append(entry)),
    list: async (filter, after, limit) => {
      const found = await entries
        .find({ ...queryOf(filter), ...(after === null ? {} : { _id: { $lt: Number(after) } }) })
        .sort({ _id: -1 })
        .limit(limit + 1)
        .toArray();
      const items = found.slice(0, limit).map(keptOf);
      return { items, next: found.length > limit ? String(items.at(-1)?.seq) : null };
    },
    scan: async function* (filter) {
      const batches = keyset<EntryDocument>((last, limit) =>
        entries
          .find({ ...queryOf(filter), _id: { $gt: last?._id ?? Number.NEGATIVE_INFINITY } })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray(),
      );
      for await (const batch of batches) yield batch.map(keptOf);
    },
    noted: notedNow,
  };
};

/** Each time one of those who race gets through, so this is how many processes may add at the same moment. */
const mostAttempts = 50;

const queryOf = ({ organizations, from, until, subject, ...filter }: AuditFilter) => ({
  ...filter,
  ...(organizations === undefined ? {} : { organization: { $in: [...organizations] } }),
  ...(subject === undefined ? {} : { subjects: subject }),
  ...(from === undefined && until === undefined
    ? {}
    : { at: { ...(from === undefined ? {} : { $gte: from }), ...(until === undefined ? {} : { $lt: until }) } }),
});

const keptOf = ({ _id, hash, text, at, organization, actor, action, step, subjects }: EntryDocument): KeptEntry => ({
  seq: _id,
  hash,
  text,
  filed: { at, organization, actor, action, step, subjects },
});
