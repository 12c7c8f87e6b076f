/**
 * Who is linked and not in the snapshot any more, found while the snapshot is read. Both are read in id order, side by side, and of who is linked the
 * ids alone, so that it costs little where everybody is still there. Whoever is named here is a suspect and no more: the snapshot is asked about them.
 */

import type { SourceId } from '../model/ids.ts';
import type { ObjectType, Ref } from '../model/source-object.ts';
import type { Item } from './gather.ts';
import type { Provisioning } from './provisioning.ts';

export type Listed = { readonly items: readonly Item[]; readonly unlisted: readonly Ref[] };

/** Every object of the snapshot, and whoever is linked besides. */
export async function* withUnlisted(
  work: Provisioning,
  chunks: AsyncIterable<readonly Item[]>,
): AsyncGenerator<Listed> {
  const linked = (type: ObjectType) => inOrder(work.engine.stores.ledger.linkedIds(work.record.id, type));
  const next: Readonly<Record<ObjectType, ReturnType<typeof inOrder>>> = {
    user: linked('user'),
    group: linked('group'),
  };
  for await (const items of chunks) {
    const last = items.at(-1);
    if (last === undefined) continue;
    const { type, id } = last.ref;
    const listed = new Set(items.map(({ ref }) => ref.id));
    const passed = await next[type]((linkedId) => linkedId <= id);
    yield {
      items,
      unlisted: passed.filter((linkedId) => !listed.has(linkedId)).map((unlisted) => ({ type, id: unlisted })),
    };
  }
  for (const type of ['user', 'group'] as const) {
    const rest = await next[type](() => true);
    yield { items: [], unlisted: rest.map((id) => ({ type, id })) };
  }
}

/** Nobody is looked for beyond what was gathered. */
export async function* asListed(chunks: AsyncIterable<readonly Item[]>): AsyncGenerator<Listed> {
  for await (const items of chunks) yield { items, unlisted: [] };
}

/** Takes ids from the front for as long as they are wanted. */
const inOrder = (batches: AsyncIterable<readonly SourceId[]>) => {
  const iterator = batches[Symbol.asyncIterator]();
  let held: readonly SourceId[] = [];
  return async (isWanted: (id: SourceId) => boolean): Promise<readonly SourceId[]> => {
    const taken: SourceId[] = [];
    for (;;) {
      const end = held.findIndex((id) => !isWanted(id));
      taken.push(...(end === -1 ? held : held.slice(0, end)));
      held = end === -1 ? [] : held.slice(end);
      if (held.length > 0) return taken;
      const { done, value } = await iterator.next();
      if (done === true) return taken;
      held = value;
    }
  };
};
