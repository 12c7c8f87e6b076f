/**
 * Whether a change really happened. Targets are known to answer a success and do nothing, so an answer that contradicts what was asked is followed
 * by one look. What is held against the target is a value that is still what it was before; a value it merely writes in its own way
 * (another case, a normalized telephone number) is accepted.
 */

import { TargetError } from '../../model/errors.ts';
import type { RemoteId } from '../../model/ids.ts';
import type { Attributes, ObjectType, Value } from '../../model/source-object.ts';
import type { JsonObject } from '../../model/target-record.ts';
import type { Answer } from './errors.ts';
import { parsePath } from './paths.ts';
import { valueAt } from './resource.ts';
import { readResource, type Session } from './session.ts';

export type Asked = {
  readonly type: ObjectType;
  readonly id: RemoteId;
  readonly attributes: Attributes;
  readonly before: Attributes;
};

/** Throws `TargetError` rejected `not_applied` when the target still holds what was there before. */
export const confirmUpdate = async (
  session: Session,
  asked: Asked,
  answer: Answer,
  signal: AbortSignal,
): Promise<void> => {
  if (!leavesDoubt(session, asked, answer)) return;
  const resource = await readResource(session, asked.type, asked.id, signal);
  if (resource === null) throw goneMeanwhile(asked.type);
  const unchanged = unchangedPaths(resource, asked);
  if (unchanged.length > 0) throw notApplied(unchanged);
};

/** The paths at which a resource is still as before, and not as asked. */
const unchangedPaths = (
  resource: JsonObject,
  { attributes, before }: Pick<Asked, 'attributes' | 'before'>,
): readonly string[] =>
  Object.keys(attributes).filter((text) => {
    const path = parsePath(text);
    if (path.attribute.toLowerCase() === 'password') return false; // Never returned (RFC 7643 §4.1.1).
    const now = valueAt(resource, path);
    return !alike(now, attributes[text] ?? null) && alike(now, before[text] ?? null);
  });

export const goneMeanwhile = (type: ObjectType): TargetError =>
  new TargetError('gone', `The ${type} is not there any more.`, { code: 'gone_meanwhile' });

export const notApplied = (paths: readonly string[]): TargetError =>
  new TargetError('rejected', `The target answered a success and did not change ${paths.join(', ')}.`, {
    code: 'not_applied',
  });

/** Equal up to how targets are known to rewrite values: case, white space, Unicode form, order. */
export const alike = (a: Value, b: Value): boolean => normal(a) === normal(b);

const leavesDoubt = ({ settings }: Session, asked: Asked, { body }: Answer): boolean => {
  if (settings.verify === 'always' || body.kind === 'page' || body.kind === 'unreadable') return true;
  return body.kind === 'json' && unchangedPaths(body.json, asked).length > 0;
};

const normal = (value: Value): string => {
  if (value === null || (Array.isArray(value) && value.length === 0)) return 'unassigned';
  const texts = (Array.isArray(value) ? value : [value]).map((each) =>
    String(each).normalize('NFC').trim().toLowerCase(),
  );
  return JSON.stringify(texts.toSorted());
};
