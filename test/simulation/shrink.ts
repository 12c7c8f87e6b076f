/** Makes a failing run small: leaves out faults and edits, in ever smaller portions, as long as the same promise stays broken. */

import type { FaultName } from './faults.ts';
import type { Told } from './simulate.ts';

/** What of a run matters here. */
export type Outcome = Pick<Told, 'struck' | 'violations'>;
export type Shrunk<T extends Outcome> = {
  readonly only: readonly FaultName[];
  readonly told: T;
  readonly runs: number;
};

/**
 * Delta debugging (Zeller and Hildebrandt, 2002). `run`: the same seed with nothing but these faults and edits. `most`: after so many runs the smallest so
 * far has to do.
 */
export const shrink = async <T extends Outcome>(
  failed: T,
  run: (only: ReadonlySet<FaultName>) => Promise<T>,
  most = 400,
): Promise<Shrunk<T>> => {
  const broken = new Set(failed.violations.map(({ invariant }) => invariant));
  let runs = 0;
  const failing = async (only: readonly FaultName[]): Promise<T | null> => {
    runs += 1;
    const told = await run(new Set(only));
    return told.violations.some(({ invariant }) => broken.has(invariant)) ? told : null;
  };
  let only = failed.struck;
  let told = failed;
  for (let parts = 2; only.length > 0 && runs < most; ) {
    let smaller: { readonly only: readonly FaultName[]; readonly told: T } | null = null;
    for (const left of withoutEach(only, parts)) {
      const found = await failing(left);
      if (found !== null) smaller = { only: left, told: found };
      if (smaller !== null || runs >= most) break;
    }
    if (smaller !== null) {
      ({ only, told } = smaller);
      parts = Math.max(2, Math.min(parts - 1, only.length));
    } else if (parts >= only.length) break;
    else parts = Math.min(only.length, parts * 2);
  }
  return { only, told, runs };
};

/** The list without one of so many portions, for each of them. */
function* withoutEach(names: readonly FaultName[], parts: number): Iterable<readonly FaultName[]> {
  const size = Math.ceil(names.length / parts);
  for (let at = 0; at < names.length; at += size) yield names.filter((_, index) => index < at || index >= at + size);
}
