/**
 * Whether a change really happened. Targets are known to answer a success and do nothing, so an answer that contradicts what was asked is followed
 * by one look. What is held against the target is a value that is still what it was before, or may have been; a value it merely writes in its own way
 * (another case, a normalized telephone number) is accepted.
 */

import { alike } from '../../core/attributes.ts';
import { TargetError, type TargetFault } from '../../model/errors.ts';
import type { RemoteId } from '../../model/ids.ts';
import type { ValuesByPath } from '../../model/operation.ts';
import type { Attributes, ObjectType } from '../../model/source-object.ts';
import type { JsonObject } from '../../model/target-record.ts';
import type { Answer } from './errors.ts';
import { parsePath } from './paths.ts';
import { readResource } from './read-resource.ts';
import { valueAt } from './resource.ts';
import type { Session } from './session.ts';

export type Asked = {
  readonly type: ObjectType;
  readonly id: RemoteId;
  readonly attributes: Attributes;
  readonly before: Attributes;
  /** What it may hold in place of that, by path. */
  readonly mayHold: ValuesByPath;
};

/**
 * A look after a write that was accepted. When the target cannot be asked now, the write may have been done all the same: it is unknown, or taken
 * as it was answered.
 */
export const afterWrite = async <T>(look: () => Promise<T>, otherwise: 'unknown' | 'as answered' = 'unknown') => {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof TargetError) || !ofTheTarget.includes(error.fault)) throw error;
    if (otherwise === 'as answered') return null;
    throw new TargetError('unknown', `Whether it was done is open: ${error.message}`, {
      cause: error,
      retryAfterMs: error.retryAfterMs,
    });
  }
};

const ofTheTarget: readonly TargetFault[] = ['throttled', 'unavailable', 'unauthorized'];

/** Throws `TargetError` rejected `not_applied` when the target still holds what was there before. */
export const confirmUpdate = async (
  session: Session,
  asked: Asked,
  answer: Answer,
  signal: AbortSignal,
): Promise<void> => {
  const isDoubtful = leavesDoubt(session, asked, answer);
  if (!isDoubtful && !switchesOff(asked)) return;
  const unchanged = (resource: JsonObject): readonly string[] => unchangedPaths(resource, asked);
  const isYetToCome = (shown: JsonObject | null): boolean =>
    shown === null ? isDoubtful : unchanged(shown).some((path) => waitedFor.includes(path));
  const look = () => readWritten(session, asked.type, asked.id, signal, isYetToCome);
  const resource = await afterWrite(isDoubtful ? look : () => unlessRefused(look));
  if (resource === null && isDoubtful) throw notShown(asked.type);
  if (resource === null) return;
  const wrong = unchanged(resource);
  if (wrong.length > 0) throw notApplied(wrong);
};

/** Whoever left stays able to sign in where this is believed wrongly, and nobody looks again. So it is looked at whatever was answered. */
const switchesOff = ({ attributes }: Asked): boolean => attributes['active'] === false;

/** Some targets show nobody any more who is switched off, and some show no single account: then what was answered is all that there is. */
export const unlessRefused = async <T>(look: () => Promise<T>): Promise<T | null> => {
  try {
    return await look();
  } catch (error) {
    if (error instanceof TargetError && error.fault === 'rejected') return null;
    throw error;
  }
};

/**
 * Whether somebody can sign in must not be believed wrongly; nor whose account it is: one that was taken over, and is believed not to be, is nobody's when
 * its owner leaves.
 */
const waitedFor: readonly string[] = ['active', 'externalId'];

/** What was written a moment ago. A replica may not have it yet, so it is looked for some times; null when it is not shown. */
export const readWritten = async (
  session: Session,
  type: ObjectType,
  id: RemoteId,
  signal: AbortSignal,
  isYetToCome: (shown: JsonObject | null) => boolean = (shown) => shown === null,
): Promise<JsonObject | null> => {
  for (const waitMs of patienceMs) {
    const resource = await readResource(session, type, id, signal);
    if (!isYetToCome(resource)) return resource;
    await session.world.sleep(waitMs, signal);
  }
  return await readResource(session, type, id, signal);
};

const patienceMs = [1_000, 4_000, 10_000];

/** The paths at which a resource is still as before, and not as asked. */
const unchangedPaths = (
  resource: JsonObject,
  { attributes, before, mayHold }: Pick<Asked, 'attributes' | 'before' | 'mayHold'>,
): readonly string[] =>
  Object.keys(attributes).filter((text) => {
    const path = parsePath(text);
    if (path.attribute.toLowerCase() === 'password') return false; // Never returned (RFC 7643 §4.1.1).
    const now = valueAt(resource, path);
    const others = Object.hasOwn(mayHold, text) ? (mayHold[text] ?? []) : [];
    const isAsBefore = [before[text] ?? null, ...others].some((value) => alike(now, value));
    return isAsBefore && !alike(now, attributes[text] ?? null);
  });

export const goneMeanwhile = (type: ObjectType): TargetError =>
  new TargetError('gone', `The ${type} is not there any more.`, { code: 'gone_meanwhile' });

/** No proof that it is gone: it took the change a moment ago, and a replica may not know it yet. */
export const notShown = (type: ObjectType): TargetError =>
  new TargetError('rejected', `The target answered a success, and shows no such ${type} afterwards.`, {
    code: 'not_applied',
  });

export const notApplied = (paths: readonly string[]): TargetError =>
  new TargetError('rejected', `The target answered a success and did not change ${paths.join(', ')}.`, {
    code: 'not_applied',
  });

const leavesDoubt = ({ settings }: Session, asked: Asked, { body }: Answer): boolean => {
  if (settings.verify === 'always' || body.kind === 'page' || body.kind === 'unreadable') return true;
  return body.kind === 'json' && unchangedPaths(body.json, asked).length > 0;
};
