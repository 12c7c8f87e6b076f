/** How cost grows: users, tenants, members of one group, schedules. */

import { runRecords } from './growth/run-records.ts';
import type { Growth, Table, TableId } from './growth/table.ts';
import { schedules, tenants } from './growth/tenants.ts';
import { largeGroup, users } from './growth/users.ts';
import type { Lab } from './lab.ts';
import type { Options } from './options.ts';
import { aboutOf, begun } from './report/about.ts';
import { oneRunOfEachRow } from './report/page.ts';
import { placeOf, writeTable } from './report/write.ts';

/** Each table is written down as soon as it is there. One that cannot be made is said, and left as it was. */
export const growth = async (
  lab: Lab,
  options: Options,
): Promise<{ readonly tables: readonly Table[]; readonly failed: number }> => {
  const made: Table[] = [];
  let failed = 0;
  for (const { id, name, table } of growths) {
    if (options.only !== null && !options.only.has(id)) continue;
    lab.say(name);
    const beginning = begun();
    try {
      const grown = await table(lab, options);
      made.push(grown);
      await writeTable(placeOf(options), grown, await aboutOf(lab, options, beginning, oneRunOfEachRow));
    } catch (error) {
      failed += 1;
      lab.say(`  could not be measured: ${error instanceof Error ? error.stack : error}`);
    }
    await lab.clear();
  }
  return { tables: made, failed };
};

const growths: readonly { readonly id: TableId; readonly name: string; readonly table: Growth }[] = [
  { id: 'users', name: 'users of one tenant', table: users },
  { id: 'tenants', name: 'tenants on one worker and on two', table: tenants },
  { id: 'members', name: 'members of one group', table: largeGroup },
  { id: 'schedules', name: 'schedules', table: schedules },
  { id: 'runs', name: 'what a run leaves', table: runRecords },
];
