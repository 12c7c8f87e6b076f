/** How our processes start and stop: configuration errors are told in full, SIGTERM ends at a safe place, and never later than 25 s after it. */

import { type Config, ConfigRefused, parseConfig } from './config.ts';
import { errorFacts } from './logger.ts';

const longestStopMs = 25_000;

/** `start` resolves with what stops it. Ends the process. */
export const untilStopped = async (start: (config: Config) => Promise<() => Promise<void>>): Promise<void> => {
  try {
    const stop = await start(parseConfig(process.env));
    await signaled();
    const late = setTimeout(() => {
      process.stderr.write(`${'Did not stop in time; what was under way is continued by another worker.'}\n`);
      process.exit(1);
    }, longestStopMs);
    late.unref();
    await stop();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigRefused ? error.message : JSON.stringify(errorFacts(error))}\n`);
    process.exit(1);
  }
};

const signaled = (): Promise<void> =>
  new Promise((resolve) => {
    // Never unhandled again: a second signal, as when Ctrl-C reaches us and npm passes it on too, would end us on the spot.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
  });
