/** Keys that secrets are sealed with: changed while everything runs, and away for a while. */

import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { unobserved } from '../../src/engine/engine.ts';
import { probeConnection } from '../../src/engine/quarantine.ts';
import { renewSecrets } from '../../src/engine/renew-secrets.ts';
import { syncTurn } from '../../src/engine/sync-run.ts';
import { localKeyName } from '../../src/keys/local.ts';
import { KeysUnavailable } from '../../src/model/errors.ts';
import type { Vault } from '../../src/store/connection-store.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import { createVault } from '../../src/store/vault.ts';
import { connection, story, target } from '../support/story.ts';

const { signal } = new AbortController();

const [first, next] = [randomBytes(32), randomBytes(32)];

/** A story whose vault may be changed, and be without its keys. */
const vaultStory = async () => {
  const state = { vault: createVault(first), isAway: false };
  const here = (): Vault => {
    if (state.isAway) throw new KeysUnavailable('key_vault_unreachable', 'The vault is away.');
    return state.vault;
  };
  const vault: Vault = {
    seal: async (...given) => here().seal(...given),
    open: async (...given) => here().open(...given),
    renew: async (...given) => here().renew(...given),
    keyOf: (sealed) => state.vault.keyOf(sealed),
    keys: async () => here().keys(),
  };
  const s = await story({ stores: (now) => createMemoryStores({ now, vault }) });
  return { s, state };
};

it('a key that is changed is brought to every secret, and that is counted', async () => {
  const { s, state } = await vaultStory();
  let renewed = 0;
  const observe = {
    ...unobserved,
    renewed: (secrets: number) => {
      renewed += secrets;
    },
  };
  expect(await renewSecrets({ ...s.engine, observe })).toBe(false);
  expect(renewed).toBe(0);
  state.vault = createVault(next, [first]);
  expect(await renewSecrets({ ...s.engine, observe })).toBe(false);
  expect(renewed).toBe(1);
  expect([...(await s.stores.sealed.count())]).toEqual([[localKeyName(next), 1]]);
  state.vault = createVault(next);
  s.hire('anna');
  expect(await s.full()).toMatchObject({ state: 'succeeded' });
});

it('new data keys are made for what is stored when somebody asks, or when the old ones had their time', async () => {
  const { s, state } = await vaultStory();
  const sealedAnew: string[] = [];
  const { vault } = state;
  state.vault = {
    ...vault,
    seal: async (clear, of) => {
      sealedAnew.push(of.field);
      return await vault.seal(clear, of);
    },
  };
  const dayMs = 86_400_000;
  const engine = { ...s.engine, timing: { ...s.engine.timing, dataKeyMs: 30 * dayMs } };
  await renewSecrets(engine);
  expect(sealedAnew).toEqual([]);

  s.pass(1_000);
  await s.stores.installation.askForDataKeys({ at: s.now(), by: 'ops' }, null);
  await renewSecrets(engine);
  await renewSecrets(engine);
  expect(sealedAnew).toEqual(['clientSecret']);

  s.pass(29 * dayMs);
  await renewSecrets(engine);
  expect(sealedAnew).toHaveLength(1);
  s.pass(2 * dayMs);
  await renewSecrets(engine);
  expect(sealedAnew).toHaveLength(2);
  s.hire('anna');
  expect(await s.full()).toMatchObject({ state: 'succeeded' });
});

describe('keys that are away', () => {
  it('let runs wait with the reason, and go on where they were', async () => {
    const { s, state } = await vaultStory();
    s.hire('anna');
    await s.full();
    s.hire('ben');
    state.isAway = true;
    const wanted = await s.requestSync('delta');
    await syncTurn(s.engine, connection, signal);
    expect(await s.ended(wanted)).toMatchObject({ state: 'waiting', problem: { code: 'key_vault_unreachable' } });
    expect(await s.stores.connections.get(connection)).toMatchObject({ state: 'active', problem: null });

    state.isAway = false;
    await s.syncAll();
    await s.provisionAll();
    expect((await s.ended(wanted)).state).toBe('succeeded');
    expect(s.accounts()).toEqual({ anna: 'on', ben: 'on' });
  });

  it('for longer than a run may take end it, and neither connection nor target is held back', async () => {
    const { s, state } = await vaultStory();
    s.hire('anna');
    await s.full();
    const before = s.writes();
    state.isAway = true;
    for (const run of [await s.delta(), await s.provision('full')])
      expect(run).toMatchObject({ state: 'failed', problem: { code: 'key_vault_unreachable', owner: 'your_team' } });
    expect(await s.stores.connections.get(connection)).toMatchObject({ state: 'active', problem: null });
    expect(await s.stores.targets.get(target)).toMatchObject({ state: 'active', problem: null });
    expect(s.writes()).toBe(before);
  });

  it('are no reason to let go of whoever is held back, nor to give up on them', async () => {
    const { s, state } = await vaultStory();
    await s.stores.connections.hold(connection, { code: 'x', message: 'x', owner: 'customer_it' });
    state.isAway = true;
    expect(await probeConnection(s.engine, connection, signal)).toBeNull();
    expect(await s.stores.connections.get(connection)).toMatchObject({
      state: 'quarantined',
      quarantine: { probes: 1 },
    });
    expect(await renewSecrets(s.engine)).toBe(false);
    state.isAway = false;
    expect(await probeConnection(s.engine, connection, signal)).toMatchObject({ state: 'active' });
  });
});
