/** What every store of API keys promises. */

import { beforeAll, describe, expect, it } from 'vitest';
import type { ApiKeyRecord } from '../../src/model/api-key.ts';
import { apiKeyId, organizationId } from '../../src/model/ids.ts';
import type { ApiKeyStore } from '../../src/store/api-key-store.ts';
import { newId } from '../../src/store/ids.ts';

const start = new Date('2026-03-01T08:00:00.000Z');
const later = (ms: number): Date => new Date(start.getTime() + ms);

export const apiKeyStoreContract = (open: () => Promise<ApiKeyStore>): void => {
  let keys: ApiKeyStore;
  beforeAll(async () => {
    keys = await open();
  });

  const aKey = (other: Partial<ApiKeyRecord> = {}): ApiKeyRecord => ({
    id: apiKeyId(newId('key')),
    name: 'desk',
    scopes: ['read', 'sync'],
    organizations: [organizationId('acme'), organizationId('contoso')],
    createdAt: start,
    createdBy: 'product',
    makers: [{ kind: 'person', id: 'per_1' }],
    expiresAt: later(1_000_000),
    revokedAt: null,
    lastUsedAt: null,
    ...other,
  });

  it('lets one of many servers that start at once make the first key, and nobody after them', async () => {
    const { id: _, ...first } = aKey({ name: 'first', scopes: ['admin'], organizations: null });
    const proofs = Array.from({ length: 8 }, (_nothing, nth) => `proof of server ${nth}`);
    const made = await Promise.all(proofs.map((proof) => keys.addFirst(first, proof)));
    const [one, ...others] = made.filter((record) => record !== null);
    if (one === undefined) throw new Error('No server made a key.');
    expect(others).toEqual([]);
    const proof = proofs[made.indexOf(one)] ?? '';
    expect(await keys.find(one.id)).toEqual({ record: { id: one.id, ...first }, proof });
    await keys.revoke(one.id, later(1));
    expect(await keys.addFirst(first, 'proof of a later start')).toBeNull();
    expect((await keys.list(null, 10)).items).toHaveLength(1);
  });

  describe('an API key', () => {
    it('is found whole, with its proof', async () => {
      const key = aKey();
      const unlimited = aKey({ organizations: null });
      await keys.add(key, 'proof of one');
      await keys.add(unlimited, 'proof of the other');
      expect(await keys.find(key.id)).toEqual({ record: key, proof: 'proof of one' });
      expect(await keys.find(unlimited.id)).toEqual({ record: unlimited, proof: 'proof of the other' });
      expect(await keys.find(apiKeyId(newId('key')))).toBeNull();
    });

    it('is revoked for good, at the time it was revoked first', async () => {
      const key = aKey();
      await keys.add(key, 'proof');
      expect(await keys.revoke(key.id, later(1))).toEqual({ ...key, revokedAt: later(1) });
      expect(await keys.revoke(key.id, later(2))).toEqual({ ...key, revokedAt: later(1) });
      expect((await keys.find(key.id))?.proof).toBeNull();
      expect(await keys.revoke(apiKeyId(newId('key')), later(1))).toBeNull();
    });

    it('keeps when it was used, and the proof it was given then', async () => {
      const key = aKey();
      await keys.add(key, 'old proof');
      await keys.used(key.id, later(5), 'new proof');
      expect(await keys.find(key.id)).toEqual({ record: { ...key, lastUsedAt: later(5) }, proof: 'new proof' });
    });

    it('is not brought back by its use', async () => {
      const key = aKey();
      await keys.add(key, 'proof');
      await keys.revoke(key.id, later(1));
      await keys.used(key.id, later(2), 'proof');
      const revoked = { ...key, revokedAt: later(1) };
      expect(await keys.find(key.id)).toEqual({ record: revoked, proof: null });
    });
  });

  it('lists keys newest first, page by page, also those that are over', async () => {
    const made: ApiKeyRecord[] = [];
    for (let nth = 0; nth < 5; nth += 1) {
      const key = aKey({ name: `key ${nth}` });
      await keys.add(key, 'proof');
      made.push(key);
    }
    const [first, second] = [await keys.list(null, 2), await keys.list((await keys.list(null, 2)).next, 2)];
    expect([...first.items, ...second.items].map(({ name }) => name)).toEqual(['key 4', 'key 3', 'key 2', 'key 1']);
    const ids: string[] = [];
    for (let after: string | null = null; ; ) {
      const page: Awaited<ReturnType<ApiKeyStore['list']>> = await keys.list(after, 3);
      ids.push(...page.items.map(({ id }) => id));
      after = page.next;
      if (after === null) break;
    }
    expect(ids).toEqual(ids.toSorted().toReversed());
    expect(ids).toEqual(expect.arrayContaining(made.map(({ id }) => id)));
    expect(new Set(ids).size).toBe(ids.length);
  });
};
