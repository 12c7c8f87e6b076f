/** Whether a collection shows itself: the one look by which a target is told from a gateway without its route, which says 404 of everybody. */

import type { RemoteId } from '../../model/ids.ts';
import type { ObjectType } from '../../model/source-object.ts';
import type { Witnesses } from '../target.ts';
import type { Client } from './client.ts';
import { type Answer, isAbsent, isScimError, isScimList, isSuccess, unreadable } from './errors.ts';
import { field } from './json.ts';
import { getRequest, listRequest, nobodyRequest, type Request } from './requests.ts';

export type Collection = {
  readonly client: Client;
  readonly learned: { readonly answersNobodyWith404: Record<ObjectType, boolean> };
  readonly shown: Shown;
  /** Whom else it may be asked for, where it has shown nobody yet. */
  readonly witnesses: Witnesses;
};

/** Whom the target has shown: who they are says that it is there. */
export type Shown = {
  note(type: ObjectType, id: RemoteId): void;
  /** A few, the latest first. */
  latest(type: ObjectType): readonly RemoteId[];
};

/**
 * A list, of nobody too, as SCIM has it; a refusal of the list in SCIM's words; or somebody whom it has shown before, or who is linked. No gateway says any
 * of them. Throws `TargetError` where it answers neither way: it is out of order, asks to wait, or does not take the token.
 */
export const isShown = async (
  { client, learned, shown, witnesses }: Collection,
  type: ObjectType,
  endpoint: string,
  signal: AbortSignal,
): Promise<boolean> => {
  const { answersNobodyWith404 } = learned;
  const asked = async (request: Request): Promise<Answer> => {
    const answer = await client.send(request, signal);
    if (isAnswer(answer)) return answer;
    throw isSuccess(answer) ? unreadable(request, answer) : client.refusal(request, answer);
  };
  if (!answersNobodyWith404[type]) {
    if (isOfCollection(await asked(nobodyRequest(type, endpoint)))) return true;
  }
  if (isOfCollection(await asked(listRequest(type, endpoint, { startIndex: 1 }, 1)))) {
    answersNobodyWith404[type] = true;
    return true;
  }
  const known = shown.latest(type);
  const shows = async (id: RemoteId): Promise<boolean> => {
    const answer = await asked(getRequest(type, endpoint, id));
    return isSuccess(answer) && answer.body.kind === 'json' && String(field(answer.body.json, 'id')) === id;
  };
  for (const id of known) if (await shows(id)) return true;
  for (const id of (await witnesses(type)).filter((one) => !known.includes(one)).slice(0, mostWitnesses)) {
    if (!(await shows(id))) continue;
    shown.note(type, id);
    return true;
  }
  return false;
};

/** Some of them may be gone, or switched off where the target shows nobody who is. */
const mostWitnesses = 10;

const isOfCollection = (answer: Answer): boolean =>
  isSuccess(answer) ? isScimList(answer) : !isAbsent(answer) && isScimError(answer);

/** Anything else is no word about the collection: it asks to wait, it is out of order, or it does not take the token. */
const isAnswer = (answer: Answer): boolean =>
  answer.body.kind !== 'page' &&
  answer.retryAfterMs === null &&
  (isSuccess(answer) || [400, 403, 404, 405, 410, 413, 422, 501].includes(answer.status));
