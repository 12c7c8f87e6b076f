/** One resource by its id. That it is gone is believed only of a target that shows itself in the same moment, and says it twice. */

import type { RemoteId } from '../../model/ids.ts';
import type { ObjectType } from '../../model/source-object.ts';
import type { JsonObject } from '../../model/target-record.ts';
import { isAbsent } from './errors.ts';
import { assertShown } from './life.ts';
import { getRequest, getWholeRequest } from './requests.ts';
import type { Session } from './session.ts';

type Asked = { readonly type: ObjectType; readonly id: RemoteId };
type Options = { readonly whole?: boolean };

/** `whole` with a group's members; null when it is gone. Throws `TargetError`. */
export const readResource = async (
  session: Session,
  type: ObjectType,
  id: RemoteId,
  signal: AbortSignal,
  options: Options = {},
): Promise<JsonObject | null> => (await readAll(session, [{ type, id }], signal, options))[0] ?? null;

/** Those of them who are there. The target has to show itself once for all of them: after the last that was not there, and before each is asked for again. */
export const readAll = async (
  session: Session,
  all: readonly Asked[],
  signal: AbortSignal,
  { whole = false }: Options = {},
): Promise<readonly JsonObject[]> => {
  const { client, shown } = session;
  const { endpoints } = await session.profile(signal);
  const found: JsonObject[] = [];
  const read = async (some: readonly Asked[]): Promise<readonly Asked[]> => {
    const absent: Asked[] = [];
    for (const one of some) {
      const { type, id } = one;
      const request = whole ? getWholeRequest(endpoints[type], id) : getRequest(type, endpoints[type], id);
      const answer = await client.send(request, signal);
      if (isAbsent(answer)) {
        absent.push(one);
        continue;
      }
      found.push(client.objectIn(request, answer));
      shown.note(type, id);
    }
    return absent;
  };
  const absent = await read(all);
  for (const type of new Set(absent.map((one) => one.type))) await assertShown(session, type, signal);
  // Of two that answer in turn, one without its route, the one that has it may have shown itself.
  await read(absent);
  return found;
};
