/** Where an interrupted preview continues once the scope was read: the targets that are planned, and how far the next one is. */

import { z } from 'zod';
import { type TargetId, targetId } from '../model/ids.ts';
import { type Counters, countReason } from '../model/run.ts';

/** Who gets nothing, and why. */
export type Left = Pick<Counters, 'skipped' | 'failed'>;
export type TargetPlace = Left & {
  readonly target: TargetId;
  /** As a provision run keeps it. */
  readonly place: string;
};
export type PreviewPlace = {
  /** How many objects the scope holds. */
  readonly read: number;
  readonly done: readonly (Left & { readonly target: TargetId })[];
  readonly at: TargetPlace | null;
};

const reasons = z.record(z.string(), z.int());
const left = { target: z.string().transform(targetId), skipped: reasons, failed: reasons };
const placeSchema = z.strictObject({
  read: z.int(),
  done: z.array(z.strictObject(left)),
  at: z.strictObject({ ...left, place: z.string() }).nullable(),
});

/** Null while the scope is still being read. */
export const previewPlaceFrom = (text: string | null): PreviewPlace | null =>
  text === null ? null : placeSchema.parse(JSON.parse(text));

/** What the preview counts, with who is left out at any of these targets. */
export const withReasons = (counters: Counters, targets: readonly Left[]): Counters => {
  let all = counters;
  for (const { skipped, failed } of targets) {
    for (const [reason, by] of Object.entries(skipped)) all = countReason(all, 'skipped', reason, by);
    for (const [reason, by] of Object.entries(failed)) all = countReason(all, 'failed', reason, by);
  }
  return all;
};
