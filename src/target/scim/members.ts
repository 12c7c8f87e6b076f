/**
 * Adds members to a group and removes them, in batches as large as the target takes. Its limit can be asked nowhere: a batch that is refused is
 * halved, and what the target took then is remembered.
 */

import type { TargetError } from '../../model/errors.ts';
import type { RemoteId } from '../../model/ids.ts';
import type { Member, Operation } from '../../model/operation.ts';
import type { JsonObject } from '../../model/target-record.ts';
import type { AskKnown, Refusal } from '../target.ts';
import { type Answer, scimTypeOf } from './errors.ts';
import { withField } from './json.ts';
import { memberIdOf, membersOf } from './member-list.ts';
import { afterWrite, notApplied, notShown } from './read-back.ts';
import { readResource } from './read-resource.ts';
import { memberOperations } from './requests.ts';
import type { Session } from './session.ts';
import { hasPatch, putMerged, sendPatch } from './update.ts';
import { assertMembersShown, assertReplaceable, isKnownToShow, membersHidden } from './whole-group.ts';

type Change = Extract<Operation, { action: 'add_members' | 'remove_members' }>;

/** Whom the target refused; all others are done. Throws `TargetError` rejected when it refuses all of them. */
export const changeMembers = async (
  session: Session,
  change: Change,
  known: AskKnown,
  signal: AbortSignal,
): Promise<readonly Refusal[]> => {
  const done = (await hasPatch(session, 'group', signal)) ? await patchMembers(session, change, signal) : 'unsupported';
  if (done === 'unsupported') {
    await putMembers(session, change, known, signal);
    return [];
  }
  if (done.doubt || session.settings.verify === 'always') {
    const refused = new Set(done.refused.map(({ member }) => member));
    const members = change.members.filter(({ remoteId }) => !refused.has(remoteId));
    await confirmMembers(session, { ...change, members }, done.page, signal);
  }
  return done.refused;
};

/** Of a target without PATCH a request carries the whole group, whoever changes in it. */
export const membersAtOnce = ({ settings, learned, knownProfile }: Session): number => {
  const patches =
    settings.update_mode === null
      ? (learned.patch.group ?? knownProfile()?.patch ?? true)
      : settings.update_mode === 'patch';
  return patches ? learned.membersPerRequest : Number.POSITIVE_INFINITY;
};

/** Members refused one by one before we say that it is the group that is refused. */
const mostRefused = 3;
/** Batches that are halved to find who is refused in them; after that a refused batch waits as a whole. */
const mostHalved = 50;
/** An answer longer than this repeats many members, which makes every batch as costly as the whole group. */
const longAnswerBytes = 64 * 1024;

/** `page`: an answer was a web page, which is nobody's word that anything was done. */
type Progress = { accepted: number; halved: number; readonly refused: Refusal[]; doubt: boolean; page: boolean };

const patchMembers = async (
  session: Session,
  change: Change,
  signal: AbortSignal,
): Promise<Readonly<Progress> | 'unsupported'> => {
  const progress: Progress = { accepted: 0, halved: 0, refused: [], doubt: false, page: false };
  for (let at = 0; at < change.members.length; ) {
    const batch = change.members.slice(at, at + session.learned.membersPerRequest);
    if ((await patchBatch(session, change, batch, progress, signal)) === 'unsupported') return 'unsupported';
    at += batch.length;
  }
  return progress;
};

/** All accepted, some refused, or no PATCH at all. */
const patchBatch = async (
  session: Session,
  change: Change,
  batch: readonly Member[],
  progress: Progress,
  signal: AbortSignal,
): Promise<'accepted' | 'refused' | 'unsupported'> => {
  const operations = memberOperations(change.action, batch);
  const patched = await sendPatch(session, 'group', change.remoteId, operations, signal);
  if (patched === 'unsupported') return patched;
  const { answer, refusal } = patched;
  if (refusal === null || isAlreadyRemoved(change, batch, answer)) {
    if (answer.bytes > longAnswerBytes) session.learned.quiet = true;
    progress.accepted += batch.length;
    progress.doubt ||= contradicts(answer, change, batch);
    progress.page ||= answer.body.kind === 'page';
    return 'accepted';
  }
  // 400 is what some answer to too many members, 413 and 422 others.
  if (![400, 413, 422].includes(answer.status)) throw refusal;
  if (batch.length > 1 && progress.halved < mostHalved)
    return await patchHalves(session, change, batch, progress, signal);
  progress.refused.push(...batch.map(({ remoteId }) => ({ member: remoteId, detail: refusal.message })));
  const isAll = progress.refused.length === change.members.length;
  if (isAll || (progress.accepted === 0 && progress.refused.length >= mostRefused)) throw refusal;
  return 'refused';
};

/** The limit is learned only when both halves go through: else a member is at fault, not the size. */
const patchHalves = async (
  session: Session,
  change: Change,
  batch: readonly Member[],
  progress: Progress,
  signal: AbortSignal,
): Promise<'accepted' | 'refused' | 'unsupported'> => {
  progress.halved += 1;
  const half = Math.ceil(batch.length / 2);
  const first = await patchBatch(session, change, batch.slice(0, half), progress, signal);
  if (first === 'unsupported') return first;
  const second = await patchBatch(session, change, batch.slice(half), progress, signal);
  if (first === 'refused' || second === 'refused') return 'refused';
  if (half < session.learned.membersPerRequest) {
    session.learned.membersPerRequest = half;
    session.world.log.info('target.members_per_request_learned', { members: half });
  }
  return 'accepted';
};

/** Removing who is no member is a success (RFC 7644 §3.5.2.2); strict servers say there is no such target. */
const isAlreadyRemoved = ({ action }: Change, batch: readonly Member[], answer: Answer): boolean =>
  action === 'remove_members' && batch.length === 1 && answer.status === 400 && scimTypeOf(answer) === 'noTarget';

/**
 * Reads the whole list and writes it back, which is safe only where the list can be read: so whoever joins must be seen in it afterwards. Whoever leaves is
 * looked for as after a PATCH.
 */
const putMembers = async (session: Session, change: Change, known: AskKnown, signal: AbortSignal): Promise<void> => {
  if (session.learned.memberReads.kind === 'hidden') throw membersHidden('of_any');
  const isTaking = change.action === 'remove_members';
  const assertSeen = async (shown: JsonObject, isWritten: boolean): Promise<void> => {
    // Whoever is not shown is not in it, as far as members are shown.
    if (isTaking) await assertMembersShown(session, { id: change.remoteId, shown }, signal);
    if (isWritten) await assertReplaceable(session, { id: change.remoteId, shown, known: await known(signal) }, signal);
  };
  const merge = (group: JsonObject): JsonObject => merged(group, change);
  const answer = await putMerged(session, { type: 'group', id: change.remoteId, merge, assertSeen }, signal);
  if (answer === 'nothing_to_do') return;
  const mayBelieve = isTaking && session.settings.verify !== 'always';
  if (mayBelieve && !contradicts(answer, change, change.members)) return;
  const group = await readWhole(session, change, signal);
  const isEmpty = membersOf(group).length === 0;
  if (!isEmpty) session.learned.memberReads = { kind: 'shown' };
  if (wrong(group, change.action, change.members).length === 0) return;
  if (!isEmpty) throw notAppliedTo(group, change);
  session.learned.memberReads = { kind: 'hidden' };
  throw membersHidden('of_any');
};

const merged = (group: JsonObject, change: Change): JsonObject => {
  const ids = new Set<string>(change.members.map(({ remoteId }) => remoteId));
  const current = membersOf(group);
  const there = new Set(current.map(memberIdOf));
  const next =
    change.action === 'add_members'
      ? [...current, ...[...ids].filter((id) => !there.has(id)).map((id) => ({ value: id }))]
      : current.filter((member) => !ids.has(memberIdOf(member) ?? ''));
  // The same list must stay the same value, so that nothing is written when nothing changes.
  return next.length === current.length ? group : withField(group, 'members', next);
};

/** An empty list proves nothing: some targets never show members (and Entra advises them to). */
const contradicts = ({ body }: Answer, change: Change, batch: readonly Member[]): boolean => {
  if (body.kind === 'page' || body.kind === 'unreadable') return true;
  return body.kind === 'json' && membersOf(body.json).length > 0 && wrong(body.json, change.action, batch).length > 0;
};

/** An empty list proves nothing, and so what was accepted is believed; a web page accepts nothing. */
const confirmMembers = async (session: Session, change: Change, page: boolean, signal: AbortSignal): Promise<void> => {
  const group = await readWhole(session, change, signal);
  const isEmpty = membersOf(group).length === 0;
  if (isEmpty && page && !isKnownToShow(session)) throw notApplied(['members: it answered with a web page']);
  const hidden = isEmpty && !page && session.settings.verify !== 'always';
  if (!hidden && wrong(group, change.action, change.members).length > 0) throw notAppliedTo(group, change);
};

const readWhole = async (session: Session, { remoteId }: Change, signal: AbortSignal): Promise<JsonObject> => {
  const group = await afterWrite(() => readResource(session, 'group', remoteId, signal, { whole: true }));
  if (group === null) throw notShown('group');
  return group;
};

const notAppliedTo = (group: JsonObject, { action, members }: Change): TargetError =>
  notApplied([`${wrong(group, action, members).length} of ${members.length} members`]);

/** Members that are not there, or still there. */
const wrong = (group: JsonObject, action: Change['action'], members: readonly Member[]): readonly RemoteId[] => {
  const there = new Set(membersOf(group).map(memberIdOf));
  return members.map(({ remoteId }) => remoteId).filter((id) => there.has(id) !== (action === 'add_members'));
};
