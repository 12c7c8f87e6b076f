/** Is somebody a member of a group now? */

import { z } from 'zod';
import { type SourceId, sourceId } from '../../model/ids.ts';
import type { Ref } from '../../model/source-object.ts';
import { answered, batches, type SubAnswer, slices } from './batch.ts';
import { getByIds } from './by-id.ts';
import type { GraphClient } from './client.ts';
import { hiddenGroup, isHiddenGroup } from './hidden.ts';
import { memberPages } from './members.ts';
import { listPageSchema, wholeList } from './pages.ts';
import { hiddenMembers, missingGroup } from './scoped.ts';
import { mayHideMembers, whetherShown } from './to-source-object.ts';

/**
 * Direct membership. `checkMemberGroups` answers for many people at once, but counts nested groups too: its no is final, its yes is looked up
 * in the group's own list. (`$filter` on the list would answer directly, but from an index that lags.) Whoever is reached, and in neither list, is in it
 * through one of the groups that are in it; where none of these reaches them, a list kept something back. Ids it is not sure of are left out.
 */
export const directMembership = async (
  client: GraphClient,
  group: SourceId,
  members: readonly Ref[],
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceId, boolean>> => {
  const reached = await reachesAny(client, [group], members, signal);
  const inside = members.filter(({ id }) => reached.get(id) === true);
  const { listed, groups } = await among(client, group, new Set(inside.map(({ id }) => id)), signal);
  const unlisted = inside.filter(({ id }) => !listed.has(id));
  const own = new Map(await inOwnList(client, group, unlisted, signal));
  const inNeither = unlisted.filter(({ id }) => own.get(id) === false);
  const through = await reaches(client, groups, inNeither, signal);
  return new Map([
    ...[...reached].filter(([, isInside]) => !isInside),
    ...[...listed, ...unlisted.map(({ id }) => id).filter((id) => own.get(id) === true)].map(
      (id) => [id, true] as const,
    ),
    ...inNeither.filter(({ id }) => through.get(id) === true).map(({ id }) => [id, false] as const),
  ]);
};

/**
 * Membership in any of the groups, directly or through other groups; `checkMemberGroups` takes 20 groups at once. Throws when one of the groups
 * does not exist or hides its members: the answer would be no for everybody.
 */
export const reachesAny = async (
  client: GraphClient,
  groups: readonly SourceId[],
  members: readonly Ref[],
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceId, boolean>> => {
  await requireGroups(client, groups, signal);
  return await reaches(client, groups, members, signal);
};

const reaches = async (
  client: GraphClient,
  groups: readonly SourceId[],
  members: readonly Ref[],
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceId, boolean>> => {
  if (members.length === 0) return new Map();
  const said: (readonly (readonly [SourceId, boolean | null])[])[] = [];
  for (const some of slices(groups, groupsPerCheck)) {
    const answers: SubAnswer[] = [];
    for await (const part of batches(
      client,
      members.map((ref) => checkFor(ref, some)),
      signal,
    ))
      answers.push(...part);
    said.push(members.map(({ id }, index) => [id, insideOf(answers[index], some)]));
  }
  return inAny(said);
};

/** A yes of one is enough, a no takes all of them: whoever one of them is not sure of (`null`), and no other has, is left out. */
export const inAny = (
  answers: readonly (readonly (readonly [SourceId, boolean | null])[])[],
): ReadonlyMap<SourceId, boolean> => {
  const any = new Map<SourceId, boolean | null>();
  for (const [id, inside] of answers.flat()) {
    const before = any.get(id);
    if (before === true || inside === true) any.set(id, true);
    else any.set(id, before === null || inside === null ? null : false);
  }
  return new Map([...any].filter((entry): entry is [SourceId, boolean] => entry[1] !== null));
};

const groupsPerCheck = 20;

const requireGroups = async (client: GraphClient, groups: readonly SourceId[], signal: AbortSignal): Promise<void> => {
  const found = await getByIds(client, 'group', groups, whetherShown, signal);
  const lost = groups.find((id) => !found.has(id));
  if (lost !== undefined) throw missingGroup(lost);
  for (const [id, entity] of found) {
    if (isHiddenGroup(entity)) throw hiddenGroup(id);
    if (mayHideMembers(entity)) await requireMembers(client, id, signal);
  }
};

/** A hidden membership is answered with no for everybody; if it shows anybody, it is not hidden from us. */
const requireMembers = async (client: GraphClient, group: SourceId, signal: AbortSignal): Promise<void> => {
  for await (const members of memberPages(client, group, signal)) if (members.length > 0) return;
  throw hiddenMembers(group);
};

const checkFor = ({ type, id }: Ref, groups: readonly SourceId[]) =>
  ({ method: 'POST', at: `/${type}s/${id}/checkMemberGroups`, body: { groupIds: groups } }) as const;

const Checked = z.object({ value: z.array(z.string()) });

/** A refusal leaves the question open. Not to be found is one too: whoever is asked about was shown a moment ago, so one of the two answers is not true. */
const insideOf = (answer: SubAnswer | undefined, groups: readonly SourceId[]): boolean | null => {
  if (answer === undefined) return null;
  if (!answer.ok) return null;
  const { value } = answered(answer, Checked, '/checkMemberGroups');
  return value.some((id) => groups.includes(sourceId(id)));
};

/** Those of `wanted` that the group's own list holds, and the groups that it shows; the list is read until all are found. */
const among = async (
  client: GraphClient,
  group: SourceId,
  wanted: ReadonlySet<SourceId>,
  signal: AbortSignal,
): Promise<{ readonly listed: ReadonlySet<SourceId>; readonly groups: readonly SourceId[] }> => {
  const listed = new Set<SourceId>();
  const groups: SourceId[] = [];
  if (wanted.size === 0) return { listed, groups };
  for await (const members of memberPages(client, group, signal)) {
    for (const { id, type } of members) {
      if (wanted.has(id)) listed.add(id);
      if (type === 'group') groups.push(id);
    }
    if (listed.size === wanted.size) break;
  }
  return { listed, groups };
};

/**
 * Whether the group is in somebody's own list of groups, where the group's list does not show them: that list may have shown a part of what it holds, with
 * every sign of success. The other list is another index.
 */
const inOwnList = async (
  client: GraphClient,
  group: SourceId,
  members: readonly Ref[],
  signal: AbortSignal,
): Promise<readonly (readonly [SourceId, boolean])[]> => {
  const found: (readonly [SourceId, boolean])[] = [];
  const answers: SubAnswer[] = [];
  const questions = members.map(
    ({ type, id }) => ({ method: 'GET', at: `/${type}s/${id}/memberOf?$select=id&$top=999` }) as const,
  );
  for await (const some of batches(client, questions, signal)) answers.push(...some);
  for (const [index, { id }] of members.entries()) {
    const answer = answers[index];
    if (answer === undefined || !answer.ok) continue;
    const groups = await wholeList(client, answered(answer, listPageSchema, '/memberOf'), signal);
    found.push([id, groups.some((one) => sourceId(one.id) === group)]);
  }
  return found;
};
