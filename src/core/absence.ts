/**
 * When it is believed that somebody is gone. A directory is replicated: a question may meet a replica that is behind, and be told that it knows
 * nothing of an object that is there. So one absence proves nothing about what was seen lately; two of them, apart by more than replicas lag, do.
 */

import type { ReadKind, Why } from '../model/operation.ts';
import type { Standing } from '../model/source-object.ts';

/** Microsoft names no figure for the lag of Entra's replicas; seconds are usual, some minutes were seen. */
export const secondLookMs = 10 * 60_000;
/** What every read of so long a time did without is gone. */
const latelyMs = 24 * 3_600_000;
/** Who came back after the last read is known to nobody here: what it said goes together with one answer of now for as long as replicas may lag. */
const recentMs = secondLookMs;

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
  /** When the snapshot lost it, or last saw it change where it holds it still; null: that is not on record. */
  readonly since: Date | null;
  /** When the last read of everybody, or of what changed, began: had it come back before, that would have told. Null: none is on record. */
  readonly readAt: Date | null;
  /** When the source was first asked about it and did not know it; null: now. */
  readonly firstLook: Date | null;
};

export const isAbsent = (standing: Standing | undefined): boolean => standing === 'gone' || standing === 'out_of_scope';

/**
 * Whether an object that the source does not show may be taken for gone. That somebody left the groups of the scope is the source's own word where a
 * delta tells it and the source, asked, shows them outside. Whom it knows nothing of may just as well be hidden by the replica that a delta asked.
 */
export const isProven = (absence: Absence, now: Date, apartMs = secondLookMs): boolean =>
  isToldOutside(absence) || isToldOfLate(absence, now) || isLookedAtTwice(absence, now, apartMs);

/** It is there, asked now, and outside: only where to is in question. */
const isToldOutside = ({ why, said, read }: Absence): boolean =>
  said === 'out_of_scope' && (read === 'delta' || isWord(why));

/**
 * What was said long ago is no word about now: somebody may have come back since, to a replica that was not asked. That they were disabled does not go
 * together with not being known: they may have been enabled again, and be hidden.
 */
const isToldOfLate = ({ why, since, readAt }: Absence, now: Date): boolean => {
  const toldAt = Math.max(since?.getTime() ?? 0, readAt?.getTime() ?? 0);
  if (now.getTime() - toldAt >= recentMs) return false;
  return isDeletion(why) || (isLoss(why) && since !== null && toldAt - since.getTime() >= latelyMs);
};

/** A look from before the snapshot lost it, or saw it change, is one at somebody who has been seen since. */
export const isLookStale = ({ since, firstLook }: Pick<Absence, 'since' | 'firstLook'>): boolean =>
  since !== null && firstLook !== null && firstLook < since;

const isLookedAtTwice = (absence: Absence, now: Date, apartMs: number): boolean =>
  absence.firstLook !== null && !isLookStale(absence) && now.getTime() - absence.firstLook.getTime() >= apartMs;

/** The source said so itself; it is not concluded from what it did not show. */
const isWord = (why: Why): boolean => isDeletion(why) || why === 'disabled_in_source';
const isDeletion = (why: Why): boolean => why === 'soft_deleted' || why === 'deleted';
/** The snapshot does not hold it any more, for want of having seen it. */
const isLoss = (why: Why): boolean => why === 'missing' || why === 'out_of_scope';
