/** How cost grows: users, tenants, members of one group, schedules. */

import type { Table } from './growth/table.ts';
import { besideHuge, schedules, tenants } from './growth/tenants.ts';
import { largeGroup, users } from './growth/users.ts';
import type { Lab } from './lab.ts';
import type { Options } from './options.ts';
import { writeGrowth } from './report/write.ts';

/** Each table is written down as soon as it is there. One that cannot be made is said, and left out. */
export const growth = async (
  lab: Lab,
  options: Options,
): Promise<{ readonly tables: readonly Table[]; readonly failed: number }> => {
  const made: Table[] = [];
  let failed = 0;
  for (const { id, name, table } of growths) {
    if (options.only !== null && !options.only.has(id)) continue;
    lab.say(name);
    try {
      made.push(await table(lab, options));
      await writeGrowth(made, options);
    } catch (error) {
      failed += 1;
      lab.say(`  could not be measured: ${error instanceof Error ? error.stack : error}`);
    }
    await lab.clear();
  }
  return { tables: made, failed };
};

const growths = [
  { id: 'USERS', name: 'users of one tenant', table: users },
  { id: 'TENANTS', name: 'tenants on one worker and on two', table: tenants },
  { id: 'MEMBERS', name: 'members of one group', table: largeGroup },
  { id: 'BESIDE', name: 'small tenants beside a huge one', table: besideHuge },
  { id: 'SCHEDULES', name: 'schedules', table: schedules },
];
