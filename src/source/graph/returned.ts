/**
 * Who comes back from the recycle bin is in their groups again, and no group tells of it: while they were away they had kept their memberships, so none
 * changed (microsoft-graph-docs issue 14708). A list of members that was read meanwhile does not hold them. And what a delta shows of somebody who came
 * back is what it shows of somebody new. So whoever it shows, and who is not stored, is asked for their groups (decision 34). Who was away for a
 * part of a full read only is stored, and shown soon after it though nothing of them is different: they are asked, too. The same goes for managers: as long
 * as one is in the recycle bin, whoever reports to them is shown without one, and nothing tells of it when they are back.
 */

import { z } from 'zod';
import { type SourceId, sourceId } from '../../model/ids.ts';
import type { ObjectMessage } from '../../model/source-message.ts';
import { group, type Ref, user } from '../../model/source-object.ts';
import type { Known } from '../source.ts';
import { answered, batches, type SubAnswer } from './batch.ts';
import { managersOf } from './by-id.ts';
import type { GraphClient } from './client.ts';
import { readMembership } from './confirm.ts';
import { type FirstMembers, firstMembersOf, type GroupMembers, membersOf } from './members.ts';
import { listPageSchema, wholeList } from './pages.ts';
import { memberOf } from './to-source-object.ts';
import type { Joining } from './told.ts';

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
  const above = await groupsAbove(client, refs, signal);
  const groups = new Set([...above.values()].flat());
  return await joinedTo(membersOf(client, [...groups].filter(isFollowed), signal), oneOf(refs));
};

/** Which memberships are known: those that are stored, and what this round told. */
export type Held = { readonly known: Known; readonly told: Joining };

/**
 * The same, as far as they are not known. Who is in a group through another one may be in it by themselves as well, which only its list tells; of such a
 * group, which may be everybody's, no more is read than one answer holds. Whoever is known in each of their groups is asked for them and costs nothing more.
 */
export const missedMemberships = async (
  client: GraphClient,
  held: Held,
  refs: readonly Ref[],
  isFollowed: (group: SourceId) => boolean,
  signal: AbortSignal,
): Promise<readonly Joined[]> => {
  if (refs.length === 0) return [];
  const above = await groupsAbove(client, refs, signal);
  const holding = holdersIn(held, new Set([...above.values()].flat()));
  const direct = await holding(refs.map(({ id }) => id));
  const missed = refs.flatMap((ref) => {
    const by = new Set(direct.get(ref.id));
    const groups = (above.get(ref.id) ?? []).filter((id) => isFollowed(id) && !by.has(id));
    return groups.length === 0 ? [] : [{ ref, groups }];
  });
  const explained = await knownAbove(holding, new Map(missed.map(({ ref: { id } }) => [id, direct.get(id) ?? []])));
  const whole = new Set(missed.flatMap(({ ref, groups }) => [...new Set(groups).difference(explained(ref.id))]));
  const begun = new Set(missed.flatMap(({ groups }) => groups)).difference(whole);
  const isWanted = oneOf(missed.map(({ ref }) => ref));
  return [
    ...(await joinedTo(membersOf(client, [...whole], signal), isWanted)),
    ...(await joinedTo(firstMembersOf(client, [...begun], signal), isWanted)),
  ];
};

type Holding = (ids: readonly SourceId[]) => Promise<ReadonlyMap<SourceId, readonly SourceId[]>>;

/** The groups that hold each of these directly: as they are stored, and of those that are `named` also as this round told it. */
const holdersIn = ({ known, told }: Held, named: ReadonlySet<SourceId>): Holding => {
  const news = [...named].flatMap((group) => {
    const joined = told.get(group);
    return joined === undefined ? [] : [{ group, joined }];
  });
  return async (ids) => {
    const stored = await known.groupsOf(ids);
    const toldOf = (id: SourceId) => news.flatMap(({ group, joined }) => (joined.has(id) ? [group] : []));
    return new Map(ids.map((id) => [id, [...(stored.get(id) ?? []), ...toldOf(id)]]));
  };
};

/** Of each of these the groups above them as they are known, directly or through others. `direct`: the groups that hold them directly. */
const knownAbove = async (
  holding: Holding,
  direct: ReadonlyMap<SourceId, readonly SourceId[]>,
): Promise<(id: SourceId) => ReadonlySet<SourceId>> => {
  const found = new Map(direct);
  const beyond = (groups: Iterable<readonly SourceId[]>): readonly SourceId[] => [
    ...new Set([...groups].flat()).difference(found),
  ];
  for (let open = beyond(direct.values()); open.length > 0; ) {
    const next = await holding(open);
    for (const id of open) found.set(id, next.get(id) ?? []);
    open = beyond(next.values());
  }
  return (id) => {
    const above = new Set(found.get(id));
    // What is added while a Set is visited is visited too.
    for (const each of above) for (const next of found.get(each) ?? []) above.add(next);
    return above;
  };
};

const oneOf = (refs: readonly Ref[]): ((member: Ref) => boolean) => {
  const ids = new Set(refs.map(({ id }) => id));
  return ({ id }) => ids.has(id);
};

/** Who of the members that these lists show is wanted. */
const joinedTo = async (
  lists: AsyncIterable<readonly (GroupMembers | FirstMembers)[]>,
  isWanted: (member: Ref) => boolean,
): Promise<readonly Joined[]> => {
  const joined: Joined[] = [];
  for await (const some of lists) joined.push(...joinedBy(some, isWanted));
  return joined;
};

/** A list that is not there tells of nobody. */
const joinedBy = (
  lists: readonly (GroupMembers | FirstMembers)[],
  isWanted: (member: Ref) => boolean,
): readonly Joined[] =>
  lists.flatMap(({ group: id, members }): readonly Joined[] => {
    const added = members?.filter(isWanted) ?? [];
    return added.length === 0 ? [] : [{ type: 'members', group: group(id), members: { added, removed: [] } }];
  });

/** Everybody in these groups. */
export const everyMemberOf = (
  client: GraphClient,
  groups: readonly SourceId[],
  signal: AbortSignal,
): Promise<readonly Joined[]> => joinedTo(membersOf(client, groups, signal), () => true);

/** Who is in groups that come back, for such a group tells of nobody, nor of who left it. `isBack`: those that were stored before. */
export const inReturned = async (
  client: GraphClient,
  known: Known,
  groups: readonly SourceId[],
  isBack: (group: SourceId) => boolean,
  signal: AbortSignal,
): Promise<readonly ObjectMessage[]> => {
  const lists: GroupMembers[] = [];
  for await (const some of membersOf(client, groups, signal)) lists.push(...some);
  const back = lists.filter((list) => isBack(list.group));
  return [...joinedBy(lists, () => true), ...(await leftWhileAway(client, known, back, signal))];
};

/**
 * Who is stored in these groups, which are back from the recycle bin, and is in them no more. A full read that came in between told nothing of them, and the
 * round that tells that they are back begins after it. That a list leaves somebody out is no proof: whoever it does not show is asked about. Where there is
 * no list at all, a replica has not heard yet that the group is back, and would say no of everybody: nobody is asked about, and the next full read tells.
 */
const leftWhileAway = async (
  client: GraphClient,
  known: Known,
  back: readonly GroupMembers[],
  signal: AbortSignal,
): Promise<readonly ObjectMessage[]> => {
  const left: ObjectMessage[] = [];
  for (const { group: of, members } of back) {
    if (members === null) continue;
    const listed = new Set(members.map(({ id }) => id));
    const unlisted: Ref[] = [];
    for await (const some of known.members(of)) unlisted.push(...some.filter(({ id }) => !listed.has(id)));
    if (unlisted.length === 0) continue;
    const asked = unlisted.slice(0, mostAsked);
    const said = await readMembership(client, of, asked, signal);
    const removed = asked.filter(({ id }) => said.get(id) === false);
    if (removed.length > 0) left.push({ type: 'members', group: group(of), members: { added: [], removed } });
  }
  return left;
};
/** Of one group: more than that is a list that shows next to nothing. The next full read finds the others. */
const mostAsked = 1_000;

/** Of whose manager this round has told. `isPartial`: what it told before it broke off is not known any more. */
export type ToldManagers = { readonly ids: ReadonlySet<SourceId>; readonly isPartial: boolean };

/**
 * Who reports to these and is stored without a manager. A list that is behind may still show who does not report to them any more: so it is not believed of
 * whom this round has told, and where that may be anybody, they are asked themselves.
 */
export const missedReports = async (
  client: GraphClient,
  known: Known,
  managers: readonly SourceId[],
  told: ToldManagers,
  signal: AbortSignal,
): Promise<readonly ObjectMessage[]> => {
  if (managers.length === 0) return [];
  const reports = await reportsTo(client, managers, signal);
  const stored = await known.withManager([...reports.keys()]);
  const missed = [...reports].filter(([id]) => !stored.has(id) && !told.ids.has(id));
  const said = told.isPartial
    ? await managersOf(
        client,
        missed.map(([id]) => id),
        signal,
      )
    : reports;
  return missed
    .filter(([id, manager]) => said.get(id) === manager)
    .map(([id, manager]) => ({ type: 'upsert', ref: user(id), attributes: { manager }, whole: false }));
};

const reportsTo = async (
  client: GraphClient,
  managers: readonly SourceId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceId, SourceId>> => {
  const questions = managers.map(
    (id) => ({ method: 'GET', at: `/users/${id}/directReports?$select=id&$top=999` }) as const,
  );
  const answers: SubAnswer[] = [];
  for await (const some of batches(client, questions, signal)) answers.push(...some);
  const reports = new Map<SourceId, SourceId>();
  for (const [index, manager] of managers.entries()) {
    const answer = answers[index];
    if (answer === undefined || isWithoutAnswer(answer)) continue;
    const list = await wholeList(client, answered(answer, listPageSchema, '/directReports'), signal);
    for (const report of list) if (memberOf(report)?.type === 'user') reports.set(sourceId(report.id), manager);
  }
  return reports;
};

const Above = z.object({ value: z.array(z.string()) });

/**
 * The groups that each of these is in, directly or through others. `getMemberGroups` is what the permissions that we need anyway are enough for;
 * `memberOf`, which would tell the direct ones, has none of them in its documentation.
 */
const groupsAbove = async (
  client: GraphClient,
  refs: readonly Ref[],
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceId, readonly SourceId[]>> => {
  const questions = refs.map(
    ({ type, id }) =>
      ({ method: 'POST', at: `/${type}s/${id}/getMemberGroups`, body: { securityEnabledOnly: false } }) as const,
  );
  const answers: SubAnswer[] = [];
  for await (const some of batches(client, questions, signal)) answers.push(...some);
  const above = new Map<SourceId, readonly SourceId[]>();
  for (const [index, { id }] of refs.entries()) {
    const answer = answers[index];
    if (answer !== undefined && !isWithoutAnswer(answer))
      above.set(id, answered(answer, Above, '/getMemberGroups').value.map(sourceId));
  }
  return above;
};

/** Gone since they were shown, which the next round tells; or in more than 11,000 groups, which Graph names to nobody. */
const isWithoutAnswer = (answer: SubAnswer): boolean =>
  !answer.ok && (answer.refusal.status === 404 || answer.refusal.codes.includes('directory_resultsizelimitexceeded'));
