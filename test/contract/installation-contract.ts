/** What every implementation of the installation promises, with the leases and snapshots that it is about. */

import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { epochAfter, epochOf, firstCountOf, firstVersionOf } from '../../src/core/epoch.ts';
import { StaleFence } from '../../src/model/errors.ts';
import { connectionId, organizationId, sourceId, targetId, watermark } from '../../src/model/ids.ts';
import { user } from '../../src/model/source-object.ts';
import type { Restore } from '../../src/store/installation.ts';
import type { Lease, LeaseKey } from '../../src/store/leases.ts';
import type { Stores } from '../../src/store/stores.ts';

const at = new Date('2026-03-02T08:00:00.000Z');
const ttlMs = 30_000;
type Kept = Pick<Stores, 'installation' | 'leases' | 'snapshots' | 'ledger'>;

export const installationContract = (open: (now: () => Date) => Promise<Kept>): void => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await open(() => at);
  });

  const take = async (key: LeaseKey, owner = 'worker'): Promise<Lease> => {
    const lease = await kept.leases.take(key, owner, ttlMs);
    if ('busyUntil' in lease) throw new Error(`${key} is busy`);
    return lease;
  };
  const aConnection = () => connectionId(`con_${randomUUID()}`);
  const anna = (name: string) => ({
    ref: user(sourceId('00000000-0000-4000-8000-000000000001')),
    attributes: { displayName: name },
  });
  const read = async (lease: Lease, name: string) => {
    const draft = await kept.snapshots.begin(lease, `read ${name}`);
    const next = anna(name);
    await draft.put({ objects: [{ ref: next.ref, next }], members: [], seen: [next.ref], resume: null });
    return draft;
  };
  const whole = { counts: { user: 1, group: 0 }, full: true, scope: 'all' } as const;
  const nextEpoch = async (): Promise<number> => epochAfter([(await kept.installation.count(null)).count], at);

  it('lets one of many organizations speak for a tenant, for some minutes, and any other after that', async () => {
    const tenant = randomUUID();
    const claim = (organization: string, minutes = 0) =>
      kept.installation.claimTenant(tenant, organizationId(organization), new Date(at.getTime() + minutes * 60_000));
    const holders = await Promise.all(['acme', 'contoso', 'acme', 'globex', 'contoso'].map((one) => claim(one)));
    const [holder = ''] = holders;
    expect(new Set(holders)).toEqual(new Set([holder]));
    expect(await claim(holder, 4)).toBe(holder);
    expect(await claim('fabrikam', 8)).toBe(holder);
    expect(await claim('fabrikam', 10)).toBe('fabrikam');
    expect(await claim(holder, 10)).toBe('fabrikam');
  });

  it('keeps when new data keys were asked for last, and of many who ask at once, one', async () => {
    expect(await kept.installation.dataKeysAsked()).toBeNull();
    const asked = ['ops', 'desk', 'ci'].map((by, nth) => ({ at: new Date(at.getTime() + nth), by }));
    const answers = await Promise.all(asked.map((one) => kept.installation.askForDataKeys(one, null)));
    const [first] = answers;
    if (first === undefined) throw new Error('Nobody asked.');
    expect(asked).toContainEqual(first);
    expect(answers).toEqual([first, first, first]);
    const next = { at: new Date(at.getTime() + 60_000), by: 'ops' };
    expect(await kept.installation.askForDataKeys(next, at.getTime() === first.at.getTime() ? null : at)).toEqual(
      first,
    );
    expect(await kept.installation.askForDataKeys(next, first.at)).toEqual(next);
    expect(await kept.installation.dataKeysAsked()).toEqual(next);
  });

  describe('the count of an installation', () => {
    it('goes up, under one name', async () => {
      const id = await kept.installation.id();
      const first = await kept.installation.count(null);
      const second = await kept.installation.count(first.count);
      expect([first.id, second.id]).toEqual([id, id]);
      expect(second.count).toBe(first.count + 1);
    });

    it('stays as it is where more was noted, for whoever looks again', async () => {
      const { count } = await kept.installation.count(null);
      for (let looks = 0; looks < 2; looks += 1)
        expect(await kept.installation.count(count + 1)).toMatchObject({ count });
    });

    it('goes on above everything with an epoch, and says why', async () => {
      const epoch = await nextEpoch();
      const restore: Restore = { epoch, at, how: 'declared', by: 'product', reason: 'The disk died.' };
      await kept.installation.begin(restore);
      await kept.installation.begin(restore);
      expect(await kept.installation.count(null)).toMatchObject({ count: firstCountOf(epoch) + 1 });
      expect((await kept.installation.restores())[0]).toEqual(restore);
      expect((await kept.installation.restores()).filter((one) => one.epoch === epoch)).toHaveLength(1);
    });

    it('remembers the last twenty restores, the newest first', async () => {
      const first = await nextEpoch();
      for (let nth = 0; nth < 22; nth += 1) await kept.installation.begin({ epoch: first + nth, at, how: 'detected' });
      const epochs = (await kept.installation.restores()).map(({ epoch }) => epoch);
      expect(epochs).toEqual(Array.from({ length: 20 }, (_, nth) => first + 21 - nth));
    });
  });

  describe('an epoch', () => {
    it('ends every lease: whoever held one writes no more, and whoever comes has a fence of the epoch', async () => {
      const connection = aConnection();
      const target = targetId(`tgt_${randomUUID()}`);
      const [old, ofTarget] = [await take(connection), await take(target)];
      const draft = await read(old, 'Anna');
      const epoch = await nextEpoch();
      await kept.installation.fence(epoch, at);
      await expect(kept.leases.renew(old, ttlMs)).rejects.toThrow(StaleFence);
      await expect(draft.commit({ watermark: watermark('w'), ...whole })).rejects.toThrow(StaleFence);
      await expect(kept.ledger.advance(ofTarget, 3)).rejects.toThrow(StaleFence);
      expect(epochOf((await take(connection, 'another')).fence)).toBe(epoch);
      expect(epochOf((await take(target, 'another')).fence)).toBe(epoch);
    });

    it('makes the next read one of everybody, and marks what is known as restored', async () => {
      const connection = aConnection();
      await (await read(await take(connection), 'Anna')).commit({ watermark: watermark('w'), ...whole });
      const before = await kept.snapshots.head(connection);
      expect(before).toMatchObject({ watermark: 'w', restored: null, fullAt: at });
      const epoch = await nextEpoch();
      await kept.installation.fence(epoch, at);
      expect(await kept.snapshots.head(connection)).toEqual({
        ...before,
        watermark: null,
        fullAt: null,
        restored: { epoch, at },
      });
      expect([...(await kept.snapshots.find(connection, [anna('').ref])).values()]).toEqual([anna('Anna')]);
    });

    it('stays on record over the commits that follow', async () => {
      const connection = aConnection();
      await (await read(await take(connection), 'Anna')).commit({ watermark: watermark('w'), ...whole });
      const epoch = await nextEpoch();
      await kept.installation.fence(epoch, at);
      const draft = await read(await take(connection), 'Anna B.');
      await draft.commit({ watermark: watermark('w2'), ...whole });
      expect(await kept.snapshots.head(connection)).toMatchObject({
        watermark: 'w2',
        fullAt: at,
        restored: { epoch, at },
      });
    });

    it('gives versions that were never given before', async () => {
      const connection = aConnection();
      await (await read(await take(connection), 'Anna')).commit({ watermark: watermark('w'), ...whole });
      const epoch = await nextEpoch();
      await kept.installation.fence(epoch, at);
      const draft = await read(await take(connection), 'Anna B.');
      const { version } = await draft.commit({ watermark: watermark('w2'), ...whole });
      expect(version).toBeGreaterThan(firstVersionOf(epoch));
      expect([...(await kept.snapshots.find(connection, [anna('').ref])).values()]).toEqual([anna('Anna B.')]);
    });

    it('forgets what was staged and not committed', async () => {
      const connection = aConnection();
      await (await read(await take(connection), 'Anna')).commit({ watermark: watermark('w'), ...whole });
      await read(await take(connection), 'Anna from a draft that nobody commits');
      await kept.installation.fence(await nextEpoch(), at);
      const draft = await kept.snapshots.begin(await take(connection), 'read Anna from a draft that nobody commits');
      expect(draft.resume).toBeNull();
      expect([...(await draft.find([anna('').ref])).values()]).toEqual([anna('Anna')]);
      for await (const pairs of draft.touched()) expect(pairs).toEqual([]);
    });

    it('leaves alone what is in it already, so that it may begin twice', async () => {
      const connection = aConnection();
      await take(connection);
      const epoch = await nextEpoch();
      await kept.installation.fence(epoch, at);
      const held = await take(connection);
      await (await read(held, 'Anna')).commit({ watermark: watermark('w'), ...whole });
      await kept.installation.fence(epoch, at);
      await kept.leases.renew(held, ttlMs);
      expect(await kept.snapshots.head(connection)).toMatchObject({ watermark: 'w', fullAt: at });
    });

    it('means nothing for who comes later', async () => {
      await kept.installation.fence(await nextEpoch(), at);
      const connection = aConnection();
      expect((await take(connection)).fence).toBe(1);
      expect(await kept.snapshots.head(connection)).toMatchObject({ restored: null });
    });
  });
};
