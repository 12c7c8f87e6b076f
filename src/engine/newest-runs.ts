/** Runs one after the other, the newest first, without all of them at once. */

import type { Run } from '../model/run.ts';
import type { RunFilter, RunStore } from '../store/run-store.ts';
import type { Page } from '../store/snapshot-store.ts';

/** `atOnce`: so many are asked for together. */
export async function* newestRuns(
  runs: Pick<RunStore, 'list'>,
  filter: RunFilter,
  atOnce: number,
): AsyncGenerator<Run> {
  let after: string | null = null;
  do {
    const page: Page<Run> = await runs.list(filter, after, atOnce);
    yield* page.items;
    after = page.next;
  } while (after !== null);
}
