import { describe, expect, it } from 'vitest';
import { Limiter } from '../../../src/target/scim/limiter.ts';
import { testWorld } from '../world.ts';

const signal = new AbortController().signal;

describe('the limiter of a target', () => {
  it('lets so many requests through at once and no more', async () => {
    const limiter = new Limiter({ concurrency: 3, requestsPerSecond: null }, testWorld());
    let under = 0;
    let peak = 0;
    const request = async (): Promise<void> => {
      under += 1;
      peak = Math.max(peak, under);
      await new Promise((resolve) => setImmediate(resolve));
      under -= 1;
    };
    await Promise.all(Array.from({ length: 20 }, () => limiter.run(request, signal)));
    expect(peak).toBe(3);
  });

  it('spaces requests out to so many a second', async () => {
    const world = testWorld();
    const limiter = new Limiter({ concurrency: 1, requestsPerSecond: 4 }, world);
    const startedAt = world.now().getTime();
    const sentAt: number[] = [];
    for (let n = 0; n < 5; n += 1)
      await limiter.run(async () => void sentAt.push(world.now().getTime() - startedAt), signal);
    expect(sentAt).toEqual([0, 250, 500, 750, 1_000]);
  });

  it('holds everybody for as long as the target asked one of them to wait', async () => {
    const world = testWorld();
    const limiter = new Limiter({ concurrency: 2, requestsPerSecond: null }, world);
    limiter.hold(1_500);
    await limiter.run(async () => {}, signal);
    expect(world.slept).toEqual([1_500]);
  });

  it('hands a long wait back instead of sleeping through it', async () => {
    const world = testWorld();
    const limiter = new Limiter({ concurrency: 2, requestsPerSecond: null }, world);
    limiter.hold(60_000);
    await expect(limiter.run(async () => {}, signal)).rejects.toMatchObject({
      fault: 'throttled',
      retryAfterMs: 60_000,
    });
    expect(world.slept).toEqual([]);
  });
});
