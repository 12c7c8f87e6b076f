// `npm run simulate`: whole Entrains in virtual time, with faults. `--help` says more, and docs/reliability.md.

import { askedBy, WrongOption } from '../src/command-line.ts';
import { biasNames } from '../test/simulation/bias.ts';
import { layers, mutants } from '../test/simulation/mutants/index.ts';
import type { Ask, Told } from '../test/simulation/simulate.ts';
import { commitOf } from './simulate/commit.ts';
import { simulateMany } from './simulate/many.ts';
import { type Options, parseOptions, usage } from './simulate/options.ts';
import { recordLongRun } from './simulate/record.ts';
import { type Asked, sayCoverage, sayFailure, sayMissing, saySummary, storyOf } from './simulate/say.ts';
import { loadSimulate } from './simulate/share.ts';

/** So many failing seeds are made small; one is mostly enough to find the bug. */
const mostShrunk = 3;
const storyLines = 30;
/** What must have happened takes, some of it, seeds that lean to it: where that is asked for they are played as by the test. */
const ofEachBias = 4;
/** Whoever reads from a file or a pipe hears now and then that it goes on. */
const silentSeconds = 30;

/** A layer is no bug, and may be off beside one. */
const listed = [...mutants.map(({ name }) => name), '', 'layers of safety:', ...layers.map(({ name }) => name)];

process.exitCode = await main(askedBy({ name: 'simulate', usage, read: (args) => known(parseOptions(args)) }));

/** What is named must be there. */
function known(options: Options): Options {
  const { planted, bias } = options;
  const names = new Set([...mutants, ...layers].map(({ name }) => name));
  const unknown = planted === 'list' ? undefined : planted.find((name) => !names.has(name));
  if (unknown !== undefined) throw new WrongOption(`--mutant knows no "${unknown}"; --mutant list names what it does.`);
  if (bias !== null && bias !== 'list' && !biasNames.some((name) => name === bias))
    throw new WrongOption(`--bias knows no "${bias}"; --bias list names what it does.`);
  return options;
}

async function main(options: Options): Promise<number> {
  if (options.planted === 'list') for (const line of listed) console.log(line);
  else if (options.bias === 'list') console.log(biasNames.join('\n'));
  else return options.from === options.to ? await one(options, options.planted) : await many(options, options.planted);
  return 0;
}

async function one(options: Options, planted: readonly string[]): Promise<number> {
  const simulate = await loadSimulate(planted);
  const { from: seed, aimed, bias } = options;
  const only = options.only === 'list' ? null : options.only;
  const told = await simulate({ seed, only, aimed, bias, keepsTrace: options.trace, ...mixOf(options) });
  if (options.only === 'list') {
    for (const name of told.struck) console.log(name);
    return 0;
  }
  for (const line of told.trace) console.log(line);
  console.log(`hash ${told.hash}, ${told.steps} steps, ${told.judged} changes at targets judged`);
  if (told.violations.length > 0) {
    await tellFailure(options, told, { bias, aimed, isCalm: options.isCalm, planted });
    return 1;
  }
  const idle = [...(only ?? []), ...(aimed === null ? [] : [aimed])].filter((name) => !told.struck.includes(name));
  console.log(
    idle.length === 0 ? 'no promise was broken' : `no promise was broken, but this never happened: ${idle.join(', ')}`,
  );
  return idle.length === 0 ? 0 : 2;
}

async function many(options: Options, planted: readonly string[]): Promise<number> {
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1_000;
  const { from, to, workers, isCalm, least, bias } = options;
  let done = 0;
  let saidAt = 0;
  const { summary, failures } = await simulateMany(
    {
      from,
      to,
      workers,
      isCalm,
      planted,
      without: [],
      bias,
      ofEachBias: least === null ? 0 : ofEachBias,
      aims: least !== null,
      enough: options.enough,
    },
    (news) => {
      if (news.news === 'failed')
        console.error(`${process.stderr.isTTY ? '\n' : ''}seed ${news.seed} broke ${news.invariants.join(', ')}`);
      if (news.news !== 'progress') return;
      done += news.seeds;
      // Those that lean to something, and those that are aimed, come beside the seeds that were asked for.
      const line = `${done}${least === null ? ` of ${to - from + 1}` : ''} seeds, ${(done / seconds()).toFixed(1)} a second`;
      if (process.stderr.isTTY) process.stderr.write(`\r${line} `);
      else if (seconds() - saidAt >= silentSeconds) {
        saidAt = seconds();
        console.error(line);
      }
    },
  );
  if (process.stderr.isTTY) process.stderr.write('\n');
  console.log(saySummary(summary, seconds(), failures.length));
  if (options.records)
    recordLongRun({ commit: commitOf(), bias, from, to, seconds: Math.round(seconds()) }, summary, failures);
  const simulate = await loadSimulate(planted);
  for (const { seed, aimed, bias: lean } of failures.slice(0, mostShrunk)) {
    const told = await simulate({ seed, only: null, aimed, bias: lean, keepsTrace: false, ...mixOf(options) });
    await tellFailure(options, told, { bias: lean, aimed, isCalm, planted });
  }
  return isCovered(options, summary) && failures.length === 0 ? 0 : 1;
}

function isCovered({ least }: Options, summary: Parameters<typeof sayCoverage>[0]): boolean {
  if (least === null) return true;
  console.log(sayCoverage(summary));
  const lacking = sayMissing(summary, least);
  if (lacking !== null) console.log(lacking);
  return lacking === null;
}

async function tellFailure(options: Options, failed: Told, asked: Asked): Promise<void> {
  const { shrink } = await import('../test/simulation/shrink.ts');
  const { simulate } = await import('../test/simulation/simulate.ts');
  const { seed } = failed;
  const { bias, aimed } = asked;
  const again = (only: ReadonlySet<string>, keepsTrace: boolean): Promise<Told> =>
    simulate({ seed, only, bias, aimed, keepsTrace, ...mixOf(options) });
  const small = options.shrinks
    ? await shrink(failed, (only) => again(only, false))
    : { only: failed.struck, told: failed };
  const { trace } = await again(new Set(small.only), true);
  const end = trace.findIndex((line) => line.includes(' ORACLE ')) + 1 || trace.length;
  const story = storyOf(trace.slice(0, end), storyLines);
  console.log(sayFailure(small.told, commitOf(), asked, small.only, options.shrinks, story));
}

function mixOf({ isCalm }: Options): Pick<Ask, 'mix'> {
  return isCalm ? { mix: {} } : {};
}
