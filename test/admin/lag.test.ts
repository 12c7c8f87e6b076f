import { expect, it } from 'vitest';
import { syncLagOf } from '../../src/admin/lag.ts';
import { story } from '../support/story.ts';

it('counts from the last commit of the connection that is furthest behind, and asks again only after a while', async () => {
  const s = await story();
  const lag = syncLagOf(s.stores, s.now);
  s.pass(120_000);
  expect(await lag()).toBe(120);
  s.hire('anna');
  await s.full();
  expect(await lag()).toBe(120);
  s.pass(15_000);
  expect(await lag()).toBe(15);
});

it('is nothing for connections that are paused', async () => {
  const s = await story({ connection: { state: 'paused' } });
  s.pass(120_000);
  expect(await syncLagOf(s.stores, s.now)()).toBe(0);
});
