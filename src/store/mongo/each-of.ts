/** Does the work for each item, so many at a time, so that we and the server need not wait for each other. The first failure stops it and is thrown. */
export const eachOf = async <T>(
  items: Iterable<T> | AsyncIterable<T>,
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const queue = queueOf(items);
  let failed = false;
  const worker = async (): Promise<void> => {
    for await (const item of { [Symbol.asyncIterator]: () => ({ next: () => queue.next() }) }) {
      if (failed) return;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  const failure = ended.find((each) => each.status === 'rejected');
  if (failure) throw failure.reason;
};

/** An async generator answers calls of `next` one after the other, so workers may share it. */
async function* queueOf<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T> {
  yield* items;
}
