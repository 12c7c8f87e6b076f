/** What a person calls those whom operations are about: the list of a plan or a run is read by people, and a GUID tells them nothing. */

import type { ConnectionId, SourceId } from '../model/ids.ts';
import type { Operation } from '../model/operation.ts';
import type { Ref, SourceObject } from '../model/source-object.ts';
import type { Reached } from './reached.ts';
import type { Room } from './room.ts';

export type Named = {
  /** What the person or group it is on looks like, or last looked like; null: that is not on record any more. */
  readonly object: SourceObject | null;
  /** Of the members. */
  readonly memberNamed: (id: SourceId) => SourceObject | null;
};

/** A page may hold many times as many members as operations; nobody reads the names of more than these. */
const mostMembers = 10_000;

export const namedIn = async (
  { stores }: Room,
  connection: Reached<ConnectionId>,
  operations: readonly Operation[],
): Promise<(operation: Operation) => Named> => {
  const refs = new Map<SourceId, Ref>(operations.map(({ ref }) => [ref.id, ref]));
  const members = operations.flatMap((operation) => ('members' in operation ? operation.members : []));
  for (const { ref } of members.slice(0, mostMembers)) refs.set(ref.id, ref);
  const remembered = await stores.snapshots.recall(connection, [...refs.values()]);
  const objectOf = (id: SourceId): SourceObject | null => remembered.get(id)?.object ?? null;
  return ({ ref }) => ({ object: objectOf(ref.id), memberNamed: objectOf });
};
