/**
 * A wave goes step by step. A step is prepared by reading and asking alone, while the one before it is carried out, so that neither the target nor
 * the database waits for the other. Writing, counting and the place to continue from keep their order.
 */

import type { LimitFunction } from 'p-limit';
import type { Ref } from '../model/source-object.ts';
import type { Item } from './gather.ts';
import type { Tally } from './tally.ts';

/** Objects of one step. Those an earlier turn is done with are left out of `items`, so that `last`, the place after the step, may be one of them. */
export type Chunk = { readonly items: readonly Item[]; readonly last: Ref };

export type Step = { readonly last: Ref; carryOut(tally: Tally): Promise<void> };

/** Hands items on in order; each is asked for while the one before is worked on. A failure is thrown when its turn has come. */
export async function* ahead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = begun(items.next());
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = begun(items.next());
      yield value;
    }
  } finally {
    await items.return(undefined);
  }
}

/**
 * Hands on what is prepared of each item, in order, with so many more under preparation meanwhile. Who leaves early waits for those, after `leave`.
 * A failure is thrown when its turn has come.
 */
export async function* prepared<T, P>(
  items: AsyncGenerator<T>,
  more: number,
  prepare: (item: T) => Promise<P>,
  leave: () => void,
): AsyncGenerator<P> {
  const coming: Promise<P>[] = [];
  try {
    for await (const item of items) {
      coming.push(begun(prepare(item)));
      if (coming.length > more) yield* first(coming);
    }
    while (coming.length > 0) yield* first(coming);
  } finally {
    leave();
    await Promise.allSettled(coming);
  }
}

async function* first<P>(coming: Promise<P>[]): AsyncGenerator<P> {
  const next = coming.shift();
  if (next !== undefined) yield await next;
}

/** Until its turn has come nobody may be waiting for it, and a failure must not end the process. */
const begun = <T>(promise: Promise<T>): Promise<T> => {
  promise.catch(() => {});
  return promise;
};

/** Answers in the order of the questions, as many under way at once as the limit lets. The first failure lets no other begin, and is thrown once all have ended. */
export const allOf = async <T, A>(
  questions: readonly T[],
  limit: LimitFunction,
  signal: AbortSignal,
  ask: (question: T) => Promise<A>,
): Promise<readonly A[]> => {
  if (questions.length === 0) return [];
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const asked = questions.map((question) =>
    limit(async () => {
      stop.throwIfAborted();
      try {
        return await ask(question);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }),
  );
  const answers = await Promise.allSettled(asked);
  if (answers.some(({ status }) => status === 'rejected')) throw stop.reason;
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
};
