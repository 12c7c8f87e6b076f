// `npm run simulate:mutants`: puts one bug after the other into the engine, and says in which seed which promise was seen broken; a bug that one of the
// safety layers covers, with that layer off. What is found is kept for docs/reliability.md, and tried first the next time.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import pLimit from 'p-limit';
import { layers, type Mutant, mutants } from '../test/simulation/mutants/index.ts';
import { commitOf } from './simulate/commit.ts';
import { hunter } from './simulate/hunt.ts';
import { mutantTable } from './simulate/page.ts';
import { isSeen, type MutantResult, mutantsFile, readMutantResults } from './simulate/results.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    crossed: { type: 'string', default: '1000' },
    workers: { type: 'string', default: '2' },
    only: { type: 'string' },
    all: { type: 'boolean', default: false },
    afresh: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const help = `Puts each of ${mutants.length} bugs into the engine, one at a time, and simulates until a promise is broken in a seed that keeps all of them without
the bug. Ends with 0 only if every one is seen. The seed that showed a bug last time is tried first.

  --seeds N      so many seeds at most for a bug alone (2000)
  --crossed N    so many at most for a bug together with one safety layer that is off, of a bug that is not seen alone (1000)
  --workers N    processes (2)
  --only A,B     these bugs
  --all          takes every layer away in turn, also where a bug is seen alone or with another layer off
  --afresh       as if nothing were known from last time
  --write        keeps the results for docs/reliability.md; then: node test/docs/generated.ts
  --help`;

const hunt = hunter();

if (values.help) console.log(help);
else process.exitCode = await main();

async function main(): Promise<number> {
  const names = values.only?.split(',') ?? null;
  const chosen = mutants.filter(({ name }) => names === null || names.includes(name));
  const limit = pLimit(Number(values.workers));
  const before = new Map((values.afresh ? [] : (readMutantResults()?.mutants ?? [])).map((each) => [each.name, each]));
  const found: MutantResult[] = [];
  await Promise.all(
    chosen.map((mutant) =>
      limit(async () => {
        const result = await lookFor(mutant, before.get(mutant.name) ?? null);
        found.push(result);
        console.error(say(result));
        if (values.write) keep(found);
      }),
    ),
  );
  console.log(mutantTable(found));
  return found.every(isSeen) ? 0 : 1;
}

/** Alone first; where so many seeds show nothing, with one layer off after the other until one shows it. */
async function lookFor({ name, edits }: Mutant, before: MutantResult | null): Promise<MutantResult> {
  const most = Number(values.seeds);
  const isKnownAsCovered = before !== null && before.alone === null && before.tried >= most;
  const alone = isKnownAsCovered
    ? null
    : await hunt({ bug: name, layer: null }, { first: before?.alone?.seed ?? null, most });
  const without: Record<string, MutantResult['alone']> = {};
  const known = before?.without ?? {};
  const inTurn = layers.filter((layer) => !isPartOf(layer, edits));
  for (const { name: layer } of inTurn.toSorted((a, b) => rank(known, a) - rank(known, b))) {
    const isEnough = alone !== null || Object.values(without).some((one) => one !== null);
    if (isEnough && !values.all) break;
    const first = known[layer]?.seed ?? null;
    without[layer] = await hunt({ bug: name, layer }, { first, most: Number(values.crossed) });
  }
  return { name, alone, tried: alone === null ? Math.max(most, before?.tried ?? 0) : 0, without };
}

/** The layer that covered it last time comes first. */
function rank(known: MutantResult['without'], { name }: Mutant): number {
  return (known[name] ?? null) === null ? 1 : 0;
}

/** A layer that the bug takes away itself says nothing more. */
function isPartOf(layer: Mutant, edits: Mutant['edits']): boolean {
  return layer.edits.some(({ file, from }) => edits.some((edit) => edit.file === file && edit.from === from));
}

function say({ name, alone, tried, without }: MutantResult): string {
  if (alone !== null) return `${name}: ${alone.promises.join(', ')} in seed ${alone.seed}`;
  const covered = Object.entries(without).flatMap(([layer, one]) =>
    one === null ? [] : [`without ${layer} ${one.promises.join(', ')} in seed ${one.seed}`],
  );
  return `${name}: not in ${tried} seeds; ${covered.join('; ') || 'and with no layer off'}`;
}

/** What is found replaces what was kept of the same bugs; in the order in which the bugs are listed. */
function keep(results: readonly MutantResult[]): void {
  const found = new Map([...(readMutantResults()?.mutants ?? []), ...results].map((each) => [each.name, each]));
  const sorted = mutants.flatMap(({ name }) => found.get(name) ?? []);
  mkdirSync(dirname(mutantsFile), { recursive: true });
  writeFileSync(mutantsFile, `${JSON.stringify({ commit: commitOf(), mutants: sorted }, null, 1)}\n`);
}
