/** Many seeds, in one process or several; failures and the summary come back. */

import { fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { aimsAt } from '../../test/simulation/aims.ts';
import { biasNames } from '../../test/simulation/bias.ts';
import { merged, type Summary } from '../../test/simulation/summary.ts';
import { type Asked, type News, NewsSchema, type Share } from './share.ts';

export type Failure = {
  readonly seed: number;
  readonly aimed: string | null;
  readonly bias: string | null;
  readonly invariants: readonly string[];
};
export type Many = { readonly summary: Summary; readonly failures: readonly Failure[] };

export type Work = {
  readonly from: number;
  readonly to: number;
  /** Processes that share the seeds. */
  readonly workers: number;
  readonly isCalm: boolean;
  readonly planted: readonly string[];
  readonly without: readonly number[];
  /** What the seeds lean to; null: to nothing. */
  readonly bias: string | null;
  /** So many seeds of each bias are played besides. */
  readonly ofEachBias: number;
  /** Whether every fault that chance sent nowhere near a place where it could strike is aimed at it afterwards. */
  readonly aims: boolean;
  /** After so many failing seeds there is enough to look at. */
  readonly enough: number;
};

/** `onNews`: for the progress line. */
export const simulateMany = async (work: Work, onNews: (news: News) => void): Promise<Many> => {
  const { from, to, isCalm, enough, bias } = work;
  const workers = Math.min(work.workers, to - from + 1);
  const summaries: Summary[] = [];
  const failures: Failure[] = [];
  const hear = (news: News): void => {
    if (news.news === 'end') summaries.push(news.summary);
    if (news.news === 'failed') failures.push(news);
    onNews(news);
  };
  const players = Array.from({ length: workers }, hire);
  const share = async (parts: readonly Share['runs'][]): Promise<void> => {
    const same = { isCalm, planted: [...work.planted], without: [...work.without] };
    const mayGoOn = (): boolean => failures.length < enough;
    await Promise.all(parts.map((runs, nth) => players[nth]?.play({ runs, ...same }, hear, mayGoOn)));
  };
  const leaning = biasNames.flatMap((each) =>
    Array.from({ length: work.ofEachBias }, (_, nth) => ({ seed: nth + 1, aimed: null, bias: each })),
  );
  try {
    await share(dealt(leaning, workers).map((runs, nth) => [{ from: from + nth, to, step: workers, bias }, ...runs]));
    if (work.aims && failures.length < enough) {
      const aims = aimsAt(merged(summaries)).map((aim) => ({ ...aim, bias: null }));
      await share(dealt(aims, workers));
    }
  } finally {
    await Promise.all(players.map(({ dismiss }) => dismiss()));
  }
  return { summary: merged(summaries), failures: failures.sort((a, b) => a.seed - b.seed) };
};

const dealt = <T>(all: readonly T[], hands: number): readonly T[][] =>
  Array.from({ length: hands }, (_, nth) => all.filter((__, at) => at % hands === nth));

/** Many processes load the same sources, most of them unchanged. */
const compiled = join(import.meta.dirname, '../../.cache/simulate');

/** Little of the product is hot: what is called a second time is compiled, and short lives end before they have to be moved. A tenth less CPU. */
const quickly = ['--always-sparkplug', '--min-semi-space-size=64', '--max-semi-space-size=64'];

/** A process that plays one share after the other: it needs some seconds to load the product, and as long again to be fast. */
type Player = {
  readonly play: (share: Share, hear: (news: News) => void, mayGoOn: () => boolean) => Promise<void>;
  readonly dismiss: () => Promise<void>;
};

/** Node strips the types itself; nothing of whoever starts it is passed on. */
const hire = (): Player => {
  const child = fork(join(import.meta.dirname, 'share.ts'), [], {
    stdio: ['ignore', 2, 2, 'ipc'],
    execArgv: [...quickly],
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  });
  // Time is simulated here: whoever waits for real time to pass comes first.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`A process of the simulation ended with ${code}.`)),
    );
  });
  // Whoever plays hears of it, or whoever dismisses it.
  ended.catch(() => {});
  const tell = (asked: Asked): void => {
    if (child.connected) child.send(asked, () => {});
  };
  const played = (hear: (news: News) => void, mayGoOn: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const listen = (message: unknown): void => {
        const news = NewsSchema.parse(message);
        hear(news);
        if (news.news !== 'end') {
          if (!mayGoOn()) tell({ say: 'enough' });
          return;
        }
        child.off('message', listen);
        resolve();
      };
      child.on('message', listen);
    });
  return {
    play: async (share, hear, mayGoOn) => {
      const end = played(hear, mayGoOn);
      tell({ say: 'play', share });
      await Promise.race([end, ended]);
    },
    dismiss: async () => {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
};
