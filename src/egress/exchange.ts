/**
 * One request and its whole answer. It goes by undici's dispatcher itself: a stream and two abort signals for each answer of a few hundred bytes would
 * cost more than all the rest of the request.
 */

import type { Dispatcher } from 'undici';
import type { OutletLimits, Received, Sent } from '../model/egress.ts';

export type Bounds = Pick<OutletLimits, 'timeoutMs' | 'mostBytes'>;

/** One deadline from the first byte out to the last byte in. Rejects with the signal's reason, with a `TimeoutError`, or with what broke the connection. */
export const exchange = (
  dispatcher: Pick<Dispatcher, 'dispatch'>,
  sent: Sent,
  { timeoutMs, mostBytes }: Bounds,
  signal: AbortSignal,
  beforeWrite: () => void = () => {},
): Promise<Received> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    let head: Pick<Received, 'status' | 'headers'> | null = null;
    let connection: Dispatcher.DispatchController | null = null;
    let over: Error | null = null;
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', canceled);
    };
    /** The connection is closed: on what would still come nobody waits any more. */
    const breakOff = (why: Error): void => {
      over = why;
      end();
      connection?.abort(why);
    };
    const fail = (why: Error): void => {
      reject(why);
      breakOff(why);
    };
    const canceled = (): void => fail(errorOf(signal.reason));
    const timer = setTimeout(() => fail(new DOMException('No answer came in time.', 'TimeoutError')), timeoutMs);
    signal.addEventListener('abort', canceled, { once: true });
    dispatcher.dispatch(sent, {
      onRequestStart: (controller) => {
        connection = controller;
        if (over !== null) return controller.abort(over);
        try {
          beforeWrite();
        } catch (error) {
          fail(errorOf(error));
        }
      },
      onResponseStart: (_controller, status, headers) => {
        if (status >= 200) head = { status, headers: firstOfEach(headers) };
      },
      onResponseData: (_controller, chunk) => {
        if (over !== null || head === null) return;
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes <= mostBytes) return;
        resolve({ ...head, text: null, bytes });
        breakOff(new Error('The answer is too long.'));
      },
      onResponseEnd: () => {
        end();
        if (head !== null) resolve({ ...head, text: textOf(chunks), bytes });
      },
      onResponseError: (_controller, error) => {
        end();
        reject(error);
      },
    });
  });

const firstOfEach = (headers: Readonly<Record<string, string | string[] | undefined>>): Received['headers'] => {
  const first: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) first[name] = (Array.isArray(value) ? value[0] : value) ?? '';
  return first;
};

const textOf = (chunks: readonly Buffer[]): string => {
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only.toString('utf8') : Buffer.concat(chunks).toString('utf8');
};

const errorOf = (reason: unknown): Error =>
  reason instanceof Error ? reason : new Error('Aborted.', { cause: reason });
