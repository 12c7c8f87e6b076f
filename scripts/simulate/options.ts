/** What `npm run simulate` is asked to do. */

import { parseArgs } from 'node:util';
import { WrongOption, wholeNumber } from '../../src/command-line.ts';
import { isName } from '../../test/simulation/names.ts';

export const usage = `Usage: make simulate, or npm run simulate -- [options]

Simulates whole installations, each for some minutes of virtual time full of faults and edits, drawn from a seed, and then until everything
is quiet, and says which promise was broken. See docs/reliability.md.

  npm run simulate -- --seeds 1..2000      many seeds; ends with 1 when a promise was broken
  npm run simulate -- --seed 42 --trace    one seed again, with everything that happened

  --seeds A..B      which seeds (1..200, which take a free core half a minute)
  --seed N          one seed
  --swarm           each seed draws its own mix of faults (as is usual)
  --calm            no faults at all
  --workers N       processes that share the seeds (1)
  --coverage        shows what struck where, also in four seeds of each bias. What chance sent nowhere near a place is aimed at it, in runs of
                    its own: some 800 runs beside the seeds. With --seeds; ends with 1, too, when something that must have happened did in
                    fewer than --least seeds
  --least N         1
  --only a,b,c      the faults and edits that may happen, by name, as a shrunk run tells them; with --seed. 'list' plays the seed as it is
                    drawn and names those that happen. Ends with 2 where one of them never happened
  --trace           prints everything that happened; with --seed
  --no-shrink       does not look for the fewest faults that break the promise
  --bias NAME       seeds that lean to something that is seldom otherwise; 'list' names what
  --aimed NAME      a fault that strikes in any case (kind@site#nth); with --seed
  --record          adds what came out to what docs/reliability.md says of the long run; with --seeds
  --mutant A,B      puts these bugs into the engine first; 'list' names them
  --help`;

export type Options = {
  readonly from: number;
  readonly to: number;
  readonly isCalm: boolean;
  readonly workers: number;
  /** Null: not asked for. */
  readonly least: number | null;
  readonly only: ReadonlySet<string> | 'list' | null;
  readonly trace: boolean;
  readonly shrinks: boolean;
  readonly records: boolean;
  /** After so many failing seeds there is enough to look at. What is recorded is played to its end, for all of these seeds are told to have been. */
  readonly enough: number;
  readonly aimed: string | null;
  readonly bias: string | null;
  readonly planted: readonly string[] | 'list';
};

/** Throws where the arguments make no sense. */
export const parseOptions = (args: readonly string[]): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      swarm: { type: 'boolean' },
      calm: { type: 'boolean' },
      workers: { type: 'string' },
      coverage: { type: 'boolean' },
      least: { type: 'string' },
      only: { type: 'string' },
      trace: { type: 'boolean' },
      'no-shrink': { type: 'boolean' },
      aimed: { type: 'string' },
      bias: { type: 'string' },
      record: { type: 'boolean' },
      mutant: { type: 'string' },
    },
  });
  if (values.seed !== undefined && values.seeds !== undefined)
    throw new WrongOption('--seed and --seeds exclude each other: give one of them.');
  if (values.least !== undefined && values.coverage !== true)
    throw new WrongOption('--least says how often things must happen, which --coverage looks at: give both.');
  const { from, to } =
    values.seed === undefined ? rangeOf('seeds', values.seeds ?? '1..200') : rangeOf('seed', values.seed);
  const isOne = from === to;
  if (!isOne && (values.only !== undefined || values.aimed !== undefined || values.trace === true))
    throw new WrongOption('--only, --aimed and --trace are for one seed: give --seed.');
  if (isOne && (values.coverage === true || values.record === true))
    throw new WrongOption('--coverage and --record are for many seeds: give --seeds.');
  if (values.swarm === true && values.calm === true)
    throw new WrongOption('--swarm and --calm exclude each other: give one of them.');
  return {
    from,
    to,
    isCalm: values.calm === true,
    workers: numberOf('workers', values.workers ?? '1'),
    least: values.coverage === true ? numberOf('least', values.least ?? '1') : null,
    only: onlyOf(values.only),
    trace: values.trace === true,
    shrinks: values['no-shrink'] !== true,
    records: values.record === true,
    enough: values.record === true ? Number.POSITIVE_INFINITY : 20,
    aimed: values.aimed === undefined ? null : faultOf(values.aimed),
    bias: values.bias ?? null,
    planted: values.mutant === 'list' ? 'list' : listOf(values.mutant ?? ''),
  };
};

const listOf = (text: string): readonly string[] => text.split(',').filter((name) => name !== '');

const onlyOf = (text: string | undefined): Options['only'] => {
  if (text === undefined) return null;
  if (text === 'list') return 'list';
  const names = listOf(text);
  const unknown = names.find((name) => !isName(name));
  if (unknown === undefined) return new Set(names);
  throw new WrongOption(`--only knows no "${unknown}"; --only list names what happens in the seed.`);
};

const faultOf = (text: string): string => {
  if (text.includes('@') && isName(text)) return text;
  throw new WrongOption(`--aimed takes the name of a fault, such as crash_after@ledger.intend#0, not "${text}".`);
};

const rangeOf = (option: 'seed' | 'seeds', text: string): { readonly from: number; readonly to: number } => {
  const [from = '', to = from] = text.split('..');
  const range = { from: numberOf(option, from), to: numberOf(option, to) };
  if (option === 'seeds' && !text.includes('..'))
    throw new WrongOption(`--seeds ${text} names one seed: give a range, such as 1..${text}, or --seed ${text}.`);
  if (range.to < range.from) throw new WrongOption(`--seeds ${text} is empty: give the smaller number first.`);
  return range;
};

const numberOf = (option: string, text: string): number => wholeNumber(option, text, 1, 999_999_999);
