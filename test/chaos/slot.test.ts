import { expect, it } from 'vitest';
import type { Child, Ending } from '../../scripts/services/child.ts';
import { keepUp } from './slot.ts';

/** A process that ends when it is told to. */
const child = (said = ''): Child & { readonly end: (ending: Ending) => void } => {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const signal = (name: NodeJS.Signals): void => resolve({ code: null, signal: name });
  return {
    output: () => said,
    ended: promise,
    group: 0,
    signal,
    kill: async () => signal('SIGKILL'),
    stop: async () => signal('SIGTERM'),
    end: resolve,
  };
};

it('whoever is killed is gone at once, and another one is there in their place', async () => {
  const next = Promise.withResolvers<Child>();
  const slot = keepUp(() => next.promise, child());
  expect(slot.isUp()).toBe(true);
  expect(slot.kill()).toBe(true);
  expect([slot.isUp(), slot.kill()]).toEqual([false, false]);
  const again = slot.whenUp();
  next.resolve(child());
  await again;
  expect([slot.isUp(), slot.deaths(), slot.starved()]).toEqual([true, 1, 0]);
  slot.retire();
});

it('whoever ends by themselves for want of memory is counted as that, and followed as well', async () => {
  const first = child('FATAL ERROR: heap out of memory');
  const next = Promise.withResolvers<Child>();
  const asked = Promise.withResolvers<void>();
  const start = () => {
    asked.resolve();
    return next.promise;
  };
  const slot = keepUp(start, first);
  first.end({ code: 134, signal: null });
  await asked.promise;
  expect([slot.isUp(), slot.deaths(), slot.starved()]).toEqual([false, 0, 1]);
  slot.retire();
});
