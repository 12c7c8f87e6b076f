/** The order of the files of a run: the longest begin first, so that no core is idle in the end while another has one left. */

import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const root = join(import.meta.dirname, '../..');

/** What takes over eight seconds, longest first. The simulation is first of all: its processes give way, and take what the others leave. */
export const longest: readonly string[] = [
  'test/simulation/seeds.test.ts',
  'test/integration/crash.integration.test.ts',
  'test/chaos/chaos.integration.test.ts',
  'test/integration/two-workers.integration.test.ts',
  'test/integration/restore.integration.test.ts',
  'test/store/mongo/snapshot-store.integration.test.ts',
  'test/simulation/broken.test.ts',
  'test/integration/canary.integration.test.ts',
  'test/integration/cost.integration.test.ts',
  'test/integration/sync-cost.integration.test.ts',
  'test/integration/throttling.integration.test.ts',
  'test/integration/undo.integration.test.ts',
  'test/integration/redis-loss.integration.test.ts',
  'test/integration/shutdown.integration.test.ts',
  'test/integration/reconcile.integration.test.ts',
  'test/integration/preview.integration.test.ts',
  'test/integration/whole-path.integration.test.ts',
  'test/integration/clocks.integration.test.ts',
  'test/store/mongo/snapshot-documents.integration.test.ts',
  'test/docs/walkthrough.integration.test.ts',
  'test/integration/rolling-update.integration.test.ts',
  'test/integration/least-rights.integration.test.ts',
  'test/store/mongo/audit-log.integration.test.ts',
  'test/store/mongo/snapshot-model.integration.test.ts',
  'test/integration/explain.integration.test.ts',
];

/** Those of `longest` come in that order, before all others, which stay as they are. */
export const longestFirst = <Spec extends { readonly moduleId: string }>(specs: readonly Spec[]): Spec[] =>
  specs.toSorted((one, other) => rankOf(one) - rankOf(other));

const rankOf = ({ moduleId }: { readonly moduleId: string }): number => {
  const rank = longest.indexOf(relative(root, moduleId));
  return rank < 0 ? longest.length : rank;
};

/** Vitest asks for a class. */
export class LongestFirst extends BaseSequencer {
  override async sort(specs: TestSpecification[]): Promise<TestSpecification[]> {
    const gone = longest.filter((path) => !existsSync(join(root, path)));
    if (gone.length > 0)
      throw new Error(`${gone.join(', ')}: there is no such test; ${import.meta.filename} names it.`);
    return longestFirst(await super.sort(specs));
  }
}
