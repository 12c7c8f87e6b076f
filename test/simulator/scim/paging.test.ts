import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, startClient } from './client.ts';

describe('lists in pages', () => {
  let target: Client;
  beforeAll(async () => {
    target = await startClient({ knobs: { maxResults: 4 } });
    for (let n = 1; n <= 10; n += 1) await target.createUser(`u${n}`);
  });
  afterAll(() => target.close());

  const page = async (query: string) => {
    const { status, body } = await target.get(`/Users?${query}`);
    const { totalResults, itemsPerPage, startIndex, nextCursor, scimType } = body;
    return {
      status,
      totalResults,
      itemsPerPage,
      startIndex,
      nextCursor,
      scimType,
      names: (body.Resources ?? []).map((one) => one['userName']),
    };
  };

  it('counts from 1, and never gives more than the largest page (RFC 7644 §3.4.2.4)', async () => {
    expect(await page('')).toMatchObject({
      totalResults: 10,
      itemsPerPage: 4,
      startIndex: 1,
      names: ['u1', 'u2', 'u3', 'u4'],
    });
    expect(await page('startIndex=9&count=100')).toMatchObject({
      itemsPerPage: 2,
      startIndex: 9,
      names: ['u9', 'u10'],
    });
    expect(await page('startIndex=2&count=1')).toMatchObject({ itemsPerPage: 1, names: ['u2'] });
    expect(await page('startIndex=11')).toMatchObject({ totalResults: 10, itemsPerPage: 0, names: [] });
  });

  it('reads a start below 1 as 1, a negative count as 0, and a count of 0 as "only how many"', async () => {
    expect(await page('startIndex=-3&count=1')).toMatchObject({ startIndex: 1, names: ['u1'] });
    for (const count of [0, -1])
      expect(await page(`count=${count}`)).toMatchObject({ totalResults: 10, itemsPerPage: 0, names: [] });
    expect(await page('count=many')).toMatchObject({ status: 400, scimType: 'invalidValue' });
  });

  it('walks by cursor where a target pages that way, asked or not (RFC 9865)', async () => {
    target.control.setKnobs({ paging: 'cursor' });
    const names: unknown[] = [];
    let cursor: unknown = '';
    while (cursor !== undefined) {
      const one = await page(`count=4&cursor=${String(cursor)}`);
      names.push(...one.names);
      cursor = one.nextCursor;
    }
    expect(names).toEqual(Array.from({ length: 10 }, (_, index) => `u${index + 1}`));
    expect((await page('')).nextCursor).toEqual(expect.any(String));
    const { nextCursor } = await page('');
    expect(await page(`cursor=${String(nextCursor)}&filter=userName%20pr`)).toMatchObject({
      status: 400,
      scimType: 'invalidCursor',
    });
    expect(await page('cursor=rubbish')).toMatchObject({ status: 400, scimType: 'invalidCursor' });
    expect((await target.get('/ServiceProviderConfig')).body['pagination']).toMatchObject({
      cursor: true,
      index: false,
    });
    target.control.setKnobs({ paging: 'index' });
  });
});
