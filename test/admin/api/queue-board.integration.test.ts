import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Corner, openCorner } from '../../queue/corner.ts';
import { type Door, openDoor } from './door.ts';

let corner: Corner;
let door: Door;
beforeAll(async () => {
  corner = await openCorner();
  door = await openDoor({ queues: corner.queues });
  await corner.queues.sync.add('sync', { connection: 'con_1' }, { jobId: 'one' });
});
afterAll(async () => {
  await door.close();
  await corner.close();
});

const keyFor = async (scopes: readonly string[]): Promise<string> => {
  const made = await door.call('POST', '/v1/api-keys', { body: { name: scopes.join(' '), scopes } });
  return z.looseObject({ key: z.string() }).parse(made.body).key;
};

describe('the queues, as administrators see them', () => {
  it('are a page whose scripts come from here', async () => {
    const { status, headers, body } = await door.call('GET', '/admin/queues/');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/html');
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; .*frame-ancestors/);
    expect(headers.get('cache-control')).toBe('no-store');
    const [, script] = /<script[^>]* src="(static\/[^"]+\.js)"/.exec(String(body)) ?? [];
    expect((await door.call('GET', `/admin/queues/${script}`)).headers.get('content-type')).toContain('javascript');
    expect(String(body)).toContain('Read only');
    // A script that stands in the page itself would not be run.
    const inline = [...String(body).matchAll(/<script(?![^>]* src=)([^>]*)>/g)].map(
      ([, attributes = '']) => attributes,
    );
    expect(inline.filter((attributes) => !attributes.includes('application/json'))).toEqual([]);
  });

  it('show jobs, which hold ids alone', async () => {
    const { body } = await door.call('GET', '/admin/queues/api/queues?activeQueue=sync&status=latest');
    const { queues } = z
      .object({
        queues: z.array(
          z.looseObject({ name: z.string(), readOnlyMode: z.boolean(), jobs: z.array(z.looseObject({})) }),
        ),
      })
      .parse(body);
    expect(queues.map(({ name }) => name)).toEqual(['tick', 'sync', 'provision', 'maintenance']);
    expect(queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
    expect(queues.flatMap(({ jobs }) => jobs.map((job) => job['data']))).toEqual([{ connection: 'con_1' }]);
  });

  it('are shown to nobody else', async () => {
    expect((await door.call('GET', '/admin/queues/', { key: null })).status).toBe(401);
    for (const scope of ['read', 'sync', 'configure', 'approve']) {
      const reply = await door.call('GET', '/admin/queues/api/queues', { key: await keyFor([scope]) });
      expect(reply.status, scope).toBe(403);
    }
  });

  it('cannot be changed there', async () => {
    for (const [method, path] of [
      ['PUT', 'sync/pause'],
      ['PUT', 'sync/one/promote'],
      ['PUT', 'sync/one/clean'],
      ['POST', 'sync/add'],
      ['PUT', 'sync/obliterate'],
      ['DELETE', 'sync'],
    ] as const) {
      const reply = await door.call(method, `/admin/queues/api/queues/${path}`, { body: {} });
      expect(reply.status, path).toBe(405);
    }
    expect(await corner.queues.sync.isPaused()).toBe(false);
    expect((await corner.queues.sync.getJob('one'))?.data).toEqual({ connection: 'con_1' });
  });
});
