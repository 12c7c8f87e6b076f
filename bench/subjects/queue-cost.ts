/** What the queue alone costs: jobs that do nothing go through it as the jobs of syncs do, and a real sync through a real worker. */

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Parts } from '../../src/compose.ts';
import { connectionId } from '../../src/model/ids.ts';
import { turnProcessor } from '../../workers/processors.ts';
import { startWorker } from '../../workers/start-worker.ts';
import { startSyncWorker } from '../../workers/sync.worker.ts';
import type { Handlers } from '../actor.ts';
import { measured } from '../figures.ts';
import { redisBytes } from '../redis-bytes.ts';
import { asOperator } from './as-operator.ts';

const empty = z.object({ syncs: z.number(), turns: z.number() });
const real = z.object({ connection: z.string() });
const queued = real.extend({ weighed: z.boolean() });

export const queueCost = (running: () => { readonly parts: Parts }): Handlers => ({
  /** `turns`: how often a sync goes to the back of the line and comes again, the last time included. */
  emptySyncs: async (given) => {
    const { syncs, turns } = empty.parse(given);
    const { parts } = running();
    const seen = new Map<string, number>();
    let done = 0;
    const worker = startWorker(
      parts,
      'sync',
      turnProcessor(
        {
          queue: parts.queues.sync,
          payload: real,
          turn: async ({ connection }) => {
            const turn = (seen.get(connection) ?? 0) + 1;
            seen.set(connection, turn);
            if (turn < turns) return { next: 'again', at: new Date() };
            done += 1;
            return { next: 'done' };
          },
          next: async () => null,
        },
        parts.wakeups,
        parts.engine.world.now,
      ),
      parts.config.syncConcurrency,
    );
    const before = await received(parts);
    try {
      return await measured(async () => {
        for (let sync = 0; sync < syncs; sync += 1) await parts.wakeups.sync(connectionId(`empty-${sync}`), 'full');
        while (done < syncs) await sleep(5);
        return { syncs, wireBytes: (await received(parts)) - before };
      });
    } finally {
      await worker.stop();
    }
  },
  /** A full sync asked for and worked as in production. `weighed`: what Redis holds of it is looked up all the while, which costs this process time. */
  syncThroughQueue: async (given) => {
    const { connection, weighed } = queued.parse(given);
    const { parts } = running();
    const worker = startSyncWorker(parts);
    try {
      return await measured(async () => {
        const { run } = await asOperator(parts).requestSync(connectionId(connection), {
          mode: 'full',
          scope: null,
          dryRun: false,
        });
        let keyBytes = 0;
        for (;;) {
          if (weighed) keyBytes = Math.max(keyBytes, await redisBytes(parts.redis, parts.config.queuePrefix));
          const { finishedAt = null } = (await parts.engine.stores.runs.get(run.id)) ?? {};
          if (finishedAt !== null) return weighed ? { keyBytes } : {};
          await sleep(50);
        }
      });
    } finally {
      await worker.stop();
    }
  },
});

const received = async ({ redis }: Parts): Promise<number> =>
  Number(/total_net_input_bytes:(\d+)/.exec(await redis.info('stats'))?.[1] ?? 0);
