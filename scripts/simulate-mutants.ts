// `npm run simulate:mutants`: puts one bug after the other into the engine, and says in which seed which promise was seen broken; a bug that one of the
// safety layers covers, with that layer off. What is found is kept for docs/reliability.md, and tried first the next time.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import pLimit from 'p-limit';
import { askedBy, someOf, wholeNumber } from '../src/command-line.ts';
import { layers, type Mutant, mutants } from '../test/simulation/mutants/index.ts';
import { commitOf } from './simulate/commit.ts';
import { hunter, type Tried } from './simulate/hunt.ts';
import { mutantTable } from './simulate/page.ts';
import { isSeen, type MutantResult, mutantsFile, readMutantResults } from './simulate/results.ts';

const usage = `Usage: npm run simulate:mutants -- [options]

Puts each of ${mutants.length} bugs into the engine, one at a time, and simulates until a promise is broken that the same seed keeps without the
bug. Ends with 0 only if every one is seen. The seed that showed a bug last time is tried first, then seeds that lean to what the bug is about.

  --seeds N      so many seeds at most for a bug alone (1000)
  --crossed N    so many at most for a bug together with one safety layer that is off (400)
  --workers N    processes (2)
  --only A,B     these bugs; npm run simulate -- --mutant list names them
  --missing      those that are not seen yet
  --all          takes every layer away in turn, also where a bug is seen alone or with another layer off
  --afresh       as if nothing were known from last time
  --write        keeps each result as it comes, for docs/reliability.md; then: node test/docs/generated.ts
  --help`;

const asked = askedBy({
  name: 'simulate:mutants',
  usage,
  read: (args) => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seeds: { type: 'string', default: '1000' },
        crossed: { type: 'string', default: '400' },
        workers: { type: 'string', default: '2' },
        only: { type: 'string' },
        missing: { type: 'boolean', default: false },
        all: { type: 'boolean', default: false },
        afresh: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
      },
    });
    const { seeds, crossed, workers, only, ...flags } = values;
    const names = mutants.map(({ name }) => name);
    return {
      ...flags,
      seeds: wholeNumber('seeds', seeds, 1, 999_999_999),
      crossed: wholeNumber('crossed', crossed, 1, 999_999_999),
      workers: wholeNumber('workers', workers, 1, 64),
      only: only === undefined ? null : someOf('only', only, names, 'npm run simulate -- --mutant list'),
    };
  },
});

/** Of what another layer makes harmless nothing shows, however many seeds are played. */
const mostWhereCovered = 100;
const hunt = hunter();

process.exitCode = await main();

async function main(): Promise<number> {
  const limit = pLimit(asked.workers);
  const before = new Map((asked.afresh ? [] : (readMutantResults()?.mutants ?? [])).map((each) => [each.name, each]));
  const isMissing = (name: string): boolean => {
    const known = before.get(name);
    return known === undefined || !isSeen(known);
  };
  const chosen = mutants
    .filter(({ name }) => asked.only === null || asked.only.includes(name))
    .filter(({ name }) => !asked.missing || isMissing(name));
  const found: MutantResult[] = [];
  await Promise.all(
    chosen.map((mutant) =>
      limit(async () => {
        const result = await lookFor(mutant, before.get(mutant.name) ?? null);
        found.push(result);
        console.error(say(result));
        if (asked.write) keep(found);
      }),
    ),
  );
  console.log(mutantTable(found));
  return found.every(isSeen) ? 0 : 1;
}

/** Alone first; where so many seeds show nothing, with one layer off after the other until one shows it. */
async function lookFor(mutant: Mutant, before: MutantResult | null): Promise<MutantResult> {
  const { name, edits, bias = null, coveredBy = null } = mutant;
  const most = coveredBy === null ? asked.seeds : Math.min(mostWhereCovered, asked.seeds);
  const isKnownAsCovered = before !== null && before.alone === null && before.tried >= most;
  const alone = isKnownAsCovered
    ? null
    : await hunt({ bug: name, layer: null, bias }, { first: seedsOf(before?.alone), most });
  const without: Record<string, MutantResult['alone']> = {};
  const known = before?.without ?? {};
  const inTurn = layers.filter((layer) => !isPartOf(layer, edits));
  const rank = (layer: string): number => ((known[layer] ?? null) !== null ? 0 : layer === coveredBy ? 1 : 2);
  for (const { name: layer } of inTurn.toSorted((a, b) => rank(a.name) - rank(b.name))) {
    const shown = [alone, ...Object.values(without)];
    if (shown.some((one) => one !== null) && !asked.all) break;
    const first = [known[layer], ...shown].flatMap(seedsOf);
    without[layer] = await hunt({ bug: name, layer, bias }, { first, most: asked.crossed });
  }
  return { name, alone, tried: alone === null ? Math.max(most, before?.tried ?? 0) : 0, without };
}

function seedsOf(caught: MutantResult['alone'] | undefined): readonly Tried[] {
  return caught === null || caught === undefined ? [] : [caught];
}

/** A layer that the bug takes away itself says nothing more. */
function isPartOf(layer: Mutant, edits: Mutant['edits']): boolean {
  return layer.edits.some(({ file, from }) => edits.some((edit) => edit.file === file && edit.from === from));
}

function say({ name, alone, tried, without }: MutantResult): string {
  const crossed = Object.entries(without).map(
    ([layer, one]) => `without ${layer} ${one === null ? 'nothing' : seedIn(one)}`,
  );
  const first = alone === null ? `not in ${tried} seeds` : seedIn(alone);
  return `${name}: ${[first, ...crossed].join('; ')}`;
}

function seedIn({ seed, bias, promises }: NonNullable<MutantResult['alone']>): string {
  return `${promises.join(', ')} in seed ${seed}${bias === null ? '' : ` of "${bias}"`}`;
}

/** What is found replaces what was kept of the same bugs; in the order in which the bugs are listed. */
function keep(results: readonly MutantResult[]): void {
  const found = new Map([...(readMutantResults()?.mutants ?? []), ...results].map((each) => [each.name, each]));
  const sorted = mutants.flatMap(({ name }) => found.get(name) ?? []);
  mkdirSync(dirname(mutantsFile), { recursive: true });
  writeFileSync(mutantsFile, `${JSON.stringify({ commit: commitOf(), mutants: sorted }, null, 1)}\n`);
}
