import { describe, expect, it } from 'vitest';
import { patientCalls } from './calls.ts';

type Answers = () => Promise<Response>;

const dead =
  (code: string): Answers =>
  () =>
    Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }));
const refused = dead('ECONNREFUSED');
const cut = dead('ECONNRESET');
const cutInTheMiddle: Answers = async () =>
  new Response(new ReadableStream({ start: (body) => body.error(new TypeError('terminated')) }), { status: 202 });
const done: Answers = async () => Response.json({ id: 'run_1' }, { status: 202 });
const doneBefore: Answers = async () =>
  Response.json({ id: 'run_1' }, { status: 202, headers: { 'Idempotency-Replayed': 'true' } });
const begun: Answers = async () => Response.json({ code: 'idempotency_key_in_use' }, { status: 409 });

/** An API that answers like this, one call after the other. */
const apiOf = (...answers: readonly Answers[]) => {
  const keys: (string | null)[] = [];
  let at = 0;
  const send = (_url: string, init: RequestInit): Promise<Response> => {
    keys.push(new Headers(init.headers).get('idempotency-key'));
    const answer = answers[at] ?? refused;
    at += 1;
    return answer();
  };
  return { keys, ...patientCalls(send, { patienceMs: 60_000, pauseMs: 0 }) };
};
const post: RequestInit = { method: 'POST', body: '{}' };

describe('a call to an API that is killed and comes back', () => {
  it('is made again until somebody answers, under the key that it had', async () => {
    const api = apiOf(refused, refused, done);
    expect(await (await api.send('/sync', post)).json()).toEqual({ id: 'run_1' });
    expect(api.keys).toEqual(Array(3).fill(expect.stringMatching(/^[\w-]{36}$/)));
    expect(new Set(api.keys).size).toBe(1);
    expect(api.met).toEqual({ 'nobody there': 2 });
  });

  it.each([
    ['it was not begun', [cut, refused, done], 202],
    ['it was done, and its answer kept', [cutInTheMiddle, refused, doneBefore], 202],
    ['it was begun', [cut, refused, begun], 409],
  ] as const)('whose answer was lost is found out about: %s', async (fate, answers, status) => {
    const api = apiOf(...answers);
    expect((await api.send('/sync', post)).status).toBe(status);
    expect(new Set(api.keys).size).toBe(1);
    expect(api.met).toEqual({ 'nobody there': 1, [`answer lost: ${fate}`]: 1 });
  });

  it('has a key of its own each time, and none where it only looks', async () => {
    const api = apiOf(done, done, cut, done);
    await api.send('/sync', post);
    await api.send('/sync', post);
    await api.send('/runs', { method: 'GET' });
    const [first, second, ...looks] = api.keys;
    expect(first).not.toBe(second);
    expect(looks).toEqual([null, null]);
  });

  it('gives up where nobody comes back', async () => {
    const { send } = patientCalls(refused, { patienceMs: 0, pauseMs: 0 });
    await expect(send('/sync', post)).rejects.toThrow('fetch failed');
  });

  it('can be waited for, to kill the API in the middle of it', async () => {
    const api = apiOf(done, done);
    const asked = api.nextRequest(60_000);
    await api.send('/runs', { method: 'GET' });
    await api.send('/sync', post);
    expect(await asked).toBe(true);
    expect(await api.nextRequest(0)).toBe(false);
  });
});
