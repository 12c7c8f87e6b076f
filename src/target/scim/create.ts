/** Makes an account. The one request that must never be repeated blindly: a second one may make a second account. */

import { alike } from '../../core/attributes.ts';
import { type RemoteId, remoteId } from '../../model/ids.ts';
import type { Operation } from '../../model/operation.ts';
import type { JsonObject } from '../../model/target-record.ts';
import { type Answer, unreadable } from './errors.ts';
import { findObjects, idIn } from './find.ts';
import { parsePath } from './paths.ts';
import { afterWrite, notApplied, notShown, readWritten, unlessRefused } from './read-back.ts';
import { createRequest } from './requests.ts';
import { valueAt } from './resource.ts';
import type { Session } from './session.ts';

type Create = Extract<Operation, { action: 'create' }>;

export const create = async (session: Session, operation: Create, signal: AbortSignal): Promise<RemoteId> => {
  const { type } = operation.ref;
  const { endpoints } = await session.profile(signal);
  const request = createRequest(type, endpoints[type], operation.attributes);
  const answer = await session.client.succeed(request, signal);
  const created = answer.body.kind === 'json' ? answer.body.json : null;
  const id = (created === null ? null : idIn(created)) ?? idInLocation(answer, endpoints[type]);
  if (id !== null) session.shown.note(type, id);
  if (id === null) {
    const found = await unlessRefused(() => afterWrite(() => findCreated(session, operation, signal)));
    if (found === null) throw unreadable(request, answer);
    return found;
  }
  const said = created === null ? [] : strangeIdentity(created, operation);
  if (said.length > 0 || session.settings.verify === 'always')
    await confirmIdentity(session, operation, id, said, signal);
  return id;
};

/** Some answer 201 without the id, or with an empty body. `Location` names the new resource (RFC 7644 §3.3). */
const idInLocation = ({ location }: Answer, endpoint: string): RemoteId | null => {
  const path = location === null ? null : (URL.parse(location, 'https://target.invalid')?.pathname ?? null);
  const at = path?.lastIndexOf(`${endpoint}/`) ?? -1;
  const tail = path === null || at === -1 ? '' : path.slice(at + endpoint.length + 1);
  return tail === '' || tail.includes('/') ? null : remoteId(decoded(tail));
};

/** A stray percent sign is taken as it is. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const findCreated = async (session: Session, operation: Create, signal: AbortSignal): Promise<RemoteId | null> => {
  const externalId = operation.attributes['externalId'] ?? null;
  if (externalId === null) return null;
  const claimed = await findObjects(session, operation.ref.type, 'externalId', externalId, signal);
  const ours = claimed.filter(({ attributes }) => attributes['externalId'] === externalId);
  return ours.length === 1 ? (ours[0]?.remoteId ?? null) : null;
};

/**
 * The target may have handed us another account, or made none. Where it refuses to be asked, it is the look that is refused, and not the account: what it
 * answered is all that there is. `said`: what was strange in that.
 */
const confirmIdentity = async (
  session: Session,
  operation: Create,
  id: RemoteId,
  said: readonly string[],
  signal: AbortSignal,
): Promise<void> => {
  const { type } = operation.ref;
  const look = async () => ({ shown: await readWritten(session, type, id, signal) });
  const seen = await unlessRefused(() => afterWrite(look, said.length > 0 ? 'unknown' : 'as answered'));
  if (seen?.shown === null) throw notShown(type);
  const strange = seen === null ? said : strangeIdentity(seen.shown, operation);
  if (strange.length > 0) throw notApplied(strange);
};

const strangeIdentity = (resource: JsonObject, { ref, attributes }: Create): readonly string[] =>
  ['externalId', ref.type === 'user' ? 'userName' : 'displayName'].filter((text) => {
    const asked = attributes[text] ?? null;
    const now = valueAt(resource, parsePath(text));
    return asked !== null && now !== null && !alike(now, asked);
  });
