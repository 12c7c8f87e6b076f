/** What no route lets through, made from the routes themselves. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Door, openDoor, type Reply } from './door.ts';

let door: Door;
beforeAll(async () => {
  door = await openDoor();
});
afterAll(() => door.close());

const address = (path: string): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name in prefixes ? `${prefixes[name]}_${'0'.repeat(32)}` : '00000000-0000-4000-8000-000000000001',
  );
/** What ids begin with; all others are object ids. */
const prefixes: Readonly<Record<string, string>> = {
  run_id: 'run',
  connection_id: 'con',
  target_id: 'tgt',
  plan_id: 'pln',
  api_key_id: 'key',
};
const problem = z.object({ errors: z.array(z.object({ in: z.string(), pointer: z.string() })) });
const places = ({ body }: Reply): string[] => problem.parse(body).errors.map((error) => `${error.in} ${error.pointer}`);
const methodsWith = (...methods: string[]) => door.routes.filter(({ method }) => methods.includes(method));

describe('every route', () => {
  it('refuses a field of the body that it does not know, also where it takes none', async () => {
    for (const { method, path, id } of methodsWith('post', 'patch', 'delete')) {
      for (const field of ['surprise', '_id', 'role', 'organization']) {
        const reply = await door.call(method.toUpperCase(), address(path), { body: { [field]: 'x' } });
        expect(reply.status, `${id} with ${field}`).toBe(400);
        expect(places(reply), id).toContain(`body /${field}`);
      }
    }
  });

  it('refuses a parameter that it does not know', async () => {
    for (const { method, path, id } of door.routes) {
      const reply = await door.call(method.toUpperCase(), `${address(path)}?surprise=1`);
      expect(places(reply), id).toContain('query /surprise');
    }
  });

  it('takes no parameter twice, and no operator in the place of one', async () => {
    let tried = 0;
    for (const { path, query, id } of methodsWith('get'))
      for (const name of Object.keys(query.shape)) {
        tried += 1;
        const twice = await door.call('GET', `${address(path)}?${name}=1&${name}=1`);
        expect(places(twice), `${id} ${name}`).toContain(`query /${name}`);
        const operator = await door.call('GET', `${address(path)}?${name}[$ne]=1`);
        expect(places(operator), `${id} ${name}`).toContain(`query /${name}[$ne]`);
      }
    expect(tried).toBeGreaterThan(30);
  });
});

describe('a page of another origin', () => {
  const origin = { origin: 'https://evil.example' };

  it('is told by nothing that it may read an answer', async () => {
    for (const method of ['GET', 'OPTIONS']) {
      const { headers } = await door.call(method, '/v1/connections', { headers: origin });
      expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    }
  });

  it('can send nothing that a browser sends without asking first', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      expect(
        (await door.call('POST', '/v1/api-keys', { raw: '{"name":"x"}', headers: { ...origin, 'content-type': type } }))
          .status,
      ).toBe(415);
  });
});

describe('a key that cannot be looked up', () => {
  it('lets nobody in', async () => {
    const behind = await openDoor({
      breakHall: (commands) => ({
        ...commands,
        callerWith: async () => {
          throw new Error('connect ECONNREFUSED 127.0.0.1:27017');
        },
      }),
    });
    const body = { name: 'x', scopes: ['read'] };
    expect((await behind.call('POST', '/v1/api-keys', { key: 'some-other-key', body })).status).toBe(500);
    expect((await behind.stores.apiKeys.list(null, 10)).items).toEqual([]);
    await behind.close();
  });
});
