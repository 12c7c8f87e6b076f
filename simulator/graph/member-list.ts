/** The direct members of one group: a sorted list of numbers from birth, and what joined and left since. */

export class MemberList {
  readonly #born: Uint32Array;
  readonly #joined: number[] = [];
  #joinedSet: Set<number> | null = null;
  #left: Set<number> | null = null;

  /** `born` must be sorted. */
  constructor(born: Uint32Array) {
    this.#born = born;
  }

  has(member: number): boolean {
    if (this.#left?.has(member)) return false;
    return (this.#joinedSet?.has(member) ?? false) || this.#born[lowerBound(this.#born, member)] === member;
  }

  /** Whether this changed anything. */
  join(member: number): boolean {
    if (this.#left?.delete(member)) return true;
    if (this.has(member)) return false;
    this.#joinedSet ??= new Set();
    this.#joinedSet.add(member);
    this.#joined.push(member);
    return true;
  }

  leave(member: number): boolean {
    if (!this.has(member)) return false;
    this.#left ??= new Set();
    this.#left.add(member);
    return true;
  }

  get size(): number {
    return this.#born.length + this.#joined.length - (this.#left?.size ?? 0);
  }

  /**
   * How many places there are, including those of members who left. A place never moves, so a reader who stopped at one
   * finds everybody else again however many joined and left in between.
   */
  get places(): number {
    return this.#born.length + this.#joined.length;
  }

  /** The member at a place, or null when it left. */
  at(place: number): number | null {
    const member = place < this.#born.length ? this.#born[place] : this.#joined[place - this.#born.length];
    return member === undefined || this.#left?.has(member) ? null : member;
  }

  *[Symbol.iterator](): Generator<number> {
    for (let place = 0; place < this.places; place++) {
      const member = this.at(place);
      if (member !== null) yield member;
    }
  }

  /** Members with a number of at least `from`, without walking the smaller ones from birth. */
  *from(from: number): Generator<number> {
    for (let place = lowerBound(this.#born, from); place < this.places; place++) {
      const member = this.at(place);
      if (member !== null && member >= from) yield member;
    }
  }
}

function lowerBound(sorted: Uint32Array, wanted: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
