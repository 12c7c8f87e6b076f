/** Asynchronous sequences, read together. */

/**
 * Merges streams as they come. Each stream gets a signal that ends when the merge does, whether it was read to the end, given up or broken off
 * by one of them; the merge ends when all of them have.
 */
export async function* sideBySide<T>(
  streams: readonly ((signal: AbortSignal) => AsyncGenerator<T>)[],
  signal: AbortSignal,
): AsyncGenerator<T> {
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  const open = new Map(streams.map((stream) => nextOf(stream(either))));
  try {
    while (open.size > 0) {
      const { generator, result } = await Promise.race(open.values());
      open.delete(generator);
      if (result.done === true) continue;
      // Asked for before this one is handed on: the other side of the wire works meanwhile.
      open.set(...nextOf(generator));
      yield result.value;
    }
  } finally {
    ended.abort();
    await Promise.allSettled([...open.keys()].map((generator) => generator.return(undefined)));
  }
}

type Coming<T> = Promise<{ readonly generator: AsyncGenerator<T>; readonly result: IteratorResult<T> }>;

const nextOf = <T>(generator: AsyncGenerator<T>): [AsyncGenerator<T>, Coming<T>] => {
  const coming = generator.next().then((result) => ({ generator, result }));
  // It may fail while another stream is being handed on; the race still sees it.
  coming.catch(() => {});
  return [generator, coming];
};

/** Runs tasks with `width` of them under way and yields their results in order. */
export async function* inOrder<T>(tasks: Iterable<() => Promise<T>>, width: number): AsyncGenerator<T> {
  const waiting: Promise<T>[] = [];
  for (const task of tasks) {
    const coming = task();
    coming.catch(() => {});
    waiting.push(coming);
    if (waiting.length < width) continue;
    const first = waiting.shift();
    if (first !== undefined) yield await first;
  }
  for (const coming of waiting) yield await coming;
}
