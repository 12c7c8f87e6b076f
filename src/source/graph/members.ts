/** Direct members of groups: `GET /groups/{id}/members`, 20 groups to a request. */

import type { SourceId } from '../../model/ids.ts';
import type { ObjectMessage } from '../../model/source-message.ts';
import { group, type Ref } from '../../model/source-object.ts';

import { answered, batch, batches, batchesInFlight, batchSize, slices } from './batch.ts';
import type { GraphClient } from './client.ts';
import { type Entity, listPageSchema, listPages, wholeList } from './pages.ts';
import { inOrder } from './side-by-side.ts';
import { isShownWhole, memberOf } from './to-source-object.ts';

/** `members` is null when the group does not exist (any more). */
export type GroupMembers = { readonly group: SourceId; readonly members: readonly Ref[] | null };

/** All direct members of each group, in the order of the groups, some groups at a time; several requests are under way at once. */
export const membersOf = (
  client: GraphClient,
  groups: readonly SourceId[],
  signal: AbortSignal,
): AsyncGenerator<readonly GroupMembers[]> =>
  inOrder(
    Iterator.from(slices(groups, batchSize)).map((slice) => () => membersOfSome(client, slice, signal)),
    batchesInFlight,
  );

/** Some of them. */
export type FirstMembers = { readonly group: SourceId; readonly members: readonly Ref[] };

/**
 * Those direct members of each group whom one answer holds, 999 at most. It costs the same of a group of everybody as of any other, and does for questions
 * in which whoever is not shown is not taken for missing. Nothing is said of a group that does not exist (any more).
 */
export async function* firstMembersOf(
  client: GraphClient,
  groups: readonly SourceId[],
  signal: AbortSignal,
): AsyncGenerator<readonly FirstMembers[]> {
  const questions = groups.map((group) => ({ method: 'GET', at: firstPage(group) }) as const);
  const open = groups.values();
  for await (const answers of batches(client, questions, signal))
    yield answers.flatMap((answer) => {
      const { value: group } = open.next();
      if (group === undefined) throw new RangeError('A batch has more answers than questions.');
      if (!answer.ok && answer.refusal.status === 404) return [];
      return [{ group, members: refsOf(answered(answer, listPageSchema, '/groups/{id}/members').items) }];
    });
}

/** Nothing is said of a group that does not exist (any more), or that does not show who is in it. */
export const wholeMembers = (
  { group: id, members }: GroupMembers,
  entity: Entity | undefined,
): readonly ObjectMessage[] =>
  members === null || entity === undefined || !isShownWhole(members, entity)
    ? []
    : [{ type: 'members', group: group(id), members: { whole: members } }];

/** The pages of one group's direct members, for questions about few of them. */
export async function* memberPages(
  client: GraphClient,
  group: SourceId,
  signal: AbortSignal,
): AsyncGenerator<readonly Ref[]> {
  for await (const { items } of listPages(client, firstPage(group), signal)) yield refsOf(items);
}

const firstPage = (id: SourceId): string => `/groups/${id}/members?$select=id&$top=999`;

const membersOfSome = async (
  client: GraphClient,
  groups: readonly SourceId[],
  signal: AbortSignal,
): Promise<readonly GroupMembers[]> => {
  const answers = await batch(
    client,
    groups.map((group) => ({ method: 'GET', at: firstPage(group) })),
    signal,
  );
  return Promise.all(
    answers.map(async (answer, index): Promise<GroupMembers> => {
      const group = groups[index];
      if (group === undefined) throw new RangeError('A batch has more answers than questions.');
      if (!answer.ok && answer.refusal.status === 404) return { group, members: null };
      const first = answered(answer, listPageSchema, '/groups/{id}/members');
      // A large group goes on beyond the batch.
      const members = new Map(refsOf(await wholeList(client, first, signal)).map((ref) => [ref.id, ref]));
      return { group, members: [...members.values()] };
    }),
  );
};

const refsOf = (items: readonly Entity[]): readonly Ref[] => items.map(memberOf).filter((ref) => ref !== null);
