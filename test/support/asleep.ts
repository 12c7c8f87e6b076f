/** A worker that is stopped in mid-air, in the middle of writing. */

import { vi } from 'vitest';
import type { Child } from '../../scripts/services/child.ts';
import { type Customer, writesOf } from './customers.ts';

/** So many requests at once a SCIM target is sent, unless it is set otherwise. */
const atOnce = 8;

/**
 * Stops the worker once it sent more than so many writes, and has as many under way as it may: it can only wait. Between its last look at its lease and
 * the first byte of a request lies a moment that no client can close; a worker that is stopped in it by chance sends that one request when it wakes.
 * What is under way is done at the target while the worker sleeps.
 */
export const fallAsleep = async (customer: Customer, worker: Child, written: number): Promise<void> => {
  const { control } = customer.scim;
  const within = { timeout: 20_000, interval: 5 };
  await vi.waitUntil(() => writesOf(customer) > written, within);
  control.addFaults([{ times: 'always', answer: { kind: 'slow', latencyMs: 1_000 } }]);
  const waiting = () => control.requests().filter(({ fault, status }) => fault === 'slow' && status === null);
  await vi.waitUntil(() => waiting().length >= atOnce, within);
  worker.signal('SIGSTOP');
  control.clearFaults();
  await vi.waitUntil(() => waiting().length === 0, within);
};
