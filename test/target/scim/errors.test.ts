import { describe, expect, it } from 'vitest';
import { remoteId } from '../../../src/model/ids.ts';
import type { JsonObject } from '../../../src/model/target-record.ts';
import { type Answer, type Body, failure, refusal, retryAfterOf } from '../../../src/target/scim/errors.ts';
import type { Request } from '../../../src/target/scim/requests.ts';

const read: Request = { method: 'GET', endpoint: '/Users', query: { filter: 'userName eq "ada"' } };
const create: Request = { method: 'POST', endpoint: '/Users' };
const change: Request = { method: 'PATCH', endpoint: '/Users', id: remoteId('ada-7') };

describe('what an answer means', () => {
  it.each([
    [400, read, 'rejected'],
    [401, read, 'unauthorized'],
    [403, change, 'rejected'],
    [404, change, 'gone'],
    [410, change, 'gone'],
    [404, create, 'rejected'],
    [405, change, 'rejected'],
    [409, create, 'conflict'],
    [412, change, 'conflict'],
    [413, change, 'rejected'],
    [422, create, 'rejected'],
    [429, create, 'throttled'],
    [500, create, 'unknown'],
    [500, read, 'unavailable'],
    [502, change, 'unknown'],
    [503, create, 'unknown'],
    [503, read, 'unavailable'],
    [501, change, 'rejected'],
    [302, create, 'unavailable'],
  ] as const)('%d: to %o it is %s', (status, request, fault) => {
    // Who sends us on is not the target: its address is wrong.
    const code = status === 302 ? 'not_scim' : `http_${status}`;
    expect(refusal(request, answered(status), 'secret')).toMatchObject({ fault, code });
  });

  it('is throttling also as 503 with Retry-After', () => {
    expect(refusal(create, { ...answered(503), retryAfterMs: 5_000 }, 'secret')).toMatchObject({
      fault: 'throttled',
      retryAfterMs: 5_000,
    });
  });

  it('is a conflict also as 400 with the scimType uniqueness', () => {
    const body = json({ scimType: 'uniqueness' });
    expect(refusal(create, answered(400, body), 'secret')).toMatchObject({ fault: 'conflict', code: 'uniqueness' });
  });

  it('is not absence when a web page says 404: a proxy without its target does', () => {
    expect(refusal(change, answered(404, { kind: 'page' }), 'secret')).toMatchObject({
      fault: 'unavailable',
      code: 'not_scim',
    });
    expect(refusal(change, answered(502, { kind: 'page' }), 'secret')).toMatchObject({ code: 'http_502' });
  });

  it.each([
    [{ detail: 'SCIM 2.0' }, 'SCIM 2.0'],
    [{ Errors: [{ description: 'SCIM 1.1', code: '400' }] }, 'SCIM 1.1'],
    [{ message: 'a framework' }, 'a framework'],
    [{ detail: { deep: true }, Errors: 'x' }, 'answered 400 to PATCH /Users/{id}.'],
  ] as const)('is told in the words of the target: %o', (body, words) => {
    expect(refusal(change, answered(400, json(body)), 'secret').message).toContain(words);
  });

  it('never repeats our token, an address of a person, an id or a filter, and is short', () => {
    const detail = `Bearer t0ken is not allowed for ada.king@example.com ${'x'.repeat(1_000)}`;
    const { message } = refusal({ ...read, ...change }, answered(400, json({ detail })), 't0ken');
    expect(message).toMatch(
      /^The target answered 400 to PATCH \/Users\/\{id\}: Bearer \[…\] is not allowed for …@… \[…\]$/,
    );
    expect(message.length).toBeLessThan(400);
  });

  it('is not cut in the middle of a word, nor looks cut where the target repeated our token', () => {
    const said = (detail: string, secret: string): string =>
      refusal(read, answered(401, json({ detail })), secret).message.replace(/^[^:]*: /, '');
    expect(said('The bearer token is missing or wrong.', 'wrong')).toBe('The bearer token is missing or […].');
    const words = 'word '.repeat(60).trim();
    expect(said(words, 't0ken')).toBe(words);
    expect(said(`${words} and more`, 't0ken')).toBe(`${words} […]`);
    expect(said(`${words}s and more`, 't0ken')).toBe(`${words}s […]`);
    expect(said(`${words.slice(0, -2)}nderful world`, 't0ken')).toBe(`${words.slice(0, -5)} […]`);
    expect(said('x'.repeat(400), 't0ken')).toBe(`${'x'.repeat(300)} […]`);
  });
});

describe('what a person looks like', () => {
  const looks = { displayName: 'Zoë Ångström', name: { givenName: 'Zoë', familyName: 'Ångström' }, title: 'QA' };
  const said = (request: Request, detail: string): string =>
    refusal(request, answered(400, json({ detail })), 'secret').message.replace(/^[^:]*: /, '');

  it('is not repeated in the words of a target that was told so, in whatever case', () => {
    const request = { ...create, body: { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], ...looks } };
    expect(said(request, 'ZOË ÅNGSTRÖM (zoë, QA) is refused: displayName')).toBe('… (…, QA) is refused: displayName');
    expect(said(request, 'the schema urn:ietf:params:scim:schemas:core:2.0:User is unknown')).toContain('2.0:User');
  });

  it('is not repeated of a change, whose path and kind are', () => {
    const patch = { op: 'replace', path: 'name.familyName', value: 'Nováková' };
    const request = { ...change, body: { schemas: [], Operations: [patch] } };
    expect(said(request, 'replace of name.familyName: Nováková')).toBe('replace of name.familyName: …');
  });

  it('is not repeated of a question', () => {
    const request = { ...read, query: { filter: 'name.formatted eq "Zoë \\"Z\\" Ångström"' } };
    expect(said(request, 'nothing like Zoë \\"Z\\" Ångström')).toBe('nothing like …');
  });
});

describe('what the lack of an answer means', () => {
  it.each([
    ['ECONNREFUSED', 'unavailable', 'connection_refused'],
    ['ENOTFOUND', 'unavailable', 'name_not_found'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'unavailable', 'certificate_not_trusted'],
    ['ECONNRESET', 'unknown', 'connection_lost'],
    ['UND_ERR_SOCKET', 'unknown', 'connection_lost'],
  ])('%s on a write is %s', (code, fault, ours) => {
    expect(failure(create, Object.assign(new Error('broken'), { code }))).toMatchObject({ fault, code: ours });
    expect(failure(read, Object.assign(new Error('broken'), { code }))).toMatchObject({ fault: 'unavailable' });
  });

  it('a write that took too long may have been done', () => {
    const error = new DOMException('too long', 'TimeoutError');
    expect(failure(change, error)).toMatchObject({ fault: 'unknown', code: 'timed_out' });
  });
});

describe('Retry-After', () => {
  const now = new Date('2026-03-01T08:00:00Z');
  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Sun, 01 Mar 2026 08:01:00 GMT', 60_000],
    ['Sun, 01 Mar 2026 07:00:00 GMT', 0],
    ['999999999', 86_400_000],
    ['soon', null],
    [null, null],
  ])('%j is %s ms', (header, ms) => {
    expect(retryAfterOf(header, now)).toBe(ms);
  });
});

const json = (body: JsonObject): Body => ({ kind: 'json', json: body });
const answered = (status: number, body: Body = { kind: 'none' }): Answer => ({
  status,
  body,
  bytes: 0,
  etag: null,
  location: null,
  retryAfterMs: null,
});
