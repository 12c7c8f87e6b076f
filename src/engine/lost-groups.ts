/** Who was in groups when they went out of another, by the snapshot and the changes since. */

import type { ConnectionId, SourceId } from '../model/ids.ts';
import type { Ref } from '../model/source-object.ts';
import type { SnapshotReads } from '../store/snapshot-store.ts';

/** A group, and the version by which it was not in the other any more. */
export type Went = { readonly group: SourceId; readonly version: number };

type Members = ReadonlyMap<SourceId, Ref>;

/** The members of these groups and of all groups in them, as the snapshot has it. */
export const membersBelow = async (
  snapshots: SnapshotReads,
  connection: ConnectionId,
  groups: readonly SourceId[],
): Promise<ReadonlyMap<SourceId, Members>> => {
  const within = new Map<SourceId, Members>();
  const reached = new Set(groups);
  // What is added while a Set is visited is visited too.
  for (const each of reached) {
    const members = new Map<SourceId, Ref>();
    for await (const some of snapshots.members(connection, each))
      for (const ref of some) {
        members.set(ref.id, ref);
        if (ref.type === 'group') reached.add(ref.id);
      }
    within.set(each, members);
  }
  return within;
};

/**
 * As long as a target waits for somebody to look, the changes go back to its beginning: whoever joined since was never in what a group went out of. The
 * changes are read once for all of them, and of each change no more is kept than what it says of a membership of now.
 */
export const inThemWhenTheyWent = async (
  snapshots: SnapshotReads,
  connection: ConnectionId,
  went: readonly Went[],
  through: number,
): Promise<readonly Ref[]> => {
  const within = await membersBelow(
    snapshots,
    connection,
    went.map(({ group }) => group),
  );
  if ([...within.values()].every(({ size }) => size === 0)) return [];
  const told = await toldAfter(snapshots, connection, Math.min(...went.map(({ version }) => version)), through, within);
  const found = new Map<SourceId, Ref>();
  for (const { group, version } of went) {
    // A change that says that they left tells that they had been in it.
    const cameAfter = (of: SourceId, id: SourceId): boolean =>
      told
        .get(of)
        ?.get(id)
        ?.find((each) => each.version > version)?.want === 'add';
    const groups = new Set([group]);
    for (const each of groups)
      for (const ref of within.get(each)?.values() ?? []) {
        if (cameAfter(each, ref.id)) continue;
        found.set(ref.id, ref);
        if (ref.type === 'group') groups.add(ref.id);
      }
  }
  return [...found.values()];
};

type Told = { readonly version: number; readonly want: 'add' | 'remove' };

/** By group and member, in their order. */
const toldAfter = async (
  snapshots: SnapshotReads,
  connection: ConnectionId,
  version: number,
  through: number,
  within: ReadonlyMap<SourceId, Members>,
): Promise<ReadonlyMap<SourceId, ReadonlyMap<SourceId, readonly Told[]>>> => {
  const told = new Map<SourceId, Map<SourceId, Told[]>>();
  for await (const recorded of snapshots.changesAfter(connection, version, through))
    for (const { change, version: at } of recorded) {
      const members = change.kind === 'members' ? within.get(change.group.id) : undefined;
      if (change.kind !== 'members' || members === undefined) continue;
      const of = told.get(change.group.id) ?? new Map<SourceId, Told[]>();
      told.set(change.group.id, of);
      const note = (want: Told['want'], { id }: Ref): void => {
        if (members.has(id)) of.set(id, [...(of.get(id) ?? []), { version: at, want }]);
      };
      for (const ref of change.removed) note('remove', ref);
      for (const ref of change.added) note('add', ref);
    }
  return told;
};
