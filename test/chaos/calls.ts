/**
 * How the API is called while it may be gone at any moment. Who is refused, or gets no answer, cannot tell whether anything was done; so they call again
 * until there is an answer, under the same Idempotency-Key, and it is done once.
 */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Send } from '../../scripts/demo/client.ts';

export type Calls = {
  readonly send: Send;
  /** Whether something is asked for, by a POST, within this time: resolves as it is sent. */
  readonly nextRequest: (patienceMs: number) => Promise<boolean>;
  /** How often nobody was there, and what had become of requests whose answer was lost. */
  readonly met: Record<string, number>;
};

/** `patienceMs`: for how long nobody may answer. */
export type Patience = { readonly patienceMs: number; readonly pauseMs: number };
const usual: Patience = { patienceMs: 120_000, pauseMs: 200 };

export const patientCalls = (send: Send, { patienceMs, pauseMs }: Patience = usual): Calls => {
  const met: Record<string, number> = {};
  const meet = (what: string): void => {
    met[what] = (met[what] ?? 0) + 1;
  };
  let next = Promise.withResolvers<boolean>();
  const call: Send = async (url, init) => {
    const isRequest = init.method === 'POST';
    const headers = new Headers(init.headers);
    if (isRequest) headers.set('idempotency-key', randomUUID());
    const until = Date.now() + patienceMs;
    for (let isLost = false; ; ) {
      try {
        const answering = send(url, { ...init, headers }).then(whole);
        if (isRequest) {
          next.resolve(true);
          next = Promise.withResolvers();
        }
        const answer = await answering;
        if (isLost) meet(`answer lost: ${await fateOf(answer)}`);
        return answer;
      } catch (error) {
        if (isRefused(error)) meet('nobody there');
        else if (isRequest) isLost = true;
        if (Date.now() >= until) throw error;
        await sleep(pauseMs);
      }
    }
  };
  return {
    send: call,
    met,
    nextRequest: async (withinMs) => {
      const over = new AbortController();
      const late = sleep(withinMs, false, { signal: over.signal }).catch(() => false);
      const came = await Promise.race([next.promise, late]);
      over.abort();
      return came;
    },
  };
};

/** An answer that is cut off in the middle is none. */
const whole = async (answer: Response): Promise<Response> => {
  const { status, headers } = answer;
  const text = await answer.text();
  return new Response(text === '' ? null : text, { status, headers });
};

/** What had become of a call whose answer was lost. Of one that was begun by a process that is dead nobody knows; who made it looks how far it came. */
const fateOf = async (answer: Response): Promise<string> => {
  if (answer.headers.has('idempotency-replayed')) return 'it was done, and its answer kept';
  if (answer.ok) return 'it was not begun';
  const { data } = problem.safeParse(JSON.parse(await answer.clone().text()));
  return data?.code === 'idempotency_key_in_use' ? 'it was begun' : `refused, ${data?.code ?? answer.status}`;
};

const problem = z.object({ code: z.string() });

/** Nobody was there, so nothing was done. */
const isRefused = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error && Reflect.get(error.cause, 'code') === 'ECONNREFUSED';
