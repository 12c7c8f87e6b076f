/** Waits for runs of an installation to end. One query looks for all of them, so that the bench is not part of what it measures. */

import { setTimeout as sleep } from 'node:timers/promises';
import type mongoose from 'mongoose';
import { z } from 'zod';

export type RunRecord = {
  readonly _id: string;
  readonly trigger: string;
  readonly mode: string;
  readonly state: string;
  readonly createdAt: Date;
  readonly startedAt?: Date;
  readonly finishedAt: Date | null;
};
type Runs = mongoose.mongo.Collection<RunRecord>;

const restMs = 100;
const ended = z.object({ _id: z.string(), state: z.string(), createdAt: z.date(), finishedAt: z.date() });
export type Ended = z.infer<typeof ended>;

/** How a run ended, whichever way. What its times are says its record, so that nothing is added by looking seldom. */
export const endOf = (runs: Runs): ((run: string) => Promise<Ended>) => {
  const waiting = new Map<string, PromiseWithResolvers<Ended>>();
  const look = async (): Promise<void> => {
    const found = await runs
      .find({ _id: { $in: [...waiting.keys()] }, finishedAt: { $ne: null } })
      .project({ state: 1, createdAt: 1, finishedAt: 1 })
      .toArray();
    for (const run of z.array(ended).parse(found)) {
      waiting.get(run._id)?.resolve(run);
      waiting.delete(run._id);
    }
  };
  const keepLooking = async (): Promise<void> => {
    try {
      for (; waiting.size > 0; await sleep(restMs)) await look();
    } catch (error) {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    }
  };
  return (run) => {
    const known = waiting.get(run);
    if (known !== undefined) return known.promise;
    const asked = Promise.withResolvers<Ended>();
    waiting.set(run, asked);
    if (waiting.size === 1) keepLooking();
    return asked.promise;
  };
};
