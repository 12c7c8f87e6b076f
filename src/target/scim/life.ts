/**
 * Whether a target that says 404 speaks of the object. A gateway without its route, a service that is being put in place and a wrong address say the same
 * of everybody, in JSON, in plain text or with nothing at all; and whoever takes that for true forgets accounts that work. So a 404 counts only where the
 * collection shows itself right after it.
 */

import { TargetError } from '../../model/errors.ts';
import type { ObjectType } from '../../model/source-object.ts';
import { type Answer, isAbsent, isScimError, isScimList, isSuccess, unreadable } from './errors.ts';
import { field } from './json.ts';
import { getRequest, listRequest, nobodyRequest, type Request } from './requests.ts';
import type { Session } from './session.ts';

/**
 * Throws `TargetError`: `unavailable` (`absence_unproved`) where nothing shows that the target holds anybody of this type; for groups alone, where users are
 * shown, `rejected` (`groups_not_found`), for that may be a target without groups that does not say so.
 */
export const assertShown = async (session: Session, type: ObjectType, signal: AbortSignal): Promise<void> => {
  if (await isShown(session, type, signal)) return;
  // It may have said it of itself while it was as it is now.
  session.forgetProfile();
  const { endpoints } = await session.profile(signal);
  if (type === 'group' && (await isShown(session, 'user', signal)))
    throw new TargetError(
      'rejected',
      `The target answers 404 to everything below ${endpoints.group}, so nothing is believed of its groups. Where it has none, "groups" has to be false.`,
      { code: 'groups_not_found' },
    );
  throw new TargetError(
    'unavailable',
    `The target answers 404 to everything below ${endpoints[type]}, so nobody is believed to be gone: is base_url right, and the target behind it?`,
    { code: 'absence_unproved' },
  );
};

/** A list, of nobody too, as SCIM has it; a refusal of the list in SCIM's words; or somebody whom it has shown before. No gateway says any of them. */
const isShown = async (session: Session, type: ObjectType, signal: AbortSignal): Promise<boolean> => {
  const { endpoints } = await session.profile(signal);
  const { answersNobodyWith404 } = session.learned;
  const asked = async (request: Request): Promise<Answer> => {
    const answer = await session.client.send(request, signal);
    if (isAnswer(answer)) return answer;
    throw isSuccess(answer) ? unreadable(request, answer) : session.client.refusal(request, answer);
  };
  if (!answersNobodyWith404[type]) {
    if (isOfCollection(await asked(nobodyRequest(type, endpoints[type])))) return true;
  }
  if (isOfCollection(await asked(listRequest(type, endpoints[type], { startIndex: 1 }, 1)))) {
    answersNobodyWith404[type] = true;
    return true;
  }
  for (const id of session.shown.latest(type)) {
    const answer = await asked(getRequest(type, endpoints[type], id));
    if (isSuccess(answer) && answer.body.kind === 'json' && String(field(answer.body.json, 'id')) === id) return true;
  }
  return false;
};

const isOfCollection = (answer: Answer): boolean =>
  isSuccess(answer) ? isScimList(answer) : !isAbsent(answer) && isScimError(answer);

/** Anything else is no word about the collection: it asks to wait, it is out of order, or it does not take the token. */
const isAnswer = (answer: Answer): boolean =>
  answer.body.kind !== 'page' &&
  answer.retryAfterMs === null &&
  (isSuccess(answer) || [400, 403, 404, 405, 410, 413, 422, 501].includes(answer.status));
