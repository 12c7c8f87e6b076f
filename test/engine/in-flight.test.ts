/** A write that was cut off on our side may still take effect: nobody looks for it, or goes on, before it is over. */

import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import type { Operation } from '../../src/model/operation.ts';
import type { Target } from '../../src/target/target.ts';
import { type Story, story, target } from '../support/story.ts';

const never = new AbortController().signal;
const inMs = (s: Story, ms: number): Date => new Date(s.now().getTime() + ms);

/**
 * A worker whose first write is under way until something stops it: `deploy` once it is sent. `arrives` has the target do what it was sent, afterwards.
 */
const cutOff = async (deploy: (s: Story, stop: AbortController) => void, answersWithinMs = 30_000) => {
  let late: (() => Promise<unknown>) | null = null;
  let isFirst = true;
  const stop = new AbortController();
  const s: Story = await story({
    wrapTarget: (made): Target => ({
      ...made,
      answersWithinMs,
      apply: (operation: Operation, signal, beforeWrite) => {
        if (!isFirst) return made.apply(operation, signal, beforeWrite);
        isFirst = false;
        beforeWrite?.();
        late = () => made.apply(operation, never);
        const cut = new Promise<never>((_, refuse) =>
          signal.addEventListener('abort', () => refuse(signal.reason), { once: true }),
        );
        deploy(s, stop);
        return cut;
      },
    }),
  });
  s.hire('ann');
  await s.requestSync('full');
  await s.syncAll();
  await provisionTurn({ ...s.engine, owner: 'stopped' }, target, stop.signal);
  return { s, arrives: async () => await late?.() };
};

const stopped = (_: Story, stop: AbortController): void => stop.abort(new Error('The process is stopped.'));

describe('a worker that is stopped while a write of its own is under way', () => {
  it('leaves the target to nobody before that is over, and the account is made once', async () => {
    const { s, arrives } = await cutOff(stopped);
    expect(await provisionTurn(s.engine, target, never)).toEqual({ next: 'again', at: inMs(s, 30_000) });
    s.pass(29_000);
    await arrives();
    expect(await provisionTurn(s.engine, target, never)).toEqual({ next: 'again', at: inMs(s, 1_000) });
    await s.provisionAll();
    expect(s.accounts()).toEqual({ ann: 'on' });
    expect(s.remote.applied.filter(({ action }) => action === 'create')).toHaveLength(1);
  });

  it('at a target that is waited for longer, for as long as it is waited for', async () => {
    const { s, arrives } = await cutOff(stopped, 600_000);
    s.pass(599_000);
    await arrives();
    expect(await provisionTurn(s.engine, target, never)).toEqual({ next: 'again', at: inMs(s, 1_000) });
    await s.provisionAll();
    expect(s.remote.applied.filter(({ action }) => action === 'create')).toHaveLength(1);
  });

  it('and dies: where the target is waited for longer, its lease is kept for longer from the first write on', async () => {
    const busy: unknown[] = [];
    await cutOff((s, stop) => {
      busy.push(provisionTurn({ ...s.engine, owner: 'another' }, target, never), inMs(s, 630_000));
      stop.abort(new Error('The process is stopped.'));
    }, 600_000);
    const [turn, at] = busy;
    expect(await turn).toEqual({ next: 'again', at });
  });
});

it('a worker that is stopped when everything it sent was answered lets go at once', async () => {
  const stop = new AbortController();
  const s = await story({
    wrapTarget: (made): Target => ({
      ...made,
      apply: async (operation, signal, beforeWrite) => {
        const answer = await made.apply(operation, signal, beforeWrite);
        stop.abort(new Error('The process is stopped.'));
        return answer;
      },
    }),
  });
  for (let nth = 0; nth < 60; nth += 1) s.hire(`p${nth}`);
  await s.requestSync('full');
  await s.syncAll();
  await provisionTurn({ ...s.engine, owner: 'stopped' }, target, stop.signal);
  const written = Object.keys(s.accounts()).length;
  expect(written).toBeLessThan(60);
  await provisionTurn(s.engine, target, never);
  expect(Object.keys(s.accounts())).toHaveLength(60);
});

it('a worker that wakes after its lease, with a write under way, leaves the target to nobody before that is over', async () => {
  const { s, arrives } = await cutOff((now, stop) => {
    // Nobody took the lease over: its quiet time is not over yet.
    now.pass(45_000);
    stop.abort(new Error('The lease ran out.'));
  });
  expect(await provisionTurn(s.engine, target, never)).toEqual({ next: 'again', at: inMs(s, 30_000) });
  await arrives();
  await s.provisionAll();
  expect(s.accounts()).toEqual({ ann: 'on' });
  expect(s.remote.applied.filter(({ action }) => action === 'create')).toHaveLength(1);
});
