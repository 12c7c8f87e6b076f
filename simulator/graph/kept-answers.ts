/** Answers that were given already, as they went over the wire: a tenant of a million users fits in some 150 MB, and is told at the speed of the socket. */

import type { Knobs } from './knobs.ts';
import type { Reply } from './reply.ts';
import type { Tenant } from './tenant.ts';

type Shelf = { readonly stamp: string; readonly answers: Map<string, Reply> };

export class KeptAnswers {
  readonly #shelves = new WeakMap<Tenant, Shelf>();

  find(tenant: Tenant, knobs: Knobs, key: string): Reply | null {
    return this.#shelf(tenant, knobs).answers.get(key) ?? null;
  }

  keep(tenant: Tenant, knobs: Knobs, key: string, reply: Reply): void {
    this.#shelf(tenant, knobs).answers.set(key, { ...reply, body: '' });
  }

  /** Whatever happens in the tenant, and every knob but how long an answer takes, makes all its answers old. */
  #shelf(tenant: Tenant, knobs: Knobs): Shelf {
    const { log, deltaEpoch, pageEpoch } = tenant;
    const stamp = JSON.stringify([log.size, deltaEpoch, pageEpoch, { ...knobs, latencyMs: 0, tokenLatencyMs: 0 }]);
    const found = this.#shelves.get(tenant);
    if (found?.stamp === stamp) return found;
    const fresh = { stamp, answers: new Map<string, Reply>() };
    this.#shelves.set(tenant, fresh);
    return fresh;
  }
}
