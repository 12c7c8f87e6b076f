/** One resource by its id. That it is gone is believed only of a target that shows itself in the same moment, and says it twice. */

import type { RemoteId } from '../../model/ids.ts';
import type { ObjectType } from '../../model/source-object.ts';
import type { JsonObject } from '../../model/target-record.ts';
import { isAbsent } from './errors.ts';
import { assertShown } from './life.ts';
import { getRequest, getWholeRequest } from './requests.ts';
import type { Session } from './session.ts';

/** `whole` with a group's members; null when it is gone. Throws `TargetError`. */
export const readResource = async (
  session: Session,
  type: ObjectType,
  id: RemoteId,
  signal: AbortSignal,
  options: { readonly whole?: boolean } = {},
): Promise<JsonObject | null> => {
  const { client, shown } = session;
  const { endpoints } = await session.profile(signal);
  const request = options.whole === true ? getWholeRequest(endpoints[type], id) : getRequest(type, endpoints[type], id);
  let answer = await client.send(request, signal);
  if (isAbsent(answer)) {
    await assertShown(session, type, signal);
    // Of two that answer in turn, one without its route, the one that has it may have shown itself.
    answer = await client.send(request, signal);
    if (isAbsent(answer)) return null;
  }
  const resource = client.objectIn(request, answer);
  shown.note(type, id);
  return resource;
};
