/** How cost grows: users, tenants, members of one group, schedules. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { markdownOf } from './growth/table.ts';
import { besideHuge, schedules, tenants } from './growth/tenants.ts';
import { largeGroup, users } from './growth/users.ts';
import type { Lab } from './lab.ts';
import type { Options } from './options.ts';
import { machine } from './report/write.ts';

const results = join(import.meta.dirname, 'results');

/** The tables as text; a table that cannot be made says why in its place. */
export const growth = async (
  lab: Lab,
  options: Options,
): Promise<{ readonly text: string; readonly failed: number }> => {
  const parts = [`# Growth\n\nMade by \`npm run bench -- --growth\`. Machine: ${machine()}.\n`];
  let failed = 0;
  for (const table of [users, tenants, largeGroup, besideHuge, schedules]) {
    lab.say(table.name);
    try {
      parts.push(markdownOf(await table(lab, options)));
    } catch (error) {
      failed += 1;
      parts.push(`## ${table.name}\n\nCould not be measured: ${error instanceof Error ? error.message : error}\n`);
    }
    await lab.clear();
  }
  const text = parts.join('\n');
  await mkdir(results, { recursive: true });
  await writeFile(join(results, 'growth.md'), text);
  return { text, failed };
};
