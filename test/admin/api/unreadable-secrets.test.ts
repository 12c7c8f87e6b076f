/** A stored secret that was altered, or whose key is lost: whoever comes upon it is told so, and gives it again. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeysUnavailable, SecretUnreadable } from '../../../src/model/errors.ts';
import { targetId } from '../../../src/model/ids.ts';
import { addConnection, addTarget, type Door, idOf, openDoor } from './door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor({ egressAllow: ['http://127.0.0.1'] });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await door.close();
});

const lost = new SecretUnreadable('The secret token of tgt_1 cannot be opened: it was altered. Enter it again.');
const away = new KeysUnavailable('key_vault_unreachable', 'The vault that keeps the key cannot be asked.');

describe('the check of a target', () => {
  it.each([
    ['secret_unreadable', lost],
    ['key_vault_unreachable', away],
  ])('says so, with who must act: %s', async (code, why) => {
    const id = await addTarget(door, await addConnection(door));
    vi.spyOn(door.stores.targets, 'secrets').mockRejectedValue(why);
    const checked = await door.call('POST', `/v1/targets/${id}/check`);
    expect(checked.status).toBe(200);
    expect(checked.body).toMatchObject({
      ok: false,
      checks: [{ name: 'Stored secret', ok: false, detail: why.message, code, resolution_owner: 'your_team' }],
    });
  });
});

it('the check of a connection says so of its own secret, and of that of a target beside', async () => {
  const connection = await addConnection(door);
  await addTarget(door, connection);
  vi.spyOn(door.stores.connections, 'secrets').mockRejectedValue(lost);
  vi.spyOn(door.stores.targets, 'secrets').mockRejectedValue(lost);
  const checked = await door.call('POST', `/v1/connections/${connection}/check`);
  expect(checked.status).toBe(200);
  expect(checked.body).toMatchObject({
    ok: false,
    checks: [{ name: 'Stored secret', ok: false }],
    targets: [{ ok: false, checks: [{ name: 'Stored secret', ok: false }] }],
  });
});

describe('a target', () => {
  it('takes its secret again with all its settings, so that it goes nowhere else', async () => {
    const id = await addTarget(door, await addConnection(door));
    const before = (await door.stores.targets.get(targetId(id)))?.settings ?? {};
    const broken = vi.spyOn(door.stores.targets, 'secrets').mockRejectedValue(lost);
    const alone = await door.call('PATCH', `/v1/targets/${id}`, { body: { settings: { token: 'again' } } });
    expect(alone.body).toMatchObject({ status: 400, errors: [{ pointer: '/settings/url' }] });
    const whole = await door.call('PATCH', `/v1/targets/${id}`, { body: { settings: { ...before, token: 'again' } } });
    expect(whole.status).toBe(200);
    broken.mockRestore();
    const after = await door.stores.targets.get(targetId(id));
    expect(after).toMatchObject({ settings: before, credentialVersion: 2 });
    expect((await door.stores.targets.secrets({ id: targetId(id), settings: before }))['token']?.reveal()).toBe(
      'again',
    );
  });
});

describe('a webhook', () => {
  const add = async (): Promise<string> =>
    idOf(await door.call('POST', '/v1/webhooks', { body: { organization_id: 'acme', url: 'http://127.0.0.1:9/' } }));

  it('is not tested, and the answer says why', async () => {
    const id = await add();
    vi.spyOn(door.stores.webhooks, 'secrets').mockRejectedValue(lost);
    expect((await door.call('POST', `/v1/webhooks/${id}/test`)).body).toMatchObject({
      status: 409,
      code: 'secret_unreadable',
      detail: lost.message,
    });
  });

  it('has another secret made, and the lost one signs no more', async () => {
    const id = await add();
    const broken = vi.spyOn(door.stores.webhooks, 'secrets').mockRejectedValue(lost);
    const rotated = await door.call('POST', `/v1/webhooks/${id}/secret`);
    expect(rotated).toMatchObject({ status: 200, body: { old_secret_until: null } });
    broken.mockRestore();
    expect((await door.call('POST', `/v1/webhooks/${id}/test`)).status).toBe(200);
  });
});
