/**
 * The collection of outcomes, `_id` = target|operation key. Apart from the intents, because adding a document costs a third of changing one, and
 * because the first outcome of an operation stands: another one meets it and is dropped.
 */

import type mongoose from 'mongoose';
import type { SourceId } from '../../model/ids.ts';
import type { Link, Outcome } from '../../model/operation.ts';
import type { Lease } from '../leases.ts';
import type { Db } from './connect.ts';
import { type Fenced, insertMissing } from './fenced-writes.ts';
import { startsWith } from './keyset.ts';

type OutcomeDocument = Fenced & { readonly outcome: StoredOutcome };
/** What was pushed is JSON: attribute names are the target's, and may hold `$`, `.` or `__proto__`. So is what may be held in its place. */
type StoredLink = Omit<Link, 'pushed' | 'mayHold' | 'mayHoldToo'> & {
  readonly pushed: string;
  readonly mayHold?: string;
  readonly mayHoldToo?: string;
};
type StoredOutcome = Exclude<Outcome, Linking> | (Without<Linking, 'link'> & { readonly link?: StoredLink | null });
type Linking = Exclude<Outcome, { readonly result: 'partly_applied' }>;
/** Of each kind by itself. */
type Without<T, K extends string> = T extends unknown ? Omit<T, K> : never;

export const name = 'outcomes';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [];

export const createOutcomes = (db: Db) => {
  const collection = db.collection<OutcomeDocument>(name);

  return {
    add: (lease: Lease, outcomes: ReadonlyMap<string, Outcome>): Promise<void> =>
      insertMissing(
        db,
        name,
        [...outcomes].map(([_id, outcome]) => ({ _id, f: lease.fence, outcome: storedOf(outcome) })),
      ),
    find: async (ids: readonly string[]): Promise<ReadonlyMap<string, Outcome>> => {
      const found = await collection.find({ _id: { $in: [...ids] } }).toArray();
      return new Map(found.map(({ _id, outcome }) => [_id, outcomeOf(outcome)]));
    },
    /** From among those whom a target refused. */
    forget: async (ids: readonly string[], person: SourceId): Promise<void> => {
      await collection.updateMany(
        { _id: { $in: [...ids] }, 'outcome.refused': person },
        { $pull: { 'outcome.refused': person } },
      );
    },
    remove: async (ids: readonly string[]): Promise<void> => {
      await collection.deleteMany({ _id: { $in: [...ids] } });
    },
    erase: async (target: string): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(`${target}|`) });
    },
  };
};

const storedOf = (outcome: Outcome): StoredOutcome => {
  if (outcome.result === 'partly_applied') return outcome;
  const { link, ...rest } = outcome;
  return link === undefined ? rest : { ...rest, link: link && storedLinkOf(link) };
};

const storedLinkOf = ({ pushed, mayHold, mayHoldToo, ...rest }: Link): StoredLink => ({
  ...rest,
  pushed: JSON.stringify(pushed),
  ...(mayHold === undefined ? {} : { mayHold: JSON.stringify(mayHold) }),
  ...(mayHoldToo === undefined ? {} : { mayHoldToo: JSON.stringify(mayHoldToo) }),
});

const outcomeOf = (stored: StoredOutcome): Outcome => {
  if (stored.result === 'partly_applied') return stored;
  const { link, ...rest } = stored;
  return link === undefined ? rest : { ...rest, link: link && linkOf(link) };
};

const linkOf = ({ pushed, mayHold, mayHoldToo, ...rest }: StoredLink): Link => ({
  ...rest,
  pushed: JSON.parse(pushed),
  ...(mayHold === undefined ? {} : { mayHold: JSON.parse(mayHold) }),
  ...(mayHoldToo === undefined ? {} : { mayHoldToo: JSON.parse(mayHoldToo) }),
});
