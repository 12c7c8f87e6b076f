/** Runs one after the other, the newest first, without all of them at once. */

import type { Run } from '../model/run.ts';
import type { Page } from '../store/snapshot-store.ts';

/** `atOnce`: so many are asked for together. */
export async function* newestRuns<Filter, R extends Run>(
  runs: { list(filter: Filter, after: string | null, limit: number): Promise<Page<R>> },
  filter: Filter,
  atOnce: number,
): AsyncGenerator<R> {
  let after: string | null = null;
  do {
    const page: Page<R> = await runs.list(filter, after, atOnce);
    yield* page.items;
    after = page.next;
  } while (after !== null);
}
