/** Which requests for a run are one and the same, and which of several goes first. */

import type { ConnectionId, TargetId } from '../model/ids.ts';
import { isOfTarget, type Run, type RunState } from '../model/run.ts';
import { scopeKey } from '../model/scope.ts';
import { shrinkKey } from './shrink.ts';

/** Runs of one lane are worked on one after the other: what reads the source of a connection, what writes to a target or looks at it. */
export const laneOf = (run: Run): ConnectionId | TargetId => (isOfTarget(run) ? run.target : run.connection);

/** Two runs with the same slot do the same thing; while one of them is queued, another need not be. */
export const slotOf = (run: Run): string =>
  [
    run.connection,
    run.kind,
    isOfTarget(run) ? run.target : 'connection',
    run.mode,
    run.scope ? `${run.scope.group}${run.scope.nested ? ':nested' : ''}` : 'all',
    run.dryRun ? 'dry' : 'real',
    ...(run.kind === 'provision' && run.plan !== null ? [run.plan] : []),
    ...(run.kind === 'provision' && run.amends !== null ? [`${run.amends.kind}:${run.amends.run}`] : []),
    ...(run.kind === 'sync' && run.acceptShrink !== null ? [`accept_shrink:${shrinkKey(run.acceptShrink)}`] : []),
    ...(run.kind === 'preview' ? [scopeKey(run.proposed)] : []),
  ].join('|');

/** Lower goes first: a person's request before any other, delta before full. Between equals the older one. */
export const rankOf = (run: Run): number => (run.trigger === 'api' ? 0 : 2) + (run.mode === 'full' ? 1 : 0);

/** Ranks below this one are a person's requests: only they overtake a run that waits for its time. */
export const overtakingRank = 2;

/** A run that has begun and not ended. */
export const underWay: readonly RunState[] = ['running', 'waiting'];
export const unfinished: readonly RunState[] = ['queued', 'running', 'waiting'];
