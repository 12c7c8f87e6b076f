/** Chance that can be repeated: the same seed and place always give the same number, so nothing generated has to be kept. */

/** A well-mixed unsigned 32-bit number for (seed, place, salt); the finalizer of MurmurHash3. */
export function draw(seed: number, place: number, salt: number): number {
  let x = (seed ^ Math.imul(place + 1, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca6b)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** One of a list that is not empty. */
export function pick<T>(list: readonly T[], number: number): T {
  const chosen = list[number % list.length];
  if (chosen === undefined) throw new Error('Nothing can be picked from an empty list.');
  return chosen;
}

/** A running generator of fractions in [0, 1), for the chances that knobs give (mulberry32). */
export function fractions(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A reordering of 0..size-1 that needs no list: place i of the shuffled order is `at(i)`. */
export function shuffledOrder(size: number, seed: number): (place: number) => number {
  if (size < 2) return (place) => place;
  let stride = (draw(seed, size, 1) % size) | 1;
  while (commonDivisor(stride, size) !== 1) stride += 2;
  const start = draw(seed, size, 2) % size;
  return (place) => Number((BigInt(stride) * BigInt(place) + BigInt(start)) % BigInt(size));
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
