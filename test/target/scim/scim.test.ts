/** What is sent to a target, and what its answers are taken for. */

import { afterEach, describe, expect, it } from 'vitest';
import { operationKey, remoteId } from '../../../src/model/ids.ts';
import {
  ada,
  closeOpened,
  connected,
  create,
  createStaff,
  membership,
  sent,
  signal,
  staff,
  update,
} from './connected.ts';

afterEach(closeOpened);

const core = 'urn:ietf:params:scim:schemas:core:2.0:User';
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

describe('what is sent', () => {
  it('is a create with exactly the schemas that are used', async () => {
    const setup = await connected();
    await create(setup, { active: true, title: null, [`${enterprise}:department`]: 'Engines' });
    expect(setup.simulator.control.requests().at(-1)?.body).toEqual({
      schemas: [core, enterprise],
      externalId: ada.id,
      userName: 'ada@example.com',
      active: true,
      [enterprise]: { department: 'Engines' },
    });
  });

  it('is one PATCH for one update, however much differs', async () => {
    const setup = await connected();
    const id = await create(setup, { title: 'Analyst' });
    setup.simulator.control.clearRequests();
    await update(setup, id, { title: 'Countess', 'name.familyName': 'King' }, { title: 'Analyst' });
    expect(sent(setup)).toEqual(['PATCH /Users/{id}']);
    expect(setup.simulator.control.requests().at(-1)?.body).toEqual({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [
        { op: 'replace', path: 'title', value: 'Countess' },
        { op: 'add', path: 'name.familyName', value: 'King' },
      ],
    });
  });

  it('is nothing when nothing would change', async () => {
    const setup = await connected();
    const id = await create(setup);
    setup.simulator.control.clearRequests();
    await update(setup, id, {}, {});
    expect(sent(setup)).toEqual([]);
    await update(setup, id, { title: null }, {});
    expect(sent(setup)).toEqual(['GET /Users/{id}']);
  });

  it('never asks for the members of a group it only looks for', async () => {
    const setup = await connected();
    await setup.target.find('group', 'displayName', 'R&D +50%', signal);
    const query = new URLSearchParams(setup.simulator.control.requests().at(-1)?.query);
    expect(Object.fromEntries(query)).toEqual({
      filter: 'displayName eq "R&D +50%"',
      excludedAttributes: 'members',
      startIndex: '1',
      count: '100',
    });
  });

  it('carries our name, and asks what the target can do once', async () => {
    const setup = await connected({ user_agent: 'Acme Sync' });
    await Promise.all([1, 2, 3].map((n) => setup.target.find('user', 'userName', `nobody-${n}`, signal)));
    const requests = setup.simulator.control.requests();
    expect(requests.filter(({ path }) => path === '/ServiceProviderConfig')).toHaveLength(1);
    expect(new Set(requests.map(({ userAgent }) => userAgent))).toEqual(new Set(['Acme Sync']));
  });

  it('never exceeds what may be under way at once', async () => {
    const setup = await connected({ concurrency: 3 });
    await Promise.all(
      Array.from({ length: 30 }, (_, n) => setup.target.find('user', 'userName', `nobody-${n}`, signal)),
    );
    expect(setup.simulator.control.state().counters.peakInFlight).toBeLessThanOrEqual(3);
  });
});

describe('a lookup', () => {
  it.each(['index', 'cursor'] as const)('follows all pages by %s', async (paging) => {
    const setup = await connected({}, { knobs: { paging, maxResults: 7, filters: 'ignored' } });
    setup.simulator.control.seed({ users: Array.from({ length: 30 }, (_, n) => ({ userName: `user-${n}` })) });
    expect(await setup.target.find('user', 'userName', 'user-3', signal)).toHaveLength(30);
  });

  it('takes 404 for nobody', async () => {
    const setup = await connected({}, { knobs: { noMatch: 'not_found' } });
    expect(await setup.target.find('user', 'userName', 'nobody', signal)).toEqual([]);
    expect((await setup.target.check(signal)).ok).toBe(true);
  });

  it('takes 404 for nobody also of a new target that says so of every list of nobody', async () => {
    const setup = await connected({}, { knobs: { noMatch: 'not_found', unfiltered: 'not_found_when_empty' } });
    for (const type of ['user', 'group'] as const)
      expect(await setup.target.find(type, 'externalId', 'nobody', signal)).toEqual([]);
    expect((await setup.target.check(signal)).checks.filter(({ ok }) => !ok)).toEqual([]);
    const ada = await create(setup, { userName: 'ada' });
    expect(await setup.target.find('group', 'displayName', 'Staff', signal)).toEqual([]);
    expect(await setup.target.find('user', 'userName', 'ada', signal)).toMatchObject([{ remoteId: ada }]);
    // Who was there once is not gone for that.
    setup.simulator.control.clearAccounts();
    await expect(setup.target.find('user', 'userName', 'ada', signal)).rejects.toMatchObject({
      code: 'all_not_found',
    });
  });

  it('shows the attribute it was asked for under the name it was asked by', async () => {
    const setup = await connected();
    await create(setup, { 'emails[type eq "work"].value': 'Ada@Example.com' });
    const hits = await setup.target.find('user', 'emails[type eq "work"].value', 'ada@example.com', signal);
    expect(hits).toMatchObject([{ attributes: { 'emails[type eq "work"].value': 'Ada@Example.com' } }]);
  });

  it('is repeated after a passing failure, and given up after a few', async () => {
    const setup = await connected({ max_attempts: 3 });
    await setup.target.find('user', 'userName', 'nobody', signal);
    setup.simulator.control.clearRequests();
    setup.simulator.control.addFaults([{ times: 2, answer: { kind: 'status', status: 502, body: 'html' } }]);
    expect(await setup.target.find('user', 'userName', 'nobody', signal)).toEqual([]);
    expect(sent(setup)).toHaveLength(3);
    setup.simulator.control.addFaults([{ times: 3, answer: { kind: 'reset' } }]);
    await expect(setup.target.find('user', 'userName', 'nobody', signal)).rejects.toMatchObject({
      fault: 'unavailable',
    });
    expect(sent(setup)).toHaveLength(6);
  });
});

describe('replacing where there is no PATCH', () => {
  it('is chosen when the target says so, and keeps what others wrote', async () => {
    const setup = await connected({}, { knobs: { patch: 'unsupported' } });
    const [id = ''] = setup.simulator.control.seed({
      users: [{ userName: 'ada', nickName: 'A', title: 'Analyst' }],
    }).users;
    await update(setup, remoteId(id), { title: 'Countess' }, { title: 'Analyst' });
    expect(sent(setup)).toEqual(['GET /Users/{id}', 'PUT /Users/{id}']);
    expect(setup.simulator.control.accounts().users).toMatchObject([{ nickName: 'A', title: 'Countess' }]);
  });

  it('writes nothing when the account is as wanted', async () => {
    const setup = await connected({ update_mode: 'put' });
    const id = await create(setup, { title: 'Countess' });
    setup.simulator.control.clearRequests();
    await update(setup, id, { title: 'Countess' }, { title: 'Analyst' });
    expect(sent(setup)).toEqual(['GET /Users/{id}']);
  });

  it('starts over when somebody else was faster', async () => {
    const setup = await connected({ update_mode: 'put' });
    const id = await create(setup, { title: 'Analyst' });
    setup.simulator.control.clearRequests();
    setup.simulator.control.addFaults([{ method: 'PUT', answer: { kind: 'status', status: 412 } }]);
    await update(setup, id, { title: 'Countess' }, { title: 'Analyst' });
    expect(sent(setup)).toEqual(['GET /Users/{id}', 'PUT /Users/{id}', 'GET /Users/{id}', 'PUT /Users/{id}']);
    setup.simulator.control.addFaults([{ method: 'PUT', times: 'always', answer: { kind: 'status', status: 412 } }]);
    await expect(update(setup, id, { title: 'Queen' }, {})).rejects.toMatchObject({ fault: 'conflict' });
  });

  it('waits for readers that do not know the last write yet: putting back what they show would take it back', async () => {
    const setup = await connected({}, { knobs: { patch: 'unsupported', versions: 'decorative' } });
    const id = await createStaff(setup);
    const [member = ''] = setup.simulator.control.seed({ users: [{ userName: 'a' }] }).users;
    setup.simulator.control.addFaults([{ method: 'PUT', answer: { kind: 'stale', reads: 2 } }]);
    const named = { action: 'update', attributes: { displayName: 'Crew' }, before: { displayName: 'Staff' } } as const;
    await setup.target.apply({ key: operationKey('n'), ref: staff, remoteId: id, ...named }, signal);
    await setup.target.apply(membership('add_members', id, [member]), signal);
    expect(setup.simulator.control.accounts().groups).toMatchObject([
      { displayName: 'Crew', members: [{ value: member }] },
    ]);
    expect(setup.world.slept).toEqual([1_000, 4_000]);
  });

  it('is not tried when the settings insist on PATCH', async () => {
    const setup = await connected({ update_mode: 'patch' }, { knobs: { patch: 'unsupported' } });
    const id = await create(setup);
    await expect(update(setup, id, { title: 'Countess' }, {})).rejects.toMatchObject({ fault: 'rejected' });
  });
});

describe('an update of an account that is not as we knew it', () => {
  it('gives it the element that somebody took away', async () => {
    const setup = await connected();
    const work = 'emails[type eq "work"].value';
    const id = await create(setup);
    await update(setup, id, { [work]: 'new@example.com' }, { [work]: 'old@example.com' });
    expect((await setup.target.get('user', id, signal))?.attributes).toMatchObject({ [work]: 'new@example.com' });
  });

  it('does not give it a second element of the same kind', async () => {
    const setup = await connected();
    const [id = ''] = setup.simulator.control.seed({
      users: [{ userName: 'ada', emails: [{ type: 'work', value: 'was there' }] }],
    }).users;
    await update(setup, remoteId(id), { 'emails[type eq "work"].value': 'new@example.com' }, {});
    expect(setup.simulator.control.accounts().users).toMatchObject([
      { emails: [{ type: 'work', value: 'new@example.com' }] },
    ]);
  });

  it('says gone when a second look is needed and nobody is there', async () => {
    const setup = await connected();
    await expect(update(setup, remoteId('nobody'), { 'emails[type eq "work"].value': 'x' }, {})).rejects.toMatchObject({
      fault: 'gone',
    });
  });
});

describe('what is kept to ourselves', () => {
  it('is the token, and everything about a person, in errors and in the log', async () => {
    const setup = await connected();
    const id = await create(setup, { displayName: 'Ada Lovelace' });
    const errors = await Promise.all(
      [
        () => create(setup),
        () => update(setup, id, { 'emails[type eq "work"].value': 'ada@private.example.com', userType: 7 }, {}),
        () => setup.target.find('user', 'nonsense', 'ada@private.example.com', signal),
      ].map((attempt) =>
        attempt().then(
          () => null,
          (error: unknown) => error,
        ),
      ),
    );
    const told = errors
      .map((error) => (error instanceof Error ? `${error.message} ${JSON.stringify(error)}` : ''))
      .join();
    expect(errors).not.toContain(null);
    expect(`${told} ${setup.world.lines.join()}`).not.toMatch(/example\.com|Lovelace|the-bearer-token/);
    expect(setup.world.lines.length).toBeGreaterThan(0);
  });
});
