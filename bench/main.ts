#!/usr/bin/env node
/** Measures what Entrain costs beside the bare limit and the usual way, and writes it down. */

import { askedBy } from '../src/command-line.ts';
import { markdownOf } from './growth/table.ts';
import { growth } from './growth.ts';
import { openLab } from './lab.ts';
import { measures } from './measures/all.ts';
import { isForThePage, parseOptions, usage } from './options.ts';
import { profile } from './profile.ts';
import { aboutOf, begun } from './report/about.ts';
import { tableOf } from './report/table.ts';
import { placeOf, writePage, writeQuickLook, writeResults, writeWholeRun } from './report/write.ts';
import { notMeasured, type Result } from './result.ts';

const options = askedBy({ name: 'bench', usage, read: (args) => parseOptions(args, process.env) });
const beginning = begun();
const say = (line: string): void => {
  const seconds = Math.round((performance.now() - beginning.startedAt) / 1_000);
  console.error(`${String(seconds).padStart(5)} s  ${line}`);
};

if (options.page && !options.quick) {
  await writePage(placeOf(options));
  process.exit(0);
}
const lab = await openLab(say);
if (options.profile) {
  console.log(await profile(lab, options));
  await lab.stop();
  process.exit(0);
}
if (options.growth) {
  const { tables, failed } = await growth(lab, options);
  console.log(tables.map((table) => markdownOf(table)).join('\n'));
  await lab.stop();
  process.exit(failed === 0 ? 0 : 1);
}
const results: Result[] = [];
let failed = 0;
for (const measure of measures) {
  const wanted = measure.ids.some((id) => options.only === null || options.only.has(id));
  if (!wanted) continue;
  say(`${measure.ids.join(', ')}: ${measure.what}`);
  const before = begun();
  const measured = await measure.run(lab, options).catch((error: unknown): readonly Result[] => {
    failed += 1;
    say(`  could not be measured: ${error instanceof Error ? error.stack : error}`);
    return measure.ids.map((id) => notMeasured(id, measure.what, error));
  });
  results.push(...measured);
  await writeResults(placeOf(options), measure.ids, measured, await aboutOf(lab, options, before));
  await lab.clear();
}
if (options.quick && options.page && options.only === null && failed === 0)
  await writeQuickLook(await aboutOf(lab, options, beginning));
if (isForThePage(options) && options.only === null && failed === 0)
  await writeWholeRun(await aboutOf(lab, options, beginning));
await lab.stop();
console.log(tableOf(results));
process.exit(failed === 0 ? 0 : 1);
