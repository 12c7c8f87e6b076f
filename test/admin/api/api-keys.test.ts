import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ApiKeyRecord } from '../../../src/model/api-key.ts';
import { apiKeyId, organizationId } from '../../../src/model/ids.ts';
import { proofsAsConfigured } from '../../support/key-proofs.ts';
import { type Door, openDoor, pageOf } from './door.ts';

let door: Door;
let encryptionKeys: readonly Uint8Array[];
beforeEach(async () => {
  encryptionKeys = [new Uint8Array(32).fill(1)];
  door = await openDoor({ room: () => ({ keyProofs: proofs }) });
});
afterEach(() => door.close());

const proofs = proofsAsConfigured(() => encryptionKeys);

const made = z.looseObject({ id: z.string(), key: z.string() });
const make = async (other: object = {}) =>
  made.parse((await door.call('POST', '/v1/api-keys', { body: { name: 'desk', scopes: ['read'], ...other } })).body);
const callWith = async (key: string): Promise<number> => (await door.call('GET', '/v1/connections', { key })).status;

describe('an API key', () => {
  it('opens the door for whoever has it', async () => {
    const { key } = await make();
    expect(key).toMatch(/^entrain_[0-9a-f]{32}_[\w-]{43}$/);
    expect(await callWith(key)).toBe(200);
    expect(await callWith(`${key.slice(0, -1)}${key.endsWith('A') ? 'E' : 'A'}`)).toBe(401);
    expect(await callWith(key.replace('entrain_', ''))).toBe(401);
  });

  it('is shown once; neither lists nor the store nor the log have it', async () => {
    const { key } = await make();
    const secret = key.split('_').slice(2).join('_');
    await callWith(key);
    const shownAt = door.said.findIndex((text) => text.includes(secret));
    expect(shownAt).toBeGreaterThanOrEqual(0);
    const others = door.said.filter((_, at) => at !== shownAt).join('\n');
    const { body } = await door.call('GET', '/v1/api-keys');
    const stored = JSON.stringify(await door.stores.apiKeys.list(null, 10));
    const kept = JSON.stringify([body, stored, others]);
    expect(kept).not.toContain(secret);
    expect(kept).not.toContain(createHash('sha256').update(secret).digest('base64url'));
  });

  it('is known to a worker that is asked for its metrics, which notes nothing', async () => {
    const { id, key } = await make({ scopes: ['admin'] });
    expect(await door.commands.callerSeen(key)).toMatchObject({ id, scopes: ['admin'] });
    expect(await door.commands.callerSeen(`${key.slice(0, -1)}${key.endsWith('A') ? 'E' : 'A'}`)).toBeNull();
    expect(pageOf(await door.call('GET', '/v1/api-keys')).data).toMatchObject([{ id, last_used_at: null }]);
    await door.call('DELETE', `/v1/api-keys/${id}`);
    expect(await door.commands.callerSeen(key)).toBeNull();
  });

  it('says what it is good for, until when, who made it and when it was used last', async () => {
    const { id, key } = await make({ name: 'desk of acme', scopes: ['sync', 'approve'], organization_ids: ['acme'] });
    await door.call('GET', '/v1/connections?organization_id=acme', { key });
    expect(pageOf(await door.call('GET', '/v1/api-keys')).data).toEqual([
      {
        id,
        name: 'desk of acme',
        scopes: ['sync', 'approve'],
        organization_ids: ['acme'],
        created_at: '2026-11-02T09:00:00.000Z',
        created_by: 'product',
        expires_at: '2027-11-02T09:00:00.000Z',
        revoked_at: null,
        last_used_at: '2026-11-02T09:00:00.000Z',
      },
    ]);
  });

  it('is good until it is over', async () => {
    const { key } = await make({ expires_at: '2026-11-02T10:00:00Z' });
    expect(await callWith(key)).toBe(200);
    door.clock.now = new Date('2026-11-02T10:00:00Z');
    expect(await callWith(key)).toBe(401);
    expect(await make({ expires_at: '2031-11-02T10:00:00Z' })).toMatchObject({
      expires_at: '2031-11-02T10:00:00.000Z',
    });
  });

  it('is good until it is revoked, and another in its place works meanwhile', async () => {
    const [old, next] = [await make(), await make()];
    expect([await callWith(old.key), await callWith(next.key)]).toEqual([200, 200]);
    const revoked = await door.call('DELETE', `/v1/api-keys/${old.id}`);
    expect(revoked.body).toMatchObject({ id: old.id, revoked_at: '2026-11-02T09:00:00.000Z' });
    expect([await callWith(old.key), await callWith(next.key)]).toEqual([401, 200]);
    expect((await door.call('DELETE', `/v1/api-keys/key_${'0'.repeat(32)}`)).status).toBe(404);
  });

  it('goes on when the encryption key is changed, and needs the old one no more once it was used', async () => {
    const { key } = await make();
    const [before, after] = [encryptionKeys[0] ?? new Uint8Array(32), new Uint8Array(32).fill(2)];
    encryptionKeys = [after, before];
    expect(await callWith(key)).toBe(200);
    encryptionKeys = [after];
    expect(await callWith(key)).toBe(200);
  });

  it('is not good any more when the encryption key went that it was proved with', async () => {
    const { key } = await make();
    encryptionKeys = [new Uint8Array(32).fill(2)];
    expect(await callWith(key)).toBe(401);
  });

  it('is known by its name in decisions and in the log', async () => {
    const { key } = await make({ name: 'desk', scopes: ['admin'] });
    const { body } = await door.call('POST', '/v1/restores', { key, body: { reason: 'a backup was put back' } });
    expect(body).toMatchObject({ declared_by: 'desk' });
    expect(door.said.some((line) => line.includes('"caller":"desk"'))).toBe(true);
  });

  it('lets callers in also while its use cannot be noted', async () => {
    const { key } = await make();
    door.stores.apiKeys.used = async () => {
      throw new Error('not primary');
    };
    expect(await callWith(key)).toBe(200);
    expect(door.said.some((line) => line.includes('api_key.use_not_noted'))).toBe(true);
  });
});

describe('whoever writes to the database', () => {
  const kept = async (id: string) => {
    const found = await door.stores.apiKeys.find(apiKeyId(id));
    if (found === null) throw new Error(`There is no key ${id}.`);
    return found;
  };
  const later = new Date('2028-01-01T00:00:00Z');
  const edits: readonly (readonly [string, Partial<ApiKeyRecord>])[] = [
    ['by more scopes', { scopes: ['admin'] }],
    ['by more organizations', { organizations: [organizationId('acme'), organizationId('contoso')] }],
    ['by all organizations', { organizations: null }],
    ['by a later end', { expiresAt: later }],
    ['by another maker', { makers: [] }],
    ['by another name of who made it', { createdBy: 'somebody else' }],
    ['by another name', { name: 'somebody else' }],
    ['by another beginning', { createdAt: later }],
  ];

  it.each(edits)('opens nothing %s of a key that they have', async (_what, edit) => {
    const { id, key } = await make({ scopes: ['read'], organization_ids: ['acme'] });
    const status = async () => (await door.call('GET', '/v1/connections?organization_id=acme', { key })).status;
    expect(await status()).toBe(200);
    const { record, proof } = await kept(id);
    await door.stores.apiKeys.add({ ...record, ...edit }, proof ?? '');
    expect(await status()).toBe(401);
    await door.stores.apiKeys.add(record, proof ?? '');
    expect(await status()).toBe(200);
  });

  it('opens nothing by the proof of their key in the record of another', async () => {
    const [mine, theirs] = [await make(), await make({ scopes: ['admin'] })];
    const { proof } = await kept(mine.id);
    await door.stores.apiKeys.add((await kept(theirs.id)).record, proof ?? '');
    const [, , secret] = mine.key.split(/_(?=[0-9a-f]{32}_)|(?<=_[0-9a-f]{32})_/);
    expect(await callWith(`entrain_${theirs.id.slice('key_'.length)}_${secret}`)).toBe(401);
    expect(await callWith(mine.key)).toBe(200);
  });

  it('does not bring a key back by taking its revocation out', async () => {
    const { id, key } = await make();
    await door.call('DELETE', `/v1/api-keys/${id}`);
    const { record, proof } = await kept(id);
    expect(proof).toBeNull();
    await door.stores.apiKeys.add({ ...record, revokedAt: null }, proof ?? '');
    expect(await callWith(key)).toBe(401);
  });
});

describe('a key is not made', () => {
  it.each([
    ['without a scope', { scopes: [] }, '/scopes'],
    ['with a scope that there is not', { scopes: ['write'] }, '/scopes/0'],
    ['for no organization at all', { organization_ids: [] }, '/organization_ids'],
    [
      'for some organizations and for everything',
      { scopes: ['admin'], organization_ids: ['acme'] },
      '/organization_ids',
    ],
    ['that is over already', { expires_at: '2026-11-02T08:59:59Z' }, '/expires_at'],
    ['for more than five years', { expires_at: '2031-11-02T09:00:01Z' }, '/expires_at'],
    ['for ever', { expires_at: '9999-12-31T23:59:59Z' }, '/expires_at'],
  ])('%s', async (_what, other, pointer) => {
    const reply = await door.call('POST', '/v1/api-keys', { body: { name: 'desk', scopes: ['read'], ...other } });
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ errors: [{ pointer }] });
    expect(pageOf(await door.call('GET', '/v1/api-keys')).data).toEqual([]);
  });
});

it('a key knows all who made it, so there is an end to keys that are made by keys', async () => {
  let key = (await make({ scopes: ['admin'] })).key;
  const again = () => door.call('POST', '/v1/api-keys', { body: { name: 'next', scopes: ['admin'] }, key });
  for (let nth = 0; nth < 19; nth += 1) key = Object((await again()).body).key;
  expect((await again()).body).toMatchObject({
    status: 400,
    errors: [{ detail: expect.stringContaining('earlier one') }],
  });
});
