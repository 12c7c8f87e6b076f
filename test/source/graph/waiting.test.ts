import { describe, expect, it } from 'vitest';
import { templateOf } from '../../../src/source/graph/client.ts';
import { cloudOf } from '../../../src/source/graph/clouds.ts';
import { expiryOf, GraphRefusal } from '../../../src/source/graph/errors.ts';
import { gateFor } from '../../../src/source/graph/gate.ts';
import { inOrder, sideBySide } from '../../../src/source/graph/side-by-side.ts';
import { retryAfterOf } from '../../../src/source/graph/waiting.ts';
import { clock } from '../../support/graph.ts';
import { never } from '../../support/reading.ts';

const start = new Date('2026-03-01T12:00:00Z');

describe('Retry-After', () => {
  it('comes in seconds', () => {
    expect(retryAfterOf({ 'retry-after': '7' }, start)).toBe(7_000);
    expect(retryAfterOf({ 'retry-after': '0' }, start)).toBe(0);
  });

  it('comes as a date, measured by the clock of the answer and not by ours', () => {
    const headers = { 'retry-after': 'Sun, 01 Mar 2026 12:10:05 GMT', date: 'Sun, 01 Mar 2026 12:10:00 GMT' };
    expect(retryAfterOf(headers, start)).toBe(5_000);
    expect(retryAfterOf({ 'retry-after': headers.date }, start)).toBe(600_000);
    expect(retryAfterOf({ ...headers, date: 'Sun, 01 Mar 2026 12:20:00 GMT' }, start)).toBe(0);
  });

  it('comes not at all, or unreadable', () => {
    expect(retryAfterOf({}, start)).toBeUndefined();
    expect(retryAfterOf({ 'retry-after': 'soon' }, start)).toBeUndefined();
    expect(retryAfterOf({ 'retry-after': '-1' }, start)).toBeUndefined();
  });
});

describe('the gate of a tenant', () => {
  it('makes everybody wait, and a little longer than was asked', async () => {
    const world = clock();
    const gate = gateFor(world, 10_000);
    gate.close(2_000);
    await gate.pass(never);
    expect(world.waits[0]).toBeGreaterThanOrEqual(2_000);
    expect(gate.remaining()).toBe(0);
  });

  it('does not open earlier because of a shorter wait', () => {
    const gate = gateFor(clock(), 10_000);
    gate.close(8_000);
    gate.close(1_000);
    expect(gate.remaining()).toBeGreaterThan(7_000);
  });

  it('gives a long wait back instead of waiting', async () => {
    const gate = gateFor(clock(), 10_000);
    gate.close(60_000);
    await expect(gate.pass(never)).rejects.toMatchObject({ fault: 'throttled', retryAfterMs: expect.any(Number) });
  });

  it('is not held shut by a clock that jumps back', () => {
    let now = start;
    const gate = gateFor({ ...clock(), now: () => now }, 10_000);
    gate.close(5_000);
    now = new Date(start.getTime() - 3_600_000);
    expect(gate.remaining()).toBe(5_000);
  });
});

describe('an expired link', () => {
  const refusal = (status: number, error: unknown) =>
    new GraphRefusal({ status, body: { error }, requestId: null, template: '/v1.0/users/delta' });

  it.each<[string, GraphRefusal, 'reset' | 'page' | null]>([
    ['any 410', refusal(410, {}), 'reset'],
    ['400 with the code', refusal(400, { code: 'syncStateNotFound' }), 'reset'],
    [
      'the code in an inner error',
      refusal(400, { code: 'BadRequest', innerError: { code: 'SyncStateNotFound' } }),
      'reset',
    ],
    [
      'two levels down, in the other spelling',
      refusal(404, { code: 'x', innererror: { innererror: { code: 'RESYNCREQUIRED' } } }),
      'reset',
    ],
    ['a page', refusal(400, { code: 'Directory_ExpiredPageToken' }), 'page'],
    ['any other 400', refusal(400, { code: 'Request_BadRequest' }), null],
    ['the code with a 500', refusal(500, { code: 'syncStateNotFound' }), null],
    ['a 404 without a body', refusal(404, null), null],
  ])('%s', (_, error, expected) => {
    expect(expiryOf(error)).toBe(expected);
  });

  it('is nobody’s missing permission, wherever it was followed: the connection is not held back for it', () => {
    for (const code of ['syncStateNotFound', 'resyncRequired', 'Directory_ExpiredPageToken'])
      expect(refusal(400, { code })).toMatchObject({ fault: 'incomplete' });
    // Neither a run nor a check sends the customer to mend what we ask for.
    expect(refusal(400, { code: 'Request_BadRequest' })).toMatchObject({
      fault: 'forbidden',
      mend: { owner: 'your_team' },
    });
    expect(refusal(403, { code: 'Authorization_RequestDenied' })).toMatchObject({
      fault: 'forbidden',
      mend: undefined,
    });
  });
});

describe('streams side by side', () => {
  async function* numbers(from: number, to: number) {
    for (let number = from; number < to; number += 1) yield number;
  }

  it('gives everything of each, each in its order', async () => {
    const seen: number[] = [];
    for await (const number of sideBySide([() => numbers(0, 5), () => numbers(10, 15)], never)) seen.push(number);
    expect(seen.filter((number) => number < 10)).toEqual([0, 1, 2, 3, 4]);
    expect(seen.filter((number) => number >= 10)).toEqual([10, 11, 12, 13, 14]);
  });

  it('ends all when one breaks, or when nobody reads on', async () => {
    const ended: string[] = [];
    async function* endless(name: string, signal: AbortSignal) {
      try {
        for (;;) {
          signal.throwIfAborted();
          yield name;
          await Promise.resolve();
        }
      } finally {
        ended.push(name);
      }
    }
    async function* broken() {
      yield 'broken';
      throw new Error('away');
    }
    const reading = async () => {
      for await (const _ of sideBySide<string>([(signal) => endless('other', signal), broken], never));
    };
    await expect(reading()).rejects.toThrow('away');
    for await (const _ of sideBySide<string>([(signal) => endless('left', signal)], never)) break;
    expect(ended).toEqual(['other', 'left']);
  });

  it('runs tasks at once and gives their results in order', async () => {
    let running = 0;
    let most = 0;
    const task = (number: number) => async () => {
      running += 1;
      most = Math.max(most, running);
      for (let turn = 0; turn < 10 - number; turn += 1) await Promise.resolve();
      running -= 1;
      return number;
    };
    const seen: number[] = [];
    for await (const number of inOrder([0, 1, 2, 3, 4, 5].map(task), 3)) seen.push(number);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
    expect(most).toBe(3);
  });
});

describe('clouds', () => {
  it('are Microsoft’s own, each with its endpoints', () => {
    expect(cloudOf('us_gov_dod', { custom: null })).toEqual({
      loginUrl: 'https://login.microsoftonline.us',
      graphUrl: 'https://dod-graph.microsoft.us',
    });
  });

  it('are custom only when the configuration says so, over https and without a path', () => {
    const cloud = (graphUrl: string) => cloudOf('custom', { custom: { loginUrl: 'https://login.example', graphUrl } });
    expect(cloud('https://graph.example:8443/').graphUrl).toBe('https://graph.example:8443');
    expect(() => cloudOf('custom', { custom: null })).toThrow(/configuration/);
    expect(() => cloud('http://graph.example')).toThrow(/https/);
    expect(() => cloud('https://graph.example/tenant')).toThrow(/https/);
    expect(() => cloud('graph')).toThrow(/https/);
  });
});

it('names a request without naming anybody', () => {
  const id = '6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0';
  expect(templateOf(`/users/${id}/checkMemberGroups`)).toBe('/v1.0/users/{id}/checkMemberGroups');
  expect(templateOf(`https://graph.example/v1.0/groups/${id}/members?$skiptoken=secret`)).toBe(
    '/v1.0/groups/{id}/members',
  );
});
