/** Looks up who is protected at a target, for one turn of a run. */

import { type Shield, shield } from '../core/protection.ts';
import type { SourceId } from '../model/ids.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { SnapshotStore } from '../store/snapshot-store.ts';
import type { Gathered } from './gather.ts';

/**
 * Who is in a protected group counts as the snapshot says now, and who left it among the changes this run looks at: whoever emptied the group by
 * mistake, or left it together with the tenant, must not lose the protection in the same breath.
 */
export const raiseShield = async (
  snapshots: SnapshotStore,
  { connection, protected: protection }: Pick<TargetRecord, 'connection' | 'protected'>,
  gathered: Pick<Gathered, 'edges'>,
): Promise<Shield> => {
  const members = new Set<SourceId>();
  const groups = new Set<SourceId>(protection.groups);
  for (const group of groups) {
    members.add(group);
    for await (const some of snapshots.members(connection, group)) {
      for (const { id, type } of some) {
        members.add(id);
        if (type === 'group') groups.add(id);
      }
    }
    for (const { member, want } of gathered.edges.get(group) ?? []) {
      if (want === 'add') continue;
      members.add(member.id);
      if (member.type === 'group') groups.add(member.id);
    }
  }
  return shield(protection, members);
};
