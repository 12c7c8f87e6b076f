/**
 * Who comes back from the recycle bin is in their groups again, and no group tells of it: while they were away they had kept their memberships, so none
 * changed (microsoft-graph-docs issue 14708). A list of members that was read meanwhile does not hold them. And what a delta shows of somebody who came
 * back is what it shows of somebody new. So whoever it shows, and no group that we know holds, is asked for their groups (decision 34).
 */

import { z } from 'zod';
import { type SourceId, sourceId } from '../../model/ids.ts';
import type { ObjectMessage } from '../../model/source-message.ts';
import { group, type Ref } from '../../model/source-object.ts';
import { answered, batches, type SubAnswer } from './batch.ts';
import type { GraphClient } from './client.ts';
import { membersOf } from './members.ts';

export type Joined = Extract<ObjectMessage, { type: 'members' }> & {
  readonly members: { readonly added: readonly Ref[]; readonly removed: readonly [] };
};

/**
 * The direct memberships of these in groups that are `followed`. A list of members says who is there; that it leaves somebody out says nothing here, so
 * nobody is taken out of a group.
 */
export const membershipsOf = async (
  client: GraphClient,
  refs: readonly Ref[],
  isFollowed: (group: SourceId) => boolean,
  signal: AbortSignal,
): Promise<readonly Joined[]> => {
  if (refs.length === 0) return [];
  const wanted = new Set(refs.map(({ id }) => id));
  const above = (await groupsAbove(client, refs, signal)).filter(isFollowed);
  const joined: Joined[] = [];
  for await (const some of membersOf(client, above, signal))
    for (const { group: id, members } of some)
      joined.push(...joining(id, members?.filter((member) => wanted.has(member.id)) ?? []));
  return joined;
};

/** Everybody in these groups. */
export const everyMemberOf = async (
  client: GraphClient,
  groups: readonly SourceId[],
  signal: AbortSignal,
): Promise<readonly Joined[]> => {
  const joined: Joined[] = [];
  for await (const some of membersOf(client, groups, signal))
    for (const { group: id, members } of some) joined.push(...joining(id, members ?? []));
  return joined;
};

const joining = (id: SourceId, added: readonly Ref[]): readonly Joined[] =>
  added.length === 0 ? [] : [{ type: 'members', group: group(id), members: { added, removed: [] } }];

const Above = z.object({ value: z.array(z.string()) });

/**
 * The groups that any of these is in, directly or through others. `getMemberGroups` is what the permissions that we need anyway are enough for;
 * `memberOf`, which would tell the direct ones, has none of them in its documentation.
 */
const groupsAbove = async (
  client: GraphClient,
  refs: readonly Ref[],
  signal: AbortSignal,
): Promise<readonly SourceId[]> => {
  const questions = refs.map(
    ({ type, id }) =>
      ({ method: 'POST', at: `/${type}s/${id}/getMemberGroups`, body: { securityEnabledOnly: false } }) as const,
  );
  const above = new Set<SourceId>();
  for await (const answers of batches(client, questions, signal))
    for (const answer of answers)
      if (!isWithoutAnswer(answer))
        for (const id of answered(answer, Above, '/getMemberGroups').value) above.add(sourceId(id));
  return [...above];
};

/** Gone since they were shown, which the next round tells; or in more than 11,000 groups, which Graph names to nobody. */
const isWithoutAnswer = (answer: SubAnswer): boolean =>
  !answer.ok && (answer.refusal.status === 404 || answer.refusal.codes.includes('directory_resultsizelimitexceeded'));
