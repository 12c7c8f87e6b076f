/** How our processes start and stop: configuration errors are told in full, SIGTERM ends at a safe place, and never later than 25 s after it. */

import { type Config, ConfigRefused, parseConfig } from './config.ts';
import { errorFacts } from './logger.ts';

const longestStopMs = 25_000;

export type Start = (config: Config, giveUp: (why: Error) => void) => Promise<() => Promise<void>>;

/** `start` resolves with what stops it; whoever cannot go on gives up, and says why. Ends the process. */
export const untilStopped = async (start: Start): Promise<void> => {
  try {
    const gaveUp = Promise.withResolvers<Error>();
    const stop = await start(parseConfig(process.env), gaveUp.resolve);
    const why = await Promise.race([signaled(), gaveUp.promise]);
    const late = setTimeout(() => {
      process.stderr.write(`${'Did not stop in time; what was under way is continued by another worker.'}\n`);
      process.exit(1);
    }, longestStopMs);
    late.unref();
    await stop();
    if (why !== undefined) throw why;
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigRefused ? error.message : JSON.stringify(errorFacts(error))}\n`);
    process.exit(1);
  }
};

const signaled = (): Promise<undefined> =>
  new Promise((resolve) => {
    // Never unhandled again: a second signal, as when Ctrl-C reaches us and npm passes it on too, would end us on the spot.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(undefined));
  });
