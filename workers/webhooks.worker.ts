/** Tells webhooks what happened. It asks the database every second and needs no queue: what is due, and for whom, stands there. */

import type { Parts } from '../src/compose.ts';
import { takeEndedRuns, tellOfRuns, wakeListeners } from '../src/engine/relay-events.ts';
import { takeTelling, tell } from '../src/engine/tell-webhook.ts';
import { errorFacts } from '../src/logger.ts';
import type { Running } from './start-worker.ts';

const everyMs = 1_000;
/** So many addresses are told at once: those that answer slowly must not fill it. */
const addressesAtOnce = 16;
/** So many organizations have what happened in them worked out at once: a first sync of a million people takes minutes. */
const organizationsAtOnce = 4;

export const startWebhookWorker = ({ telling, log }: Parts): Running => {
  const stopping = new AbortController();
  const { signal } = stopping;
  /** Takes turns until so many are under way or nobody is due. */
  const inTurns = <T>(
    atOnce: number,
    take: () => Promise<T | null>,
    work: (turn: T) => Promise<void>,
    failed: (turn: T, error: unknown) => void,
  ) => {
    const under = new Set<Promise<void>>();
    const begin = (turn: T): void => {
      const working = work(turn)
        .catch((error: unknown) => {
          if (!signal.aborted) failed(turn, error);
        })
        .finally(() => under.delete(working));
      under.add(working);
    };
    return {
      take: async (): Promise<void> => {
        while (under.size < atOnce && !signal.aborted) {
          const turn = await take();
          if (turn === null) return;
          begin(turn);
        }
      },
      ended: () => Promise.all(under),
    };
  };

  const { stores } = telling;
  const organizations = inTurns(
    organizationsAtOnce,
    async () => {
      const ended = await takeEndedRuns(stores);
      return ended.length === 0 ? null : ended;
    },
    (ended) => tellOfRuns(stores, ended, signal),
    (ended, error) => log.warn('events.unrelayed', { organization: ended[0]?.organization, ...errorFacts(error) }),
  );
  const addresses = inTurns(
    addressesAtOnce,
    () => takeTelling(telling),
    (turn) => tell(telling, turn, signal),
    ({ webhook }, error) => log.warn('webhook.untold', { webhook, ...errorFacts(error) }),
  );

  const working = (async () => {
    while (!signal.aborted) {
      try {
        await organizations.take();
        while (await wakeListeners(stores)) signal.throwIfAborted();
        await addresses.take();
      } catch (error) {
        if (!signal.aborted) log.warn('events.unrelayed', errorFacts(error));
      }
      await telling.world.sleep(everyMs, signal).catch(() => {});
    }
  })();

  return {
    stop: async () => {
      stopping.abort('stopping');
      await working;
      await Promise.all([organizations.ended(), addresses.ended()]);
    },
  };
};
