// `npm run simulate:mutants`: puts one bug after the other into the engine, and says in which seed which promise was seen broken; a bug that one of the
// safety layers covers, with that layer off. What is found is kept for docs/reliability.md, and tried first the next time.

import { parseArgs } from 'node:util';
import pLimit from 'p-limit';
import { askedBy, someOf, WrongOption, wholeNumber } from '../src/command-line.ts';
import { layersBeside, type Mutant, mutants } from '../test/simulation/mutants/index.ts';
import { storeMutants } from '../test/store/mongo/mutants.ts';
import { keep } from './kept-results.ts';
import { commitOfSources, isExact } from './simulate/commit.ts';
import { hunter } from './simulate/hunt.ts';
import { mutantTable, storeTable } from './simulate/page.ts';
import {
  isSeen,
  type Look,
  type MutantResult,
  mutantsFile,
  readMutantResults,
  readStoreResults,
  storesFile,
  unseenWithout,
} from './simulate/results.ts';
import { huntInStores } from './simulate/stores.ts';

const usage = `Usage: npm run simulate:mutants -- [options]

Puts each of ${mutants.length} bugs into the engine, one at a time, and simulates until a promise is broken that the same seed keeps without the
bug. The seed that showed a bug last time is tried first, then seeds that lean to what the bug is about.

Ends with 0 if every bug is seen (of those that are named with --only): with every layer of safety in its place, or with one of them off. That says
nothing of how a bug that is seen alone fares while a layer is off: only with --all has it to be seen with each of them off in turn, too. What is not
looked for this time counts as it is kept, whichever sources that is of; --afresh goes by none of that.

  --seeds N      so many seeds at most for a bug alone (1000)
  --crossed N    so many at most for a bug together with one safety layer that is off (400)
  --workers N    processes (2)
  --only A,B     these bugs; npm run simulate -- --mutant list names them
  --missing      those that are not seen yet
  --all          takes every layer away in turn also where a bug is seen alone
  --stores       instead of these: bugs in the stores of MongoDB, which their contract tests have to see
  --afresh       as if nothing were known from last time
  --write        keeps each result as it comes, for docs/reliability.md; then: npm run docs. What is kept of these very sources is not looked for
                 again, so that whoever breaks off goes on from there
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
        stores: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
      },
    });
    const { seeds, crossed, workers, only, ...flags } = values;
    const names = (values.stores ? storeMutants : mutants).map(({ name }) => name);
    if (values.stores && (values.all || values.missing))
      throw new WrongOption('--stores has no layers and tries all of its bugs: leave out --all and --missing.');
    return {
      ...flags,
      seeds: wholeNumber('seeds', seeds, 1, 999_999_999),
      crossed: wholeNumber('crossed', crossed, 1, 999_999_999),
      workers: wholeNumber('workers', workers, 1, 64),
      only: only === undefined ? null : someOf('only', only, names, 'npm run simulate -- --mutant list'),
    };
  },
});

const hunt = hunter();
const commit = commitOfSources();

process.exitCode = await main();

async function main(): Promise<number> {
  if (asked.stores) return await inStores();
  const limit = pLimit(asked.workers);
  const before = asked.afresh ? new Map<string, MutantResult>() : kept();
  const isMissing = (name: string): boolean => {
    const known = before.get(name);
    return known === undefined || !isSeen(known);
  };
  const named = mutants.filter(({ name }) => asked.only === null || asked.only.includes(name));
  const chosen = named.filter(({ name }) => !asked.missing || isMissing(name));
  const found = new Map<string, MutantResult>();
  await Promise.all(
    chosen.map((mutant) =>
      limit(async () => {
        const began = performance.now();
        const result = await lookFor(mutant, before.get(mutant.name) ?? null);
        found.set(mutant.name, result);
        console.error(`${say(result)} (${Math.round((performance.now() - began) / 1_000)} s)`);
      }),
    ),
  );
  const results = named.flatMap(({ name }) => found.get(name) ?? before.get(name) ?? []);
  console.log(mutantTable(results, named));
  const wrong = named.flatMap((mutant) => wrongWith(mutant, found.get(mutant.name) ?? before.get(mutant.name)));
  for (const what of wrong) console.error(what);
  return wrong.length === 0 ? 0 : 1;
}

async function inStores(): Promise<number> {
  const chosen = storeMutants.filter(({ name }) => asked.only === null || asked.only.includes(name));
  const found = new Map(asked.afresh ? [] : readStoreResults().map((each) => [each.name, each]));
  const wrong = await huntInStores(chosen, (result) => {
    found.set(result.name, result);
    console.error(`${result.name}: ${result.red.length} of ${result.ran} tests are red`);
    const sorted = storeMutants.flatMap(({ name }) => found.get(name) ?? []);
    if (asked.write) keep(storesFile, sorted, 1);
  });
  console.log(storeTable([...found.values()]));
  for (const what of wrong) console.error(what);
  return wrong.length === 0 ? 0 : 1;
}

function wrongWith(mutant: Mutant, result: MutantResult | undefined): readonly string[] {
  if (result === undefined) return [`${mutant.name}: not tried`];
  if (!isSeen(result)) return [`${mutant.name}: not seen`];
  return asked.all
    ? unseenWithout(result, layersBeside(mutant)).map((layer) => `${mutant.name}: not seen without ${layer}`)
    : [];
}

/**
 * Alone first; where so many seeds show nothing, with one layer off after the other until one shows it, which is the one that covers it. What was looked for
 * in these very sources is not looked for again, so that whoever breaks off goes on from there.
 */
async function lookFor(mutant: Mutant, before: MutantResult | null): Promise<MutantResult> {
  const { name, bias = null, coveredBy } = mutant;
  const look = async (layer: string | null, known: Look | undefined, first: Look[], most: number): Promise<Look> => {
    const isKnown = known?.commit === commit && isExact(commit) && (known.caught !== null || known.tried >= most);
    if (isKnown) return known;
    const seeds = [...(known === undefined ? [] : [known]), ...first].flatMap(({ caught }) => caught ?? []);
    const caught = await hunt({ bug: name, layer, bias }, { first: seeds, most });
    return { commit, caught, tried: caught === null ? most : 0 };
  };
  const beside = layersBeside(mutant);
  const without = Object.fromEntries(
    beside.flatMap((layer) => {
      const known = before?.without[layer.name];
      return known === undefined ? [] : [[layer.name, known]];
    }),
  );
  let result: MutantResult = { name, alone: await look(null, before?.alone, [], asked.seeds), without };
  if (asked.write) keepSeen(result);
  const rank = (layer: string): number => (result.without[layer]?.caught ? 0 : layer === coveredBy?.layer ? 1 : 2);
  let isShown = result.alone.caught !== null;
  for (const { name: layer } of beside.toSorted((a, b) => rank(a.name) - rank(b.name))) {
    if (isShown && !(asked.all && result.alone.caught !== null)) break;
    const shown = [result.alone, ...Object.values(result.without)];
    const seen = await look(layer, result.without[layer], shown, asked.crossed);
    isShown ||= seen.caught !== null;
    result = { ...result, without: { ...result.without, [layer]: seen } };
    if (asked.write) keepSeen(result);
  }
  return result;
}

function say({ name, alone, without }: MutantResult): string {
  const crossed = Object.entries(without).map(
    ([layer, { caught }]) => `without ${layer} ${caught === null ? 'nothing' : seedIn(caught)}`,
  );
  const first = alone.caught === null ? `not in ${alone.tried} seeds` : seedIn(alone.caught);
  return `${name}: ${[first, ...crossed].join('; ')}`;
}

function seedIn({ seed, bias, promises }: NonNullable<Look['caught']>): string {
  return `${promises.join(', ')} in seed ${seed}${bias === null ? '' : ` of "${bias}"`}`;
}

function kept(): Map<string, MutantResult> {
  return new Map((readMutantResults()?.mutants ?? []).map((each) => [each.name, each]));
}

/** What is found replaces what was kept of the same bug; in the order in which the bugs are listed. */
function keepSeen(result: MutantResult): void {
  const all = kept().set(result.name, result);
  const sorted = mutants.flatMap(({ name }) => all.get(name) ?? []);
  keep(mutantsFile, { mutants: sorted }, 1);
}
