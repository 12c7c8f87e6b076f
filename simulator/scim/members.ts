/** The members of a group, apart from its other attributes so that one change in a group of 100,000 stays a small one. */

export type Member = { readonly value: string; readonly type: 'User' | 'Group' };

/** By id. What is committed is a Map; what a request would make of it is a draft. */
export type Members = {
  readonly size: number;
  has(id: string): boolean;
  get(id: string): Member | undefined;
  values(): Iterable<Member>;
};

/** What one request changes, over a list that stays as it is until the request is committed. */
export class MemberDraft implements Members {
  readonly added = new Map<string, Member>();
  readonly removed = new Set<string>();
  readonly #base: Members;

  constructor(base: Members) {
    this.#base = base;
  }

  get size(): number {
    return this.#base.size + this.added.size - this.removed.size;
  }

  get changed(): boolean {
    return this.added.size > 0 || this.removed.size > 0;
  }

  has(id: string): boolean {
    return this.added.has(id) || (this.#base.has(id) && !this.removed.has(id));
  }

  get(id: string): Member | undefined {
    return this.added.get(id) ?? (this.removed.has(id) ? undefined : this.#base.get(id));
  }

  *values(): Generator<Member> {
    for (const member of this.#base.values()) if (!this.removed.has(member.value)) yield member;
    yield* this.added.values();
  }

  /** RFC 7644 §3.5.2.1: adding a value that is there changes nothing. */
  add(member: Member): void {
    if (this.removed.delete(member.value) || this.has(member.value)) return;
    this.added.set(member.value, member);
  }

  /** Removing who is no member changes nothing. */
  remove(id: string): void {
    if (!this.added.delete(id) && this.#base.has(id)) this.removed.add(id);
  }

  clear(): void {
    this.added.clear();
    for (const member of this.#base.values()) this.removed.add(member.value);
  }
}
