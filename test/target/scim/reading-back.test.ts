/** What a target shows after it answered a success: too late, not at all, or nothing because it cannot be asked. */

import { afterEach, describe, expect, it } from 'vitest';
import { operationKey, remoteId, sourceId } from '../../../src/model/ids.ts';
import type { Operation } from '../../../src/model/operation.ts';
import { group, user } from '../../../src/model/source-object.ts';
import type { JsonObject } from '../../../src/model/target-record.ts';
import { scim } from '../../../src/target/scim/index.ts';
import { testWorld } from '../world.ts';
import { type Received, type Reply, startScripted } from './scripted-server.ts';

const signal = new AbortController().signal;
const ada = user(sourceId('00000000-0000-4000-8000-000000000001'));
const staff = group(sourceId('00000000-0000-4000-8000-000000000002'));

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close();
});

/** A target that answers `written` to every write, and `shown` to one look after the other, the last one for ever; and that lists nobody. */
const before = async (
  written: Reply | ((write: Received) => Reply),
  shown: readonly Reply[],
  settings: JsonObject = {},
) => {
  const world = testWorld();
  let looks = 0;
  const answer = (request: Received): Reply => {
    const { method, path } = request;
    if (method !== 'GET') return typeof written === 'function' ? written(request) : written;
    if (path.includes('?filter=')) return ok({ totalResults: 0 });
    looks += 1;
    return shown[Math.min(looks, shown.length) - 1] ?? gone;
  };
  const server = await startScripted(answer);
  const target = scim
    .parse({ base_url: server.baseUrl, token: 'a-token', max_attempts: 1, ...settings })
    .connect(world);
  opened.push(server, target);
  const patches = () => server.received.filter(({ method }) => method === 'PATCH');
  return {
    target,
    world,
    sent: () => server.received.map(({ method }) => method),
    operations: () => patches().map(({ body }) => body?.['Operations']),
  };
};

const ok = (body: JsonObject): Reply => ({ status: 200, body });
const gone: Reply = { status: 404, body: { detail: 'not found' } };
const busy: Reply = { status: 429, headers: { 'retry-after': '3600' } };
const create: Operation = {
  key: operationKey('c'),
  ref: ada,
  action: 'create',
  attributes: { externalId: ada.id, userName: 'ada@example.com' },
};
const made: Reply = { status: 201, body: { id: '7', externalId: ada.id, userName: 'ada@example.com' } };
const update: Operation = {
  key: operationKey('u'),
  ref: ada,
  action: 'update',
  remoteId: remoteId('7'),
  attributes: { title: 'Countess' },
  before: { title: 'Analyst' },
};
const disable: Operation = { key: operationKey('d'), ref: ada, action: 'disable', remoteId: remoteId('7') };
const remove: Operation = { key: operationKey('r'), ref: ada, action: 'delete', remoteId: remoteId('7') };
const join: Operation = {
  key: operationKey('m'),
  ref: staff,
  action: 'add_members',
  remoteId: remoteId('g'),
  members: [{ ref: ada, remoteId: remoteId('7') }],
};

describe('an account that took a change and is not shown afterwards', () => {
  it.each([
    ['an update', update],
    ['being switched off', disable],
  ])('is not taken for gone after %s: a replica may not know it yet', async (_, operation) => {
    const { target } = await before(ok({}), [gone], { verify: 'always' });
    await expect(target.apply(operation, signal)).rejects.toMatchObject({ fault: 'rejected', code: 'not_applied' });
  });

  it('nor is a group', async () => {
    const { target } = await before(ok({ id: 'g', members: [{ value: '1' }] }), [gone]);
    await expect(target.apply(join, signal)).rejects.toMatchObject({ fault: 'rejected', code: 'not_applied' });
  });

  it('is looked for until it is shown', async () => {
    const { target, world } = await before(ok({}), [gone, gone, gone, gone, ok({ id: '7', title: 'Countess' })], {
      verify: 'always',
    });
    await target.apply(update, signal);
    expect(world.slept).toEqual([1_000, 4_000]);
  });
});

describe('a value that was written twice, and was not seen the first time', () => {
  const again = (...title: readonly string[]) => ({ ...update, mayHold: { title } });

  it('is not taken for written where the target shows what it was told first', async () => {
    const { target } = await before(ok({}), [ok({ id: '7', title: 'Baroness' })], { verify: 'always' });
    await expect(target.apply(again('Baroness'), signal)).rejects.toMatchObject({ code: 'not_applied' });
  });

  it('nor where the answer shows it, or what was there before', async () => {
    for (const title of ['Baroness', 'Analyst']) {
      const { target } = await before(ok({ id: '7', title }), [ok({ id: '7', title })]);
      await expect(target.apply(again('Baroness'), signal)).rejects.toMatchObject({ code: 'not_applied' });
    }
  });

  it('nor where it shows what it was told before that, and was not seen either', async () => {
    const { target } = await before(ok({ id: '7', title: 'Baroness' }), [ok({ id: '7', title: 'Baroness' })]);
    await expect(target.apply(again('Duchess', 'Baroness'), signal)).rejects.toMatchObject({ code: 'not_applied' });
  });

  it('may be shown in the way of the target all the same', async () => {
    const { target } = await before(ok({ id: '7', title: 'The Countess' }), [ok({ id: '7', title: 'The Countess' })]);
    await target.apply(again('Baroness'), signal);
  });
});

describe('a value that is cleared, and of which nobody knows whether it is there', () => {
  const work = 'emails[type eq "work"].value';
  const clear = (paths: readonly string[]): Operation => ({
    ...update,
    attributes: Object.fromEntries(paths.map((path) => [path, null])),
    before: {},
  });

  it('is looked for, and removed where it is', async () => {
    const shown = ok({ id: '7', title: 'Director' });
    const { target, sent, operations } = await before({ status: 204 }, [shown]);
    await target.apply(clear(['title']), signal);
    expect(sent()).toEqual(['GET', 'PATCH']);
    expect(operations()).toEqual([[{ op: 'remove', path: 'title' }]]);
  });

  it('is left alone where it is not', async () => {
    const { target, sent } = await before({ status: 204 }, [ok({ id: '7', userName: 'ada' })]);
    await target.apply(clear(['title', work]), signal);
    expect(sent()).toEqual(['GET']);
  });

  it('is not taken for removed where the target goes on showing it', async () => {
    const shown = ok({ id: '7', title: 'Director' });
    for (const update_mode of ['patch', 'put']) {
      const { target } = await before(shown, [shown], { update_mode });
      await expect(target.apply(clear(['title']), signal)).rejects.toMatchObject({ code: 'not_applied' });
    }
  });

  it.each([
    ['nobody who is off', gone],
    ['no single account', { status: 405 }],
  ])('is removed at a target that shows %s, and nobody is taken for gone', async (_, unseen) => {
    const { target, operations } = await before({ status: 204 }, [unseen]);
    await target.apply(clear(['title', work]), signal);
    expect(operations()).toEqual([
      [
        { op: 'remove', path: 'title' },
        { op: 'remove', path: 'emails[type eq "work"]' },
      ],
    ]);
  });

  it('and without the element of a list, where the target refuses that because there is none', async () => {
    const plain = [{ op: 'remove', path: 'title' }];
    const strict = ({ body }: Received): Reply =>
      JSON.stringify(body).includes('emails') ? { status: 400, body: { scimType: 'noTarget' } } : { status: 204 };
    const { target, operations } = await before(strict, [gone]);
    await target.apply(clear(['title', work]), signal);
    expect(operations()).toEqual([expect.anything(), plain]);
  });

  it('is that of somebody who is gone where the target says so to the write, too', async () => {
    const { target } = await before(gone, [gone]);
    await expect(target.apply(clear(['title']), signal)).rejects.toMatchObject({ fault: 'gone' });
  });
});

describe('somebody who was switched off', () => {
  it('is waited for where a look still shows the account on', async () => {
    const { target } = await before(ok({}), [ok({ id: '7', active: true }), ok({ id: '7', active: false })], {
      verify: 'always',
    });
    await target.apply(disable, signal);
  });

  it('is not believed to be off when every look shows the account on', async () => {
    const { target } = await before(ok({}), [ok({ id: '7', active: true })], { verify: 'always' });
    await expect(target.apply(disable, signal)).rejects.toMatchObject({ fault: 'rejected', code: 'not_applied' });
  });
});

describe('somebody who was switched off, where reading back is left to doubt', () => {
  const said: Reply = { status: 204 };

  it.each([
    ['nothing', said],
    ['what it was sent', ok({ id: '7', active: false })],
  ])('is looked at once, though the target answered %s: a success may have done nothing', async (_, written) => {
    const { target, sent, world } = await before(written, [ok({ id: '7', active: false })]);
    await target.apply(disable, signal);
    expect(sent()).toEqual(['PATCH', 'GET']);
    expect(world.slept).toEqual([]);
    const lying = await before(written, [ok({ id: '7', active: true })]);
    await expect(lying.target.apply(disable, signal)).rejects.toMatchObject({ code: 'not_applied' });
  });

  it('is believed to be off by a target that shows nobody who is, or no single account', async () => {
    const hides = await before(said, [gone]);
    await hides.target.apply(disable, signal);
    expect(hides.world.slept).toEqual([]);
    const shows = await before(said, [{ status: 405 }]);
    await shows.target.apply(disable, signal);
  });

  it('is looked at by the next run where the target cannot be asked now', async () => {
    const { target } = await before(said, [busy]);
    await expect(target.apply(disable, signal)).rejects.toMatchObject({ fault: 'unknown' });
  });

  it('nobody else is looked at', async () => {
    const { target, sent } = await before(said, [gone]);
    await target.apply(update, signal);
    expect(sent()).toEqual(['PATCH']);
  });
});

describe('an account that was there before and is given to somebody', () => {
  it('is waited for where a look does not show yet whose it is: nobody would care for it when they leave', async () => {
    const take: Operation = { ...update, attributes: { externalId: ada.id }, before: { externalId: null } };
    const { target, world } = await before(ok({}), [ok({ id: '7' }), ok({ id: '7', externalId: ada.id })], {
      verify: 'always',
    });
    await target.apply(take, signal);
    expect(world.slept).toEqual([1_000]);
  });
});

describe('with `verify: always`', () => {
  it('a create that made nothing is not believed', async () => {
    const { target } = await before(made, [gone], { verify: 'always' });
    await expect(target.apply(create, signal)).rejects.toMatchObject({ fault: 'rejected', code: 'not_applied' });
  });

  it('a create is believed as answered when the target cannot be asked now', async () => {
    const { target } = await before(made, [busy], { verify: 'always' });
    expect(await target.apply(create, signal)).toEqual({ remoteId: '7' });
  });

  it('a-look-that-is-refused: so is one where the target refuses to be asked, for that says nothing of the account', async () => {
    const { target } = await before(made, [{ status: 405 }], { verify: 'always' });
    expect(await target.apply(create, signal)).toEqual({ remoteId: '7' });
  });

  it('a delete that removed nothing is not believed', async () => {
    const { target } = await before({ status: 204 }, [ok({ id: '7' })], { verify: 'always' });
    await expect(target.apply(remove, signal)).rejects.toMatchObject({ fault: 'rejected', code: 'not_applied' });
  });

  it('a delete that removed the account is done', async () => {
    const { target, sent } = await before({ status: 204 }, [gone], { verify: 'always' });
    await target.apply(remove, signal);
    expect(sent()).toEqual(['DELETE', 'GET', 'GET', 'GET']);
  });
});

describe('a delete that is answered with 404', () => {
  it('is done where the target shows nobody', async () => {
    const { target, sent } = await before(gone, [gone]);
    await target.apply(remove, signal);
    expect(sent()).toEqual(['DELETE', 'GET', 'GET', 'GET']);
  });

  it('is not believed where it shows the account: nobody would come back to it', async () => {
    const { target } = await before(gone, [ok({ id: '7' })]);
    await expect(target.apply(remove, signal)).rejects.toMatchObject({ fault: 'gone' });
  });
});

describe('a create whose answer does not say what it made', () => {
  it.each([
    ['throttles', busy],
    ['is away', { status: 503 }],
    ['refuses our token', { status: 401 }],
  ])('stays open when the target %s at the look for it: it may have made an account', async (_, shown) => {
    const { target } = await before({ status: 201 }, [shown]);
    await expect(target.apply(create, signal)).rejects.toMatchObject({ fault: 'unknown' });
  });
});

describe('a create that is answered with another name', () => {
  const otherwise: Reply = { status: 201, body: { id: '7', externalId: ada.id, userName: 'bob@example.com' } };

  it('is not believed where the target refuses to be asked: what it answered is all that there is', async () => {
    const { target } = await before(otherwise, [{ status: 405 }]);
    await expect(target.apply(create, signal)).rejects.toMatchObject({ fault: 'rejected', code: 'not_applied' });
  });
});

describe('a web page in answer to a change of members', () => {
  const page: Reply = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Sign in</html>' };
  const empty = ok({ id: 'g', displayName: 'Staff', members: [] });
  const leave: Operation = { ...join, key: operationKey('l'), action: 'remove_members' };

  it.each([
    ['joins', join],
    ['leaves', leave],
  ])('says nothing of who %s, where the group shows nobody', async (_, operation) => {
    const { target } = await before(page, [empty]);
    await expect(target.apply(operation, signal)).rejects.toMatchObject({ fault: 'rejected', code: 'not_applied' });
  });

  it('is made up for by a group that shows who is in it, or that is known to', async () => {
    const { target } = await before(page, [ok({ id: 'g', displayName: 'Staff', members: [{ value: '7' }] })]);
    await target.apply(join, signal);
    const other = await before(page, [empty], { shows_members: true });
    await other.target.apply(leave, signal);
    await expect(other.target.apply(join, signal)).rejects.toMatchObject({ code: 'not_applied' });
  });
});

describe('an account whose creation was answered without an id', () => {
  it('a-look-that-is-refused: may have been made where the target refuses to be asked for it', async () => {
    const server = await startScripted(({ method }) =>
      method === 'POST' ? { status: 201, body: {} } : { status: 400, body: { detail: 'no such filter' } },
    );
    const target = scim.parse({ base_url: server.baseUrl, token: 'a-token', max_attempts: 1 }).connect(testWorld());
    opened.push(server, target);
    await expect(target.apply(create, signal)).rejects.toMatchObject({ fault: 'unknown' });
  });
});
