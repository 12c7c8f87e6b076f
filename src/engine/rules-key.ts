/** What decides what is written, and where, as short texts: another text means another plan, or another system. */

import { createHash } from 'node:crypto';
import { rulesBeyond } from '../core/unreadable-rules.ts';
import type { Connection } from '../model/connection.ts';
import type { Json, TargetRecord } from '../model/target-record.ts';

export type Ruled = Pick<TargetRecord, 'mapping' | 'matching' | 'deprovision' | 'leftGroups'>;

/** An attribute that is mapped and may not be read has no value for anybody, which is a rule, too. Where all may be, nothing is said of it. */
export const rulesKey = (
  { mapping, matching, deprovision, leftGroups }: Ruled,
  { attributes }: Pick<Connection, 'attributes'>,
): string => {
  const beyond = rulesBeyond(attributes, { mapping });
  const unread = (['user', 'group'] as const).map((type) =>
    [...new Set(beyond.flatMap((rule) => (rule.type === type ? [rule.attribute] : [])))].toSorted(),
  );
  // What leaves groups alone reads as it did before there was a choice, so that nobody has to look at a plan for that.
  const rules = digest([mapping, matching, deprovision, ...(leftGroups === 'leave' ? [] : [leftGroups])]);
  return unread.every((paths) => paths.length === 0) ? rules : `${rules}.${digest(unread)}`;
};

/** Who is protected decides what a plan holds. */
export const protectionKey = ({ protected: protection }: Protected): string => digest(protection);
export type Protected = Pick<TargetRecord, 'protected'>;

/**
 * Which system is written to: the adapter, what is set for it, and the how-many-eth credentials. Never a secret, nor anything made from one. Which settings
 * only say how fast is the adapter's business, so all count: a change in vain costs one look.
 */
export const reachKey = ({
  kind,
  settings,
  credentialVersion,
}: Pick<TargetRecord, 'kind' | 'settings' | 'credentialVersion'>): string =>
  `${digest([kind, settings])}.${credentialVersion}`;

const digest = (value: object): string => createHash('sha256').update(textOf(value)).digest('base64url');

const texts = new WeakMap<object, string>();

/** Of a list, put together of those of its parts: a record, which nobody changes, is asked for its keys several times in a turn. */
const textOf = (value: object | string): string => {
  if (typeof value === 'string') return JSON.stringify(value);
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = isParts(value) ? `[${value.map(textOf).join(',')}]` : canonical(value);
  texts.set(value, text);
  return text;
};

const isParts = (value: object): value is readonly (object | string)[] =>
  Array.isArray(value) &&
  value.every((part) => typeof part === 'string' || (typeof part === 'object' && part !== null));

/** The same text whatever the order of the fields, which a database need not keep. */
const canonical = (value: object): string =>
  JSON.stringify(value, (_key, inner: Json) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
