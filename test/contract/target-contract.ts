/**
 * What every target must do, whatever it speaks: one story per promise of the port. A kind in the registry without a harness is a failing test
 * (test/target/registry.test.ts).
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TargetError } from '../../src/model/errors.ts';
import { operationKey, type RemoteId, remoteId, sourceId } from '../../src/model/ids.ts';
import type { Member, Operation, RemoteObject } from '../../src/model/operation.ts';
import type { Attributes, Ref } from '../../src/model/source-object.ts';
import { group, user } from '../../src/model/source-object.ts';
import type { ListPage, Target } from '../../src/target/target.ts';

/** What can happen between us and a system somewhere else. */
export type Trouble =
  /** Asks to wait for a minute. */
  | 'throttled'
  /** Does the next write and answers that it failed. */
  | 'fails_after_commit'
  /** Does the next write and hangs up. */
  | 'hangs_up_after_commit'
  /** No longer accepts the credentials. */
  | 'unauthorized'
  /** A proxy answers in its place. */
  | 'web_page'
  /** A gateway in front of it has lost its route: whatever is asked is not there. */
  | 'no_route'
  /** The next answers break off half way. */
  | 'truncated'
  /** Answers every lookup with everybody. */
  | 'ignores_filters'
  /** Two accounts carry the same name. */
  | 'allows_duplicates'
  /** Answers the next creation without the id. */
  | 'sends_no_id'
  /** Cannot change a part of an account, only replace it whole. */
  | 'no_partial_updates'
  /** Takes few members at once. */
  | 'small_batches'
  /** Answers that it was done, and does nothing. */
  | 'loses_writes';

export type Harness = {
  readonly target: Target;
  /** What the target truly holds, seen by another way than ours. */
  attributes(type: Ref['type'], id: RemoteId): Promise<Attributes | null>;
  members(id: RemoteId): Promise<readonly RemoteId[]>;
  count(type: Ref['type']): Promise<number>;
  /** Null for a target that is in this process, where nothing comes between. */
  readonly trouble: ((what: Trouble) => void) | null;
  close(): Promise<void>;
};

const signal = new AbortController().signal;
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

export const describeTarget = (name: string, make: () => Promise<Harness>): void => {
  describe(`${name} as a target`, () => {
    let harness: Harness;
    beforeEach(async () => {
      harness = await make();
    });
    afterEach(() => harness.close());

    const apply = async (operation: Operation): Promise<RemoteId> =>
      (await harness.target.apply(operation, signal)).remoteId;
    const find = async (attribute: string, value: string) =>
      (await harness.target.find('user', attribute, value, signal)).filter(
        (one) => one.attributes[attribute] === value,
      );

    it('passes its own check', async () => {
      const report = await harness.target.check(signal);
      expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(report.ok).toBe(true);
    });

    it('creates a joiner and finds them again by either key', async () => {
      const id = await apply(created(ada));
      expect(await find('externalId', ada.id)).toMatchObject([{ type: 'user', remoteId: id }]);
      expect(await find('userName', 'ada@example.com')).toMatchObject([{ remoteId: id }]);
      expect(await harness.attributes('user', id)).toMatchObject(attributesOf(ada));
    });

    it('can still be called off right before each request that changes something', async () => {
      const id = await apply(created(ada));
      const staff = await apply(createdGroup());
      await apply(members('add_members', staff, [memberOf(ada, id)]));
      const changes: readonly Operation[] = [
        created(bob),
        updated(ada, id, { title: 'Countess' }, { title: 'Analyst' }),
        members('remove_members', staff, [memberOf(ada, id)]),
        { key: operationKey('off'), ref: ada, action: 'disable', remoteId: id },
        { key: operationKey('gone'), ref: ada, action: 'delete', remoteId: id },
      ];
      const callOff = (): never => {
        throw new Error('called off');
      };
      for (const operation of changes)
        await expect(harness.target.apply(operation, signal, callOff)).rejects.toThrow('called off');
      expect(await harness.count('user')).toBe(1);
      expect(await harness.attributes('user', id)).toMatchObject({ title: 'Analyst', active: true });
      expect(await harness.members(staff)).toEqual([id]);
      let asked = 0;
      for (const operation of changes.slice(1))
        await harness.target.apply(operation, signal, () => {
          asked += 1;
        });
      expect(asked).toBeGreaterThanOrEqual(changes.length - 1);
      expect(await harness.count('user')).toBe(0);
    });

    it('shows one object with everything that was mapped', async () => {
      const id = await apply(created(ada));
      expect((await harness.target.get('user', id, signal))?.attributes).toMatchObject(attributesOf(ada));
    });

    it('shows everything it holds, each of its type, and who is in a group; or says that it cannot', async () => {
      const { inventory } = harness.target;
      const everyone = await crowd(apply, 12);
      const staff = await apply(createdGroup());
      await apply(members('add_members', staff, everyone));
      if (inventory === null) return expect(await harness.count('user')).toBe(12);
      const listed = async (type: Ref['type']): Promise<RemoteObject[]> => {
        const shown: RemoteObject[] = [];
        let from: string | null = null;
        do {
          const page: ListPage = await inventory.list(type, from, signal);
          shown.push(...page.objects);
          if ('end' in page) expect(page.end.objects).toBe(shown.length);
          else expect(page).not.toHaveProperty('broken');
          from = 'next' in page ? page.next : null;
        } while (from !== null);
        return shown;
      };
      const users = await listed('user');
      expect(users.map(({ remoteId: id }) => id).toSorted()).toEqual(everyone.map(({ remoteId: id }) => id).toSorted());
      const [one] = users;
      expect(one?.attributes).toMatchObject((await harness.attributes('user', one?.remoteId ?? staff)) ?? {});
      expect((await listed('group')).map(({ remoteId: id }) => id)).toEqual([staff]);
      expect((await inventory.members(staff, signal))?.toSorted()).toEqual(await harness.members(staff));
      expect(await inventory.members(remoteId('nobody'), signal)).toBeNull();
      expect(await inventory.showsMembers([remoteId('nobody'), staff], signal)).toBe(true);
    });

    it('finds nobody where there is nobody', async () => {
      await apply(created(ada));
      expect(await find('externalId', bob.id)).toEqual([]);
      expect(await harness.target.get('user', remoteId('nobody'), signal)).toBeNull();
    });

    it('tells users from groups', async () => {
      const staff = await apply(createdGroup());
      expect(await harness.target.find('user', 'externalId', staffRef.id, signal)).toEqual([]);
      expect(await harness.target.find('group', 'externalId', staffRef.id, signal)).toMatchObject([
        { remoteId: staff },
      ]);
      expect(await harness.target.find('group', 'displayName', 'Staff', signal)).toMatchObject([{ remoteId: staff }]);
    });

    it('changes what differs and nothing else', async () => {
      const id = await apply(created(ada));
      const other = await apply(created(bob));
      const untouched = await harness.attributes('user', other);
      const change = updated(ada, id, {
        displayName: 'Ada King',
        'name.familyName': 'King',
        [`${enterprise}:department`]: 'Maths',
      });
      await apply(change);
      expect(await harness.attributes('user', id)).toMatchObject({
        ...attributesOf(ada),
        displayName: 'Ada King',
        'name.familyName': 'King',
        [`${enterprise}:department`]: 'Maths',
      });
      expect(await harness.attributes('user', other)).toEqual(untouched);
    });

    it('applies the same update twice as if once', async () => {
      const id = await apply(created(ada));
      const change = updated(ada, id, { displayName: 'Ada King', title: 'Countess' });
      await apply(change);
      const once = await harness.attributes('user', id);
      await apply(change);
      expect(await harness.attributes('user', id)).toEqual(once);
    });

    it('clears what was cleared, also when it is clear already', async () => {
      const id = await apply(created(ada));
      const cleared = { title: null, 'emails[type eq "work"].value': null, [`${enterprise}:department`]: null };
      const clear = updated(ada, id, cleared);
      await apply(clear);
      const now = await harness.attributes('user', id);
      await apply(clear);
      expect(await harness.attributes('user', id)).toEqual(now);
      expect(now).not.toHaveProperty('title');
      expect(now).not.toHaveProperty(['emails[type eq "work"].value']);
      expect(now).not.toHaveProperty([`${enterprise}:department`]);
      expect(now).toMatchObject({ displayName: 'Ada Lovelace', userName: 'ada@example.com' });
    });

    it('assigns for the first time what an account had no value for', async () => {
      const id = await apply(created(bob));
      await apply(
        updated(bob, id, {
          'emails[type eq "work"].value': 'bob@example.com',
          'phoneNumbers[type eq "mobile"].value': '+44 1',
        }),
      );
      expect(await harness.attributes('user', id)).toMatchObject({
        'emails[type eq "work"].value': 'bob@example.com',
        'phoneNumbers[type eq "mobile"].value': '+44 1',
      });
    });

    it('links a manager who came later, replaces and unlinks them', async () => {
      const id = await apply(created(ada));
      const [first, second] = [await apply(created(bob)), await apply(created(cleo))];
      const manager = `${enterprise}:manager`;
      await apply(updated(ada, id, { [manager]: first }));
      expect(await harness.attributes('user', id)).toMatchObject({ [manager]: first });
      await apply(updated(ada, id, { [manager]: second }, { [manager]: first }));
      expect(await harness.attributes('user', id)).toMatchObject({ [manager]: second });
      expect((await harness.target.get('user', id, signal))?.attributes).toMatchObject({ [manager]: second });
      await apply(updated(ada, id, { [manager]: null }, { [manager]: second }));
      expect(await harness.attributes('user', id)).not.toHaveProperty([manager]);
    });

    it('disables a leaver, twice without harm, and lets them come back', async () => {
      const id = await apply(created(ada));
      const disable: Operation = { key: operationKey('disable'), ref: ada, action: 'disable', remoteId: id };
      await apply(disable);
      await apply(disable);
      expect(await harness.attributes('user', id)).toMatchObject({ active: false, userName: 'ada@example.com' });
      await apply(updated(ada, id, { active: true }, { active: false }));
      expect(await harness.attributes('user', id)).toMatchObject({ active: true });
    });

    it('deletes, and again without harm', async () => {
      const id = await apply(created(ada));
      const remove: Operation = { key: operationKey('delete'), ref: ada, action: 'delete', remoteId: id };
      await apply(remove);
      await apply(remove);
      expect(await harness.target.get('user', id, signal)).toBeNull();
      expect(await harness.count('user')).toBe(0);
    });

    it('adds and removes members, each as often as one likes', async () => {
      const staff = await apply(createdGroup());
      const [first, second] = [await apply(created(ada)), await apply(created(bob))];
      const both = [memberOf(ada, first), memberOf(bob, second)];
      await apply(members('add_members', staff, both));
      await apply(members('add_members', staff, both));
      expect(await harness.members(staff)).toEqual([first, second].sort());
      await apply(members('remove_members', staff, [memberOf(ada, first)]));
      await apply(members('remove_members', staff, [memberOf(ada, first)]));
      expect(await harness.members(staff)).toEqual([second]);
    });

    it('fills a group larger than one request, and empties it', async () => {
      const staff = await apply(createdGroup());
      const everyone = await crowd(apply, 230);
      await apply(members('add_members', staff, everyone));
      expect(await harness.members(staff)).toHaveLength(230);
      await apply(members('remove_members', staff, everyone.slice(10)));
      expect(await harness.members(staff)).toEqual(
        everyone
          .slice(0, 10)
          .map(({ remoteId }) => remoteId)
          .sort(),
      );
    });

    it('renames a group and keeps its members', async () => {
      const staff = await apply(createdGroup());
      const id = await apply(created(ada));
      await apply(members('add_members', staff, [memberOf(ada, id)]));
      const attributes = { displayName: 'Everybody' };
      await apply({
        key: operationKey('rename'),
        ref: staffRef,
        action: 'update',
        remoteId: staff,
        attributes,
        before: { displayName: 'Staff' },
      });
      expect(await harness.attributes('group', staff)).toMatchObject(attributes);
      expect(await harness.members(staff)).toEqual([id]);
    });

    it('says conflict when the name is taken, also in another case', async () => {
      await apply(created(ada));
      expect(await faultOf(apply(created(bob, { userName: 'ADA@example.com' })))).toBe('conflict');
      expect(await harness.count('user')).toBe(1);
    });

    it('says gone when the account to change was removed behind our back', async () => {
      const nobody = remoteId('00000000-0000-4000-8000-00000000dead');
      expect(await faultOf(apply(updated(ada, nobody, { title: 'Countess' })))).toBe('gone');
      expect(await faultOf(apply({ key: operationKey('d'), ref: ada, action: 'disable', remoteId: nobody }))).toBe(
        'gone',
      );
      expect(await faultOf(apply(members('add_members', nobody, [memberOf(ada, nobody)])))).toBe('gone');
    });

    it('says rejected when the account lacks what the target requires', async () => {
      const operation = { ...created(ada), attributes: { externalId: ada.id } };
      expect(await faultOf(apply(operation))).toBe('rejected');
    });

    it.each([
      ['letters of every script', 'Zoë Łukasz Ñandú 李小龍 עדה 👩‍💻'],
      ['quotes and backslashes', 'O\'Brien "Bob" C:\\temp\\'],
      ['what means something in an address', 'R&D +50% #1 a/b?c=d;e'],
      ['what looks like a filter', 'x" or userName pr or externalId eq "y'],
    ])('keeps and finds %s', async (_what, text) => {
      const id = await apply(created(ada, { userName: text, displayName: text }));
      expect(await find('userName', text)).toMatchObject([
        { remoteId: id, attributes: { userName: text, displayName: text } },
      ]);
      await apply(updated(ada, id, { title: text }));
      expect(await harness.attributes('user', id)).toMatchObject({ title: text });
    });

    it('stops when it is asked to', async () => {
      const stop = AbortSignal.abort(new Error('the run yields'));
      await expect(harness.target.apply(created(ada), stop)).rejects.toThrow('the run yields');
      await expect(harness.target.find('user', 'userName', 'ada', stop)).rejects.toThrow('the run yields');
      expect(await harness.count('user')).toBe(0);
    });
  });
};

/** For targets that are somewhere else: what can go wrong on the way, and that we never take it for something it is not. */
export const describeTroubles = (name: string, make: () => Promise<Harness>): void => {
  describe(`${name} in trouble`, () => {
    let harness: Harness;
    beforeEach(async () => {
      harness = await make();
    });
    afterEach(() => harness.close());

    const apply = async (operation: Operation): Promise<RemoteId> =>
      (await harness.target.apply(operation, signal)).remoteId;
    const trouble = (what: Trouble): void => {
      if (harness.trouble === null) throw new Error(`The harness of ${name} can make no trouble.`);
      harness.trouble(what);
    };

    it('hands on how long the target asks to wait', async () => {
      trouble('throttled');
      await expect(apply(created(ada))).rejects.toMatchObject({ fault: 'throttled', retryAfterMs: 60_000 });
      expect(await harness.count('user')).toBe(0);
    });

    it.each(['fails_after_commit', 'hangs_up_after_commit'] as const)(
      'leaves open what became of a create that %s, and never repeats it',
      async (what) => {
        trouble(what);
        expect(await faultOf(apply(created(ada)))).toBe('unknown');
        expect(await harness.count('user')).toBe(1);
        expect(await harness.target.find('user', 'externalId', ada.id, signal)).toHaveLength(1);
      },
    );

    it.each(['fails_after_commit', 'hangs_up_after_commit'] as const)(
      'leaves open what became of an update that %s',
      async (what) => {
        const id = await apply(created(ada));
        trouble(what);
        expect(await faultOf(apply(updated(ada, id, { title: 'Countess' })))).toBe('unknown');
        expect((await harness.target.get('user', id, signal))?.attributes).toMatchObject({ title: 'Countess' });
      },
    );

    it('says unauthorized, and does nothing, when the credentials are no longer accepted', async () => {
      trouble('unauthorized');
      expect(await faultOf(apply(created(ada)))).toBe('unauthorized');
      expect(await faultOf(harness.target.find('user', 'userName', 'ada', signal))).toBe('unauthorized');
      const { ok, checks } = await harness.target.check(signal);
      expect(ok).toBe(false);
      const remedies = checks.flatMap((check) => (check.ok ? [] : [check.remedy]));
      expect(remedies).toMatchObject([{ code: 'target_unauthorized', owner: 'your_team' }]);
    });

    it('takes a web page for no answer: nobody is absent because of it', async () => {
      const id = await apply(created(ada));
      trouble('web_page');
      expect(await faultOf(harness.target.get('user', id, signal))).toBe('unavailable');
      expect(await faultOf(harness.target.find('user', 'externalId', ada.id, signal))).toBe('unavailable');
    });

    it('believes nobody gone of whom a gateway without its route says so, and is not healthy then', async () => {
      const id = await apply(created(ada));
      trouble('no_route');
      expect(await faultOf(harness.target.get('user', id, signal))).toBe('unavailable');
      expect(await faultOf(harness.target.find('user', 'externalId', ada.id, signal))).toBe('unavailable');
      expect(await faultOf(apply({ key: operationKey('d'), ref: ada, action: 'delete', remoteId: id }))).toBe(
        'unavailable',
      );
      expect((await harness.target.check(signal)).ok).toBe(false);
      expect(await harness.count('user')).toBe(1);
    });

    it('takes half an answer for none', async () => {
      await apply(created(ada));
      trouble('truncated');
      expect(await faultOf(harness.target.find('user', 'externalId', ada.id, signal))).toBe('unavailable');
    });

    it('hands on everybody a target claims when it ignores the filter', async () => {
      await crowd(apply, 120);
      const id = await apply(created(ada));
      trouble('ignores_filters');
      const claimed = await harness.target.find('user', 'externalId', ada.id, signal);
      expect(claimed).toHaveLength(121);
      expect(claimed.filter(({ attributes }) => attributes['externalId'] === ada.id)).toMatchObject([{ remoteId: id }]);
    });

    it('hands on both when two accounts have the same name', async () => {
      trouble('allows_duplicates');
      await apply(created(ada));
      await apply(created(ada));
      expect(await harness.target.find('user', 'userName', 'ada@example.com', signal)).toHaveLength(2);
    });

    it('finds what it made when the answer does not say', async () => {
      trouble('sends_no_id');
      const id = await apply(created(ada));
      expect(await harness.attributes('user', id)).toMatchObject({ externalId: ada.id });
      expect(await harness.count('user')).toBe(1);
    });

    it('replaces a whole account where no part can be changed, and loses nothing of it', async () => {
      const id = await apply(created(ada));
      trouble('no_partial_updates');
      await apply(updated(ada, id, { title: 'Countess', 'name.familyName': null }));
      const now = await harness.attributes('user', id);
      expect(now).toMatchObject({
        title: 'Countess',
        'name.givenName': 'Ada',
        [`${enterprise}:department`]: 'Engines',
      });
      expect(now).not.toHaveProperty(['name.familyName']);
      await apply({ key: operationKey('disable'), ref: ada, action: 'disable', remoteId: id });
      expect(await harness.attributes('user', id)).toMatchObject({ active: false, title: 'Countess' });
    });

    it('changes members where no part can be changed, and keeps the others', async () => {
      const staff = await apply(createdGroup());
      const everyone = await crowd(apply, 5);
      await apply(members('add_members', staff, everyone.slice(0, 3)));
      trouble('no_partial_updates');
      await apply(members('add_members', staff, everyone.slice(2)));
      await apply(members('remove_members', staff, everyone.slice(0, 1)));
      expect(await harness.members(staff)).toEqual(
        everyone
          .slice(1)
          .map(({ remoteId }) => remoteId)
          .sort(),
      );
    });

    it('finds out how many members the target takes at once', async () => {
      const staff = await apply(createdGroup());
      const everyone = await crowd(apply, 60);
      trouble('small_batches');
      await apply(members('add_members', staff, everyone));
      expect(await harness.members(staff)).toHaveLength(60);
      await apply(members('remove_members', staff, everyone));
      expect(await harness.members(staff)).toEqual([]);
    });

    it('writes all members but the one the target refuses, and names that one', async () => {
      const staff = await apply(createdGroup());
      const everyone = await crowd(apply, 12);
      const stranger = memberOf(bob, remoteId('00000000-0000-4000-8000-00000000dead'));
      const some = [...everyone.slice(0, 5), stranger, ...everyone.slice(5)];
      const { refused } = await harness.target.apply(members('add_members', staff, some), signal);
      expect(refused?.map(({ member }) => member)).toEqual([stranger.remoteId]);
      expect(await harness.members(staff)).toHaveLength(12);
      expect(await faultOf(apply(members('add_members', staff, [stranger])))).toBe('rejected');
    });

    it.each([
      ['parts can be changed', []],
      ['only the whole can be replaced', ['no_partial_updates']],
    ] as const)('does not believe a success that changed nothing where %s', async (_, troubles) => {
      const staff = await apply(createdGroup());
      const [one, other] = [memberOf(ada, await apply(created(ada))), memberOf(bob, await apply(created(bob)))];
      await apply(members('add_members', staff, [one]));
      for (const each of [...troubles, 'loses_writes'] as const) trouble(each);
      const lost = { fault: 'rejected', code: 'not_applied' };
      const disable = { key: operationKey('d'), ref: ada, action: 'disable', remoteId: one.remoteId } as const;
      await expect(apply(updated(ada, one.remoteId, { title: 'Countess' }))).rejects.toMatchObject(lost);
      await expect(apply(disable)).rejects.toMatchObject(lost);
      await expect(apply(members('remove_members', staff, [one]))).rejects.toMatchObject(lost);
      await expect(apply(members('add_members', staff, [other]))).rejects.toMatchObject(lost);
    });
  });
};

const staffRef = group(sourceId('00000000-0000-4000-8000-000000000100'));
const [ada, bob, cleo] = [1, 2, 3].map((n) => user(sourceId(`00000000-0000-4000-8000-00000000000${n}`))) as [
  Ref,
  Ref,
  Ref,
];

const people: Readonly<Record<string, Attributes>> = {
  [ada.id]: {
    externalId: ada.id,
    userName: 'ada@example.com',
    active: true,
    displayName: 'Ada Lovelace',
    'name.givenName': 'Ada',
    'name.familyName': 'Lovelace',
    title: 'Analyst',
    'emails[type eq "work"].value': 'ada@example.com',
    'addresses[type eq "work"].locality': 'London',
    'addresses[type eq "work"].country': 'GB',
    [`${enterprise}:department`]: 'Engines',
    [`${enterprise}:employeeNumber`]: '1815',
  },
};

const attributesOf = (ref: Ref): Attributes =>
  people[ref.id] ?? { externalId: ref.id, userName: `${ref.id}@example.com`, active: true, displayName: 'Somebody' };

const created = (ref: Ref, attributes: Attributes = {}): Operation & { action: 'create' } => ({
  key: operationKey(`create.${ref.id}`),
  ref,
  action: 'create',
  attributes: { ...attributesOf(ref), ...attributes },
});

const createdGroup = (): Operation => ({
  key: operationKey('create.staff'),
  ref: staffRef,
  action: 'create',
  attributes: { externalId: staffRef.id, displayName: 'Staff' },
});

const updated = (ref: Ref, remoteId: RemoteId, attributes: Attributes, before: Attributes = {}): Operation => ({
  key: operationKey(`update.${ref.id}`),
  ref,
  action: 'update',
  remoteId,
  attributes,
  before: Object.fromEntries(
    Object.keys(attributes).map((path) => [path, before[path] ?? attributesOf(ref)[path] ?? null]),
  ),
});

const members = (
  action: 'add_members' | 'remove_members',
  remoteId: RemoteId,
  members: readonly Member[],
): Operation => ({ key: operationKey(action), ref: staffRef, action, remoteId, members });

const memberOf = (ref: Ref, remoteId: RemoteId): Member => ({ ref, remoteId });

const crowd = async (apply: (operation: Operation) => Promise<RemoteId>, size: number): Promise<readonly Member[]> => {
  const refs = Array.from({ length: size }, (_, n) =>
    user(sourceId(`00000000-0000-4000-9000-${String(n).padStart(12, '0')}`)),
  );
  return await Promise.all(refs.map(async (ref) => memberOf(ref, await apply(created(ref)))));
};

const faultOf = async (attempt: Promise<unknown>): Promise<string> => {
  try {
    await attempt;
    return 'none';
  } catch (error) {
    if (error instanceof TargetError) return error.fault;
    throw error;
  }
};
