import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Answer } from '../../../simulator/graph/index.ts';
import { ResumeExpired, SourceError, WatermarkExpired } from '../../../src/model/errors.ts';
import { sourceId } from '../../../src/model/ids.ts';
import { everyone } from '../../../src/model/scope.ts';
import type { RequestFacts } from '../../../src/source/graph/index.ts';
import type { Ask } from '../../../src/source/source.ts';
import { Folded } from '../../support/folded.ts';
import { everyRole, type Graph, openGraph, sourceOf, truthOf } from '../../support/graph.ts';
import { attributes, type Reading, readAll, withoutManager } from '../../support/reading.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph({ tenants: [{ users: 30, apps: [{ roles: everyRole }] }] });
});
afterAll(() => graph.close());
beforeEach(() => {
  graph.control.resetKnobs();
  graph.control.setKnobs({ deltaPageSize: 10 });
  graph.control.clearFaults();
  graph.control.resetRequests();
  graph.clock.waits.length = 0;
});

/** The two ways in which users are read, and what asks for them. */
type Way = { readonly names: Ask['attributes']; readonly path: string };
const listing: Way = { names: withoutManager, path: '^/v1\\.0/users\\?.*top=999' };
const enumerating: Way = { names: attributes, path: '^/v1\\.0/users/delta\\?(?!\\$deltatoken=latest)' };
const ways: readonly (readonly [string, Way])[] = [
  ['of a list', listing],
  ['of an enumeration', enumerating],
];

const truth = ({ names }: Way = enumerating) => truthOf(graph.control.tenant(), names.user);
const whole: Reading = { scope: everyone };
const fault = (answer: Answer, path: string, more: { nth?: number; times?: number | null } = {}) =>
  graph.control.fault({ path, fault: answer, ...more });
const full = async (source = sourceOf(graph), { names }: Way = enumerating) => {
  const folded = new Folded();
  await readAll(source, folded, { ...whole, attributes: names });
  return folded.view(everyone);
};

describe.each(ways)('a read %s under trouble that passes', (_name, way) => {
  it.each<[string, Answer]>([
    ['throttling', { answer: 'throttled', retryAfter: { seconds: 2 } }],
    ['throttling that does not say how long', { answer: 'throttled', retryAfter: null }],
    ['a service that is away', { answer: 'unavailable', retryAfter: null }],
    ['a gateway that times out', { answer: 'gateway_timeout' }],
    ['a gateway that answers with a web page', { answer: 'html' }],
    ['an internal error', { answer: 'error', status: 500, code: 'InternalServerError', message: '' }],
    ['a request timeout', { answer: 'error', status: 408, code: 'RequestTimeout', message: '' }],
    ['a connection that is closed', { answer: 'reset' }],
  ])('is complete after %s', async (_, answer) => {
    fault(answer, way.path, { times: 2 });
    expect(await full(sourceOf(graph), way)).toEqual(truth(way));
    expect(graph.clock.waits.length).toBeGreaterThan(0);
  });

  it.each<[string, Answer]>([
    ['seconds', { answer: 'throttled', retryAfter: { seconds: 3 } }],
    ['a date', { answer: 'throttled', retryAfter: { date: 4 } }],
  ])('waits at least as long as it was told in %s', async (_, answer) => {
    fault(answer, way.path);
    await full(sourceOf(graph), way);
    expect(Math.max(...graph.clock.waits)).toBeGreaterThanOrEqual(3_000);
    expect(Math.max(...graph.clock.waits)).toBeLessThan(6_000);
  });

  it('asks again only for those parts of a batch that were throttled', async () => {
    graph.control.fault({ path: '/members', times: 3, fault: { answer: 'throttled', retryAfter: { seconds: 1 } } });
    expect(await full(sourceOf(graph), way)).toEqual(truth(way));
    const asked = graph.control
      .requests()
      .filter(({ method, path }) => method === 'BATCH GET' && path.endsWith('/members'));
    expect(asked).toHaveLength(graph.control.tenant().counts().groups + 3);
  });

  it('gets one new token when the old one is not accepted any more', async () => {
    const source = sourceOf(graph);
    await full(source, way);
    fault({ answer: 'error', status: 401, code: 'InvalidAuthenticationToken', message: '' }, way.path);
    expect(await full(source, way)).toEqual(truth(way));
    // One at the start; one at the end of the first read, which the second begins with; the one in its place; and one at the end again.
    expect(graph.control.counters().tokens).toBe(1 + 1 + 1 + 1);
  });
});

const failure = async (reading: Promise<unknown>): Promise<unknown> =>
  reading.then(
    () => new Error('The read was complete.'),
    (error: unknown) => error,
  );

describe.each(ways)('a read %s under trouble that stays', (_name, way) => {
  it.each<[string, Answer, Partial<SourceError>]>([
    ['throttling', { answer: 'throttled', retryAfter: { seconds: 1 } }, { fault: 'throttled' }],
    ['an outage', { answer: 'unavailable', retryAfter: null }, { fault: 'unavailable' }],
    ['a dead line', { answer: 'reset' }, { fault: 'unavailable' }],
    [
      'a token nobody accepts',
      { answer: 'error', status: 401, code: 'InvalidAuthenticationToken', message: '' },
      { fault: 'unauthorized' },
    ],
    [
      'a lost permission',
      { answer: 'error', status: 403, code: 'Authorization_RequestDenied', message: '' },
      { fault: 'forbidden', code: 'Authorization_RequestDenied', message: expect.stringContaining('User.Read.All') },
    ],
    [
      'an attribute Graph does not have',
      { answer: 'error', status: 400, code: 'Request_BadRequest', message: '' },
      { fault: 'forbidden' },
    ],
    [
      'an attribute lists do not have',
      { answer: 'error', status: 501, code: 'NotImplemented', message: '' },
      { fault: 'forbidden' },
    ],
    ['a body that ends in the middle', { answer: 'truncated' }, { fault: 'incomplete' }],
  ])('says so: %s', async (_, answer, expected) => {
    fault(answer, way.path, { times: null });
    const error = await failure(full(sourceOf(graph), way));
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject(expected);
  });

  it('gives a long wait back to the engine instead of sitting through it', async () => {
    const source = sourceOf(graph);
    fault({ answer: 'throttled', retryAfter: { seconds: 120 } }, way.path);
    expect(await failure(full(source, way))).toMatchObject({ fault: 'throttled', retryAfterMs: 120_000 });
    const asked = graph.control.counters().requests;
    // The tenant as a whole has to wait: nothing is sent, whoever asks.
    const again = await failure(full(source, way));
    expect(again).toMatchObject({ fault: 'throttled', retryAfterMs: expect.any(Number) });
    expect(graph.control.counters().requests).toBe(asked);
  });

  it('gives up on an answer that does not end, or is too large', async () => {
    fault({ answer: 'slow_body', ms: 60_000 }, way.path, { times: null });
    const hasty = sourceOf(graph, { limits: { timeoutMs: 150, attempts: 2 } });
    expect(await failure(full(hasty, way))).toMatchObject({ fault: 'unavailable' });
    graph.control.clearFaults();
    const narrow = sourceOf(graph, { limits: { bytes: 2_000 } });
    expect(await failure(full(narrow, way))).toMatchObject({ fault: 'incomplete', code: 'ReplyTooLarge' });
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const folded = new Folded();
    const source = sourceOf(graph);
    const reading = async () => {
      for await (const page of source.read(
        { scope: everyone, attributes, read: { mode: 'full' }, resume: null, watermark: true, known: folded.known },
        stop.signal,
      )) {
        if (page.type === 'page') stop.abort(new Error('The slice is over.'));
      }
    };
    await expect(reading()).rejects.toThrow('The slice is over.');
  });
});

describe('an enumeration', () => {
  it.each<[string, Answer]>([
    ['without any link', { answer: 'no_links' }],
    ['with both links', { answer: 'both_links' }],
    ['with a link to somewhere else', { answer: 'foreign_link', origin: 'https://elsewhere.example' }],
    ['with a link to itself', { answer: 'self_link' }],
    ['that ends in the middle', { answer: 'truncated' }],
  ])('does not take a page %s for the end', async (_, answer) => {
    fault(answer, '/users/delta\\?\\$skiptoken', { times: null });
    expect(await failure(full())).toMatchObject({ name: 'SourceError', fault: 'incomplete' });
  });
});

describe('links that expire', () => {
  const watermark = async () => {
    const folded = new Folded();
    return { folded, from: await readAll(sourceOf(graph), folded, whole) };
  };
  const error = (status: number, code: string): Answer => ({ answer: 'error', status, code, message: '' });

  it.each<[string, Answer]>([
    ['410', { answer: 'gone' }],
    ['410 without a known code', error(410, 'Gone')],
    ['400 syncStateNotFound', error(400, 'syncStateNotFound')],
    ['404 SyncStateNotFound', error(404, 'SyncStateNotFound')],
    ['400 resyncRequired', error(400, 'resyncRequired')],
    ['400 Directory_ExpiredPageToken', error(400, 'Directory_ExpiredPageToken')],
  ])('asks for a full read when the delta link gets %s', async (_, answer) => {
    const { folded, from } = await watermark();
    fault(answer, '/users/delta');
    await expect(readAll(sourceOf(graph), folded, { ...whole, from })).rejects.toThrow(WatermarkExpired);
  });

  it('asks again when the refusal of a link that ran out is cut off, and takes it for nothing that a person has to mend', async () => {
    const { folded, from } = await watermark();
    graph.control.tenant().expireDeltaLinks();
    fault({ answer: 'truncated' }, '/users/delta');
    await expect(readAll(sourceOf(graph), folded, { ...whole, from })).rejects.toThrow(WatermarkExpired);
    fault({ answer: 'truncated' }, '/delta', { times: null });
    expect(await failure(readAll(sourceOf(graph), folded, { ...whole, from }))).toMatchObject({ fault: 'unavailable' });
  });

  it('takes a page of a proxy that says it is JSON for the refusal that it is: a person has to mend it', async () => {
    const { folded, from } = await watermark();
    fault({ answer: 'blocked' }, '/delta', { times: null });
    expect(await failure(readAll(sourceOf(graph), folded, { ...whole, from }))).toMatchObject({ fault: 'forbidden' });
  });

  it('starts over when only a page has expired', async () => {
    const { folded, from } = await watermark();
    for (const id of graph.control.tenant().users())
      graph.control.tenant().update(id, { city: 'Rome', department: `D${id}` });
    fault({ answer: 'expired_page' }, '/users/delta\\?\\$skiptoken');
    await expect(readAll(sourceOf(graph), folded, { ...whole, from })).rejects.toThrow(ResumeExpired);
    fault({ answer: 'expired_page' }, '/users/delta\\?\\$skiptoken');
    await expect(full()).rejects.toThrow(ResumeExpired);
  });
});

describe('the login service', () => {
  const aadsts = (code: number) => {
    graph.control.fault({ path: '/oauth2/v2.0/token', times: null, fault: { answer: 'aadsts', code } });
    return full().then(
      () => null,
      (error: unknown) => error,
    );
  };

  it.each([7000215, 7000222, 700016, 90002])('AADSTS%i is for a person to mend', async (code) => {
    expect(await aadsts(code)).toMatchObject({ fault: 'unauthorized', code: `AADSTS${code}` });
    expect(graph.control.counters().tokens).toBe(1);
  });

  it('refuses a tenant that there is not before a token is asked for, and that is for a person to mend', async () => {
    const connection = {
      tenantId: '00000000-0000-4000-8000-000000000000',
      cloud: 'custom',
      credentials: { kind: 'client_secret', clientId: '00000000-0000-4000-8000-000000000001' },
    } as const;
    await expect(full(sourceOf(graph, { connection }))).rejects.toMatchObject({
      fault: 'unauthorized',
      code: 'AADSTS90002',
      mend: { owner: 'your_team' },
    });
    expect(graph.control.counters().tokens).toBe(0);
  });

  it('that breaks off before it gave its addresses is waited for', async () => {
    graph.control.fault({ path: 'openid-configuration', times: 2, fault: { answer: 'reset' } });
    expect(await full()).toEqual(truth());
  });

  it('AADSTS90033 passes', async () => {
    graph.control.fault({ path: '/oauth2/v2.0/token', times: 2, fault: { answer: 'aadsts', code: 90033 } });
    expect(await full()).toEqual(truth());
  });

  it('is waited for when it is away', async () => {
    graph.control.fault({ path: '/oauth2/v2.0/token', times: 2, fault: { answer: 'reset' } });
    expect(await full()).toEqual(truth());
  });

  it('is asked once, however many requests wait for the token, and once more at the end of a full read', async () => {
    await full();
    expect(graph.control.counters().tokens).toBe(1 + 1);
  });

  it('knows a wrong secret and a tenant that does not exist', async () => {
    await expect(full(sourceOf(graph, { secret: 'not this one' }))).rejects.toMatchObject({ code: 'AADSTS7000215' });
    const tenantId = sourceId('00000000-0000-4000-8000-000000000000');
    const connection = {
      tenantId,
      cloud: 'custom',
      credentials: { kind: 'client_secret', clientId: tenantId },
    } as const;
    // The library reads the tenant's metadata first and does not tell why it cannot: no reason to think that somebody must act.
    await expect(full(sourceOf(graph, { connection }))).rejects.toBeInstanceOf(SourceError);
  });
});

describe('what a request tells about itself', () => {
  it('has an id of its own, and costs that are counted without naming anybody', async () => {
    const facts: RequestFacts[] = [];
    fault({ answer: 'throttled', retryAfter: { seconds: 5 } }, listing.path);
    await full(sourceOf(graph, { onRequest: (one) => facts.push(one) }), listing);
    const sent = graph.control
      .requests()
      .filter(({ path, method }) => path.startsWith('/v1.0') && !method.startsWith('BATCH'));
    expect(new Set(sent.map(({ clientRequestId }) => clientRequestId)).size).toBe(sent.length);
    expect(facts).toContainEqual({
      template: '/v1.0/users',
      status: 429,
      resourceUnits: expect.any(Number),
      throttledMs: 5_000,
    });
    expect(facts.reduce((sum, { resourceUnits }) => sum + resourceUnits, 0)).toBeGreaterThan(0);
  });

  it('never names a secret, a token or a person in an error', async () => {
    for (const answer of [{ answer: 'truncated' }, { answer: 'html' }, { answer: 'no_links' }] as const) {
      graph.control.clearFaults();
      fault(answer, '/users', { times: null });
      const source = sourceOf(graph, { limits: { attempts: 1 } });
      const error = await full(source).then(
        () => null,
        (one: unknown) => one,
      );
      const text = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error);
      expect(text).not.toMatch(/eyJ|@contoso|simulator~/);
    }
  });
});
