import { expect, it } from 'vitest';
import { tendSecrets } from '../../src/engine/tend-secrets.ts';
import { story } from '../support/story.ts';

const hourMs = 3_600_000;

/** A scheduler that comes around now and then; `rounds` says in which rounds secrets were looked after. */
const scheduler = async () => {
  const s = await story();
  const state = { left: 0, calls: 0 };
  const renew = async (atOnce: number): Promise<number> => {
    state.calls += 1;
    const renewed = Math.min(atOnce, state.left);
    state.left -= renewed;
    return renewed;
  };
  const engine = { ...s.engine, stores: { ...s.stores, sealed: { ...s.stores.sealed, renew } } };
  let tendedAt: Date | null = null;
  return {
    s,
    state,
    round: async (afterMs: number): Promise<boolean> => {
      s.pass(afterMs);
      const before = state.calls;
      tendedAt = await tendSecrets(engine, tendedAt);
      return state.calls > before;
    },
  };
};

it('secrets are looked after in the first round, and each hour after that', async () => {
  const { round } = await scheduler();
  const rounds = [await round(0), await round(30_000), await round(hourMs - 60_000), await round(30_000)];
  expect(rounds).toEqual([true, false, false, true]);
});

it('secrets are looked after round by round, as long as there are more than one round takes', async () => {
  const { round, state } = await scheduler();
  state.left = 250;
  const rounds = [];
  for (let nth = 0; nth < 5; nth += 1) rounds.push(await round(30_000));
  expect(rounds).toEqual([true, true, true, false, false]);
  expect(state.left).toBe(0);
});

it('secrets are looked after in the next round once somebody asks for new data keys, and once', async () => {
  const { s, round } = await scheduler();
  await round(0);
  expect(await round(30_000)).toBe(false);
  await s.stores.installation.askForDataKeys({ at: s.now(), by: 'anna' }, null);
  expect([await round(30_000), await round(30_000)]).toEqual([true, false]);
});
