/** The seeds of one process. Started as a process of its own where several share the work. */

import { z } from 'zod';
import { plant } from '../../test/simulation/mutants/plant.ts';
import { addTold, noSummary, SummarySchema } from '../../test/simulation/summary.ts';

export const ShareSchema = z.object({
  runs: z.array(
    z.union([
      z.object({ from: z.number(), to: z.number(), step: z.number(), bias: z.string().nullable() }),
      z.object({ seed: z.number(), aimed: z.string().nullable(), bias: z.string().nullable() }),
    ]),
  ),
  isCalm: z.boolean(),
  /** Names of the bugs that are put into the engine first. */
  planted: z.array(z.string()),
  /** Seeds that are left out. */
  without: z.array(z.number()),
});
export type Share = z.infer<typeof ShareSchema>;

/** What a process is told: to play these, or that enough was found. */
export const AskedSchema = z.discriminatedUnion('say', [
  z.object({ say: z.literal('play'), share: ShareSchema }),
  z.object({ say: z.literal('enough') }),
]);
export type Asked = z.infer<typeof AskedSchema>;

export const NewsSchema = z.discriminatedUnion('news', [
  z.object({ news: z.literal('progress'), seeds: z.number() }),
  z.object({
    news: z.literal('failed'),
    seed: z.number(),
    aimed: z.string().nullable(),
    bias: z.string().nullable(),
    invariants: z.array(z.string()),
  }),
  z.object({ news: z.literal('end'), summary: SummarySchema }),
]);
export type News = z.infer<typeof NewsSchema>;

const reportEvery = 20;

/** The engine is loaded only now, and once: it may have to be another one. */
export const loadSimulate = (planted: readonly string[]): ReturnType<typeof load> => {
  loading ??= load(planted);
  return loading;
};

const load = async (planted: readonly string[]) => {
  plant(planted);
  return (await import('../../test/simulation/simulate.ts')).simulate;
};
let loading: ReturnType<typeof load> | null = null;

export const runShare = async (share: Share, tell: (news: News) => void, mayGoOn: () => boolean): Promise<void> => {
  const simulate = await loadSimulate(share.planted);
  // Errors are made by the thousand, and nobody reads where: a trace of one seed shows it.
  Error.stackTraceLimit = 0;
  const summary = noSummary();
  const left = new Set(share.without);
  const mix = share.isCalm ? { mix: {} } : {};
  let told = 0;
  const tellProgress = (): void => {
    tell({ news: 'progress', seeds: summary.seeds - told });
    told = summary.seeds;
  };
  for (const { seed, aimed, bias } of runsOf(share)) {
    if (!mayGoOn()) break;
    if (left.has(seed)) continue;
    const result = await simulate({ seed, only: null, aimed, bias, keepsTrace: false, ...mix });
    addTold(summary, result, bias !== null);
    if (result.violations.length > 0)
      tell({
        news: 'failed',
        seed,
        aimed,
        bias,
        invariants: [...new Set(result.violations.map(({ invariant }) => invariant))],
      });
    if (summary.seeds - told >= reportEvery) tellProgress();
    // Whoever waits to be heard is heard between two seeds.
    await new Promise((resolve) => setImmediate(resolve));
  }
  tellProgress();
  tell({ news: 'end', summary });
};

type One = { readonly seed: number; readonly aimed: string | null; readonly bias: string | null };

function* runsOf({ runs }: Share): Iterable<One> {
  for (const run of runs) {
    if (!('from' in run)) yield run;
    else for (let seed = run.from; seed <= run.to; seed += run.step) yield { seed, aimed: null, bias: run.bias };
  }
}

if (import.meta.main) {
  let goesOn = true;
  const stop = (): void => {
    goesOn = false;
  };
  process.on('disconnect', stop);
  process.on('message', (message) => {
    const asked = AskedSchema.parse(message);
    if (asked.say === 'enough') stop();
    else
      void runShare(
        asked.share,
        // Whoever asked may have ended: then nobody hears it.
        (news) => process.send?.(news, () => {}),
        () => goesOn,
      );
  });
}
