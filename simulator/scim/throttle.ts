/** A target's own rate limit: so many requests a second, and as many at once after a rest. */

export class Throttle {
  #tokens = Number.POSITIVE_INFINITY;
  #at = 0;

  /** How many seconds the client has to wait; 0: it may go on. A rate of 0 is no limit. */
  wait(requestsPerSecond: number, now: Date): number {
    if (requestsPerSecond === 0) return 0;
    const passedMs = Math.max(now.getTime() - this.#at, 0);
    this.#tokens = Math.min(this.#tokens + (passedMs * requestsPerSecond) / 1000, Math.max(requestsPerSecond, 1));
    this.#at = now.getTime();
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) / requestsPerSecond);
    this.#tokens -= 1;
    return 0;
  }
}
