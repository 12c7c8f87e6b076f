/** The counters of one provision run, and where it is. */

import { z } from 'zod';
import { writeLimits } from '../core/guard.ts';
import { isRefusal, type Refused } from '../core/quarantine.ts';
import { type PlanId, planId, type SourceId, sourceId } from '../model/ids.ts';
import type { Exceeded } from '../model/plan.ts';
import { type Counters, type CountName, count, countReason, type Phase } from '../model/run.ts';
import { type KeptAim, planning } from './aim.ts';
import type { Report } from './turn.ts';

/** `links`: before an approved plan writes to what may be another system (engine/end-links.ts). */
export type Wave = 'links' | 'objects' | 'references' | 'removals';
/** Where an interrupted run continues: the wave, and the last object of it that is done. `through` stays what it was when the run began. */
export type Place = {
  readonly through: number;
  readonly aim: KeptAim;
  /** The plan it makes, should it make one. */
  readonly plan: PlanId;
  /** The rules and the scope it goes by. */
  readonly rules: string;
  /** Which system it writes to (`reachKey`); null: a run from before that was kept. */
  readonly reach: string | null;
  /** By what somebody had let the target be written to when the run began (`Ledger.rules`). */
  readonly accepted: string | null;
  readonly wave: Wave;
  readonly after: string | null;
  /** Objects after `after` that are done and counted all the same, when the run broke off among them. */
  readonly done?: readonly SourceId[];
  /** Limits on creates and updates that the run passes, as it found when it began. */
  readonly exceeded: readonly Exceeded[];
};

export type Tally = {
  readonly counters: () => Counters;
  add(name: CountName, by?: number): void;
  skip(reason: string, by?: number): void;
  fail(reason: string, of: SourceId): void;
  /** What the target was told something of that it does not know any more. Of this turn, for it says something of the target and not of the run. */
  gone(of: readonly SourceId[]): void;
  /** Who has an account, and was refused a name that somebody else at the target has. */
  failByName(reason: string): void;
  /** Of this turn. `objects`: whom it refused something, or does not know any more, however often. Who was refused a name is in none of them. */
  readonly refusedInTurn: () => Refused;
  /** This object of the chunk is done and counted. */
  done(id: SourceId): void;
  readonly doneInChunk: () => readonly SourceId[];
  /** Makes the counters durable together with the place they are counted to. */
  checkpoint(phase: Phase, place: Place): Promise<void>;
};

export const startTally = (from: Counters, report: Report): Tally => {
  let counters = from;
  let done: SourceId[] = [];
  let gone = 0;
  let conflicts = 0;
  const refused = new Set<SourceId>();
  return {
    gone: (of) => {
      gone += of.length;
      for (const id of of) refused.add(id);
    },
    failByName: (reason) => {
      counters = countReason(counters, 'failed', reason, 1);
    },
    refusedInTurn: () => ({ gone, conflicts, objects: refused.size }),
    done: (id) => {
      done.push(id);
    },
    doneInChunk: () => done,
    counters: () => counters,
    add: (name, by = 1) => {
      counters = count(counters, name, by);
    },
    skip: (reason, by = 1) => {
      counters = countReason(counters, 'skipped', reason, by);
    },
    fail: (reason, of) => {
      counters = countReason(counters, 'failed', reason, 1);
      if (isRefusal(reason)) refused.add(of);
      if (reason === 'target_conflict') conflicts += 1;
    },
    checkpoint: async (phase, place) => {
      await report(phase, counters, JSON.stringify(place));
      done = [];
    },
  };
};

const exceededSchema = z.strictObject({
  limit: z.enum(writeLimits),
  group: z.null(),
  wanted: z.int(),
  taken: z.int(),
  allowed: z.int(),
});
const planText = z.string().transform(planId);
const aimSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('provision'), approved: planText.nullable() }),
  z.strictObject({ kind: z.literal('plan'), as: z.enum(planning) }),
  z.strictObject({ kind: z.literal('apply'), plan: planText }),
]);
const placeSchema = z.strictObject({
  through: z.int(),
  aim: aimSchema,
  plan: planText,
  rules: z.string(),
  reach: z.string().nullable().default(null),
  accepted: z.string().nullable().default(null),
  wave: z.enum(['links', 'objects', 'references', 'removals']),
  after: z.string().nullable(),
  done: z.array(z.string().transform(sourceId)).default([]),
  exceeded: z.array(exceededSchema),
});

/** The place a run wrote earlier; null when it has not begun. */
export const placeFrom = (text: string | null): Place | null =>
  text === null ? null : placeSchema.parse(JSON.parse(text));
