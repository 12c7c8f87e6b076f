/** A target that takes nothing at all of somebody, because of whom they report to. The rest of them is written all the same. */

import { describe, expect, it } from 'vitest';
import { TargetError, type TargetFault } from '../../src/model/errors.ts';
import { remoteId, sourceId } from '../../src/model/ids.ts';
import type { Operation, RemoteObject } from '../../src/model/operation.ts';
import { user } from '../../src/model/source-object.ts';
import { nobodyProtected } from '../../src/model/target-record.ts';
import { id, type Story, story, target } from '../support/story.ts';

const manager = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager';
const retryMs = 6 * 3_600_000;

type Told = Pick<Operation, 'action'> & { readonly names: string | null };

/** `refuses`: what it takes nothing of; without it what names a manager who has no account there. */
const strict = async (refuses?: (told: Told) => boolean, fault: TargetFault = 'rejected') => {
  const told: Told[] = [];
  const s: Story = await story({
    wrapTarget: (made) => ({
      ...made,
      apply: async (operation, ...rest) => {
        const value = 'attributes' in operation ? operation.attributes[manager] : null;
        const one = { action: operation.action, names: typeof value === 'string' ? value : null };
        told.push(one);
        const named =
          'members' in operation ? operation.members.map((member) => member.remoteId) : [one.names ?? []].flat();
        const unknown = named.some((each) => !s.remote.objects.has(remoteId(each)));
        if (refuses === undefined ? unknown : refuses(one)) throw new TargetError(fault, 'No such manager.');
        return await made.apply(operation, ...rest);
      },
    }),
  });
  return { s, told };
};

/** Ann leads Bob, and somebody at the target deletes her account there: right after it was made, or an hour later. */
const withoutAnn = async ({ fault = 'rejected', afterMs = 0 }: Losing = {}): Promise<Story> => {
  const { s } = await strict(undefined, fault);
  s.hire('ann');
  s.hire('bob', { manager: id('ann') });
  s.found('staff');
  s.directory.join(id('staff'), id('bob'));
  await s.full();
  s.pass(afterMs);
  s.remote.objects.delete(remoteId(String(s.account('ann')?.remoteId)));
  return s;
};
type Losing = { readonly fault?: TargetFault; readonly afterMs?: number };
const hourMs = 3_600_000;

const linkOf = async (s: Story, name: string) => {
  const ref = user(sourceId(id(name)));
  return (await s.stores.ledger.links(target, [ref])).get(ref.id);
};

const escrows = async (s: Story) => (await s.stores.ledger.escrows(target, null, 10)).items;

describe('somebody whose manager the target refuses', () => {
  it('gets an account, and waits for their manager alone', async () => {
    const s = await withoutAnn();
    s.hire('cid', { manager: id('ann') });
    await s.delta();
    expect(s.account('cid')?.attributes).toMatchObject({ displayName: 'cid' });
    expect(await s.provisioned()).toMatchObject({ counters: { created: 1, failed: { target_rejected: 1 } } });
    expect(await escrows(s)).toMatchObject([
      { ref: { id: id('cid') }, reason: 'target_rejected', detail: 'No such manager.', attempts: 1 },
    ]);
    s.pass(60_000);
    s.directory.setUser(id('ann'), { jobTitle: 'Chief' });
    await s.delta();
    s.pass(retryMs);
    await s.provision();
    expect(s.account('cid')?.attributes[manager]).toBe(s.account('ann')?.remoteId);
    expect(await escrows(s)).toEqual([]);
  });

  it('is made once where the account that was made is not shown yet', async () => {
    let isBehind = false;
    let creates = 0;
    const s: Story = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, ...rest) => {
          if (operation.ref.id !== id('bob') || operation.action !== 'create')
            return await made.apply(operation, ...rest);
          isBehind = true;
          creates += 1;
          await made.apply(operation, ...rest);
          throw new TargetError('rejected', 'It was made, and is not shown.', { code: 'not_applied' });
        },
        find: async (...asked) => (isBehind ? [] : await made.find(...asked)),
      }),
    });
    s.hire('ann');
    await s.full();
    s.hire('bob', { manager: id('ann') });
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ counters: { failed: { not_applied: 1 } } });
    isBehind = false;
    s.pass(retryMs);
    await s.provision();
    expect(creates).toBe(1);
    expect(await linkOf(s, 'bob')).toMatchObject({ remoteId: s.account('bob')?.remoteId });
  });

  it('has their new title, and is told of their manager by the ladder of what was refused', async () => {
    const { s } = await strict(({ names }) => names !== null);
    s.hire('ann');
    await s.full();
    s.hire('cid');
    await s.delta();
    s.directory.setUser(id('cid'), { jobTitle: 'Engineer', manager: id('ann') });
    await s.delta();
    expect(s.account('cid')?.attributes).toMatchObject({ title: 'Engineer' });
    expect(await escrows(s)).toMatchObject([{ ref: { id: id('cid') }, attempts: 1 }]);
    s.pass(retryMs);
    await s.provision();
    expect(await escrows(s)).toMatchObject([{ ref: { id: id('cid') }, attempts: 2 }]);
  });

  it('has their new title also at a target that says of a manager it lacks that there is no such account', async () => {
    const s = await withoutAnn({ fault: 'gone' });
    s.hire('cid');
    await s.delta();
    s.hire('dan', { manager: id('ann') });
    s.directory.setUser(id('cid'), { jobTitle: 'Engineer', manager: id('ann') });
    await s.delta();
    expect(s.account('cid')?.attributes).toMatchObject({ title: 'Engineer' });
    expect(s.account('dan')).toBeDefined();
  });

  it('is made once, with an intent for each of the two requests', async () => {
    const s = await withoutAnn();
    s.hire('cid', { manager: id('ann') });
    await s.delta();
    const run = await s.provisioned();
    const { items } = await s.stores.ledger.entries(target, run.id, null, 10);
    expect(items.map(({ operation: { action }, outcome }) => [action, outcome?.result]).toSorted()).toEqual([
      ['create', 'applied'],
      ['create', 'escrowed'],
      ['update', 'escrowed'],
    ]);
    expect([...s.remote.objects.values()].filter(({ attributes }) => attributes['displayName'] === 'cid')).toHaveLength(
      1,
    );
  });

  it('has them where the target takes a manager of nobody who is new', async () => {
    const { s } = await strict(({ action, names }) => action === 'create' && names !== null);
    s.hire('ann');
    await s.full();
    s.hire('bob', { manager: id('ann') });
    await s.delta();
    expect(s.account('bob')?.attributes[manager]).toBe(s.account('ann')?.remoteId);
  });

  it('is told once more and no oftener where it was for something else', async () => {
    const { s, told } = await strict(({ action }) => action === 'create' && s.account('ann') !== undefined);
    s.hire('ann');
    await s.full();
    told.length = 0;
    s.hire('bob', { manager: id('ann') });
    s.hire('cid');
    await s.delta();
    const ann = s.account('ann')?.remoteId;
    expect(told.filter(({ names }) => names === ann)).toHaveLength(1);
    expect(told).toHaveLength(3);
    expect(await escrows(s)).toMatchObject([{ attempts: 1 }, { attempts: 1 }]);
  });
});

describe('somebody whom a refusal names', () => {
  it('and whose account is gone gets another one, which whoever reports to them is told', async () => {
    const s = await withoutAnn({ afterMs: hourMs });
    s.hire('cid', { manager: id('ann') });
    await s.delta();
    expect(s.account('cid')).toBeDefined();
    s.pass(retryMs);
    await s.provision();
    const ann = s.account('ann')?.remoteId;
    expect(ann).toBeDefined();
    expect(s.account('cid')?.attributes[manager]).toBe(ann);
    expect(s.account('bob')?.attributes[manager]).toBe(ann);
    expect(await escrows(s)).toEqual([]);
  });

  it('gets it also where they were to be put into a group, and is in it then', async () => {
    const s = await withoutAnn({ afterMs: hourMs });
    s.directory.join(id('staff'), id('ann'));
    await s.delta();
    expect(s.groups()).toEqual({ staff: ['bob'] });
    s.pass(retryMs);
    await s.provision();
    expect(s.groups()).toEqual({ staff: ['ann', 'bob'] });
    expect(await escrows(s)).toEqual([]);
  });

  it('and who was made a moment ago is not taken for gone: the target may not show them yet', async () => {
    const s = await withoutAnn();
    s.hire('cid', { manager: id('ann') });
    await s.delta();
    expect(await linkOf(s, 'ann')).toBeDefined();
  });

  it('keeps the account that the target shows', async () => {
    const { s } = await strict(({ names }) => names !== null);
    s.hire('ann');
    await s.full();
    s.pass(hourMs);
    s.hire('cid', { manager: id('ann') });
    await s.delta();
    expect(await linkOf(s, 'ann')).toMatchObject({ remoteId: s.account('ann')?.remoteId });
    expect(await escrows(s)).toMatchObject([{ ref: { id: id('cid') } }]);
  });

  it('and is protected is left as they are', async () => {
    const s = await withoutAnn({ afterMs: hourMs });
    await s.editTarget({ protected: { ...nobodyProtected, ids: [sourceId(id('ann'))] } });
    s.hire('cid', { manager: id('ann') });
    await s.delta();
    expect(s.account('cid')).toBeDefined();
    expect(await linkOf(s, 'ann')).toBeDefined();
  });

  it('and is switched off keeps their account at a target that shows nobody who is, and has it when they are back', async () => {
    const s = await hiding();
    s.hire('ann');
    s.hire('bob', { manager: id('ann') });
    await s.full();
    s.directory.setUser(id('ann'), { accountEnabled: false });
    await s.delta();
    expect(s.accounts()).toMatchObject({ ann: 'off' });
    const before = s.account('ann')?.remoteId;
    s.pass(hourMs);
    s.hire('cid', { manager: id('ann') });
    await s.delta();
    expect(await escrows(s)).toMatchObject([{ ref: { id: id('cid') }, reason: 'target_rejected' }]);
    expect(await linkOf(s, 'ann')).toMatchObject({ remoteId: before, state: 'disabled' });
    s.directory.setUser(id('ann'), { accountEnabled: true });
    await s.delta();
    s.pass(retryMs);
    await s.provision();
    expect(s.accounts()).toMatchObject({ ann: 'on' });
    expect(s.account('cid')?.attributes[manager]).toBe(before);
  });

  it('is asked for once in a run, however many name them, and beside others', async () => {
    const asked: string[] = [];
    let under = 0;
    let most = 0;
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, ...rest) => {
          if ('attributes' in operation && typeof operation.attributes[manager] === 'string')
            throw new TargetError('rejected', 'No managers here.');
          return await made.apply(operation, ...rest);
        },
        get: async (type, remote, ...rest) => {
          asked.push(remote);
          under += 1;
          most = Math.max(most, under);
          await new Promise(setImmediate);
          under -= 1;
          return await made.get(type, remote, ...rest);
        },
      }),
    });
    for (const name of ['ann', 'eve']) s.hire(name);
    await s.full();
    s.pass(hourMs);
    for (let nth = 0; nth < 120; nth += 1) s.hire(`p${nth}`, { manager: id(nth % 2 === 0 ? 'ann' : 'eve') });
    await s.delta();
    expect(asked.toSorted()).toEqual(['ann', 'eve'].map((name) => String(s.account(name)?.remoteId)).toSorted());
    expect(most).toBe(2);
  });
});

/** A target that shows nobody who is switched off, and takes nothing of whoever names one of them. */
const hiding = async (): Promise<Story> => {
  const isOff = (remote: RemoteObject | null | undefined): boolean => remote?.attributes['active'] === false;
  const s: Story = await story({
    wrapTarget: (made) => ({
      ...made,
      get: async (...asked) => {
        const remote = await made.get(...asked);
        return isOff(remote) ? null : remote;
      },
      find: async (...asked) => (await made.find(...asked)).filter((remote) => !isOff(remote)),
      apply: async (operation, ...rest) => {
        const value = 'attributes' in operation ? operation.attributes[manager] : null;
        if (typeof value === 'string' && isOff(s.remote.objects.get(remoteId(value))))
          throw new TargetError('rejected', 'Your manager is not active.');
        return await made.apply(operation, ...rest);
      },
    }),
  });
  return s;
};
