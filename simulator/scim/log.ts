/** What was asked of the simulated target: the last requests in full, and counts of all. */

import { createHash } from 'node:crypto';
import type { Json } from './json.ts';

export type LoggedRequest = {
  readonly number: number;
  readonly time: string;
  readonly method: string;
  /** Below the base path. */
  readonly path: string;
  readonly query: string;
  readonly userAgent: string | null;
  /** Null while it is under way, and when no answer was given. */
  readonly status: number | null;
  /** The kind of fault that struck. */
  readonly fault: string | null;
  readonly bodyDigest: string | null;
  readonly body: Json;
};

export type Counters = {
  readonly requests: number;
  readonly inFlight: number;
  readonly peakInFlight: number;
  /** By method and path, with `{id}` for ids: `PATCH /Users/{id}`. */
  readonly byRoute: Readonly<Record<string, number>>;
  readonly byStatus: Readonly<Record<string, number>>;
};

export type Arrived = Pick<LoggedRequest, 'time' | 'method' | 'path' | 'query' | 'userAgent'>;

type Entry = Arrived & { readonly number: number; status: number | null; fault: string | null; text: string };

/** A request under way; the server tells it what became of it. */
export type Noting = {
  sent(body: string): void;
  struck(fault: string): void;
  answered(status: number): void;
  ended(): void;
};

export class RequestLog {
  readonly #kept: number;
  #entries: Entry[] = [];
  #requests = 0;
  #inFlight = 0;
  #peakInFlight = 0;
  #byRoute = new Map<string, number>();
  #byStatus = new Map<string, number>();

  constructor(kept: number) {
    this.#kept = kept;
  }

  note(arrived: Arrived): Noting {
    const entry: Entry = { ...arrived, number: ++this.#requests, status: null, fault: null, text: '' };
    this.#entries.push(entry);
    if (this.#entries.length > this.#kept * 2) this.#entries = this.#entries.slice(-this.#kept);
    this.#inFlight += 1;
    this.#peakInFlight = Math.max(this.#peakInFlight, this.#inFlight);
    count(this.#byRoute, `${arrived.method} ${arrived.path.replace(/^(\/[^/]+)\/(?!\.search$).+$/, '$1/{id}')}`);
    return {
      sent: (body) => {
        entry.text = body;
      },
      struck: (fault) => {
        entry.fault = fault;
      },
      answered: (status) => {
        entry.status = status;
        count(this.#byStatus, String(status));
      },
      ended: () => {
        this.#inFlight -= 1;
      },
    };
  }

  /** Oldest first; digests and bodies are worked out only now. */
  requests(): readonly LoggedRequest[] {
    return this.#entries.slice(-this.#kept).map(({ text, ...entry }) => ({
      ...entry,
      bodyDigest: text === '' ? null : createHash('sha256').update(text).digest('hex'),
      body: parsedOrText(text),
    }));
  }

  counters(): Counters {
    return {
      requests: this.#requests,
      inFlight: this.#inFlight,
      peakInFlight: this.#peakInFlight,
      byRoute: Object.fromEntries(this.#byRoute),
      byStatus: Object.fromEntries(this.#byStatus),
    };
  }

  /** Requests under way stay counted as such. */
  clear(): void {
    this.#entries = [];
    this.#requests = 0;
    this.#peakInFlight = this.#inFlight;
    this.#byRoute.clear();
    this.#byStatus.clear();
  }
}

const count = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

function parsedOrText(text: string): Json {
  if (text === '') return null;
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}
