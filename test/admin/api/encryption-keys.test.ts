import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { localKeyName } from '../../../src/keys/local.ts';
import { KeysUnavailable } from '../../../src/model/errors.ts';
import { createKeyProofs } from '../../../src/store/key-proofs.ts';
import { createVault } from '../../../src/store/vault.ts';
import { addConnection, openDoor } from './door.ts';
import { memoryStores } from './stores.ts';

const [first, next] = [randomBytes(32), randomBytes(32)];
const [firstName, nextName] = [localKeyName(first), localKeyName(next)];

/** A door whose encryption key is changed while it is open. */
const rotating = async (config: { readonly publicUrl?: string } = {}) => {
  const state = { vault: createVault(first), keyProofs: createKeyProofs(first) };
  const clock = { now: () => new Date('2026-11-02T09:00:00Z') };
  const stores = memoryStores(() => clock.now(), {
    seal: (...given) => state.vault.seal(...given),
    open: (...given) => state.vault.open(...given),
    renew: (...given) => state.vault.renew(...given),
    keyOf: (sealed) => state.vault.keyOf(sealed),
    keys: () => state.vault.keys(),
  });
  const door = await openDoor({
    config,
    room: () => ({
      stores,
      encryptionKeys: () => state.vault.keys(),
      keyProofs: {
        prove: (...given) => state.keyProofs.prove(...given),
        check: (...given) => state.keyProofs.check(...given),
        keyOf: (...given) => state.keyProofs.keyOf(...given),
      },
    }),
  });
  clock.now = () => door.clock.now;
  const list = async () => Object((await door.call('GET', '/v1/encryption-keys')).body).data;
  return { door, stores, state, list };
};

describe('an encryption key', () => {
  it('is needed until every secret and every API key is under another one', async () => {
    const { door, stores, state, list } = await rotating();
    await addConnection(door);
    const made = await door.call('POST', '/v1/api-keys', { body: { name: 'ci', scopes: ['read'] } });
    const { key } = Object(made.body);
    const row = { configured: true, secrets: 1, api_keys: 1, setup_links: 0, calls: 0 };
    expect(await list()).toEqual([{ key: firstName, current: true, ...row, needed: true }]);

    state.vault = createVault(next, [first]);
    state.keyProofs = createKeyProofs(next, [first]);
    const unused = { configured: true, secrets: 0, api_keys: 0, setup_links: 0, calls: 0 };
    expect(await list()).toEqual([
      { key: nextName, current: true, ...unused, needed: true },
      { key: firstName, current: false, ...row, needed: true },
    ]);

    expect(await stores.sealed.renew(10)).toBe(1);
    expect((await list())[1]).toMatchObject({ secrets: 0, api_keys: 1, needed: true });
    // An API key is proved anew when it is used.
    await door.call('GET', '/v1/connections', { key });
    expect(await list()).toEqual([
      { key: nextName, current: true, ...row, needed: true },
      { key: firstName, current: false, ...unused, needed: false },
    ]);
    await door.close();
  });

  it('is needed by open setup links and by calls that may be repeated, until they are over', async () => {
    const { door, stores, state, list } = await rotating({ publicUrl: 'https://entrain.example' });
    const connection = await addConnection(door);
    const opened = await door.call('POST', `/v1/connections/${connection}/setup-link`, {
      body: { given_to: 'the IT of Acme', expires_in_hours: 48 },
    });
    expect(opened.status).toBe(201);
    const again = { headers: { 'idempotency-key': 'one-of-the-caller' }, body: { name: 'ci', scopes: ['read'] } };
    await door.call('POST', '/v1/api-keys', again);
    for (const { id } of (await stores.apiKeys.list(null, 10)).items) await stores.apiKeys.revoke(id, door.clock.now);
    state.vault = createVault(next, [first]);
    state.keyProofs = createKeyProofs(next, [first]);
    await stores.sealed.renew(10);
    expect((await list())[1]).toMatchObject({
      key: firstName,
      secrets: 0,
      api_keys: 0,
      setup_links: 1,
      calls: 1,
      needed: true,
    });
    door.clock.now = new Date(door.clock.now.getTime() + 49 * 3_600_000);
    expect((await list())[1]).toMatchObject({ key: firstName, setup_links: 0, calls: 0, needed: false });
    await door.close();
  });

  it('that is gone although something needs it is shown all the same', async () => {
    const { door, state, list } = await rotating();
    await addConnection(door);
    state.vault = createVault(next);
    expect(await list()).toMatchObject([
      { key: nextName, current: true },
      { key: firstName, configured: false, secrets: 1, needed: true },
    ]);
    await door.close();
  });
});

it('keys that cannot be asked are told as that, and nothing is kept unsealed', async () => {
  const away = async (): Promise<never> => {
    throw new KeysUnavailable('key_vault_unreachable', 'Azure Key Vault cannot be reached.');
  };
  const vault = { ...createVault(first), seal: away, keys: away };
  const stores = memoryStores(() => new Date(), vault);
  const door = await openDoor({ room: () => ({ stores, encryptionKeys: away }) });
  const added = await door.call('POST', '/v1/connections', {
    body: { vendor: 'MS_ENTRA', organization_id: 'acme', tenant_id: 'contoso.example' },
  });
  expect(added.status).toBe(201);
  const { id } = Object(added.body);
  const body = { client_id: '5b0f0c9e-7a3d-4c55-9a9d-4f6f3f6f1e21', client_secret: 'CANARY~secret' };
  expect(await door.call('PATCH', `/v1/connections/${id}`, { body })).toMatchObject({
    status: 503,
    body: { code: 'keys_unavailable', detail: 'Azure Key Vault cannot be reached.' },
  });
  expect(await door.call('GET', `/v1/connections/${id}`)).toMatchObject({ body: { state: 'pending', revision: 1 } });
  expect((await door.call('GET', '/v1/encryption-keys')).status).toBe(503);
  await door.close();
});

it('new data keys are asked for once while they are being made, shown as they come, and in the audit log', async () => {
  const { door, stores } = await rotating();
  await addConnection(door);
  const shown = async () => Object((await door.call('GET', '/v1/encryption-keys')).body).data_keys;
  expect(await shown()).toBeNull();
  door.clock.now = new Date('2026-11-02T09:01:00Z');
  const ask = () => door.call('POST', '/v1/encryption-keys/data-keys');
  const asked = { asked_at: '2026-11-02T09:01:00.000Z', asked_by: 'product', left: 1 };
  expect(await ask()).toMatchObject({ status: 202, body: asked });
  door.clock.now = new Date('2026-11-02T09:02:00Z');
  expect((await ask()).body).toEqual(asked);
  expect(await shown()).toEqual(asked);

  await stores.sealed.renew(10, (await stores.installation.dataKeysAsked())?.at);
  expect(await shown()).toEqual({ ...asked, left: 0 });
  door.clock.now = new Date('2026-11-02T09:03:00Z');
  expect((await ask()).body).toEqual({ ...asked, asked_at: '2026-11-02T09:03:00.000Z' });
  const audit = Object((await door.call('GET', '/v1/audit?action=renewDataKeys&step=done')).body).data;
  expect(audit).toHaveLength(3);
  const reader = Object((await door.call('POST', '/v1/api-keys', { body: { name: 'r', scopes: ['configure'] } })).body);
  expect((await door.call('POST', '/v1/encryption-keys/data-keys', { key: reader.key })).status).toBe(403);
  await door.close();
});
