/** Changes attributes of one account: by PATCH, or by reading, merging and PUT where the target has no PATCH. */

import { isDeepStrictEqual } from 'node:util';
import type { TargetError } from '../../model/errors.ts';
import type { RemoteId } from '../../model/ids.ts';
import type { Attributes, ObjectType } from '../../model/source-object.ts';
import type { JsonObject } from '../../model/target-record.ts';
import type { AskKnown } from '../target.ts';
import { type Answer, isSuccess } from './errors.ts';
import { field, isObject, withField } from './json.ts';
import { operationsFrom, operationsOn, operationsUnseen, operationsWithoutValuePaths } from './patch.ts';
import { parsePath } from './paths.ts';
import { type Asked, confirmUpdate, goneMeanwhile, unlessRefused } from './read-back.ts';
import { readResource } from './read-resource.ts';
import { isOld } from './recent-writes.ts';
import { getWholeRequest, type PatchOperation, patchRequest, putRequest } from './requests.ts';
import { assign, valueAt, withSchemas } from './resource.ts';
import type { Session } from './session.ts';
import { assertReplaceable } from './whole-group.ts';

export const update = async (session: Session, asked: Asked, known: AskKnown, signal: AbortSignal): Promise<void> => {
  if (await hasPatch(session, asked.type, signal)) {
    const sent = await patchAttributes(session, asked, signal);
    if (sent === 'nothing_to_do') return;
    if (sent !== 'unsupported') return await confirmUpdate(session, sent.asked, sent.answer, signal);
  }
  const merge = (resource: JsonObject): JsonObject =>
    Object.entries(asked.attributes).reduce((into, [text, value]) => assign(into, parsePath(text), value), resource);
  const { type, id } = asked;
  let seen = asked;
  const assertSeen = async (shown: JsonObject, isWritten: boolean): Promise<void> => {
    seen = asShown(asked, shown);
    if (type === 'group' && isWritten)
      await assertReplaceable(session, { id, shown, known: await known(signal) }, signal);
  };
  const answer = await putMerged(session, { type, id, merge, assertSeen }, signal);
  if (answer !== 'nothing_to_do') await confirmUpdate(session, seen, answer, signal);
};

/** What was there before, where that was not known. */
const asShown = (asked: Asked, shown: JsonObject): Asked => ({
  ...asked,
  before: Object.fromEntries(
    Object.keys(asked.attributes).map((text) => [text, asked.before[text] ?? valueAt(shown, parsePath(text))]),
  ),
});

/** What the settings say, else what requests taught, else what the target says of itself. */
export const hasPatch = async (session: Session, type: ObjectType, signal: AbortSignal): Promise<boolean> => {
  const { settings, learned } = session;
  if (settings.update_mode !== null) return settings.update_mode === 'patch';
  return learned.patch[type] ?? (await session.profile(signal)).patch;
};

/** The answer of a PATCH that exists; `refusal`: what it means, unless it is a success. */
export type Patched = { readonly answer: Answer; readonly refusal: TargetError | null };

/**
 * Sends a PATCH and learns whether there is such a thing. Without PATCH a target answers 405 or 501, and some 404, which may also mean that the account is
 * gone, or be of a server that is behind: so it counts only where the object is shown between two of them.
 */
export const sendPatch = async (
  session: Session,
  type: ObjectType,
  id: RemoteId,
  operations: readonly PatchOperation[],
  signal: AbortSignal,
): Promise<Patched | 'unsupported'> => {
  const { client, learned, settings } = session;
  const { endpoints } = await session.profile(signal);
  const request = patchRequest(endpoints[type], id, operations, type === 'group' && learned.quiet);
  const first = await client.send(request, signal);
  const mayLackPatch = isNowhere(first) && settings.update_mode !== 'patch' && learned.patch[type] === null;
  const isShown = mayLackPatch && (await readResource(session, type, id, signal)) !== null;
  const answer = isShown ? await client.send(request, signal) : first;
  if (isSuccess(answer)) learned.patch[type] = true;
  const patched = { answer, refusal: isSuccess(answer) ? null : client.refusal(request, answer) };
  if (settings.update_mode === 'patch' || patched.refusal === null) return patched;
  const isUnsupported = answer.status === 405 || answer.status === 501 || (isShown && isNowhere(answer));
  if (!isUnsupported) return patched;
  learned.patch[type] = false;
  session.world.log.info('target.patch_unsupported', { type, status: answer.status });
  return 'unsupported';
};

/** With whatever body: the framework of a target without PATCH has a page for it. */
const isNowhere = ({ status }: Answer): boolean => status === 404 || status === 410;

/** `assertSeen`: throws where what was read does not show enough to be put back. */
export type Replacing = {
  readonly type: ObjectType;
  readonly id: RemoteId;
  readonly merge: (resource: JsonObject) => JsonObject;
  readonly assertSeen: (resource: JsonObject, isWritten: boolean) => Promise<void>;
};

/**
 * Reads, merges and replaces; with the version it read, where the target knows versions, and anew when somebody was faster. What we ourselves replaced a
 * moment ago has to be in what is read.
 */
export const putMerged = async (
  session: Session,
  { type, id, merge, assertSeen }: Replacing,
  signal: AbortSignal,
): Promise<Answer | 'nothing_to_do'> => {
  const { client, recent } = session;
  const { endpoints, versions } = await session.profile(signal);
  const get = getWholeRequest(endpoints[type], id);
  const look = async (): Promise<{ readonly read: Answer; readonly resource: JsonObject }> => {
    const read = await client.send(get, signal);
    return { read, resource: client.objectIn(get, read) };
  };
  for (let attempt = 1; ; attempt += 1) {
    const { read, resource } = await recent.settled(id, look, signal);
    const merged = merge(resource);
    const isWritten = !isDeepStrictEqual(merged, resource);
    await assertSeen(resource, isWritten);
    if (!isWritten) return 'nothing_to_do';
    const version = versions ? versionOf(resource, read) : null;
    const put = putRequest(endpoints[type], id, withSchemas(type, withField(merged, 'meta', null)), version);
    const answer = await client.send(put, signal);
    if (isSuccess(answer)) {
      const replacement = { before: resource, after: merged };
      // What the target itself shows as it was before, it did not take, and will not show.
      if (answer.body.kind !== 'json' || !isOld(replacement, answer.body.json)) recent.note(id, replacement);
      return answer;
    }
    if (answer.status !== 412 || attempt >= mostConflicts) throw client.refusal(put, answer);
  }
};

const mostConflicts = 3;

type Attempt = Patched | 'unsupported' | 'nothing_to_do';
type Sent = { readonly answer: Answer; readonly asked: Asked } | 'unsupported' | 'nothing_to_do';

/** By what we know; if that is not enough or refused, by what is there now; and if that is refused too, without value paths. */
const patchAttributes = async (session: Session, asked: Asked, signal: AbortSignal): Promise<Sent> => {
  const { type, id, attributes, before } = asked;
  const attempt = async (operations: readonly PatchOperation[]): Promise<Attempt> =>
    operations.length === 0 ? 'nothing_to_do' : await sendPatch(session, type, id, operations, signal);
  const known = operationsFrom(before, attributes);
  const first = known === 'look' ? null : await attempt(known);
  if (first !== null && !mayGoAnotherWay(first, attributes)) return settled(first, asked);
  const unseen = first === null ? operationsUnseen(before, attributes) : null;
  const look = () => readResource(session, type, id, signal);
  const resource = await (unseen === null ? look() : unlessRefused(look));
  if (resource === null) {
    if (unseen === null) throw goneMeanwhile(type);
    const [whole, plain] = unseen;
    const blind = await attempt(whole);
    return settled(mayGoAnotherWay(blind, attributes) ? await attempt(plain) : blind, asked);
  }
  const seen = asShown(asked, resource);
  const exact = operationsOn(resource, attributes);
  const second = first !== null && isDeepStrictEqual(exact, known) ? first : await attempt(exact);
  if (!mayGoAnotherWay(second, attributes)) return settled(second, seen);
  return settled(await attempt(operationsWithoutValuePaths(resource, attributes)), seen);
};

/** A value path may point to what is no longer there, or be more than the target understands. */
const mayGoAnotherWay = (attempt: Attempt, attributes: Attributes): boolean =>
  typeof attempt === 'object' &&
  attempt.answer.status === 400 &&
  Object.keys(attributes).some((text) => parsePath(text).filter !== null);

const settled = (attempt: Attempt, asked: Asked): Sent => {
  if (typeof attempt === 'string') return attempt;
  if (attempt.refusal !== null) throw attempt.refusal;
  return { answer: attempt.answer, asked };
};

/** An ETag is a SCIM version only if the resource says the same in `meta.version`; some web frameworks send one of their own. */
const versionOf = (resource: JsonObject, { etag }: Answer): string | null => {
  const meta = field(resource, 'meta');
  return etag !== null && isObject(meta) && field(meta, 'version') === etag ? etag : null;
};
