/** Who is in groups, also by groups in them. */

import { SourceError } from '../../model/errors.ts';
import type { SourceId } from '../../model/ids.ts';
import type { Ref } from '../../model/source-object.ts';
import { slices } from './batch.ts';
import { getByIds, idsPerRequest } from './by-id.ts';
import type { GraphClient } from './client.ts';
import { incomplete } from './errors.ts';
import { membersOf } from './members.ts';
import { requireShown } from './scoped.ts';
import { whetherShown } from './to-source-object.ts';

/** More than anybody means to protect one by one. */
const mostMembers = 100_000;

/**
 * Level by level, by the lists that a sync reads (`transitiveMembers` would be one question, and says nothing of a nested group that hides its members).
 * Null when one of them does not exist. Throws when a group in it cannot be read: who is in that one would be missing.
 */
export const everyoneIn = async (
  client: GraphClient,
  groups: readonly SourceId[],
  signal: AbortSignal,
): Promise<readonly Ref[] | null> => {
  const asked = new Set(groups);
  const everyone = new Map<SourceId, Ref>();
  const reached = new Set(groups);
  for (let level = groups; level.length > 0; ) {
    const next: SourceId[] = [];
    for (const some of slices(level, idsPerRequest))
      for await (const { id, members } of listed(client, some, signal)) {
        if (members === null && asked.has(id)) return null;
        if (members === null)
          throw incomplete('A group in a protected group is not there any more.', 'NestedGroupGone');
        for (const ref of members) {
          everyone.set(ref.id, ref);
          if (ref.type === 'group' && !reached.has(ref.id)) next.push(ref.id);
          if (ref.type === 'group') reached.add(ref.id);
        }
        if (everyone.size > mostMembers)
          throw new SourceError('forbidden', `The group ${groups.join(', ')} has more than ${mostMembers} members.`, {
            code: 'GroupTooLarge',
            mend: { owner: 'your_team', todo: 'Protect by an attribute, or by smaller groups.' },
          });
      }
    level = next;
  }
  return [...everyone.values()];
};

/** `members` is null when the group does not exist. */
async function* listed(
  client: GraphClient,
  groups: readonly SourceId[],
  signal: AbortSignal,
): AsyncGenerator<{ readonly id: SourceId; readonly members: readonly Ref[] | null }> {
  const found = await getByIds(client, 'group', groups, whetherShown, signal);
  for (const id of groups) if (!found.has(id)) yield { id, members: null };
  for await (const some of membersOf(client, [...found.keys()], signal))
    for (const { group: id, members } of some) {
      const entity = found.get(id);
      if (members !== null && entity !== undefined) requireShown(id, members, entity);
      yield { id, members };
    }
}
