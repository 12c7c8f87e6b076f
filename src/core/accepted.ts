/**
 * By what somebody let a target be written to: the rules, the scope that was read, and the epoch of the database, as one text. Where the database was put
 * back since, what is on record of the target is older than the target is.
 */

import type { TargetRecord } from '../model/target-record.ts';

/** When the database was put back from a backup, and the how-many-eth epoch began by that; null: never. */
type Restored = { readonly epoch: number; readonly at: Date } | null;
/** What a snapshot says of how it was read. */
type Read = { readonly scope: string | null; readonly fullAt: Date | null; readonly restored: Restored };

/** `rules`: as one text (`engine/rules-key.ts`). */
export const acceptedText = (rules: string, { scope, restored }: Pick<Read, 'scope' | 'restored'>): string =>
  `${rules}|${scope ?? ''}${epochIn(restored)}`;

/**
 * Whether the database was put back since somebody let this target be written to. A target that was added after that has nothing older. `accepted`: what
 * it is written to by (`Ledger.rules`).
 */
export const isOutdated = (
  record: Pick<TargetRecord, 'createdAt'>,
  { restored }: Pick<Read, 'restored'>,
  accepted: string | null,
): boolean => {
  if (restored === null) return false;
  return accepted === null ? record.createdAt <= restored.at : !accepted.endsWith(epochIn(restored));
};

/** Nobody has been read whole since the database was put back: the snapshot shows another day. */
export const isToBeRead = ({ restored, fullAt }: Pick<Read, 'restored' | 'fullAt'>): boolean =>
  restored !== null && fullAt === null;

/** Whether two that are accepted differ in nothing but the epoch. */
export const isOfSameRules = (one: string, other: string): boolean => withoutEpoch(one) === withoutEpoch(other);

/** The epoch at the end of what is accepted, as it stands there; empty for the first. */
export const epochAtEnd = (accepted: string): string => accepted.slice(withoutEpoch(accepted).length);

const withoutEpoch = (accepted: string): string => accepted.replace(/\|epoch \d+$/, '');

const epochIn = (restored: Restored): string => (restored === null ? '' : `|epoch ${restored.epoch}`);
