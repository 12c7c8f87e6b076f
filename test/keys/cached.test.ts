import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { cachedKeys } from '../../src/keys/cached.ts';
import { localKeys } from '../../src/keys/local.ts';
import { KeysUnavailable } from '../../src/model/errors.ts';

const { signal } = new AbortController();
const dataKey = randomBytes(32);
const keptMs = 5 * 60_000;

/** Keys that count how often they unwrap, and a clock. */
const counted = (most?: number) => {
  const inner = localKeys(randomBytes(32));
  const state = { asked: 0, nowMs: 0, isAway: false };
  const unwrap: typeof inner.unwrap = async (wrapped, aborted) => {
    state.asked += 1;
    if (state.isAway) throw new KeysUnavailable('key_vault_unreachable', 'It is away.');
    return await inner.unwrap(wrapped, aborted);
  };
  const keys = cachedKeys({ ...inner, unwrap }, () => state.nowMs, most);
  return { keys, state };
};

describe('data keys that were unwrapped', () => {
  it('are kept for five minutes, so that not every run asks, and one that was taken away opens no more after these', async () => {
    const { keys, state } = counted();
    const wrapped = await keys.wrap(dataKey, signal);
    for (const minutes of [0, 1, 4.9]) {
      state.nowMs = minutes * 60_000;
      expect(Buffer.from(await keys.unwrap(wrapped, signal))).toEqual(dataKey);
    }
    expect(state.asked).toBe(1);
    state.nowMs = keptMs;
    await keys.unwrap(wrapped, signal);
    expect(state.asked).toBe(2);
  });

  it('are asked for once by all who come together', async () => {
    const { keys, state } = counted();
    const wrapped = await keys.wrap(dataKey, signal);
    await Promise.all([keys.unwrap(wrapped, signal), keys.unwrap(wrapped, signal)]);
    expect(state.asked).toBe(1);
  });

  it('are so many and no more: the one used longest ago goes first', async () => {
    const { keys, state } = counted(2);
    const wrapped = await Promise.all([1, 2, 3].map(() => keys.wrap(dataKey, signal)));
    const [one, two, three] = wrapped;
    for (const each of [one, two, one, three]) if (each) await keys.unwrap(each, signal);
    expect(state.asked).toBe(3);
    if (one) await keys.unwrap(one, signal);
    expect(state.asked).toBe(3);
    if (two) await keys.unwrap(two, signal);
    expect(state.asked).toBe(4);
  });

  it('outlive whoever keeps the keys being away, and a failure is not kept', async () => {
    const { keys, state } = counted();
    const [known, unknown] = await Promise.all([keys.wrap(dataKey, signal), keys.wrap(dataKey, signal)]);
    await keys.unwrap(known, signal);
    state.isAway = true;
    expect(Buffer.from(await keys.unwrap(known, signal))).toEqual(dataKey);
    await expect(keys.unwrap(unknown, signal)).rejects.toThrow(KeysUnavailable);
    state.isAway = false;
    expect(Buffer.from(await keys.unwrap(unknown, signal))).toEqual(dataKey);
    state.isAway = true;
    state.nowMs = keptMs;
    await expect(keys.unwrap(known, signal)).rejects.toThrow(KeysUnavailable);
  });
});
