import { DelayedError, type Job } from 'bullmq';
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
const lane = (turn: Turn): Lane<unknown> => ({ payload: z.unknown(), turn: async () => turn, next: async () => null });

describe('a processor', () => {
  it('declares three parameters, or BullMQ would keep the abort signal to itself', () => {
    expect(turnProcessor(lane({ next: 'done' }), noWakeups, () => new Date()).length).toBe(3);
  });

  it('puts a job back for as long as the turn says, by the clock of the machine, which BullMQ goes by', async () => {
    const theirs = new Date('2026-03-02T08:00:00Z');
    const inTenMinutes: Turn = { next: 'again', at: new Date(theirs.getTime() + 10 * minute) };
    const process = turnProcessor(lane(inTenMinutes), noWakeups, () => theirs);
    const before = Date.now();
    const moved: number[] = [];
    const job: Pick<Job, 'data' | 'moveToDelayed'> = {
      data: {},
      moveToDelayed: async (at) => {
        moved.push(at);
      },
    };
    await expect(process(job as Job, 'token', undefined)).rejects.toThrow(DelayedError);
    const [at = 0] = moved;
    expect(at - before).toBeGreaterThanOrEqual(10 * minute);
    expect(at - Date.now()).toBeLessThanOrEqual(10 * minute);
  });
});
