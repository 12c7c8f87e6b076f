/** `$batch`: up to 20 questions in one request, each answered, refused and throttled on its own (Graph, "JSON batching"). */

import { z } from 'zod';
import { accept, apiVersion, type GraphClient, templateOf } from './client.ts';
import { GraphRefusal, incomplete } from './errors.ts';
import { inOrder } from './side-by-side.ts';
import { pause, retryAfterOf, worthWaiting } from './waiting.ts';

export type SubQuestion = { readonly method: 'GET' | 'POST'; readonly at: string; readonly body?: unknown };
/** What one question got: an answer, or a refusal that waiting does not change. */
export type SubAnswer =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly refusal: GraphRefusal };

export const batchSize = 20;
/** How many batches of one read are under way at once. */
export const batchesInFlight = 4;

/**
 * Asks everything, in batches, several of them at once; the answers of each batch come in the order of the questions.
 */
export async function* batches(
  client: GraphClient,
  questions: readonly SubQuestion[],
  signal: AbortSignal,
): AsyncGenerator<readonly SubAnswer[]> {
  const tasks = Iterator.from(slices(questions, batchSize)).map((slice) => () => batch(client, slice, signal));
  yield* inOrder(tasks, batchesInFlight);
}

/** One batch of at most 20. Sub-requests that are throttled or fail are asked again, alone. */
export const batch = async (
  client: GraphClient,
  questions: readonly SubQuestion[],
  signal: AbortSignal,
): Promise<readonly SubAnswer[]> => {
  const answers = new Map<number, SubAnswer>();
  let waitedMs = 0;
  for (let attempt = 1; ; attempt += 1) {
    const open = questions.map((_, index) => index).filter((index) => !answers.has(index));
    const replies = await client.ask(batchRequest(questions, open), BatchReply, signal);
    const again = sort(replies, questions, open, answers, client.world.now());
    if (again === null) return questions.map((_, index) => answerOf(answers, index));
    // The outer answer was 200; that questions inside were throttled shows nowhere else.
    if (again.fault === 'throttled')
      client.onRequest({ template: '/$batch', status: 429, resourceUnits: 0, throttledMs: again.retryAfterMs ?? 0 });
    if (attempt >= client.limits.attempts) throw again;
    waitedMs += await pause(attempt, waitedMs, again, client, signal);
  }
};

export const slices = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

const batchRequest = (questions: readonly SubQuestion[], open: readonly number[]) => ({
  method: 'POST' as const,
  at: '/$batch',
  body: {
    requests: open.flatMap((index) => {
      const question = questions[index];
      if (question === undefined) return [];
      const { method, at, body } = question;
      const content = body === undefined ? {} : { body, headers: { 'Content-Type': 'application/json' } };
      return [{ id: String(index), method, url: at, ...content }];
    }),
  },
});

const BatchReply = z.object({
  responses: z.array(
    z.object({
      id: z.string(),
      status: z.number(),
      headers: z.record(z.string(), z.string()).optional(),
      body: z.unknown(),
    }),
  ),
});

/** Files what is settled; gives the failure to wait for when something is not. An answer that is missing altogether breaks the batch. */
const sort = (
  { responses }: z.infer<typeof BatchReply>,
  questions: readonly SubQuestion[],
  open: readonly number[],
  answers: Map<number, SubAnswer>,
  now: Date,
): GraphRefusal | null => {
  const byId = new Map(responses.map((response) => [response.id, response]));
  let again: GraphRefusal | null = null;
  for (const index of open) {
    const response = byId.get(String(index));
    if (response === undefined) throw incomplete('A batch came back without one of its answers.', 'BatchIncomplete');
    if (response.status >= 200 && response.status < 300) {
      answers.set(index, { ok: true, body: response.body });
      continue;
    }
    const headers = lowerCased(response.headers ?? {});
    const refusal = new GraphRefusal({
      status: response.status,
      body: response.body,
      requestId: headers['request-id'] ?? null,
      template: templateOf(questions[index]?.at ?? '/'),
      retryAfterMs: retryAfterOf(headers, now),
    });
    if (!worthWaiting(refusal)) answers.set(index, { ok: false, refusal });
    else if (again === null || (refusal.retryAfterMs ?? 0) > (again.retryAfterMs ?? 0)) again = refusal;
  }
  return again;
};

const answerOf = (answers: ReadonlyMap<number, SubAnswer>, index: number): SubAnswer => {
  const answer = answers.get(index);
  if (answer === undefined) throw incomplete('A batch came back without one of its answers.', 'BatchIncomplete');
  return answer;
};

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** The body of an answer, parsed; a refusal is thrown. */
export const answered = <T>(answer: SubAnswer, schema: z.ZodType<T>, template: string): T => {
  if (!answer.ok) throw answer.refusal;
  return accept(answer.body, schema, `/${apiVersion}${template}`);
};
