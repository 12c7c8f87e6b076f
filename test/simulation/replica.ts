/**
 * A replica that is behind. For some minutes requests are answered by one that knows nothing of some objects, or by one that knows them, as it falls: lists
 * leave them out, and whoever asks for them by their ids is told that they do not exist.
 */

import type { Json, JsonObject } from '../../simulator/graph/json.ts';
import type { Reply } from '../../simulator/graph/reply.ts';
import type { Stage } from './process.ts';

export type Replica = {
  fallsBehind(ids: readonly string[], forMs: number): void;
  /** Has all caught up. */
  catchUp(): void;
  /** What whoever answers the next request does not know. */
  unknown(): ReadonlySet<string>;
};

const nobody: ReadonlySet<string> = new Set();
/** The share of requests that it answers. */
const share = 0.6;

export const replicaOf = ({ scheduler, chance, trace }: Stage): Replica => {
  let missing = nobody;
  let until = 0;
  let asked = 0;
  return {
    fallsBehind: (ids, forMs) => {
      missing = new Set(ids);
      until = scheduler.now() + forMs;
    },
    catchUp: () => {
      until = 0;
    },
    unknown: () => {
      if (scheduler.now() >= until) return nobody;
      asked += 1;
      if (!chance.happens(share, 'answered by the replica that is behind', asked)) return nobody;
      trace.count('replica.behind');
      return missing;
    },
  };
};

/** The answer without them. What changed is told by the directory's log, not by a list: such answers are left as they are. */
export const withoutUnknown = (reply: Reply, path: string, ids: ReadonlySet<string>): Reply => {
  if (ids.size === 0 || reply.status >= 300 || path.endsWith('/delta')) return reply;
  const body: JsonObject = JSON.parse(reply.body);
  return { ...reply, body: JSON.stringify(without(body, ids)) };
};

const without = (json: Json, ids: ReadonlySet<string>): Json => {
  if (Array.isArray(json)) return json.filter((item) => !isOneOf(item, ids)).map((item) => without(item, ids));
  if (typeof json !== 'object' || json === null) return json;
  // Answers of a batch have ids as well, which are numbers of questions.
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, without(value, ids)]));
};

const isOneOf = (item: Json, ids: ReadonlySet<string>): boolean => {
  const id = typeof item === 'object' && item !== null && !Array.isArray(item) && 'id' in item ? item['id'] : null;
  return typeof id === 'string' && ids.has(id.toLowerCase());
};
