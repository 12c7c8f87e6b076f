import type { Job } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Turn } from '../../src/engine/turn.ts';
import type { Wakeups } from '../../src/queue/wakeups.ts';
import { type Lane, turnProcessor } from '../../workers/processors.ts';

const minute = 60_000;
const noWakeups: Wakeups = {
  sync: async () => {},
  provision: async () => {},
  schedule: async () => {},
  unschedule: async () => {},
};
const job: Pick<Job, 'queueName' | 'data' | 'priority'> = { queueName: 'sync', data: {}, priority: 5 };

const workedOn = (turn: Turn, now: Date) => {
  const delays: (number | undefined)[] = [];
  const lane: Lane<unknown> = {
    queue: {
      add: async (_name, _data, options) => {
        delays.push(options?.delay);
        return job as Job;
      },
      getJob: async () => job as Job,
    },
    payload: z.unknown(),
    turn: async () => turn,
    next: async () => null,
  };
  return { process: turnProcessor(lane, noWakeups, () => now), delays };
};

describe('a processor', () => {
  const theirs = new Date('2026-03-02T08:00:00Z');

  it('declares three parameters, or BullMQ would keep the abort signal to itself', () => {
    expect(workedOn({ next: 'done' }, theirs).process.length).toBe(3);
  });

  it.each(['again', 'rest'] as const)(
    'says for how long it is until the next turn, for BullMQ goes by the clock of the machine: %s',
    async (next) => {
      const { process, delays } = workedOn({ next, at: new Date(theirs.getTime() + 10 * minute) }, theirs);
      await process(job as Job, 'token', undefined);
      expect(delays).toEqual([10 * minute]);
    },
  );

  it('lets nothing follow what is done', async () => {
    const { process, delays } = workedOn({ next: 'done' }, theirs);
    await process(job as Job, 'token', undefined);
    expect(delays).toEqual([]);
  });
});
