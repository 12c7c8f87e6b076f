/**
 * A group that is replaced as a whole loses everybody who is not sent. Some targets show no member of any group (Entra advises them to), and some cut a long
 * list: what is read there, changed and put back takes everybody away who was not shown. So a group is replaced only where what was read right before shows
 * everybody we know to be in it.
 */

import { TargetError } from '../../model/errors.ts';
import type { RemoteId } from '../../model/ids.ts';
import type { JsonObject } from '../../model/target-record.ts';
import type { KnownMembers } from '../target.ts';
import { idIn } from './find.ts';
import { field, isList, isObject } from './json.ts';
import { memberIds } from './member-list.ts';
import { readResource } from './read-resource.ts';
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
  // Whose account is gone is in no group any more.
  for (const { ref, remoteId } of missing)
    if ((await readResource(session, ref.type, remoteId, signal)) !== null) throw membersHidden(missing.length);
  // Of one that we made, and put nobody into, whoever may be in it was put there by us, and is put there again.
  if (!known.isOurs) await assertMembersShown(session, replaced, signal);
};

/** An empty list says something only of a target that shows members at all. */
export const assertMembersShown = async (
  session: Session,
  { id, shown }: Pick<Replaced, 'id' | 'shown'>,
  signal: AbortSignal,
): Promise<void> => {
  if (memberIds(shown).size > 0) session.learned.membersShown = true;
  if (session.learned.membersShown || (await showsMembersOfOthers(session, id, signal))) return;
  throw membersHidden(null);
};

const mostLooked = 20;
const mostOthers = 10;

const showsMembersOfOthers = async (session: Session, id: RemoteId, signal: AbortSignal): Promise<boolean> => {
  const { endpoints } = await session.profile(signal);
  const request = listRequest('group', endpoints.group, { startIndex: 1 }, mostOthers + 1);
  const answer = await session.client.send(request, signal);
  const others = idsIn(answer.body.kind === 'json' ? answer.body.json : {}).filter((other) => other !== id);
  for (const other of others.slice(0, mostOthers)) {
    const group = await readResource(session, 'group', other, signal, { whole: true });
    if (group === null || memberIds(group).size === 0) continue;
    session.learned.membersShown = true;
    return true;
  }
  return false;
};

const idsIn = (list: JsonObject): readonly RemoteId[] => {
  const resources = field(list, 'Resources');
  return isList(resources) ? resources.flatMap((one) => (isObject(one) ? (idIn(one) ?? []) : [])) : [];
};

export const membersHidden = (missing: number | null): TargetError =>
  new TargetError(
    'rejected',
    missing === null
      ? 'The target replaces a group as a whole and does not show the members of any, so nothing of it can be changed safely.'
      : `The target replaces a group as a whole, and of those who are in it does not show ${missing}, who would be taken out. Where somebody took them out there, reconcile the target.`,
    { code: 'members_hidden' },
  );
