// `npm run simulate:mutants`: puts one bug after the other into the engine, and says after how many seeds which promise was seen broken; also with each
// safety layer taken away in turn. `--write` keeps the results that docs/reliability.md shows.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import pLimit from 'p-limit';
import { layers, type Mutant, mutants } from '../test/simulation/mutants/index.ts';
import { commitOf } from './simulate/commit.ts';
import { type Failure, simulateMany, type Work } from './simulate/many.ts';
import { mutantTable } from './simulate/page.ts';
import { type Caught, type MutantResults, mutantsFile, readMutantResults } from './simulate/results.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20000' },
    crossed: { type: 'string', default: '300' },
    workers: { type: 'string', default: '2' },
    only: { type: 'string' },
    all: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const help = `Puts each of ${mutants.length} bugs into the engine, one at a time, and simulates until a promise is broken.

  --seeds N      so many seeds at most for a bug alone (20000)
  --crossed N    so many at most for a bug together with one safety layer that is off; seeds that the missing layer breaks by itself do not count (300)
  --workers N    processes (2)
  --only A,B     these bugs
  --all          takes the layers away also where the bug alone is seen
  --write        keeps the results for docs/reliability.md; then: node test/docs/generated.ts
  --help`;

if (values.help) console.log(help);
else process.exitCode = await main();

async function main(): Promise<number> {
  const most = Number(values.seeds);
  const mostCrossed = Number(values.crossed);
  const limit = pLimit(Number(values.workers));
  const names = values.only?.split(',') ?? null;
  const chosen = mutants.filter(({ name }) => names === null || names.includes(name));
  const broken = new Map(
    await Promise.all(
      layers.map(({ name }) =>
        limit(async () => {
          const { failures } = await simulateMany(work([name], mostCrossed, Number.POSITIVE_INFINITY, []), () => {});
          console.error(`without ${name}: ${failures.length} of ${mostCrossed} seeds broken`);
          return [name, failures.map(({ seed }) => seed)] as const;
        }),
      ),
    ),
  );
  const found: MutantResults['mutants'] = [];
  const results: MutantResults = { commit: commitOf(), seeds: most, crossed: mostCrossed, mutants: found };
  await Promise.all(
    chosen.map(async (mutant) => {
      const alone = await limit(() => caught([mutant.name], most, []));
      const crossed = await Promise.all(
        layers
          .filter((layer) => (values.all || alone === null) && !isPartOf(layer, mutant))
          .map(async ({ name }) => {
            const together = () => caught([mutant.name, name], mostCrossed, broken.get(name) ?? []);
            return [name, await limit(together)] as const;
          }),
      );
      found.push({ name: mutant.name, alone, without: Object.fromEntries(crossed) });
      console.error(`${mutant.name}: ${sayCaught(alone, most)}`);
      if (values.write) keep(results);
    }),
  );
  console.log(mutantTable(results));
  return found.every(({ alone, without }) => alone !== null || Object.values(without).some((one) => one !== null))
    ? 0
    : 1;
}

function sayCaught(alone: Caught | null, most: number): string {
  return alone === null ? `not in ${most} seeds` : `${alone.promises.join(', ')} in seed ${alone.seed}`;
}

/** What is found replaces what was kept of the same bugs; in the order in which the bugs are listed. */
function keep(results: MutantResults): void {
  const order = mutants.map(({ name }) => name);
  const found = new Map([...(readMutantResults()?.mutants ?? []), ...results.mutants].map((each) => [each.name, each]));
  const sorted = order.flatMap((name) => found.get(name) ?? []);
  mkdirSync(dirname(mutantsFile), { recursive: true });
  writeFileSync(mutantsFile, `${JSON.stringify({ ...results, mutants: sorted }, null, 2)}\n`);
}

/** A layer that the bug takes away itself says nothing more. */
function isPartOf(layer: Mutant, mutant: Mutant): boolean {
  return layer.edits.some(({ file, from }) => mutant.edits.some((edit) => edit.file === file && edit.from === from));
}

async function caught(planted: readonly string[], to: number, without: readonly number[]): Promise<Caught | null> {
  const { failures } = await simulateMany(work(planted, to, 1, without), () => {});
  const [first]: readonly Failure[] = failures;
  return first === undefined ? null : { seed: first.seed, promises: [...first.invariants] };
}

function work(planted: readonly string[], to: number, enough: number, without: readonly number[]): Work {
  return { from: 1, to, workers: 1, isCalm: false, planted, without, aims: false, enough };
}
