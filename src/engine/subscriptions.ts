/**
 * Keeps the subscriptions at Microsoft Graph that somebody wants: makes them, renews them long before they end, ends those that are not wanted any more.
 * Whatever goes wrong costs time alone: the schedule finds what changed in any case.
 */

import { createHash, randomBytes } from 'node:crypto';
import { careFor, longestLifeMs, nextCareAt, retryAt } from '../core/subscriptions.ts';
import type { Problem } from '../model/connection.ts';
import { SourceError } from '../model/errors.ts';
import type { Subscription } from '../model/subscription.ts';
import type { Subscriptions } from '../source/source.ts';
import type { Engine } from './engine.ts';

type Tending = Pick<Engine, 'stores' | 'world' | 'connectSource'>;

const claimMs = 300_000;
const callMs = 60_000;
/** So many in one go, so that whoever else waits for the scheduler has their turn. */
const atOnce = 50;

/** `url`: where Graph is to say that something changed. */
export const tendSubscriptions = async (tending: Tending, url: string, signal: AbortSignal): Promise<void> => {
  for (let nth = 0; nth < atOnce && !signal.aborted; nth += 1) {
    const due = await tending.stores.subscriptions.claim(claimMs);
    if (due === null) return;
    await tend(tending, due, url, AbortSignal.any([signal, AbortSignal.timeout(callMs)]));
  }
};

const tend = async (tending: Tending, one: Subscription, url: string, signal: AbortSignal): Promise<void> => {
  const { stores, world } = tending;
  const connection = await stores.connections.get(one.connection);
  if (connection === null || connection.state === 'deleting') return await stores.subscriptions.erase(one.connection);
  // A connection that is paused or held back is not asked for anything; what Graph has ends by itself.
  if (connection.state !== 'active') return;
  try {
    const source = tending.connectSource(connection, await stores.connections.secrets(connection.id));
    if (source.subscriptions === undefined)
      throw new SourceError('forbidden', 'This source does not say what changed.');
    await care(tending, one, source.subscriptions, url, signal);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const problem: Problem = {
      code: error.code ?? `source_${error.fault}`,
      message: error.message,
      owner: error.mend?.owner ?? 'customer_it',
    };
    const failures = one.failures + 1;
    await stores.subscriptions.keep({ ...one, problem, failures, tendAt: retryAt(one.failures, world.now()) });
    world.log.warn('subscription.failed', { connection: one.connection, resource: one.resource, code: problem.code });
  }
};

const care = async (
  { stores, world }: Tending,
  one: Subscription,
  source: Subscriptions,
  url: string,
  signal: AbortSignal,
): Promise<void> => {
  const { held } = one;
  const now = world.now();
  const until = new Date(now.getTime() + longestLifeMs);
  const keep = (id: string, digest: string, expiresAt: Date): Promise<void> =>
    stores.subscriptions.keep({
      ...one,
      held: { id, digest, expiresAt },
      problem: null,
      failures: 0,
      tendAt: nextCareAt(expiresAt, now),
    });
  switch (careFor(one, now)) {
    case 'end':
      if (held !== null) await source.end(held.id, signal);
      await stores.subscriptions.forget(one);
      return;
    case 'nothing':
      if (held !== null) await keep(held.id, held.digest, held.expiresAt);
      return;
    case 'renew': {
      const renewed = held && (await source.renew(held.id, until, signal));
      if (held !== null && renewed !== null) await keep(held.id, held.digest, renewed.expiresAt);
      // Graph does not have it any more: another is made at once.
      else await stores.subscriptions.hasten(one, 'gone');
      return;
    }
    case 'create': {
      const clientState = randomBytes(32).toString('base64url');
      const made = await source.create(one.resource, { url, clientState, expiresAt: until }, signal);
      await keep(made.id, digestOf(clientState), made.expiresAt);
      world.log.info('subscription.made', { connection: one.connection, resource: one.resource });
    }
  }
};

export const digestOf = (clientState: string): string => createHash('sha256').update(clientState).digest('hex');
