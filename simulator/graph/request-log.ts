/** What was asked, for tests and people to look at. Bounded: a benchmark asks for millions of pages. */

export type Logged = {
  readonly at: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly status: number;
  readonly tenant: string | null;
  readonly units: number;
  /** What the client called it, or else the id the server gave. */
  readonly clientRequestId: string;
  readonly bytes: number;
};

export type Counters = {
  requests: number;
  /** Requests inside batches; they are among `requests`. */
  batched: number;
  /** To Graph itself and not to the login; a batch is one. */
  toGraph: number;
  tokens: number;
  units: number;
  bytes: number;
  byStatus: Record<string, number>;
};

const MOST_KEPT = 10_000;

export class RequestLog {
  #entries: Logged[] = [];
  #counters: Counters = none();

  add(entry: Logged): void {
    this.#entries.push(entry);
    if (this.#entries.length > 2 * MOST_KEPT) this.#entries = this.#entries.slice(-MOST_KEPT);
    const counters = this.#counters;
    counters.requests++;
    if (entry.method.startsWith('BATCH ')) counters.batched++;
    else if (entry.path.startsWith('/v1.0/')) counters.toGraph++;
    if (entry.path.endsWith('/oauth2/v2.0/token')) counters.tokens++;
    counters.units += entry.units;
    counters.bytes += entry.bytes;
    counters.byStatus[entry.status] = (counters.byStatus[entry.status] ?? 0) + 1;
  }

  /** The newest requests, oldest first. A batch is one of them; its inner requests follow with the method `BATCH GET`. */
  entries(): readonly Logged[] {
    return this.#entries.slice(-MOST_KEPT);
  }

  counters(): Readonly<Counters> {
    return { ...this.#counters, byStatus: { ...this.#counters.byStatus } };
  }

  reset(): void {
    this.#entries = [];
    this.#counters = none();
  }
}

const none = (): Counters => ({ requests: 0, batched: 0, toGraph: 0, tokens: 0, units: 0, bytes: 0, byStatus: {} });
