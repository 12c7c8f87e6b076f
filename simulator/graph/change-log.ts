/** What happened in a tenant, oldest first, only ever appended to. Delta links are places in it. */

export type Happening =
  | { readonly what: 'created' | 'soft_deleted' | 'restored' | 'purged' }
  | { readonly what: 'updated'; readonly properties: readonly string[] }
  | { readonly what: 'manager'; readonly before: number | null; readonly after: number | null }
  | { readonly what: 'member'; readonly member: number; readonly joined: boolean };

/** `seq` counts from 1, so a place of 0 means before everything. */
export type LogEntry = { readonly seq: number; readonly atMs: number; readonly object: number } & Happening;

export class ChangeLog {
  readonly #entries: LogEntry[] = [];

  readonly #listeners = new Set<(entry: LogEntry) => void>();

  append(object: number, atMs: number, happening: Happening): void {
    const entry = { seq: this.#entries.length + 1, atMs, object, ...happening };
    this.#entries.push(entry);
    for (const heard of this.#listeners) heard(entry);
  }

  /** From now on it hears of every entry, until what is returned is called. */
  listen(heard: (entry: LogEntry) => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  get size(): number {
    return this.#entries.length;
  }

  /** The place after the newest entry that is at least `lagMs` old: replication lag hides what is younger. */
  visible(nowMs: number, lagMs: number): number {
    let place = this.#entries.length;
    if (lagMs <= 0) return place;
    while (place > 0 && (this.#entries[place - 1]?.atMs ?? 0) > nowMs - lagMs) place--;
    return place;
  }

  between(after: number, upTo: number): readonly LogEntry[] {
    return this.#entries.slice(after, upTo);
  }
}
