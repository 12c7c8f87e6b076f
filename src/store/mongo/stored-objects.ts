/** The documents of objects, remembered between the `find` of a batch and the `put` that follows it. */

import type { ConnectionId } from '../../model/ids.ts';
import type { Ref } from '../../model/source-object.ts';
import { keyOf, type ObjectDocument } from './object-documents.ts';
import type { Objects } from './objects.ts';

const mostRemembered = 10_000;

export const storedObjects = (objects: Objects, connection: ConnectionId) => {
  let remembered = new Map<string, ObjectDocument | null>();
  return {
    /** Null for those that are not stored; nobody is asked about those that cannot be. */
    of: async (
      refs: readonly Ref[],
      mayBe: (ref: Ref) => boolean,
    ): Promise<ReadonlyMap<string, ObjectDocument | null>> => {
      const asked = new Map(refs.map((ref) => [keyOf(ref), ref]));
      const unknown = [...asked].filter(([key, ref]) => !remembered.has(key) && mayBe(ref)).map(([key]) => key);
      if (remembered.size + unknown.length > mostRemembered) remembered.clear();
      const open = [...asked].filter(([key, ref]) => !remembered.has(key) && mayBe(ref)).map(([key]) => key);
      const read = await objects.documents(connection, open);
      const found = new Map([...asked.keys()].map((key) => [key, remembered.get(key) ?? read.get(key) ?? null]));
      for (const [key, document] of found) remembered.set(key, document);
      return found;
    },
    /** They are about to change, and are not remembered any more. */
    take: (): ReadonlyMap<string, ObjectDocument | null> => {
      const taken = remembered;
      remembered = new Map();
      return taken;
    },
  };
};
