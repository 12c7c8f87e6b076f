/**
 * Whether a target that says 404 speaks of the object. A gateway without its route, a service that is being put in place and a wrong address say the same
 * of everybody, in JSON, in plain text or with nothing at all; and whoever takes that for true forgets accounts that work. So a 404 counts only where the
 * collection shows itself right after it.
 */

import { TargetError } from '../../model/errors.ts';
import type { ObjectType } from '../../model/source-object.ts';
import { isShown } from './collection.ts';
import { isAbsent, isScimError } from './errors.ts';
import { listRequest, nobodyRequest, type Request } from './requests.ts';
import type { Session } from './session.ts';

/**
 * Throws `TargetError`: `unavailable` (`all_not_found`) where nothing shows that the target holds anybody of this type; for groups alone, where users are
 * shown, `rejected` (`groups_not_found`), for that may be a target without groups that does not say so.
 */
export const assertShown = async (session: Session, type: ObjectType, signal: AbortSignal): Promise<void> => {
  if (await shows(session, type, signal)) return;
  // It may have said it of itself while it was as it is now.
  session.forgetProfile();
  const { endpoints } = await session.profile(signal);
  if (type === 'group' && (await shows(session, 'user', signal)))
    throw new TargetError(
      'rejected',
      `The target answers 404 to everything below ${endpoints.group}, so nothing is believed of its groups. Where it has none, "groups" has to be false.`,
      { code: 'groups_not_found' },
    );
  throw new TargetError(
    'unavailable',
    `The target answers 404 to everything below ${endpoints[type]}, so nobody is believed to be gone: is base_url right, and the target behind it?`,
    { code: 'all_not_found' },
  );
};

/**
 * The same of who is looked for and not found. A target that nobody is linked at yet may hold nobody, and there are some that answer every list of nobody
 * with 404: it is heard where it says so in the words of SCIM, and says of itself what it is in the same moment. Nobody can be forgotten by that.
 */
export const assertSearched = async (session: Session, type: ObjectType, signal: AbortSignal): Promise<void> => {
  try {
    await assertShown(session, type, signal);
  } catch (error) {
    const isUnproved = error instanceof TargetError && ['all_not_found', 'groups_not_found'].includes(error.code ?? '');
    if (!isUnproved || !(await saysThatItIsEmpty(session, type, signal))) throw error;
    session.learned.answersNobodyWith404[type] = true;
  }
};

const saysThatItIsEmpty = async (session: Session, type: ObjectType, signal: AbortSignal): Promise<boolean> => {
  const { client, shown, witnesses } = session;
  const isAnybodyKnown = shown.latest(type).length > 0 || (await witnesses(type)).length > 0;
  const { described, endpoints } = await session.profile(signal);
  if (isAnybodyKnown || !described) return false;
  const isNobody = async (request: Request): Promise<boolean> => {
    const answer = await client.send(request, signal);
    return isAbsent(answer) && isScimError(answer);
  };
  // Who answers so only for groups has none.
  return (
    (await isNobody(listRequest(type, endpoints[type], { startIndex: 1 }, 1))) &&
    (await isNobody(nobodyRequest('user', endpoints.user)))
  );
};

const shows = async (session: Session, type: ObjectType, signal: AbortSignal): Promise<boolean> =>
  await isShown(session, type, (await session.profile(signal)).endpoints[type], signal);
