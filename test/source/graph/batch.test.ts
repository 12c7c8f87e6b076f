import { describe, expect, it } from 'vitest';
import { batch, batches } from '../../../src/source/graph/batch.ts';
import { graphClient } from '../../../src/source/graph/client.ts';
import { gateFor } from '../../../src/source/graph/gate.ts';
import { clock } from '../../support/graph.ts';
import { never } from '../../support/reading.ts';

type Sub = { readonly id: string; readonly url: string };
type Answer = { readonly id: string; readonly status: number; readonly headers?: object; readonly body?: unknown };

/** A client on a wire that answers batches as it is told. */
const clientOn = (answer: (requests: readonly Sub[], round: number) => readonly Answer[]) => {
  const world = clock();
  const rounds: (readonly Sub[])[] = [];
  const limits = { attempts: 3, longestWaitMs: 10_000, totalWaitMs: 30_000 };
  const client = graphClient({
    graphUrl: 'https://graph.example',
    tokens: { get: async () => 'token', drop: () => {} },
    transport: {
      send: async ({ body }) => {
        const { requests }: { requests: readonly Sub[] } = JSON.parse(JSON.stringify(body));
        rounds.push(requests);
        return { status: 200, headers: {}, text: JSON.stringify({ responses: answer(requests, rounds.length) }) };
      },
      sent: async () => {},
    },
    gate: gateFor(world, limits.longestWaitMs),
    limits,
    world,
    onRequest: () => {},
  });
  return { client, rounds, world };
};

const questions = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ method: 'GET' as const, at: `/things/${index}` }));
const ok = ({ id, url }: Sub): Answer => ({ id, status: 200, body: { url } });
const error = (id: string, status: number, code: string, headers = {}): Answer => ({
  id,
  status,
  headers,
  body: { error: { code } },
});

describe('a batch', () => {
  it('gives answers in the order of the questions, whatever order they come in', async () => {
    const { client } = clientOn((requests) => requests.map(ok).reverse());
    const answers = await batch(client, questions(3), never);
    expect(answers.map((answer) => answer.ok && answer.body)).toEqual([
      { url: '/things/0' },
      { url: '/things/1' },
      { url: '/things/2' },
    ]);
  });

  it('asks again, after the longest wait, only for what was throttled', async () => {
    const { client, rounds, world } = clientOn((requests, round) =>
      requests.map((request) =>
        round === 1 && request.url !== '/things/1'
          ? error(request.id, 429, 'TooManyRequests', { 'Retry-After': '4' })
          : ok(request),
      ),
    );
    await batch(client, questions(3), never);
    expect(rounds.map((requests) => requests.map(({ url }) => url))).toEqual([
      ['/things/0', '/things/1', '/things/2'],
      ['/things/0', '/things/2'],
    ]);
    expect(world.waits[0]).toBeGreaterThanOrEqual(4_000);
  });

  it('gives a refusal to whoever asked, and gives up on what stays throttled', async () => {
    const refused = clientOn((requests) => requests.map(({ id }) => error(id, 404, 'Request_ResourceNotFound')));
    expect(await batch(refused.client, questions(1), never)).toMatchObject([{ ok: false, refusal: { status: 404 } }]);
    const stuck = clientOn((requests) => requests.map(({ id }) => error(id, 429, 'TooManyRequests')));
    await expect(batch(stuck.client, questions(1), never)).rejects.toMatchObject({ fault: 'throttled' });
    expect(stuck.rounds).toHaveLength(3);
  });

  it('is no answer when one of its answers is missing', async () => {
    const { client } = clientOn((requests) => requests.slice(1).map(ok));
    await expect(batch(client, questions(2), never)).rejects.toMatchObject({
      fault: 'incomplete',
      code: 'BatchIncomplete',
    });
  });

  it('holds at most twenty questions', async () => {
    const { client, rounds } = clientOn((requests) => requests.map(ok));
    const sizes: number[] = [];
    for await (const answers of batches(client, questions(45), never)) sizes.push(answers.length);
    expect(sizes).toEqual([20, 20, 5]);
    expect(rounds.map(({ length }) => length)).toEqual([20, 20, 5]);
  });
});
