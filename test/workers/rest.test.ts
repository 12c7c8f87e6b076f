import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { restAfterErrors } from '../../workers/start-worker.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const working = () => {
  const did: string[] = [];
  const emitter = new EventEmitter();
  return {
    did,
    fail: () => emitter.emit('error', new Error('MISCONF')),
    worker: {
      on: (event: 'error', listener: (error: Error) => void) => emitter.on(event, listener),
      pause: async (doNotWaitActive: boolean) => void did.push(`rests, ${doNotWaitActive ? 'jobs go on' : 'jobs end'}`),
      resume: async () => void did.push('works'),
    },
  };
};

it('rests once for any number of errors that come together, and works again', () => {
  const { worker, fail, did } = working();
  restAfterErrors(worker);
  for (let nth = 0; nth < 1_000; nth += 1) fail();
  expect(did).toEqual(['rests, jobs go on']);
  vi.runAllTimers();
  expect(did).toEqual(['rests, jobs go on', 'works']);
  fail();
  expect(did).toHaveLength(3);
});

it('does not begin to work again when it is told to stop', () => {
  const { worker, fail, did } = working();
  const stop = restAfterErrors(worker);
  fail();
  stop();
  vi.runAllTimers();
  fail();
  expect(did).toEqual(['rests, jobs go on']);
});
