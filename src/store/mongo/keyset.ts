/**
 * Reads a collection batch by batch, each time on from the last document instead of through a server cursor: between two batches the reader may
 * wait for a throttled target much longer than a cursor lives (10 minutes).
 */
export async function* keyset<D>(
  next: (last: D | null, limit: number) => Promise<readonly D[]>,
  size = 500,
): AsyncGenerator<readonly D[]> {
  let last: D | null = null;
  for (;;) {
    const batch: readonly D[] = await next(last, size);
    if (batch.length > 0) yield batch;
    if (batch.length < size) return;
    last = batch.at(-1) ?? null;
  }
}

/** Every `_id` that begins with this. */
export const startsWith = (prefix: string): { readonly $gte: string; readonly $lt: string } => ({
  $gte: prefix,
  $lt: `${prefix}\u{10ffff}`,
});
