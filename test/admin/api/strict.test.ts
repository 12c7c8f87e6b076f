/** What no route lets through, made from the routes themselves. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { connectionId } from '../../../src/model/ids.ts';
import { addConnection, type Door, limitsOf, openDoor, type Reply } from './door.ts';
import { peopleOf, signedInAs } from './people.ts';

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

const gone = async (): Promise<never> => {
  throw new Error('connect ECONNREFUSED 127.0.0.1:27017');
};
const publicUrl = 'https://entrain.example';

/** Nothing may come of it: no answer that says anything, and no key. */
const expectNothing = async (behind: Door, reply: Reply): Promise<void> => {
  expect(reply).toMatchObject({ status: 500, body: { code: 'internal_error' } });
  expect((await behind.stores.apiKeys.list(null, 10)).items.map(({ name }) => name)).not.toContain('x');
  await behind.close();
};
const makeKey = { body: { name: 'x', scopes: ['read'] } };

describe('a key that cannot be looked up', () => {
  it('lets nobody in', async () => {
    const behind = await openDoor({ breakHall: (commands) => ({ ...commands, callerWith: gone }) });
    await expectNothing(behind, await behind.call('POST', '/v1/api-keys', { key: 'some-other-key', ...makeKey }));
  });
});

describe('a session that cannot be looked up', () => {
  it('lets nobody in', async () => {
    let isGone = false;
    const behind = await openDoor({
      identityProvider: peopleOf(),
      config: { publicUrl },
      breakHall: (commands) => ({
        ...commands,
        callerBySession: (...asked) => (isGone ? gone() : commands.callerBySession(...asked)),
      }),
    });
    const person = await signedInAs(behind, ['admin']);
    isGone = true;
    await expectNothing(behind, await behind.call('POST', '/v1/api-keys', { ...person, ...makeKey }));
  });
});

describe('calls that cannot be counted', () => {
  it.each(['address', 'key'] as const)('of one %s let nobody in', async (which) => {
    const limits = limitsOf({ ofKey: 1_000, ofAddress: 1_000 });
    const behind = await openDoor({ rateLimits: { ...limits, [which]: { spend: gone, known: () => null } } });
    await expectNothing(behind, await behind.call('POST', '/v1/api-keys', makeKey));
  });
});

describe('a thing of which it cannot be found out whose it is', () => {
  it('is shown to no key that is limited, and nothing is done with it', async () => {
    const behind = await openDoor({ break: (commands) => ({ ...commands, ownerOf: gone }) });
    const connection = await addConnection(behind);
    const made = await behind.call('POST', '/v1/api-keys', {
      body: { name: 'limited', scopes: ['read', 'configure'], organization_ids: ['acme'] },
    });
    const { key } = z.looseObject({ key: z.string() }).parse(made.body);
    const path = `/v1/connections/${connection}`;
    expect((await behind.call('DELETE', path, { key })).status).toBe(500);
    expect((await behind.stores.connections.get(connectionId(connection)))?.state).toBe('active');
    await expectNothing(behind, await behind.call('GET', path, { key }));
  });
});

describe('a setup link that cannot be looked up', () => {
  it('shows nothing, and takes nothing', async () => {
    let isGone = false;
    const behind = await openDoor({
      config: { publicUrl },
      breakHall: (commands) => ({ ...commands, arriveBy: (link) => (isGone ? gone() : commands.arriveBy(link)) }),
    });
    const connection = await addConnection(behind, { name: 'Fabrikam' });
    const path = `/v1/connections/${connection}/setup-link`;
    const { body } = await behind.call('POST', path, { body: { given_to: 'the IT' } });
    const { url } = z.looseObject({ url: z.string() }).parse(body);
    const at = behind.base + url.slice(publicUrl.length);
    isGone = true;
    const headers = { origin: publicUrl, 'sec-fetch-site': 'same-origin' };
    for (const reply of [await fetch(at), await fetch(`${at}/test`, { method: 'POST', headers })]) {
      expect(reply.status).toBe(500);
      expect(await reply.text()).not.toMatch(/Fabrikam|acme/);
    }
    expect(behind.checked).toEqual([]);
    await behind.close();
  });
});
