/** A list in pieces of at most `size`, so that nothing outside ever gets more than it can take. */
export function* chunks<T>(items: readonly T[], size: number): Iterable<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
