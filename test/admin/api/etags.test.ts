/** What `If-Match` promises, of each record that has an ETag: connections, targets, and the mapping within a target. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nothing } from './belongings.ts';
import { addConnection, addTarget, type Door, openDoor, type Reply } from './door.ts';

let door: Door;
beforeAll(async () => {
  door = await openDoor();
});
afterAll(() => door.close());

const rules = (value: string) => ({
  user: [{ kind: 'constant', to: 'title', value }],
  group: [{ kind: 'constant', to: 'displayName', value }],
});
const records = [
  { what: 'a connection', edit: (text: string) => ({ description: text }), held: 'description' },
  {
    what: 'a target',
    edit: (text: string) => ({ deprovision: { kind: text === 'one' ? 'none' : 'delete' } }),
    held: 'deprovision',
  },
  { what: 'the mapping of a target', edit: (text: string) => ({ mapping: rules(text) }), held: 'mapping' },
] as const;

const addressOf = async (what: string): Promise<string> => {
  const connection = await addConnection(door);
  return what === 'a connection' ? `/v1/connections/${connection}` : `/v1/targets/${await addTarget(door, connection)}`;
};
const etagOf = ({ headers }: Reply): string => headers.get('etag') ?? '';
const matching = (etag: string) => ({ headers: { 'if-match': etag } });

describe.each(records)('$what', ({ what, edit, held }) => {
  it('has another ETag after each edit, the same in every answer', async () => {
    const address = await addressOf(what);
    const before = etagOf(await door.call('GET', address));
    expect(before).toMatch(/^"\d+"$/);
    const edited = etagOf(await door.call('PATCH', address, { body: edit('one') }));
    expect(edited).not.toBe(before);
    expect(etagOf(await door.call('GET', address))).toBe(edited);
  });

  it('is edited by one of many who saw the same', async () => {
    const address = await addressOf(what);
    const etag = etagOf(await door.call('GET', address));
    const replies = await Promise.all(
      ['one', 'two', 'three'].map((text) => door.call('PATCH', address, { body: edit(text), ...matching(etag) })),
    );
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 412, 412]);
    const [won] = replies.filter(({ status }) => status === 200);
    const shown = (await door.call('GET', address)).body;
    expect(shown).toMatchObject({ [held]: Reflect.get(Object(won?.body), held) });
    for (const lost of replies.filter(({ status }) => status === 412))
      expect(lost.body).toMatchObject({ code: 'stale_revision' });
  });

  it('is removed by nobody who saw another', async () => {
    const address = await addressOf(what);
    const etag = etagOf(await door.call('GET', address));
    await door.call('PATCH', address, { body: edit('one') });
    expect((await door.call('DELETE', address, matching(etag))).status).toBe(412);
    expect((await door.call('GET', address)).body).not.toMatchObject({ state: 'deleting' });
    const now = etagOf(await door.call('GET', address));
    expect((await door.call('DELETE', address, matching(now))).body).toMatchObject({ state: 'deleting' });
  });

  it('takes * for whatever is there, and nothing that is no ETag', async () => {
    const address = await addressOf(what);
    expect((await door.call('PATCH', address, { body: edit('one'), ...matching('*') })).status).toBe(200);
    for (const odd of ['1', 'W/"1"', '"1", "2"', '"x"', '""'])
      expect((await door.call('DELETE', address, matching(odd))).status, odd).toBe(400);
  });
});

it('an ETag is refused by every route that goes by none, before anything is done, and by no other', async () => {
  for (const { method, path, id, ifMatch } of door.routes) {
    const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => nothing[name] ?? '');
    const body = method === 'post' || method === 'patch' ? { body: {} } : {};
    const reply = await door.call(method.toUpperCase(), address, { ...body, ...matching('"1"') });
    expect(JSON.stringify(reply.body).includes('"/if-match"'), id).toBe(ifMatch === undefined);
    if (ifMatch === undefined) expect(reply.status, id).toBe(400);
  }
});
