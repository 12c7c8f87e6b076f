/** What one piece of work asks of MongoDB. */

import { type Counts, countMongo as counted, counter } from '../../scripts/count-mongo.ts';
import type { Mongo } from '../../src/store/mongo/connect.ts';

export type { Counts } from '../../scripts/count-mongo.ts';
export { counter, sumOf } from '../../scripts/count-mongo.ts';

/** `written`: inserted and updated; documents by collection, commands as they are sent (`find objects`). */
export type MongoCounts = Readonly<Record<'written' | 'deleted' | 'read' | 'commands', Counts>>;

/** Call it on a connection opened with `monitorCommands: true`; what it returns gives the counts of one piece of work. */
export const countMongo = (mongo: Mongo): ((work: () => Promise<void>) => Promise<MongoCounts>) => {
  const { counts, clear } = counted(mongo.connection.getClient());
  return async (work) => {
    clear();
    await work();
    const { inserted, updated, deleted, read, commands } = counts();
    const written = counter();
    for (const [collection, documents] of [...Object.entries(inserted), ...Object.entries(updated)])
      written.add(collection, documents);
    return { written: written.counts(), deleted, read, commands };
  };
};
