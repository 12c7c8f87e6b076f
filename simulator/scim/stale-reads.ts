/** Reads that do not see the last write yet, as from a replica that lags behind. What a filter finds is decided by what is there. */

import type { Resource } from './store.ts';

export class StaleReads {
  readonly #held = new Map<string, { readonly before: Resource | null; left: number }>();

  /** The next `reads` readers of this resource see it as it was; null: they do not see it at all. */
  hold(id: string, before: Resource | null, reads: number): void {
    const frozen =
      before === null
        ? null
        : { ...before, members: new Map(Array.from(before.members.values(), (one) => [one.value, one])) };
    this.#held.set(id, { before: frozen, left: reads });
  }

  /** What a reader sees in place of what is there. A resource that was deleted is still found by its id, but in no list. */
  see(id: string, current: Resource | undefined): Resource | undefined {
    const held = this.#held.get(id);
    if (held === undefined) return current;
    held.left -= 1;
    if (held.left <= 0) this.#held.delete(id);
    return held.before ?? undefined;
  }

  clear(): void {
    this.#held.clear();
  }
}
