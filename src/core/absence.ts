/**
 * When it is believed that somebody is gone. A directory is replicated: a question may meet a replica that is behind, and be told that it knows
 * nothing of an object that is there. So one absence proves nothing about what was seen lately; two of them, apart by more than replicas lag, do.
 */

import type { ReadKind, Why } from '../model/operation.ts';
import type { Standing } from '../model/source-object.ts';

/** Microsoft names no figure for the lag of Entra's replicas; seconds are usual, some minutes were seen. */
export const secondLookMs = 10 * 60_000;
/** What the snapshot has not held for so long was absent in every read since. */
const latelyMs = 24 * 3_600_000;

/**
 * Older than this, what the source said when it was asked about somebody is no reason any more to take something away from them. What is promised are two
 * minutes: this leaves the target half a minute to answer, and as much for a process that stands still in between.
 */
export const freshMs = 60_000;

export type Absence = {
  readonly why: Why;
  /** What the source answers now: it knows nothing of it, or it is there and not in the scope. */
  readonly said: 'gone' | 'out_of_scope';
  /** By what kind of read the snapshot lost it; null where that is not on record. */
  readonly read: ReadKind | null;
  /** When the snapshot lost it. */
  readonly goneAt: Date;
  /** When the source was first asked about it and did not know it; null: now. */
  readonly firstLook: Date | null;
};

export const isAbsent = (standing: Standing | undefined): boolean => standing === 'gone' || standing === 'out_of_scope';

/**
 * Whether an object that the source does not show may be taken for gone. That somebody left the groups of the scope is the source's own word where a
 * delta tells it and the source, asked, shows them outside. Whom it knows nothing of may just as well be hidden by the replica that a delta asked.
 */
export const isProven = ({ why, said, read, goneAt, firstLook }: Absence, now: Date, apartMs = secondLookMs): boolean =>
  why === 'soft_deleted' ||
  why === 'deleted' ||
  why === 'disabled_in_source' ||
  (read === 'delta' && said === 'out_of_scope') ||
  now.getTime() - goneAt.getTime() >= latelyMs ||
  (firstLook !== null && now.getTime() - firstLook.getTime() >= apartMs);
