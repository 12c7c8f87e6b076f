/**
 * Asks source and target about one object again, now. A question that fails says so: it is never taken for absence. Nothing is written, and nothing of
 * the answer is kept.
 */

import { liveAccount, liveMatch, liveSource, liveStranger } from '../core/explain-live.ts';
import { judge, lookups, type Match, unmatched } from '../core/matching.ts';
import type { AttributeNames } from '../core/read-attributes.ts';
import { isUnproved } from '../core/tenants.ts';
import { sentence } from '../core/wording.ts';
import type { Connection, Problem } from '../model/connection.ts';
import type { LiveSource, LiveStranger, LiveTarget } from '../model/explanation.ts';
import type { Link } from '../model/operation.ts';
import type { Remembered, SourceObject } from '../model/source-object.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Source } from '../source/source.ts';
import type { Secrets } from '../store/connection-store.ts';
import type { Claims } from '../store/ledger.ts';
import type { Stores } from '../store/stores.ts';
import type { Target } from '../target/target.ts';
import type { ConnectTarget } from './explain-evidence.ts';
import { isUnclaimed, markOn } from './marked.ts';
import { reactionTo } from './reactions.ts';

export type ConnectSource = (connection: Connection, secrets: Secrets) => Source;

/** Somebody waits for the answer. */
const timeoutMs = 15_000;

export const askSource = (
  stores: Stores,
  connect: ConnectSource,
  connection: Connection,
  seen: Remembered,
  attributes: AttributeNames,
): Promise<LiveSource> =>
  asking(stores, connect, connection, async (source, signal) => {
    const { ref } = seen.object;
    const [standings, shown] = await Promise.all([
      source.confirm([ref], connection.scope, signal),
      source.lookUp(ref.id, attributes, signal),
    ]);
    return liveSource(standings.get(ref.id) ?? 'unsure', seen, shown[0] ?? null);
  });

/** Somebody nobody ever read may have been made since, or be outside the scope. */
export const askForStranger = (
  stores: Stores,
  connect: ConnectSource,
  connection: Connection,
  who: string,
  attributes: AttributeNames,
): Promise<LiveStranger> =>
  asking(stores, connect, connection, async (source, signal) => {
    const shown = await source.lookUp(who, attributes, signal);
    const refs = shown.map(({ ref }) => ref);
    const standings = refs.length === 0 ? new Map() : await source.confirm(refs, connection.scope, signal);
    return liveStranger(shown, standings);
  });

const asking = async <T>(
  stores: Stores,
  connect: ConnectSource,
  connection: Connection,
  ask: (source: Source, signal: AbortSignal) => Promise<T>,
): Promise<T | Extract<LiveSource, { kind: 'failed' }>> => {
  const failed = (problem: Problem) =>
    ({ kind: 'failed', problem, says: sentence(`Entra could not be asked: ${problem.message}`) }) as const;
  const obstacle = keptFrom(connection);
  if (obstacle !== null) return failed(obstacle);
  try {
    const source = connect(connection, await stores.connections.secrets(connection.id));
    return await ask(source, AbortSignal.timeout(timeoutMs));
  } catch (error) {
    return failed(problemOf(error, 'source'));
  }
};

/** Why nobody asks the tenant: somebody wants it left alone, or it may be that of another organization, which the first read finds out. */
const keptFrom = (connection: Connection): Problem | null => {
  if (connection.state === 'paused') return pausedProblem;
  if (connection.state === 'deleting') return removedProblem;
  return isUnproved(connection) ? unprovedProblem : null;
};

const pausedProblem: Problem = {
  code: 'connection_paused',
  message: 'The connection is paused, so nothing is read of its tenant.',
  owner: 'your_team',
};
const removedProblem: Problem = {
  code: 'connection_removed',
  message: 'The connection was removed.',
  owner: 'your_team',
};
const unprovedProblem: Problem = {
  code: 'not_read_yet',
  message:
    'Nothing was read of the tenant yet. A check or the first sync says first whether it is read for this organization.',
  owner: 'your_team',
};

export const askTarget = async (
  stores: Stores,
  connect: ConnectTarget,
  record: TargetRecord,
  { object, gone }: Remembered,
  link: Link | null,
): Promise<LiveTarget> => {
  try {
    const target = connect(record, await stores.targets.secrets(record));
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      await target.ready(signal);
      if (link !== null) {
        const { type } = link.ref;
        return liveAccount(link, await target.get(type, link.remoteId, signal), record.mapping[type]);
      }
      if (gone !== null)
        return {
          kind: 'not_asked',
          says: 'Whoever left is not looked for at a target that never had an account of them.',
        };
      if (object.ref.type === 'group' && !target.capabilities.groups)
        return { kind: 'not_asked', says: 'The target takes no groups.' };
      return await lookFor(stores, target, record, object, signal);
    } finally {
      await target.close();
    }
  } catch (error) {
    const problem = problemOf(error, 'target');
    return { kind: 'failed', problem, says: sentence(`The target could not be asked: ${problem.message}`) };
  }
};

/** By the matching rules in order, as a run does; the first rule with a verified hit decides. */
const lookFor = async (
  stores: Stores,
  target: Target,
  record: TargetRecord,
  object: SourceObject,
  signal: AbortSignal,
): Promise<LiveTarget> => {
  const { type } = object.ref;
  for (const lookup of lookups(object, record.matching[type])) {
    const claimed = await target.find(type, lookup.rule.to, lookup.value, signal);
    const ids = claimed.map(({ remoteId }) => remoteId);
    const { links, ended } = await stores.ledger.linkedRemotes(record.id, type, ids);
    const match = judge(object.ref, lookup, claimed, links);
    const attribute = lookup.rule.to;
    if (match.kind === 'match')
      return liveMatch(await unlessTaken(stores, record, object, match, attribute, ended), attribute);
    if (match.kind !== 'none') return liveMatch(match, attribute);
  }
  return liveMatch(unmatched(object, record.matching[type]), null);
};

/** As a run has it that nobody looks at. */
const unlessTaken = async (
  stores: Stores,
  record: TargetRecord,
  { ref }: SourceObject,
  match: Extract<Match, { readonly kind: 'match' }>,
  attribute: string,
  ended: Claims['ended'],
): Promise<Match> => {
  const before = ended.get(match.remote.remoteId) ?? [];
  const mark = await markOn(stores, record, ref, match.remote, before);
  if (mark !== 'none' && mark !== 'ours') return { kind: 'linked_elsewhere', attribute };
  return isUnclaimed(record, ref, match.remote, before) ? { kind: 'unclaimed_group', attribute } : match;
};

/** In the words in which a run would tell it. */
const problemOf = (error: unknown, of: 'source' | 'target'): Problem => {
  const reaction = reactionTo(error, { faults: 0, waitedOut: null }, 0);
  if (reaction !== null && 'problem' in reaction) return reaction.problem;
  const isLate = error instanceof Error && error.name === 'TimeoutError';
  return {
    code: isLate ? `${of}_timeout` : `${of}_unavailable`,
    message: isLate
      ? `There was no answer within ${timeoutMs / 1_000} seconds.`
      : 'It cannot be reached as it is configured.',
    owner: of === 'source' ? 'microsoft' : 'target_vendor',
  };
};
