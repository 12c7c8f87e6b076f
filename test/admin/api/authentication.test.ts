import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Door, key, newConnection, openDoor } from './door.ts';

let door: Door;
let operations: { method: string; path: string; id: string }[];

beforeAll(async () => {
  door = await openDoor();
  const { body } = await door.call('GET', '/v1/openapi.json', { key: null });
  const paths = z.object({ paths: z.record(z.string(), z.record(z.string(), z.object({ operationId: z.string() }))) });
  operations = Object.entries(paths.parse(body).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId: id }]) => ({ method: method.toUpperCase(), path, id })),
  );
});
afterAll(() => door.close());

const filled = (path: string): string =>
  path
    .replace('{connection_id}', `con_${'0'.repeat(32)}`)
    .replace('{target_id}', `tgt_${'0'.repeat(32)}`)
    .replace('{run_id}', `run_${'0'.repeat(32)}`)
    .replace('{group_id}', '00000000-0000-4000-8000-000000000001');

describe('every documented route', () => {
  it('is there', () => {
    const served = door.routes.map(({ method, path, id }) => `${method.toUpperCase()} ${path} ${id}`);
    expect(operations.map(({ method, path, id }) => `${method} ${path} ${id}`).toSorted()).toEqual(served.toSorted());
    expect(served.length).toBeGreaterThan(50);
  });

  it('refuses callers without a key, before it looks at anything they sent', async () => {
    for (const { method, path, id } of operations) {
      const sent = method === 'POST' || method === 'PATCH' ? { raw: '{"$ne": broken' } : {};
      const reply = await door.call(method, filled(path), { ...sent, key: null });
      expect(reply.status, id).toBe(401);
      expect(reply.headers.get('www-authenticate')).toBe('Bearer realm="entrain"');
      expect(reply.body).toMatchObject({ code: 'unauthorized' });
    }
  });

  it('refuses a wrong key', async () => {
    for (const { method, path, id } of operations) {
      const reply = await door.call(method, filled(path), { key: `${key}x` });
      expect(reply.status, id).toBe(401);
      expect(reply.headers.get('www-authenticate')).toBe('Bearer realm="entrain", error="invalid_token"');
    }
  });

  it('answers with the right key', async () => {
    for (const { method, path, id } of operations) {
      const reply = await door.call(method, filled(path));
      expect(reply.status, id).not.toBe(401);
    }
  });
});

it.each([
  ['basic credentials', `Basic ${btoa(`product:${key}`)}`],
  ['a bare key', key],
  ['an empty key', 'Bearer '],
  ['the key in another case', `Bearer ${key.toUpperCase()}`],
  ['a beginning of the key', `Bearer ${key.slice(0, -1)}`],
])('refuses %s', async (_what, authorization) => {
  const reply = await door.call('GET', '/v1/connections', { key: null, headers: { authorization } });
  expect(reply.status).toBe(401);
});

it('takes no key from the address', async () => {
  expect((await door.call('GET', `/v1/connections?api_key=${key}`, { key: null })).status).toBe(401);
});

it('hides from strangers what exists under /v1', async () => {
  expect((await door.call('GET', '/v1/nothing-here', { key: null })).status).toBe(401);
  expect((await door.call('PUT', '/v1/connections', { key: null })).status).toBe(401);
});

it('keeps no other spelling of the prefix open', async () => {
  for (const path of [
    '/V1/connections',
    '//v1/connections',
    '/v1//connections',
    '/v1/CONNECTIONS',
    '/%76%31/connections',
  ]) {
    const response = await fetch(door.base + path, { method: 'POST', body: JSON.stringify(newConnection) });
    expect([401, 404], path).toContain(response.status);
  }
  expect((await door.call('GET', '/v1/connections')).body).toEqual({ data: [], next_cursor: null });
});
