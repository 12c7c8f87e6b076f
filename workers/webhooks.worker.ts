/** Tells webhooks what happened. It asks the database every second and needs no queue: what is due, and for whom, stands there. */

import type { Parts } from '../src/compose.ts';
import { relayEvents } from '../src/engine/relay-events.ts';
import { takeTelling, tell } from '../src/engine/tell-webhook.ts';
import { errorFacts } from '../src/logger.ts';
import type { Running } from './start-worker.ts';

const everyMs = 1_000;
/** So many addresses are told at once: those that answer slowly must not fill it. */
const atOnce = 16;

export const startWebhookWorker = ({ telling, log }: Parts): Running => {
  const stopping = new AbortController();
  const { signal } = stopping;
  const under = new Set<Promise<void>>();

  const takeTurns = async (): Promise<void> => {
    while (under.size < atOnce && !signal.aborted) {
      const turn = await takeTelling(telling);
      if (turn === null) return;
      const work = tell(telling, turn, signal)
        .catch((error: unknown) => log.warn('webhook.untold', { webhook: turn.webhook, ...errorFacts(error) }))
        .finally(() => under.delete(work));
      under.add(work);
    }
  };

  const working = (async () => {
    while (!signal.aborted) {
      try {
        while (await relayEvents(telling.stores)) signal.throwIfAborted();
        await takeTurns();
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
      await Promise.all(under);
    },
  };
};
