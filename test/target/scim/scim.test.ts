import { afterEach, describe, expect, it } from 'vitest';
import { type ScimOptions, type ScimSimulator, startScim } from '../../../simulator/scim/index.ts';
import { TargetError } from '../../../src/model/errors.ts';
import { operationKey, type RemoteId, remoteId, sourceId } from '../../../src/model/ids.ts';
import type { Operation } from '../../../src/model/operation.ts';
import { type Attributes, group, user } from '../../../src/model/source-object.ts';
import type { JsonObject } from '../../../src/model/target-record.ts';
import { scim } from '../../../src/target/scim/index.ts';
import type { Target } from '../../../src/target/target.ts';
import { type TestWorld, testWorld } from '../world.ts';
import { startScripted } from './scripted-server.ts';

const token = 'the-bearer-token';
const signal = new AbortController().signal;
const core = 'urn:ietf:params:scim:schemas:core:2.0:User';
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

const ada = user(sourceId('00000000-0000-4000-8000-000000000001'));
const staff = group(sourceId('00000000-0000-4000-8000-000000000002'));

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close();
});

type Setup = { readonly simulator: ScimSimulator; readonly target: Target; readonly world: TestWorld };
const connected = async (settings: JsonObject = {}, options: ScimOptions = {}): Promise<Setup> => {
  const world = testWorld();
  const simulator = await startScim({ token, now: world.now, ...options });
  const target = scim.parse({ base_url: simulator.baseUrl, token, ...settings }).connect(world);
  opened.push(simulator, target);
  return { simulator, target, world };
};

const create = async ({ target }: Setup, attributes: Attributes = {}): Promise<RemoteId> => {
  const given = { externalId: ada.id, userName: 'ada@example.com', ...attributes };
  return (await target.apply({ key: operationKey('c'), ref: ada, action: 'create', attributes: given }, signal))
    .remoteId;
};
const update = ({ target }: Setup, id: RemoteId, attributes: Attributes, before: Attributes = {}) =>
  target.apply({ key: operationKey('u'), ref: ada, action: 'update', remoteId: id, attributes, before }, signal);
const createStaff = async ({ target }: Setup): Promise<RemoteId> => {
  const attributes = { externalId: staff.id, displayName: 'Staff' };
  return (await target.apply({ key: operationKey('g'), ref: staff, action: 'create', attributes }, signal)).remoteId;
};
const membership = (action: 'add_members' | 'remove_members', id: RemoteId, ids: readonly string[]): Operation => ({
  key: operationKey('m'),
  ref: staff,
  action,
  remoteId: id,
  members: ids.map((member) => ({ ref: ada, remoteId: remoteId(member) })),
});

/** What was sent since the log was last cleared, without discovery. */
const sent = ({ simulator }: Setup): readonly string[] =>
  simulator.control
    .requests()
    .filter(({ path }) => !/^\/(ServiceProviderConfig|ResourceTypes)$/.test(path))
    .map(({ method, path }) => `${method} ${path.replace(/^(\/\w+)\/.*/, '$1/{id}')}`);

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
    await update(setup, id, { title: null }, {});
    expect(sent(setup)).toEqual([]);
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

describe('throttling', () => {
  it('is waited for where it is short, also on a create, which was not done', async () => {
    const setup = await connected();
    setup.simulator.control.addFaults([
      { method: 'POST', answer: { kind: 'status', status: 429, retryAfter: { seconds: 2 } } },
    ]);
    await create(setup);
    expect(setup.world.slept).toEqual([2_000]);
    expect(setup.simulator.control.state().users).toBe(1);
  });

  it('is understood as a date', async () => {
    const setup = await connected();
    const retryAfter = { date: 90 };
    setup.simulator.control.addFaults([{ method: 'POST', answer: { kind: 'status', status: 429, retryAfter } }]);
    await expect(create(setup)).rejects.toMatchObject({ fault: 'throttled', retryAfterMs: 90_000 });
  });

  it('of one request holds all others of the target', async () => {
    const setup = await connected();
    const retryAfter = { seconds: 60 };
    setup.simulator.control.addFaults([{ method: 'POST', answer: { kind: 'status', status: 503, retryAfter } }]);
    await expect(create(setup)).rejects.toMatchObject({ fault: 'throttled' });
    setup.simulator.control.clearRequests();
    await expect(setup.target.find('user', 'userName', 'ada', signal)).rejects.toMatchObject({
      fault: 'throttled',
      retryAfterMs: 60_000,
    });
    expect(setup.simulator.control.requests()).toEqual([]);
    await setup.world.sleep(60_000, signal);
    expect(await setup.target.find('user', 'userName', 'ada', signal)).toEqual([]);
  });

  it('of the very first question does not spoil those after it', async () => {
    const setup = await connected();
    const answer = { kind: 'status', status: 429, retryAfter: { seconds: 60 } } as const;
    setup.simulator.control.addFaults([{ path: 'ServiceProviderConfig', answer }]);
    await expect(create(setup)).rejects.toMatchObject({ fault: 'throttled' });
    await setup.world.sleep(60_000, signal);
    await create(setup);
    expect(setup.simulator.control.state().users).toBe(1);
  });

  it('by 503 is not taken for "not done": a create is not repeated', async () => {
    const setup = await connected();
    const retryAfter = { seconds: 1 };
    setup.simulator.control.addFaults([
      { method: 'POST', answer: { kind: 'status', status: 503, when: 'after', retryAfter } },
    ]);
    await expect(create(setup)).rejects.toMatchObject({ fault: 'throttled' });
    expect(setup.simulator.control.state().users).toBe(1);
  });

  it('of the look after a write says that it is open what became of it, not that it was not done', async () => {
    const setup = await connected({ verify: 'always' });
    const [id, staff] = [await create(setup), await createStaff(setup)];
    await setup.target.apply(membership('add_members', staff, [id]), signal);
    const leaver: Operation = { key: operationKey('gone'), ref: ada, action: 'delete', remoteId: id };
    const changes = [
      () => update(setup, id, { title: 'Countess' }, { title: null }),
      () => setup.target.apply(membership('remove_members', staff, [id]), signal),
      () => setup.target.apply(leaver, signal),
    ];
    for (const change of changes) {
      const retryAfter = { seconds: 60 };
      setup.simulator.control.addFaults([{ method: 'GET', answer: { kind: 'status', status: 429, retryAfter } }]);
      await expect(change()).rejects.toMatchObject({ fault: 'unknown', retryAfterMs: 60_000 });
      await setup.world.sleep(60_000, signal);
    }
    expect(setup.simulator.control.state().users).toBe(0);
  });

  it('without a time is tried a few times, then left to the engine', async () => {
    const setup = await connected({ max_attempts: 3 });
    await setup.target.find('user', 'userName', 'nobody', signal);
    setup.simulator.control.clearRequests();
    setup.simulator.control.addFaults([{ times: 'always', answer: { kind: 'status', status: 429 } }]);
    await expect(create(setup)).rejects.toMatchObject({ fault: 'throttled', retryAfterMs: undefined });
    expect(sent(setup)).toHaveLength(3);
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

describe('members', () => {
  const crowd = ({ simulator }: Setup, size: number): readonly string[] =>
    simulator.control.seed({ users: Array.from({ length: size }, (_, n) => ({ userName: `user-${n}` })) }).users;

  it('are sent in batches of the size that was set', async () => {
    const setup = await connected({ members_per_request: 40 });
    const id = await createStaff(setup);
    const ids = crowd(setup, 100);
    setup.simulator.control.clearRequests();
    await setup.target.apply(membership('add_members', id, ids), signal);
    expect(sent(setup)).toEqual(Array.from({ length: 3 }, () => 'PATCH /Groups/{id}'));
  });

  it.each([413, 400] as const)(
    'are sent in smaller batches once the target has refused a large one with %d',
    async (tooManyMembers) => {
      const setup = await connected({}, { knobs: { membersPerPatch: 30, tooManyMembers } });
      const id = await createStaff(setup);
      const ids = crowd(setup, 100);
      await setup.target.apply(membership('add_members', id, ids), signal);
      setup.simulator.control.clearRequests();
      await setup.target.apply(membership('remove_members', id, ids), signal);
      expect(sent(setup)).toHaveLength(4);
      expect(setup.simulator.control.requests().map(({ status }) => status)).not.toContain(tooManyMembers);
    },
  );

  it('are not refused one by one when it is the group that is refused', async () => {
    const setup = await connected();
    const id = await createStaff(setup);
    const strangers = Array.from({ length: 100 }, (_, n) => `stranger-${n}`);
    setup.simulator.control.clearRequests();
    await expect(setup.target.apply(membership('add_members', id, strangers), signal)).rejects.toMatchObject({
      fault: 'rejected',
    });
    expect(sent(setup).length).toBeLessThan(20);
  });

  it('are not sent in smaller batches because one of them was refused', async () => {
    const setup = await connected();
    const id = await createStaff(setup);
    const ids = crowd(setup, 100);
    await setup.target.apply(membership('add_members', id, [...ids.slice(1), 'stranger']), signal);
    setup.simulator.control.clearRequests();
    await setup.target.apply(membership('remove_members', id, ids), signal);
    expect(sent(setup)).toEqual(['PATCH /Groups/{id}']);
  });

  it('are looked for in halves only so often, however many are refused', async () => {
    const setup = await connected();
    const id = await createStaff(setup);
    const strangers = Array.from({ length: 40 }, (_, n) => `stranger-${n}`);
    const ids = crowd(setup, 400).flatMap((one, n) => (n % 10 === 0 ? [one, strangers[n / 10] ?? ''] : [one]));
    setup.simulator.control.clearRequests();
    const { refused = [] } = await setup.target.apply(membership('add_members', id, ids), signal);
    expect(sent(setup).length).toBeLessThan(120);
    const named = refused.map(({ member }) => String(member));
    expect(named).toEqual(expect.arrayContaining(strangers));
    const members = setup.simulator.control.accounts().groups[0]?.['members'];
    expect(Array.isArray(members) && members.length).toBe(ids.length - named.length);
  });

  it('stop being repeated to us when the answers get long', async () => {
    const setup = await connected({ members_per_request: 500 }, { knobs: { patchAnswer: 'resource' } });
    const id = await createStaff(setup);
    const ids = crowd(setup, 1_000);
    setup.simulator.control.clearRequests();
    await setup.target.apply(membership('add_members', id, ids), signal);
    expect(setup.simulator.control.requests().map(({ query }) => query)).toEqual(['', 'excludedAttributes=members']);
  });

  it('that a target never shows are taken on trust', async () => {
    const setup = await connected({}, { knobs: { memberReads: 'hidden' } });
    const id = await createStaff(setup);
    await setup.target.apply(membership('add_members', id, crowd(setup, 3)), signal);
    expect(setup.simulator.control.accounts().groups).toMatchObject([{ members: [{}, {}, {}] }]);
  });
});

describe('what a target offers', () => {
  it.each([
    ['503', 1, { kind: 'status', status: 503 }],
    ['429', 1, { kind: 'status', status: 429 }],
    ['a broken connection', 1, { kind: 'reset' }],
    ['500 of a target that is out of order', 2, { kind: 'status', status: 500 }],
    ['a web page of another server', 2, { kind: 'html' }],
    ['half an answer each time', 3, { kind: 'truncated' }],
    ['the page of a proxy that has no target', 3, { kind: 'status', status: 404, body: 'html' }],
  ] as const)('is not learned from %s: it is asked again', async (_, times, answer) => {
    const setup = await connected({ max_attempts: 1 });
    setup.simulator.control.addFaults([{ path: 'ResourceTypes|Users', times, answer }]);
    await expect(setup.target.ready(signal)).rejects.toBeInstanceOf(TargetError);
    setup.simulator.control.clearFaults();
    await setup.target.ready(signal);
    const asked = setup.simulator.control.requests().filter(({ path }) => path === '/ResourceTypes');
    expect(asked.map(({ status }) => status).at(-1)).toBe(200);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['400', { kind: 'status', status: 400 }],
    ['410', { kind: 'status', status: 410 }],
    ['500', { kind: 'status', status: 500 }],
    ['502, of a server in front of it', { kind: 'status', status: 502, body: 'html' }],
    ['the page of a login', { kind: 'html' }],
    ['half an answer', { kind: 'truncated' }],
  ] as const)('is the usual for some minutes where it shows its users, and never says it: %s', async (_, answer) => {
    const setup = await connected({ max_attempts: 1 });
    const { control } = setup.simulator;
    control.addFaults([{ path: 'ResourceTypes|ServiceProviderConfig', times: 'always', answer }]);
    await create(setup);
    await setup.target.ready(signal);
    expect(control.state().users).toBe(1);
    expect((await setup.target.check(signal)).ok).toBe(true);
    const asked = (): number => control.requests().filter(({ path }) => path === '/ResourceTypes').length;
    expect(asked()).toBe(1);
    await setup.world.sleep(5 * 60_000, signal);
    await setup.target.ready(signal);
    expect(asked()).toBe(2);
  });

  it('is what it said before, where it cannot be read any more', async () => {
    const setup = await connected({ max_attempts: 1 }, { knobs: { patch: 'unsupported' } });
    await setup.target.ready(signal);
    const { control } = setup.simulator;
    control.addFaults([
      { path: 'ResourceTypes|ServiceProviderConfig', times: 'always', answer: { kind: 'status', status: 500 } },
      { path: 'Users', times: 3, answer: { kind: 'status', status: 404, body: 'gateway' } },
    ]);
    await expect(setup.target.get('user', remoteId('nobody'), signal)).rejects.toBeInstanceOf(TargetError);
    expect(control.requests().filter(({ path, status }) => path === '/ResourceTypes' && status === 500)).toHaveLength(
      1,
    );
    expect(setup.target.capabilities.membersPerRequest).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([401, 403, 404, 405, 501])('is the usual where it says nothing of it: %d', async (status) => {
    const setup = await connected({ max_attempts: 1 });
    setup.simulator.control.addFaults([
      { path: 'ResourceTypes', times: 'always', answer: { kind: 'status', status } },
      { path: 'ServiceProviderConfig', times: 'always', answer: { kind: 'status', status: 404, body: 'html' } },
    ]);
    await create(setup);
    expect(setup.simulator.control.state().users).toBe(1);
  });
});

describe('members where there is no PATCH', () => {
  it('are left alone once the target turns out not to show them: writing the list back would lose everybody else', async () => {
    const setup = await connected({}, { knobs: { patch: 'unsupported', memberReads: 'hidden' } });
    const id = await createStaff(setup);
    const [first = '', second = ''] = setup.simulator.control.seed({
      users: [{ userName: 'a' }, { userName: 'b' }],
    }).users;
    const hidden = { fault: 'rejected', code: 'members_hidden' };
    await expect(setup.target.apply(membership('add_members', id, [first]), signal)).rejects.toMatchObject(hidden);
    await expect(setup.target.apply(membership('add_members', id, [second]), signal)).rejects.toMatchObject(hidden);
    expect(setup.simulator.control.accounts().groups).toMatchObject([{ members: [{ value: first }] }]);
  });

  describe('and the target does not show all of them', () => {
    const known = (...ids: readonly string[]) => ({
      members: ids.map((id) => ({ ref: ada, remoteId: remoteId(id) })),
      isOurs: true,
    });
    const rename = (id: RemoteId): Operation => ({
      key: operationKey('r'),
      ref: staff,
      action: 'update',
      remoteId: id,
      attributes: { displayName: 'Renamed' },
      before: { displayName: 'Staff' },
    });
    const never = (): void => {};
    const refused = { fault: 'rejected', code: 'members_hidden' };
    const staffed = async (knobs: ScimOptions['knobs'] = {}) => {
      const setup = await connected({}, { knobs: { patch: 'unsupported', memberReads: 'hidden', ...knobs } });
      const { users } = setup.simulator.control.seed({ users: ['a', 'b', 'c'].map((userName) => ({ userName })) });
      const members = users.map((value) => ({ value }));
      const { groups } = setup.simulator.control.seed({ groups: [{ displayName: 'Staff', members }] });
      const id = remoteId(groups[0] ?? '');
      const there = (): unknown => setup.simulator.control.accounts().groups[0]?.['members'];
      return { ...setup, id, users, there, before: there() };
    };
    const writes = (setup: Setup): readonly string[] => sent(setup).filter((line) => !line.startsWith('GET'));

    it('a group that is renamed loses nobody: it is refused before anything is written', async () => {
      const setup = await staffed();
      const asked = setup.target.apply(rename(setup.id), signal, never, async () => known(...setup.users));
      await expect(asked).rejects.toMatchObject(refused);
      expect(writes(setup)).toEqual([]);
      expect(setup.there()).toEqual(setup.before);
    });

    it('whoever joins a group of others takes nobody out of it, also where nobody is known to be in it', async () => {
      const setup = await staffed();
      const joins = membership('add_members', setup.id, [setup.users[0] ?? '']);
      const asked = setup.target.apply(joins, signal, never, async () => ({ members: [], isOurs: false }));
      await expect(asked).rejects.toMatchObject(refused);
      expect(writes(setup)).toEqual([]);
    });

    it('whoever leaves is not said to have left', async () => {
      const setup = await staffed();
      const leaves = membership('remove_members', setup.id, [setup.users[0] ?? '']);
      const asked = setup.target.apply(leaves, signal, never, async () => known(...setup.users.slice(1)));
      await expect(asked).rejects.toMatchObject(refused);
      expect(setup.there()).toEqual(setup.before);
    });

    it('a list that is cut takes nobody out who was cut off', async () => {
      const staffOf = (members: readonly string[]): JsonObject => ({
        id: 'g',
        displayName: 'Staff',
        members: members.map((value) => ({ value })),
      });
      const server = await startScripted(({ method, path }) => {
        if (path.startsWith('/Users/')) return { status: 200, body: { id: path.slice('/Users/'.length) } };
        return method === 'GET' ? { status: 200, body: staffOf(['1', '2']) } : { status: 200 };
      });
      const target = scim.parse({ base_url: server.baseUrl, token, update_mode: 'put' }).connect(testWorld());
      opened.push(server, target);
      const joins = membership('add_members', remoteId('g'), ['4']);
      const asked = target.apply(joins, signal, never, async () => known('1', '2', '3'));
      await expect(asked).rejects.toMatchObject(refused);
      expect(server.received.filter(({ method }) => method === 'PUT')).toEqual([]);
    });

    /** Who is in the group as it is shown, and what the target says of a user. */
    const showing = async (members: readonly string[], of: (id: string) => JsonObject, settings: JsonObject = {}) => {
      const group = { id: 'g', displayName: 'Staff', members: members.map((value) => ({ value })) };
      const server = await startScripted(({ method, path }) => {
        if (path.startsWith('/Users/')) return { status: 200, body: of(path.slice('/Users/'.length)) };
        if (path.startsWith('/Groups?')) return { status: 200, body: { totalResults: 0, Resources: [] } };
        return method === 'GET' ? { status: 200, body: group } : { status: 200 };
      });
      const world = testWorld();
      const target = scim.parse({ base_url: server.baseUrl, token, update_mode: 'put', ...settings }).connect(world);
      opened.push(server, target);
      const puts = () => server.received.filter(({ method }) => method === 'PUT').length;
      const lists = () => server.received.filter(({ path }) => path.startsWith('/Groups?')).length;
      return { target, world, puts, lists };
    };

    it('who is switched off need not be shown either, where the target shows members', async () => {
      const off = await showing(['1'], (id) => ({ id, active: false }));
      await off.target.apply(rename(remoteId('g')), signal, never, async () => known('1', '2', '3'));
      expect(off.puts()).toBe(1);
      const hides = await showing([], (id) => ({ id, active: false }));
      const asked = hides.target.apply(rename(remoteId('g')), signal, never, async () => known('2'));
      await expect(asked).rejects.toMatchObject(refused);
      const active = await showing(['1'], (id) => ({ id, active: true }));
      const one = active.target.apply(rename(remoteId('g')), signal, never, async () => known('1', '2'));
      await expect(one).rejects.toMatchObject(refused);
      expect([hides.puts(), active.puts()]).toEqual([0, 0]);
    });

    it('it is not asked again for some minutes whether any group shows somebody', async () => {
      const { target, world, lists } = await showing([], (id) => ({ id }));
      const join = async (): Promise<void> => {
        const joins = membership('add_members', remoteId('g'), ['1']);
        const asked = target.apply(joins, signal, never, async () => ({ members: [], isOurs: false }));
        await expect(asked).rejects.toMatchObject(refused);
      };
      await join();
      await join();
      expect(lists()).toBe(1);
      await world.sleep(5 * 60_000, signal);
      await join();
      expect(lists()).toBe(2);
    });

    it('an empty group of others is filled where somebody says that the target shows members', async () => {
      const setup = await staffed({ memberReads: 'returned' });
      const said = scim.parse({ base_url: setup.simulator.baseUrl, token, shows_members: true }).connect(testWorld());
      opened.push(said);
      const [empty = ''] = setup.simulator.control.seed({ groups: [{ displayName: 'Empty' }] }).groups;
      const [member = ''] = setup.users;
      setup.simulator.control.clearRequests();
      const joins = membership('add_members', remoteId(empty), [member]);
      await said.apply(joins, signal, never, async () => ({ members: [], isOurs: false }));
      expect(setup.simulator.control.accounts().groups[1]?.['members']).toMatchObject([{ value: member }]);
      expect(sent(setup).filter((line) => line === 'GET /Groups')).toEqual([]);
    });

    it('many whose accounts are gone cost one proof of it', async () => {
      const setup = await staffed({ memberReads: 'returned' });
      const gone = Array.from({ length: 15 }, (_, nth) => `gone-${nth}`);
      setup.simulator.control.clearRequests();
      await setup.target.apply(rename(setup.id), signal, never, async () => known(...setup.users, ...gone));
      expect(sent(setup).filter((line) => line === 'GET /Users')).toHaveLength(1);
      expect(sent(setup).filter((line) => line === 'GET /Users/{id}')).toHaveLength(30);
    });

    it('whose account is gone there need not be shown', async () => {
      const setup = await staffed({ memberReads: 'returned' });
      await setup.target.apply(rename(setup.id), signal, never, async () => known(...setup.users, 'gone'));
      expect(setup.there()).toEqual(setup.before);
      expect(writes(setup)).toEqual(['PUT /Groups/{id}']);
    });

    it('a group of others that nobody is in is filled where another group shows its members', async () => {
      const setup = await staffed({ memberReads: 'returned' });
      const [empty = ''] = setup.simulator.control.seed({ groups: [{ displayName: 'Empty' }] }).groups;
      const joins = membership('add_members', remoteId(empty), [setup.users[0] ?? '']);
      await setup.target.apply(joins, signal, never, async () => ({ members: [], isOurs: false }));
      expect(setup.there()).toEqual(setup.before);
    });
  });

  it('are not replaced because a PATCH was answered with 404 once, where the group is shown', async () => {
    const setup = await connected({}, { knobs: { memberReads: 'hidden' } });
    const id = await createStaff(setup);
    const [member = ''] = setup.simulator.control.seed({ users: [{ userName: 'a' }] }).users;
    setup.simulator.control.addFaults([{ method: 'PATCH', answer: { kind: 'status', status: 404 } }]);
    await setup.target.apply(membership('add_members', id, [member]), signal);
    expect(sent(setup).filter((line) => line.startsWith('P'))).toEqual([
      'POST /Groups',
      'PATCH /Groups/{id}',
      'PATCH /Groups/{id}',
    ]);
    expect(setup.simulator.control.accounts().groups).toMatchObject([{ members: [{ value: member }] }]);
  });

  const withMember = async (settings: JsonObject, options: ScimOptions = {}) => {
    const setup = await connected(settings, { ...options, knobs: { patch: 'unsupported', ...options.knobs } });
    const id = await createStaff(setup);
    const [member = ''] = setup.simulator.control.seed({ users: [{ userName: 'a' }] }).users;
    await setup.target.apply(membership('add_members', id, [member]), signal);
    setup.simulator.control.clearRequests();
    return { ...setup, leave: () => setup.target.apply(membership('remove_members', id, [member]), signal) };
  };
  const loseWrites = ({ simulator }: Setup): void => {
    simulator.control.addFaults([{ method: 'PUT', times: 'always', answer: { kind: 'lost' } }]);
  };

  it('are not believed to have left because the target answered a success, where it is to be read back', async () => {
    const setup = await withMember({ verify: 'always' });
    loseWrites(setup);
    await expect(setup.leave()).rejects.toMatchObject({ fault: 'rejected', code: 'not_applied' });
    expect(sent(setup)).toEqual(['GET /Groups/{id}', 'PUT /Groups/{id}', 'GET /Groups/{id}']);
  });

  it('have left once the list is read back without them', async () => {
    const setup = await withMember({ verify: 'always' });
    await setup.leave();
    expect(setup.simulator.control.accounts().groups).toMatchObject([{ displayName: 'Staff' }]);
    expect(setup.simulator.control.accounts().groups[0]?.['members'] ?? []).toEqual([]);
  });

  it('who left cost no further look where the answer leaves no doubt', async () => {
    const setup = await withMember({});
    await setup.leave();
    expect(sent(setup)).toEqual(['GET /Groups/{id}', 'PUT /Groups/{id}']);
  });
});

describe('the check of a target', () => {
  const failed = async ({ target }: Pick<Setup, 'target'>): Promise<readonly string[]> =>
    (await target.check(signal)).checks.flatMap((check) =>
      check.ok ? [] : [`${check.name}: ${check.remedy.code}, ${check.remedy.owner}`],
    );

  it('changes nothing', async () => {
    const setup = await connected();
    await setup.target.check(signal);
    expect(new Set(sent(setup).map((line) => line.split(' ')[0]))).toEqual(new Set(['GET']));
  });

  it('finds a wrong token', async () => {
    const setup = await connected({ token: 'another-token' });
    expect(await failed(setup)).toEqual(['token accepted: target_unauthorized, your_team']);
  });

  it('finds a target that ignores filters', async () => {
    const setup = await connected({}, { knobs: { filters: 'ignored' } });
    setup.simulator.control.seed({ users: [{ userName: 'ada' }] });
    expect(await failed(setup)).toEqual([
      'filter by userName: filter_ignored, target_vendor',
      'filter by externalId: filter_ignored, target_vendor',
    ]);
  });

  it('finds an address that is none, also where no groups are asked for', async () => {
    const setup = await connected();
    const base_url = `${setup.simulator.origin}/elsewhere`;
    const target = scim.parse({ base_url, token, groups: false }).connect(setup.world);
    opened.push(target);
    expect(await failed({ target })).toEqual(['users: not_scim, your_team']);
  });

  it('finds a target that has no groups where they are asked for', async () => {
    const setup = await connected({ groups: true });
    const answer = { kind: 'status', status: 404 } as const;
    setup.simulator.control.addFaults([{ times: 'always', path: '^/Groups', answer }]);
    expect(await failed(setup)).toEqual(['groups: no_groups, your_team']);
  });

  it.each([
    [{ status: 429 }, 'token accepted: target_throttled, target_vendor'],
    [{ status: 500 }, 'token accepted: target_unavailable, target_vendor'],
    [{ status: 403 }, 'token accepted: target_unauthorized, your_team'],
    [{ status: 302 }, 'token accepted: not_scim, your_team'],
  ] as const)('says of an answer of %o who must act', async (answer, line) => {
    const setup = await connected({ max_attempts: 1 });
    setup.simulator.control.addFaults([{ times: 'always', answer: { kind: 'status', ...answer } }]);
    expect(await failed(setup)).toEqual([line]);
  });

  it('ends as a finding when nobody answers in time', async () => {
    const setup = await connected({ timeout_secs: 0.1, max_attempts: 1 });
    setup.simulator.control.addFaults([{ times: 'always', answer: { kind: 'hang' } }]);
    expect(await failed(setup)).toEqual(['reachable: timed_out, target_vendor']);
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

describe('what may be called off', () => {
  const crowd = ({ simulator }: Setup, size: number): readonly string[] =>
    simulator.control.seed({ users: Array.from({ length: size }, (_, n) => ({ userName: `user-${n}` })) }).users;

  it('is asked about after the wait that a throttled target asked for, not before it', async () => {
    const setup = await connected();
    const id = await create(setup);
    setup.simulator.control.addFaults([
      { times: 1, answer: { kind: 'status', status: 429, retryAfter: { seconds: 2 } } },
    ]);
    const startedAt = setup.world.now().getTime();
    const asked: number[] = [];
    const beforeWrite = (): void => {
      asked.push(setup.world.now().getTime() - startedAt);
      if (asked.at(-1) !== 0) throw new Error('too old');
    };
    const disable: Operation = { key: operationKey('d'), ref: ada, action: 'disable', remoteId: id };
    await expect(setup.target.apply(disable, signal, beforeWrite)).rejects.toThrow('too old');
    // Once there is room for it, and as its first byte goes out.
    expect(asked).toEqual([0, 0, 2_000]);
    expect(setup.simulator.control.requests().filter(({ method }) => method === 'PATCH')).toHaveLength(1);
  });

  it('is not sent by a process that was stopped between the look and the socket', async () => {
    const setup = await connected();
    const id = await create(setup);
    const lost = new Error('The lease ran out.');
    let looks = 0;
    const beforeWrite = (): void => {
      looks += 1;
      if (looks === 2) throw lost;
    };
    const disable: Operation = { key: operationKey('d'), ref: ada, action: 'disable', remoteId: id };
    await expect(setup.target.apply(disable, signal, beforeWrite)).rejects.toBe(lost);
    expect(setup.simulator.control.requests().filter(({ method }) => method === 'PATCH')).toEqual([]);
  });

  it('is asked about in each turn of a target that takes one request every ten seconds', async () => {
    const setup = await connected({ requests_per_second: 0.1, concurrency: 1 });
    const id = await createStaff(setup);
    const ids = crowd(setup, 4);
    await setup.target.apply(membership('add_members', id, ids), signal);
    setup.simulator.control.clearRequests();
    const startedAt = setup.world.now().getTime();
    const beforeWrite = (): void => {
      if (setup.world.now().getTime() - startedAt > 25_000) throw new Error('too old');
    };
    const all = ids.map((member) =>
      setup.target.apply(membership('remove_members', id, [member]), signal, beforeWrite),
    );
    const ends = await Promise.allSettled(all);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(sent(setup)).toHaveLength(2);
  });

  it('is a piece of members that one request carries, or all of them where the whole group is replaced', async () => {
    expect((await connected({ members_per_request: 40 })).target.capabilities.membersPerRequest).toBe(40);
    const replacing = await connected({ members_per_request: 40, update_mode: 'put' });
    expect(replacing.target.capabilities.membersPerRequest).toBe(Number.POSITIVE_INFINITY);
  });
});
