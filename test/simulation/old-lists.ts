/** Lists that are some minutes old: they still show whoever left meanwhile, though the changes have told it. */

import type { Json, JsonObject } from '../../simulator/graph/json.ts';
import type { Reply } from '../../simulator/graph/reply.ts';
import type { Stage } from './process.ts';

export type OldLists = {
  /** Somebody is recycled or deleted. */
  left(id: string): void;
  returned(id: string): void;
  /** The answer, with whoever left a short while ago. */
  with(reply: Reply, asked: Question): Reply;
  end(): void;
};

type Question = { readonly path: string; readonly query: string };

/** `ageMs`: 0 where lists are of now. */
export const oldListsOf = ({ scheduler, trace }: Stage, ageMs: number): OldLists => {
  const shown = new Map<string, JsonObject>();
  const leftAt = new Map<string, number>();
  let mostMs = ageMs;
  const withFormer = (body: JsonObject, query: string): JsonObject => {
    const value = Array.isArray(body['value']) ? body['value'] : [];
    // Whoever asks for little is shown little: the next one may ask for more.
    for (const item of value) if (hasId(item) && shows(item, keysOf(shown.get(item.id)))) shown.set(item.id, item);
    const wanted = selectedBy(query);
    if (body['@odata.nextLink'] !== undefined) return body;
    const listed = new Set(value.flatMap((item) => (hasId(item) ? [item.id] : [])));
    const former = [...leftAt].flatMap(([id, at]) => {
      const item = shown.get(id);
      const isOld = scheduler.now() - at > mostMs;
      return item === undefined || listed.has(id) || isOld || !shows(item, wanted) ? [] : [item];
    });
    if (former.length > 0) trace.count('list.old');
    return { ...body, value: [...value, ...former] };
  };
  return {
    left: (id) => void leftAt.set(id, scheduler.now()),
    returned: (id) => void leftAt.delete(id),
    with: (reply, { path, query }) => {
      if (mostMs === 0 || reply.status >= 300 || !path.endsWith('/users')) return reply;
      return { ...reply, body: JSON.stringify(withFormer(JSON.parse(reply.body), query)) };
    },
    end: () => {
      mostMs = 0;
    },
  };
};

const hasId = (item: Json): item is JsonObject & { readonly id: string } =>
  typeof item === 'object' && item !== null && !Array.isArray(item) && 'id' in item && typeof item['id'] === 'string';

const keysOf = (item: JsonObject | undefined): readonly string[] => Object.keys(item ?? {});

const shows = (item: JsonObject, names: readonly string[]): boolean => names.every((name) => Object.hasOwn(item, name));

/** The properties that are asked for; none where a page is asked for by its place alone. */
const selectedBy = (query: string): readonly string[] =>
  decodeURIComponent(/(?:^|&)(?:\$|%24)select=([^&]*)/.exec(query)?.[1] ?? '')
    .split(',')
    .filter((name) => name !== '');
