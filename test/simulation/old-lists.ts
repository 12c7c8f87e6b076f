/** Lists that are some minutes old: they still show whoever left meanwhile, though the changes have told it. */

import type { Json, JsonObject } from '../../simulator/graph/json.ts';
import type { Reply } from '../../simulator/graph/reply.ts';
import type { Stage } from './process.ts';

export type OldLists = {
  /** Somebody is recycled or deleted. */
  left(id: string): void;
  returned(id: string): void;
  /** The answer, with whoever left a short while ago. */
  with(reply: Reply, path: string): Reply;
  end(): void;
};

/** `ageMs`: 0 where lists are of now. */
export const oldListsOf = ({ scheduler, trace }: Stage, ageMs: number): OldLists => {
  const shown = new Map<string, Json>();
  const leftAt = new Map<string, number>();
  let mostMs = ageMs;
  const withFormer = (body: JsonObject): JsonObject => {
    const value = Array.isArray(body['value']) ? body['value'] : [];
    for (const item of value) if (hasId(item)) shown.set(item.id, item);
    if (body['@odata.nextLink'] !== undefined) return body;
    const listed = new Set(value.flatMap((item) => (hasId(item) ? [item.id] : [])));
    const former = [...leftAt].flatMap(([id, at]) => {
      const item = shown.get(id);
      return item === undefined || listed.has(id) || scheduler.now() - at > mostMs ? [] : [item];
    });
    if (former.length > 0) trace.count('list.old');
    return { ...body, value: [...value, ...former] };
  };
  return {
    left: (id) => void leftAt.set(id, scheduler.now()),
    returned: (id) => void leftAt.delete(id),
    with: (reply, path) => {
      if (mostMs === 0 || reply.status >= 300 || !path.endsWith('/users')) return reply;
      return { ...reply, body: JSON.stringify(withFormer(JSON.parse(reply.body))) };
    },
    end: () => {
      mostMs = 0;
    },
  };
};

const hasId = (item: Json): item is JsonObject & { readonly id: string } =>
  typeof item === 'object' && item !== null && !Array.isArray(item) && 'id' in item && typeof item['id'] === 'string';
