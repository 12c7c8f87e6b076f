/**
 * A group that is replaced as a whole loses everybody who is not sent. Some targets show no member of any group (Entra advises them to), and some cut a long
 * list: what is read there, changed and put back takes everybody away who was not shown. So a group is replaced only where what was read right before shows
 * everybody we know to be in it.
 */

import { TargetError } from '../../model/errors.ts';
import type { RemoteId } from '../../model/ids.ts';
import type { JsonObject } from '../../model/target-record.ts';
import type { KnownMembers } from '../target.ts';
import { isSuccess } from './errors.ts';
import { idIn } from './find.ts';
import { field, isList, isObject } from './json.ts';
import { memberIds } from './member-list.ts';
import { readAll, readResource } from './read-resource.ts';
import { listRequest } from './requests.ts';
import type { Session } from './session.ts';

/** `shown`: the whole group, as it was read right before. */
export type Replaced = { readonly id: RemoteId; readonly shown: JsonObject; readonly known: KnownMembers };

/** Throws `TargetError` rejected `members_hidden`. */
export const assertReplaceable = async (session: Session, replaced: Replaced, signal: AbortSignal): Promise<void> => {
  const { shown, known } = replaced;
  const there = memberIds(shown);
  const missing = known.members.filter(({ remoteId }) => !there.has(remoteId));
  if (missing.length > mostLooked) throw membersHidden(missing.length);
  // Whose account is gone is in no group any more, and some targets do not show in it who is switched off.
  const found = await readAll(
    session,
    missing.map(({ ref, remoteId }) => ({ type: ref.type, id: remoteId })),
    signal,
  );
  if (found.some((one) => field(one, 'active') !== false)) throw membersHidden(missing.length);
  // Of one that we made, and put nobody into, whoever may be in it was put there by us, and is put there again.
  if (!known.isOurs || found.length > 0) await assertMembersShown(session, replaced, signal);
};

/** An empty list says something only of a target that shows members at all. */
export const assertMembersShown = async (
  session: Session,
  { id, shown }: Pick<Replaced, 'id' | 'shown'>,
  signal: AbortSignal,
): Promise<void> => {
  if (memberIds(shown).size > 0) session.learned.memberReads = { kind: 'shown' };
  if (isKnownToShow(session) || (await showsMembersOfOthers(session, id, signal))) return;
  throw membersHidden('of_any');
};

/** Whether the target shows members at all: it is known to, or one of these groups shows some. */
export const showsMembers = async (
  session: Session,
  groups: readonly RemoteId[],
  signal: AbortSignal,
): Promise<boolean> => {
  if (isKnownToShow(session)) return true;
  for (const group of groups) {
    if (!(await showsMembersOf(session, group, signal))) continue;
    session.learned.memberReads = { kind: 'shown' };
    return true;
  }
  return false;
};

export const isKnownToShow = ({ learned, settings }: Session): boolean =>
  learned.memberReads.kind === 'shown' || settings.shows_members === true;

const showsMembersOf = async (session: Session, group: RemoteId, signal: AbortSignal): Promise<boolean> => {
  try {
    const shown = await readResource(session, 'group', group, signal, { whole: true });
    return shown !== null && memberIds(shown).size > 0;
  } catch (error) {
    // That this one cannot be read says nothing of the others.
    if (error instanceof TargetError && error.fault === 'rejected') return false;
    throw error;
  }
};

const mostLooked = 20;
const mostOthers = 10;
/** For so long nobody is looked for again in the groups of a target that showed nobody in any. */
const noneFoundMs = 5 * 60_000;

const showsMembersOfOthers = async (session: Session, id: RemoteId, signal: AbortSignal): Promise<boolean> => {
  const { learned, world } = session;
  const before = learned.memberReads;
  if (before.kind === 'none_found' && world.now().getTime() - before.at.getTime() < noneFoundMs) return false;
  const { endpoints } = await session.profile(signal);
  const request = listRequest('group', endpoints.group, { startIndex: 1 }, mostOthers + 1);
  const answer = await session.client.send(request, signal);
  const others = idsIn(answer.body.kind === 'json' ? answer.body.json : {}).filter((other) => other !== id);
  if (await showsMembers(session, others.slice(0, mostOthers), signal)) return true;
  // A list that was refused says nothing of what is in the groups.
  if (isSuccess(answer) && learned.memberReads.kind !== 'hidden')
    learned.memberReads = { kind: 'none_found', at: world.now() };
  return false;
};

const idsIn = (list: JsonObject): readonly RemoteId[] => {
  const resources = field(list, 'Resources');
  return isList(resources) ? resources.flatMap((one) => (isObject(one) ? (idIn(one) ?? []) : [])) : [];
};

/** `of_any`: no group of the target shows a member; else how many are missing in this one. */
export const membersHidden = (missing: number | 'of_any'): TargetError =>
  new TargetError(
    'rejected',
    missing === 'of_any'
      ? 'The target replaces a group as a whole, and no group was seen to show a member: whoever may be in this one would be taken out. Where it does show members, set shows_members.'
      : `The target replaces a group as a whole, and of those who are in it does not show ${missing}, who would be taken out. Where somebody took them out there, reconcile the target.`,
    { code: 'members_hidden' },
  );
