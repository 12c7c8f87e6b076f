/** Keeps to what one target account can take: so many requests at once, so many a second, and none while it asked to wait. */

import pLimit, { type LimitFunction } from 'p-limit';
import { TargetError } from '../../model/errors.ts';
import type { World } from '../../model/world.ts';

/** The longest wait inside the adapter; for more, the run is put back so that its worker is free. */
export const patienceMs = 2_000;

export class Limiter {
  readonly #world: Pick<World, 'now' | 'sleep'>;
  readonly #slots: LimitFunction;
  readonly #spacingMs: number;
  #nextAt = 0;
  #heldUntil = 0;

  constructor(limits: { concurrency: number; requestsPerSecond: number | null }, world: Pick<World, 'now' | 'sleep'>) {
    this.#world = world;
    this.#slots = pLimit(limits.concurrency);
    this.#spacingMs = limits.requestsPerSecond === null ? 0 : 1_000 / limits.requestsPerSecond;
  }

  /** Runs `send` once there is room for it. Throws `TargetError` throttled when the target asked for a long wait. */
  run<T>(send: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#slots(async () => {
      signal.throwIfAborted();
      await this.#turn(signal);
      return await send();
    });
  }

  /** Nobody sends anything for so long, whoever was told so. */
  hold(ms: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, this.#now() + ms);
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const at = Math.max(this.#now(), this.#nextAt);
    this.#nextAt = at + this.#spacingMs;
    await this.#until(at, signal);
    // A hold may come, and grow, while others are under way.
    while (this.#heldUntil > this.#now()) {
      const ms = this.#heldUntil - this.#now();
      if (ms > patienceMs)
        throw new TargetError('throttled', 'The target asked to wait.', { code: 'held', retryAfterMs: ms });
      await this.#until(this.#heldUntil, signal);
    }
  }

  async #until(at: number, signal: AbortSignal): Promise<void> {
    const ms = at - this.#now();
    if (ms > 0) await this.#world.sleep(ms, signal);
  }

  #now(): number {
    return this.#world.now().getTime();
  }
}
