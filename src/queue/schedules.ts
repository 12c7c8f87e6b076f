/** When each connection is due. */

import type { Connection } from '../model/connection.ts';
import type { SyncMode } from '../model/run.ts';

/** Milliseconds between the ticks of each mode. */
export const intervalsOf = (
  connection: Pick<Connection, 'refreshIntervalSecs' | 'fullSyncIntervalSecs'>,
): Readonly<Record<SyncMode, number>> => ({
  delta: connection.refreshIntervalSecs * 1_000,
  full: connection.fullSyncIntervalSecs * 1_000,
});

/**
 * Where inside its interval a schedule ticks. The same for the same id on every process and after every restart, and spread evenly over many
 * ids, so that a thousand connections with one interval do not all start in the same second. FNV-1a, 32 bits.
 */
export const offsetOf = (id: string, everyMs: number): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % everyMs;
};
