/**
 * On what something may be taken away from somebody. Only whoever asked the source, or takes back what is on record, can make these grounds
 * (test/architecture.test.ts knows them), and without them nothing is sent (`carry-out`).
 */

import { freshMs } from '../core/absence.ts';
import { isDestructive, type Operation } from '../model/operation.ts';

const proof: unique symbol = Symbol('grounds');
/** `confirmed`: the source said it, so many milliseconds ago. `record`: a run gave it, and nobody else has written to it while the lease is ours. */
export type Grounds = { readonly [proof]: true } & (
  | { readonly kind: 'confirmed'; readonly ageMs: () => number }
  | { readonly kind: 'record' }
);

/** `ageMs` is counted from before the source was asked. */
export const confirmedGrounds = (ageMs: () => number): Grounds => ({ [proof]: true, kind: 'confirmed', ageMs });
export const recordGrounds: Grounds = { [proof]: true, kind: 'record' };

/** What the source said is too old by now: it is asked again before anything is sent. */
export class GroundsTooOld extends Error {
  override readonly name = 'GroundsTooOld';
}

/** Throws where an operation takes something away and rests on nothing, or on what was said too long ago. */
export const assertGrounded = (
  { action, ref }: Pick<Operation, 'action' | 'ref'>,
  grounds: Grounds | undefined,
): void => {
  if (!isDestructive(action)) return;
  if (grounds === undefined)
    throw new Error(`${action} of the ${ref.type} ${ref.id} was to be sent without the source having been asked.`);
  if (grounds.kind === 'confirmed' && grounds.ageMs() > freshMs)
    throw new GroundsTooOld(`What the source said about the ${ref.type} ${ref.id} is more than a minute old.`);
};
