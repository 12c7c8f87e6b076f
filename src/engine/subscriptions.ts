/**
 * Keeps the subscriptions at Microsoft Graph that somebody wants: makes them, renews them long before they end, ends those that are not wanted any more.
 * Whatever goes wrong costs time alone: the schedule finds what changed in any case.
 */

import { createHash } from 'node:crypto';
import { careFor, longestLifeMs, nextCareAt, retryAt } from '../core/subscriptions.ts';
import { isUnproved } from '../core/tenants.ts';
import { errorFacts } from '../logger.ts';
import type { Connection, Problem } from '../model/connection.ts';
import { SourceError } from '../model/errors.ts';
import type { Subscription } from '../model/subscription.ts';
import type { Subscriptions } from '../source/source.ts';
import type { Engine } from './engine.ts';
import { reactionTo } from './reactions.ts';
import { within } from './within.ts';

type Asking = Pick<Engine, 'stores' | 'world' | 'connectSource'>;
/** `newState`: a secret that nobody guesses, for Graph to bring back with whatever it says. */
type Tending = Asking & { readonly newState: () => string };

const claimMs = 300_000;
const callMs = 60_000;
/** A tenant that does not answer takes one of these places for a minute, and then waits longer and longer. */
const atOnce = 8;
/** At each place in one go. */
const inARow = 50;

/** `url`: where Graph is to say that something changed. `deadline`: of one subscription, begins to count when it is called. */
export const tendSubscriptions = async (
  tending: Tending,
  url: string,
  signal: AbortSignal,
  deadline: () => AbortSignal = () => AbortSignal.timeout(callMs),
): Promise<void> => {
  const tendSome = async (): Promise<void> => {
    for (let nth = 0; nth < inARow && !signal.aborted; nth += 1) {
      const due = await tending.stores.subscriptions.claim(claimMs);
      if (due === null) return;
      await tend(tending, due, url, { stop: signal, deadline: AbortSignal.any([signal, deadline()]) });
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, tendSome));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
};

type Until = { readonly stop: AbortSignal; readonly deadline: AbortSignal };

const tend = async (tending: Tending, one: Subscription, url: string, { stop, deadline }: Until): Promise<void> => {
  const { stores, world } = tending;
  try {
    await within(deadline, tendOne(tending, one, url, deadline));
  } catch (error) {
    // Nothing went wrong: the next scheduler finds it as it was.
    if (stop.aborted) return;
    const problem = problemOf(error);
    const failures = one.failures + 1;
    await stores.subscriptions.keep({ ...one, problem, failures, tendAt: retryAt(one.failures, world.now()) });
    const facts = { connection: one.connection, resource: one.resource };
    world.log.warn('subscription.failed', { ...facts, ...errorFacts(error), code: problem.code });
  }
};

/** In the words in which a run would tell it. */
const problemOf = (error: unknown): Problem => {
  const reaction = reactionTo(error, { faults: 0, waitedOut: null }, 0);
  if (reaction !== null && 'problem' in reaction) return reaction.problem;
  return error instanceof Error && error.name === 'TimeoutError'
    ? {
        code: 'source_timeout',
        message: `Microsoft Graph did not answer within ${callMs / 1_000} seconds. It is asked again.`,
        owner: 'microsoft',
      }
    : {
        code: 'internal_error',
        message: 'It went wrong on our side, and is tried again. The log of the scheduler says why.',
        owner: 'your_team',
      };
};

const tendOne = async (tending: Tending, one: Subscription, url: string, signal: AbortSignal): Promise<void> => {
  const { stores } = tending;
  const connection = await stores.connections.get(one.connection);
  if (connection === null) return await stores.subscriptions.erase(one.connection);
  // A connection that is paused or held back is not asked for anything; what Graph has ends by itself. Whoever purges a removed one ends its own.
  if (connection.state !== 'active') return;
  // It may be the tenant of another organization, which the first read or a check finds out.
  if (isUnproved(connection)) return;
  const source = tending.connectSource(connection, await stores.connections.secrets(connection.id));
  if (source.subscriptions === undefined) throw new SourceError('forbidden', 'This source does not say what changed.');
  await care(tending, one, source.subscriptions, url, signal);
};

const care = async (
  { stores, world, newState }: Tending,
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
      const clientState = newState();
      const made = await source.create(one.resource, { url, clientState, expiresAt: until }, signal);
      await keep(made.id, digestOf(clientState), made.expiresAt);
      world.log.info('subscription.made', { connection: one.connection, resource: one.resource });
    }
  }
};

/**
 * Of a connection that is removed: they would knock for up to four weeks, and count against what the tenant may have. One attempt, for Graph ends them by
 * itself; never rejects.
 */
export const endSubscriptions = async (
  { stores, world, connectSource }: Asking,
  connection: Connection,
  deadline: AbortSignal,
): Promise<void> => {
  const end = async (): Promise<void> => {
    const held = (await stores.subscriptions.of(connection.id)).flatMap((one) => one.held ?? []);
    if (held.length === 0) return;
    const source = connectSource(connection, await stores.connections.secrets(connection.id));
    const ended = await Promise.allSettled(held.map(({ id }) => source.subscriptions?.end(id, deadline)));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
    world.log.info('subscription.ended', { connection: connection.id, subscriptions: held.length });
  };
  try {
    await within(deadline, end());
  } catch (error) {
    world.log.warn('subscription.not_ended', { connection: connection.id, ...errorFacts(error) });
  }
};

export const digestOf = (clientState: string): string => createHash('sha256').update(clientState).digest('hex');
