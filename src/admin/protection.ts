/** What a person means by a protection: names as the source spells them, and what of it protects nobody yet. */

import { attributesNeeded, isName } from '../core/read-attributes.ts';
import { attributeNamed, nearestAttributes, typesWith } from '../core/source-attributes.ts';
import type { Connection } from '../model/connection.ts';
import { remoteId, sourceId } from '../model/ids.ts';
import { group, user } from '../model/source-object.ts';
import type { Protection, TargetRecord } from '../model/target-record.ts';
import type { Within } from './reached.ts';
import { type Issue, Refused } from './refused.ts';
import type { StoresWithin } from './stores-within.ts';

export const protectionWarningCodes = ['id_unknown', 'attribute_unread', 'group_unread'] as const;
/** Something that is protected by, and does not protect as it says, or not yet. */
export type ProtectionWarning = {
  readonly code: (typeof protectionWarningCodes)[number];
  /** The id, the attribute or the group. */
  readonly of: string;
  readonly message: string;
};

/** So many people with one name are more than one person can mean. */
const mostOfOneName = 20;

/**
 * Attributes as the source spells them. A name is kept, and the ids of whoever has it now stand beside it: should the name change, they stay protected.
 * Throws `Refused`, naming each attribute that nobody knows.
 */
export const meantProtection = async (
  stores: Pick<StoresWithin, 'snapshots'>,
  { id, attributes: read }: Pick<Within<Connection>, 'id' | 'attributes'>,
  given: Protection,
): Promise<Protection> => {
  const issues: Issue[] = [];
  const attributes = given.attributes.map(({ attribute, value }, nth) => {
    const name = attributeNamed(attribute, read.user);
    if (name === null)
      issues.push({
        pointer: `/protected/attributes/${nth}/attribute`,
        detail: `"${attribute}" is no attribute of users or groups that is known. The nearest are: ${nearestAttributes(attribute).join(', ')}.`,
      });
    return { attribute: name ?? attribute, value };
  });
  if (issues.length > 0)
    throw new Refused('unknown_attribute', 'Nobody can be protected by an attribute that is not known.', issues);
  const ids = new Set(given.ids);
  for (const name of given.ids.filter(isName))
    for (const { object } of await stores.snapshots.named(id, name.trim(), mostOfOneName)) ids.add(object.ref.id);
  return { ...given, ids: [...ids], attributes };
};

/** What of the protection of a target does not protect as it says. */
export const protectionWarnings = async (
  stores: Pick<StoresWithin, 'snapshots' | 'ledger'>,
  target: Pick<Within<TargetRecord>, 'id' | 'connection' | 'protected'>,
): Promise<readonly ProtectionWarning[]> => {
  const { groups } = target.protected;
  const head = await stores.snapshots.head(target.connection);
  const needed = attributesNeeded(target.protected);
  const unread = [...new Set([...needed.user, ...needed.group])].filter((name) =>
    typesWith(name).some((type) => needed[type].includes(name) && !head.attributes[type].has(name)),
  );
  const present = await stores.snapshots.find(target.connection, groups.map(group));
  return [
    ...(await strangers(stores, target)).map((of) => ({
      code: 'id_unknown' as const,
      of,
      message: messages.id_unknown,
    })),
    ...unread.map((of) => ({ code: 'attribute_unread' as const, of, message: messages.attribute_unread })),
    ...groups
      .filter((id) => !present.has(id))
      .map((of) => ({ code: 'group_unread' as const, of, message: messages.group_unread })),
  ];
};

const messages = {
  id_unknown:
    'Nobody is known by this id or name, neither in the tenant as it was read nor at this target. It protects them once they are.',
  attribute_unread:
    'It was not read of everybody yet; the next sync reads it. Before that nothing is taken away at this target from whoever it may protect.',
  group_unread:
    'The group is not in what is read of the tenant. Each run asks the tenant who is in it; where it cannot tell, nothing is taken away at this target.',
} as const satisfies Readonly<Record<ProtectionWarning['code'], string>>;

/** The ids that are nobody's. */
const strangers = async (
  { snapshots, ledger }: Pick<StoresWithin, 'snapshots' | 'ledger'>,
  { id, connection, protected: { ids } }: Pick<Within<TargetRecord>, 'id' | 'connection' | 'protected'>,
): Promise<readonly string[]> => {
  const found = await snapshots.recall(
    connection,
    ids.map(sourceId).flatMap((one) => [user(one), group(one)]),
  );
  const unknown: string[] = [];
  for (const one of ids) {
    if (found.has(sourceId(one))) continue;
    if (isName(one) && (await snapshots.named(connection, one.trim(), 1)).length > 0) continue;
    if ((await ledger.ownersOf(id, remoteId(one.trim()))).length === 0) unknown.push(one);
  }
  return unknown;
};
