/**
 * Epochs: what tells the time after a restore of the database from the time before it. Whatever counts in the database (fences, drafts) goes back with
 * it, while a worker that was at work still holds a number from the time that was lost. So after a restore all of it counts on from a number that no
 * count ever reached: the epoch is the high part of it.
 */

/** Leases of one connection or target in one epoch: one a second would take 68 years. */
const countsPerEpoch = 2 ** 31;
/** Drafts per epoch that lies an hour after the one before; fewer than one is opened in a second turn. */
const versionsPerEpoch = 1_000;

export const firstCountOf = (epoch: number): number => epoch * countsPerEpoch;
export const firstVersionOf = (epoch: number): number => epoch * versionsPerEpoch;
export const epochOf = (count: number): number => Math.floor(count / countsPerEpoch);

/** `mark`: how far the database had counted, as was noted outside of it; null: nobody knows. */
export const hasGoneBack = (count: number, mark: number | null): boolean => mark !== null && mark > count;

/**
 * Greater than every epoch that is known, and named by the hour it begins in: so it is greater than one that nobody knows of any more, because whoever
 * knew it was lost as well.
 */
export const epochAfter = (counts: readonly number[], now: Date): number =>
  Math.max(Math.floor(now.getTime() / 3_600_000), ...counts.map((count) => epochOf(count) + 1));
