/**
 * The chain of the audit log: each entry holds the hash of the one before it, so that none can be altered, taken out or moved without every later one
 * telling. What can still be done is to write the whole chain anew; against that, a hash that was noted elsewhere is held against it.
 */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../core/differences.ts';
import type { AuditEntry, AuditStep } from '../model/audit.ts';
import type { Json, JsonObject } from '../model/target-record.ts';
import type { Filed, KeptEntry, NewAuditEntry } from './audit-log.ts';

/** What the first entry takes for the hash before it. */
export const noHash = '0'.repeat(64);

/**
 * Where the next entry goes when `last` is the last one there is, and `noted` the highest number there ever was. Where entries are missing at the end
 * their numbers are not given again: the gap stays, and tells.
 */
export const placeAfter = (last: Place | null, noted: number): Place | null =>
  noted > (last?.seq ?? 0) ? { seq: noted, hash: last?.hash ?? noHash } : last;

/** The entry as it is kept after `last`; null: as the first. */
export const sealed = (entry: NewAuditEntry, at: Date, last: Pick<KeptEntry, 'seq' | 'hash'> | null): KeptEntry => {
  const whole = { ...entry, at, seq: (last?.seq ?? 0) + 1 };
  const text = canonicalJson(rendered(whole, last?.hash ?? noHash));
  return { seq: whole.seq, hash: hashOf(text), text, filed: filedOf(text) };
};

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

const rendered = (entry: AuditEntry, previous: string): JsonObject => ({
  seq: entry.seq,
  at: entry.at.toISOString(),
  actor: entry.actor,
  organization_id: entry.organization,
  action: entry.action,
  subjects: entry.subjects,
  trace_id: entry.trace,
  ...renderedStep(entry.step),
  previous,
});

const renderedStep = (step: AuditStep): JsonObject => {
  const nothing: { readonly [name: string]: Json } = { asked_in: null, given: null, code: null, differences: null };
  switch (step.kind) {
    case 'asked':
      return { ...nothing, step: step.kind, given: step.given };
    case 'done':
      return {
        ...nothing,
        step: step.kind,
        asked_in: step.of,
        differences: step.differences.map(({ pointer, before, after }) => ({ pointer, before, after })),
      };
    case 'refused':
      return { ...nothing, step: step.kind, asked_in: step.of, code: step.code };
    case 'failed':
      return { ...nothing, step: step.kind, asked_in: step.of };
  }
};

/** What of the text an entry is found by, and what ties it to its place. */
const tied = z.object({
  seq: z.int(),
  previous: z.string(),
  at: z.iso.datetime(),
  actor: z.object({ id: z.string() }),
  organization_id: z.string().nullable(),
  action: z.string(),
  step: z.string(),
  subjects: z.record(z.string(), z.string()),
});

const filedOf = (text: string): Filed => {
  const entry = tied.parse(JSON.parse(text));
  return {
    at: new Date(entry.at),
    organization: entry.organization_id,
    actor: entry.actor.id,
    action: entry.action,
    step: entry.step,
    subjects: Object.values(entry.subjects),
  };
};

export type Place = { readonly seq: number; readonly hash: string };
/** `broken`: the first entry that is not as it was written, or is not there. `entries`: how many before it are. */
export type ChainVerdict =
  | { readonly whole: true; readonly entries: number; readonly last: Place | null }
  | {
      readonly whole: false;
      readonly entries: number;
      /** `isSkipped`: it is missing, and later ones are there. */
      readonly broken: { readonly seq: number; readonly why: string; readonly isSkipped: boolean };
    };

/**
 * Reads the whole chain, oldest first. `noted`: the highest number there ever was, as the store noted it. `expected`: places that were noted elsewhere.
 */
export const verifyChain = async (
  batches: AsyncIterable<readonly KeptEntry[]>,
  noted: number,
  expected: readonly Place[] = [],
): Promise<ChainVerdict> => {
  let last: Place | null = null;
  for await (const batch of batches)
    for (const entry of batch) {
      const why = flawOf(entry, last) ?? strayed(entry, expected);
      const seq: number = (last?.seq ?? 0) + 1;
      if (why !== null) return { whole: false, entries: seq - 1, broken: { seq, why, isSkipped: entry.seq > seq } };
      last = { seq: entry.seq, hash: entry.hash };
    }
  const entries = last?.seq ?? 0;
  const highest = Math.max(noted, ...expected.map(({ seq }) => seq));
  if (highest > entries)
    return {
      whole: false,
      entries,
      broken: {
        seq: entries + 1,
        why: `is not there, and neither is any after it; there were ${highest}`,
        isSkipped: false,
      },
    };
  return { whole: true, entries, last };
};

/** An entry of an export: the same, as one line. Throws what is wrong with a line that is none. */
export const exportedEntry = (line: string): KeptEntry => {
  const { hash, ...entry } = exported.parse(JSON.parse(line));
  const text = canonicalJson(entry);
  return { seq: tied.parse(entry).seq, hash, text, filed: filedOf(text) };
};
const exported = z.looseObject({ hash: z.string() }).catchall(z.json());

const strayed = ({ seq, hash }: KeptEntry, expected: readonly Place[]): string | null =>
  expected.some((place) => place.seq === seq && place.hash !== hash)
    ? 'has another hash than was noted: the chain was written anew'
    : null;

/** What is wrong with an entry that should come right after `last`; null: nothing. */
const flawOf = (entry: KeptEntry, last: Place | null): string | null => {
  const seq = (last?.seq ?? 0) + 1;
  if (entry.seq > seq) return `is not there; the next one is ${entry.seq}`;
  if (entry.seq < seq) return `stands where ${entry.seq} stands a second time`;
  if (hashOf(entry.text) !== entry.hash) return 'was altered: its text has another hash';
  const parsed = tied.safeParse(jsonIn(entry.text));
  if (!parsed.success) return 'is no entry';
  if (parsed.data.seq !== seq) return `was moved: it was written as ${parsed.data.seq}`;
  if (parsed.data.previous !== (last?.hash ?? noHash)) return 'does not follow the one before it';
  return canonicalJson(filedJson(entry.filed)) === canonicalJson(filedJson(filedOf(entry.text)))
    ? null
    : 'is filed as something else than it says';
};

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const filedJson = ({ at, ...filed }: Filed): JsonObject => ({
  ...filed,
  subjects: filed.subjects.toSorted(),
  at: at.getTime(),
});
