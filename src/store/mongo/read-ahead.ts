/** Reads the next batch while the one before is being worked on, so that we and the server need not wait for each other. */
export async function* readAhead<T>(batches: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = begin(batches);
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = begin(batches);
      yield value;
    }
  } finally {
    await batches.return(undefined);
  }
}

/** A failure is thrown when its turn has come; until then nobody may be waiting for it, which must not end the process. */
const begin = <T>(batches: AsyncGenerator<T>): Promise<IteratorResult<T>> => {
  const next = batches.next();
  next.catch(() => {});
  return next;
};
