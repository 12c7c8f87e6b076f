import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { StaleFence } from '../../src/model/errors.ts';
import { targetId } from '../../src/model/ids.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import { createVault } from '../../src/store/vault.ts';
import { hearingRules } from './heard-rules.ts';

const target = targetId('tgt_0');
const rules = 'rules|scope|epoch 1';

/** `dies`: whoever accepts them, in the moment that they are accepted. */
const accepting = async ({ dies = false } = {}) => {
  let died = (): void => {};
  const death = new Promise<void>((resolve) => {
    died = resolve;
  });
  const { leases, ledger } = createMemoryStores({
    now: () => new Date(0),
    vault: createVault(randomBytes(32)),
    probe: async (site) => {
      if (!dies || site !== 'ledger.rules_accepted') return;
      died();
      await new Promise<never>(() => {});
    },
  });
  const heard: string[] = [];
  const { acceptRules } = hearingRules(ledger, (of, accepted) => heard.push(`${of}: ${accepted}`));
  const lease = await leases.take(target, 'w0', 1);
  if (!('fence' in lease)) throw new Error('The lease is taken.');
  return { leases, lease, heard, acceptRules, death };
};

describe('rules that a target is written to by', () => {
  it('are accepted also where whoever accepts them dies in that moment', async () => {
    const { lease, heard, acceptRules, death } = await accepting({ dies: true });
    const isAnswered = acceptRules(lease, rules).then(() => true);
    await death;
    expect(await Promise.race([isAnswered, new Promise((resolve) => setImmediate(resolve, false))])).toBe(false);
    expect(heard).toEqual([`${target}: ${rules}`]);
  });

  it('are not accepted by whoever lost the target', async () => {
    const { lease, heard, acceptRules } = await accepting();
    await expect(acceptRules({ ...lease, fence: lease.fence - 1 }, rules)).rejects.toBeInstanceOf(StaleFence);
    expect(heard).toEqual([]);
  });
});
