/** How real targets list what they hold, and what of it is believed. */

import { afterEach, describe, expect, it } from 'vitest';
import { startScim } from '../../../simulator/scim/index.ts';
import { remoteId } from '../../../src/model/ids.ts';
import type { JsonObject } from '../../../src/model/target-record.ts';
import { scim } from '../../../src/target/scim/index.ts';
import type { ListPage, Target } from '../../../src/target/target.ts';
import { testWorld } from '../world.ts';
import { type Received, type Reply, startScripted } from './scripted-server.ts';

const signal = new AbortController().signal;
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close();
});

const before = async (answer: (request: Received) => Reply | null, settings: JsonObject = {}): Promise<Target> => {
  const server = await startScripted(answer);
  const target = scim
    .parse({ base_url: server.baseUrl, token: 'a-token', max_attempts: 1, ...settings })
    .connect(testWorld());
  opened.push(server, target);
  return target;
};

type Read = { readonly ids: readonly string[]; readonly end: string | number };
/** Every page, and how the list ended: so many objects, or why not. */
const readAll = async ({ inventory }: Target, type: 'user' | 'group' = 'user'): Promise<Read> => {
  const ids: string[] = [];
  let from: string | null = null;
  for (let pages = 0; pages < 1_000; pages += 1) {
    const page: ListPage | undefined = await inventory?.list(type, from, signal);
    if (page === undefined) throw new Error('There is no list.');
    ids.push(...page.objects.map(({ remoteId: id }) => id));
    if ('broken' in page) return { ids, end: page.broken };
    if ('end' in page) return { ids, end: page.end.objects };
    from = page.next;
  }
  throw new Error('The list does not end.');
};

const resources = (from: number, to: number): JsonObject[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, nth) => ({ id: `u${from + nth}`, userName: `u${from + nth}` }));
const asked = ({ path }: Received) => {
  const query = new URL(path, 'http://target').searchParams;
  return { start: Number(query.get('startIndex') ?? 1) - 1, count: Number(query.get('count')) };
};
const list = (Resources: JsonObject[], totalResults: number | null): Reply => ({
  status: 200,
  body: { Resources, ...(totalResults === null ? {} : { totalResults }) },
});
const everybody = Array.from({ length: 250 }, (_, nth) => `u${nth}`);

describe('a SCIM target that lists what it holds', () => {
  it('is read page by page to its end, without a filter and without members', async () => {
    const paths: string[] = [];
    const target = await before((request) => {
      paths.push(request.path);
      const { start, count } = asked(request);
      return list(resources(start, Math.min(250, start + count)), 250);
    });
    expect(await readAll(target)).toEqual({ ids: everybody, end: 250 });
    expect(paths.every((path) => !path.includes('filter'))).toBe(true);
    await readAll(target, 'group');
    expect(paths.at(-1)).toContain('excludedAttributes=members');
  });

  it('may cap its pages: the next one begins after what was received', async () => {
    const target = await before((request) => {
      const { start } = asked(request);
      return list(resources(start, Math.min(250, start + 30)), 250);
    });
    expect(await readAll(target)).toEqual({ ids: everybody, end: 250 });
  });

  it('may count its page instead of everybody: the end is believed when the next page is empty', async () => {
    const target = await before((request) => {
      const { start, count } = asked(request);
      const page = resources(start, Math.min(250, start + count));
      return list(page, page.length);
    });
    expect(await readAll(target)).toEqual({ ids: everybody, end: 250 });
  });

  it('may send everybody at once, however often it is asked', async () => {
    const target = await before(() => list(resources(0, 250), 250));
    expect(await readAll(target)).toEqual({ ids: everybody, end: 250 });
  });

  it('may refuse a page behind the end', async () => {
    for (const status of [400, 404]) {
      const target = await before((request) => {
        const { start, count } = asked(request);
        return start >= 250 ? { status, body: {} } : list(resources(start, Math.min(250, start + count)), 250);
      });
      expect(await readAll(target)).toEqual({ ids: everybody, end: 250 });
    }
  });

  it('may page by cursor, and need not count', async () => {
    const target = await before(({ path }) => {
      const at = Number(new URL(path, 'http://target').searchParams.get('cursor') ?? 0);
      const next = at + 100 < 250 ? { nextCursor: String(at + 100) } : {};
      return { status: 200, body: { Resources: resources(at, Math.min(250, at + 100)), ...next } };
    });
    expect(await readAll(target)).toEqual({ ids: everybody, end: 250 });
  });

  it('may show nobody on a page by cursor that names another', async () => {
    const target = await before(({ path }) => {
      const at = Number(new URL(path, 'http://target').searchParams.get('cursor') ?? 0);
      const next = at + 100 < 250 ? { nextCursor: String(at + 100) } : {};
      const shown = at === 100 ? [] : resources(at, Math.min(250, at + 100));
      return { status: 200, body: { Resources: shown, ...next } };
    });
    expect((await readAll(target)).end).toBe(150);
  });

  it('is not believed when it shows nobody, and names page after page', async () => {
    let pages = 0;
    const target = await before(() => {
      pages += 1;
      return { status: 200, body: { Resources: [], nextCursor: String(pages) } };
    });
    expect((await readAll(target)).end).toContain('shows nobody on 101 pages');
  });

  it('is not believed when it sends the same page again and again', async () => {
    const target = await before(() => list(resources(0, 100), 250));
    expect(await readAll(target)).toMatchObject({ end: 'The target sends the same page again and again.' });
  });

  it('is not believed when it shows fewer than it says there are', async () => {
    const target = await before((request) => list(resources(asked(request).start, 60), 250));
    expect((await readAll(target)).end).toContain('holds 250, and showed 60');
  });

  it('is not believed when it says nothing of how many, and does not page', async () => {
    const target = await before(() => list(resources(0, 40), null));
    expect((await readAll(target)).end).toContain('the same page');
  });

  it('is not believed when it shows somebody without an id, or no list at all', async () => {
    const nameless = await before(() => list([{ userName: 'who' }], 1));
    expect((await readAll(nameless)).end).toContain('1 objects without an id');
    const other = await before(() => ({ status: 200, body: { hello: 'world' } }));
    expect((await readAll(other)).end).toContain('no SCIM list');
  });

  it('may refuse to list, which is no reason to think it out of order', async () => {
    for (const status of [400, 403, 404, 405, 501]) {
      const target = await before(() => ({ status, body: { detail: 'Not here.' } }));
      expect((await readAll(target)).end).toContain(`answered ${status}`);
    }
  });

  it('is out of order when it does not know us, or asks to wait', async () => {
    const stranger = await before(() => ({ status: 401, body: {} }));
    await expect(readAll(stranger)).rejects.toMatchObject({ fault: 'unauthorized' });
    const busy = await before(() => ({ status: 429, headers: { 'retry-after': '60' }, body: {} }));
    await expect(readAll(busy)).rejects.toMatchObject({ fault: 'throttled' });
    const truncated = await before(() => ({ status: 200, body: '{"totalResults": 2, "Resou' }));
    await expect(readAll(truncated)).rejects.toMatchObject({ fault: 'unavailable' });
  });

  it('of the simulator is read whole by index and by cursor, whatever its largest page', async () => {
    for (const paging of ['index', 'cursor'] as const) {
      const simulator = await startScim({ token: 'a-token' });
      simulator.control.setKnobs({ paging, maxResults: 7 });
      const target = scim.parse({ base_url: simulator.baseUrl, token: 'a-token' }).connect(testWorld());
      opened.push(simulator, target);
      for (let nth = 0; nth < 23; nth += 1) {
        const userName = `u${nth}@contoso.example`;
        await fetch(`${simulator.baseUrl}/Users`, {
          method: 'POST',
          headers: { authorization: 'Bearer a-token', 'content-type': 'application/scim+json' },
          body: JSON.stringify({ schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName }),
        });
      }
      const { ids, end } = await readAll(target);
      expect(end).toBe(23);
      expect(new Set(ids).size).toBe(23);
      expect(await readAll(target, 'group')).toEqual({ ids: [], end: 0 });
    }
  });
});

describe('the members of a group at a SCIM target', () => {
  it('are told by id; nobody when the target hides them, null when the group is gone', async () => {
    const target = await before(({ path }) => {
      if (path.startsWith('/Groups/gone')) return { status: 404, body: {} };
      if (path.startsWith('/Groups/coy')) return { status: 200, body: { id: 'coy' } };
      return { status: 200, body: { id: 'g', members: [{ value: 'a' }, { value: 7 }, { display: 'nobody' }] } };
    });
    expect(await target.inventory?.members(remoteId('g'), signal)).toEqual(['a', '7']);
    expect(await target.inventory?.members(remoteId('coy'), signal)).toEqual([]);
    expect(await target.inventory?.members(remoteId('gone'), signal)).toBeNull();
  });

  it('are shown where one of the groups shows some, or where that is set, whatever they show now', async () => {
    let asked = 0;
    const groups = ['refused', 'coy', 'g'].map(remoteId);
    const answer = ({ path }: Received): Reply => {
      if (path.startsWith('/Groups/')) asked += 1;
      if (path.startsWith('/Groups/refused')) return { status: 403, body: {} };
      if (path.startsWith('/Groups/coy')) return { status: 200, body: { id: 'coy' } };
      return { status: 200, body: { id: 'g', members: [{ value: 'a' }] } };
    };
    const target = await before(answer);
    expect(await target.inventory?.showsMembers(groups.slice(0, 2), signal)).toBe(false);
    expect(await target.inventory?.showsMembers(groups, signal)).toBe(true);
    const set = await before(answer, { shows_members: true });
    asked = 0;
    expect(await set.inventory?.showsMembers(groups, signal)).toBe(true);
    // It showed some a moment ago.
    expect(await target.inventory?.showsMembers(groups.slice(0, 1), signal)).toBe(true);
    expect(asked).toBe(0);
  });
});
