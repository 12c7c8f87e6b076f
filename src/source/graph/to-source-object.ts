/** From Graph's directory objects to the model's: attributes, references and members. */

import { SourceError } from '../../model/errors.ts';
import { type SourceId, sourceId } from '../../model/ids.ts';
import type { ObjectMessage } from '../../model/source-message.ts';
import { type Attributes, group, type ObjectType, type Ref, user, type Value } from '../../model/source-object.ts';
import type { Ask } from '../source.ts';
import { incomplete } from './errors.ts';
import { aboutHidden, alwaysNamed, alwaysSet, alwaysSwitched, isHiddenGroup } from './hidden.ts';
import type { Entity } from './pages.ts';

/** What is asked of each object, ready for requests and answers. */
export type Selection = {
  /** For `$select`: `id` and the asked properties, without relations. */
  readonly select: Readonly<Record<ObjectType, string>>;
  /** Whether the manager of a user is asked for. It is a relation: lists do not carry it. */
  readonly manager: boolean;
  /** An object of which everything is shown: an asked attribute that is not there is unassigned. Names are in order, as they are stored. */
  whole(type: ObjectType, entity: Entity): Attributes;
  /** The same for a user with a manager, or with none. `undefined`: nothing is said of it. */
  wholeUser(entity: Entity, manager: SourceId | null | undefined): Attributes;
  /** An object of which anything may be left out: what is not there is unchanged. */
  partial(type: ObjectType, entity: Entity): Attributes;
};

const visibility = 'visibility';

/** For `$select`: what it takes to tell whether a group shows who is in it. */
export const whetherShown = `id,${alwaysNamed},${visibility}`;

export const selectionOf = (asked: Ask['attributes']): Selection => {
  const names = { user: propertiesOf(asked.user), group: propertiesOf(asked.group) };
  const readers = { user: readersOf(names.user), group: readersOf(names.group) };
  const unassigned = { user: unassignedOf(names.user), group: unassignedOf(names.group) };
  const unassignedWithManager = unassignedOf([...names.user, 'manager']);
  return {
    select: {
      user: selectOf([alwaysSet, alwaysSwitched, ...names.user]),
      group: selectOf([alwaysNamed, visibility, ...names.group]),
    },
    manager: asked.user.includes('manager'),
    whole: (type, entity) => asSaid(type, filled({ ...unassigned[type] }, readers[type], entity)),
    wholeUser: (entity, manager) => {
      if (manager === undefined) return asSaid('user', filled({ ...unassigned.user }, readers.user, entity));
      const attributes: Record<string, Value> = { ...unassignedWithManager };
      attributes['manager'] = manager;
      return asSaid('user', filled(attributes, readers.user, entity));
    },
    partial: (type, entity) => asSaid(type, readPartial(readers[type], entity)),
  };
};

/** The manager as a delta query shows it: `undefined` when it says nothing. A new manager may come together with the end of the old one. */
export const managerInDelta = (entity: Entity): SourceId | null | undefined => {
  const relation = entity['manager@delta'];
  if (relation === undefined) return undefined;
  const current = listOf(relation).filter((one) => !('@removed' in one));
  return idOf(current.at(-1));
};

/** The manager as `$expand=manager` shows it. */
export const managerExpanded = (entity: Entity): SourceId | null => {
  const manager = entity['manager'];
  return isRecord(manager) ? idOf(manager) : null;
};

/** Users and groups become members; devices, service principals and contacts are left out. */
export const memberOf = (entity: Entity): Ref | null => {
  const type = entity['@odata.type'];
  if (typeof type !== 'string') throw incomplete('A group has a member of no type.', 'UntypedMember');
  const known = typeOf(type);
  return known === null ? null : { type: known, id: sourceId(entity.id) };
};

/** The part of a group's members that one object of a delta query carries. */
export const membersInDelta = (
  entity: Entity,
): { readonly added: readonly Ref[]; readonly removed: readonly Ref[] } => {
  const last = new Map<SourceId, { readonly ref: Ref; readonly removed: boolean }>();
  for (const entry of listOf(entity['members@delta'] ?? [])) {
    if (typeof entry['id'] !== 'string') throw incomplete('A group has a member without an id.', 'UntypedMember');
    const removed = '@removed' in entry;
    // An entry about somebody who is gone may not say what it was; ids are unique over all types.
    const untyped = removed && entry['@odata.type'] === undefined;
    const ref = untyped ? user(sourceId(entry['id'])) : memberOf({ ...entry, id: entry['id'] });
    if (ref !== null) last.set(ref.id, { ref, removed });
  }
  const entries = [...last.values()];
  return {
    added: entries.filter(({ removed }) => !removed).map(({ ref }) => ref),
    removed: entries.filter(({ removed }) => removed).map(({ ref }) => ref),
  };
};

/** Why an object of a delta query is gone; null when it is not. `changed` is the recycle bin, from where it can come back for 30 days. */
export const removalOf = (entity: Entity): 'soft_deleted' | 'deleted' | null => {
  const removed = entity['@removed'];
  if (removed === undefined) return null;
  return isRecord(removed) && removed['reason'] === 'changed' ? 'soft_deleted' : 'deleted';
};

/**
 * Graph shows a group with hidden membership as empty, with 200, to an application without Member.Read.Hidden. So an empty list of such a group
 * says nothing.
 */
export const mayHideMembers = (groupEntity: Entity): boolean => groupEntity[visibility] === 'HiddenMembership';

/** Whether a list of members is what it seems: not that of a group that is hidden altogether, nor an empty one that may hide who is in it. */
export const isShownWhole = (members: readonly Ref[], groupEntity: Entity): boolean =>
  !isHiddenGroup(groupEntity) && (members.length > 0 || !mayHideMembers(groupEntity));

/** A group with everything that was asked for, unless it is hidden. */
export const wholeGroup = (selection: Selection, entity: Entity): ObjectMessage => {
  const ref = group(sourceId(entity.id));
  if (isHiddenGroup(entity)) return aboutHidden(ref);
  return { type: 'upsert', ref, attributes: selection.whole('group', entity), whole: true };
};

/** Relations are not properties: they cannot be selected on a list. */
const relations: ReadonlySet<string> = new Set(['id', 'manager', 'members']);

const propertiesOf = (names: readonly string[]): readonly string[] => {
  const odd = names.find((name) => !/^[A-Za-z]\w*(\.[A-Za-z]\w*)*$/.test(name));
  if (odd !== undefined)
    throw new SourceError('forbidden', `"${odd}" is not the name of a source attribute.`, {
      code: 'UnknownAttribute',
      mend: { owner: 'your_team', todo: 'Take it out of the attributes of the connection.' },
    });
  return names.filter((name) => !relations.has(name));
};

/** Nested properties are selected by their first part. */
const selectOf = (names: readonly string[]): string =>
  [...new Set(['id', ...names.map((name) => name.split('.')[0] ?? name)])].join(',');

/**
 * How one attribute is read; prepared once, because a page has a thousand objects of two dozen attributes each. A name that every object inherits
 * (`constructor`) is no attribute of an object that lacks it.
 */
type Reader = {
  readonly name: string;
  readonly parts: readonly string[] | null;
  readonly inherited: boolean;
  /** An extension's own name is the tenant's, and nobody can say in advance how it is spelled; Graph takes it in any case. */
  readonly anyCase: boolean;
};

const readersOf = (names: readonly string[]): readonly Reader[] =>
  [...new Set(names)].sort().map((name) => ({
    name,
    parts: name.includes('.') ? name.split('.') : null,
    inherited: name in Object.prototype,
    anyCase: name.startsWith('extension_'),
  }));

/** `undefined` when the object does not show it. */
const shownOf = ({ name, parts, inherited, anyCase }: Reader, entity: Entity): unknown => {
  if (parts !== null) return nested(entity, parts);
  if (anyCase) return entity[Object.keys(entity).find((key) => key.toLowerCase() === name.toLowerCase()) ?? name];
  return inherited && !Object.hasOwn(entity, name) ? undefined : entity[name];
};

/** A nested object comes whole or not at all, so that a part it lacks is unassigned. */
const nested = (entity: Entity, [first = '', ...rest]: readonly string[]): unknown => {
  if (!Object.hasOwn(entity, first)) return undefined;
  let value: unknown = entity[first];
  for (const part of rest) value = isRecord(value) && Object.hasOwn(value, part) ? value[part] : null;
  return value;
};

const unassignedOf = (names: readonly string[]): Attributes =>
  Object.fromEntries([...new Set(names)].sort().map((name) => [name, null]));

/**
 * Fills a copy of attributes that are all unassigned. V8 keeps the copies in fixed slots, all alike; an object that gets more than a dozen keys by computed
 * names becomes a hash table, which costs several times as much here and again wherever it is read.
 */
const filled = (attributes: Record<string, Value>, readers: readonly Reader[], entity: Entity): Attributes => {
  for (const reader of readers) {
    const shown = shownOf(reader, entity);
    if (shown !== undefined && shown !== null) attributes[reader.name] = toValue(shown);
  }
  return attributes;
};

const readPartial = (readers: readonly Reader[], entity: Entity): Attributes => {
  const attributes: Record<string, Value> = {};
  for (const reader of readers) {
    const shown = shownOf(reader, entity);
    if (shown !== undefined) attributes[reader.name] = toValue(shown);
  }
  return attributes;
};

/** Entra gives every user a switch. Where it is not shown, nothing is said of it: what is known stays, and null would be a lie. */
const asSaid = (type: ObjectType, attributes: Attributes): Attributes => {
  if (type === 'group' || attributes[alwaysSwitched] !== null) return attributes;
  const { [alwaysSwitched]: _, ...rest } = attributes;
  return rest;
};

/** Lists are kept sorted; objects inside are kept as text with sorted keys, so that equal means equal. */
const toValue = (value: unknown): Value => {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value === null || value === undefined) return null;
  return Array.isArray(value) ? value.map(textOf).sort() : textOf(value);
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(sorted(value)));

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
};

const typeOf = (odataType: string): ObjectType | null => {
  if (odataType.toLowerCase() === '#microsoft.graph.user') return 'user';
  return odataType.toLowerCase() === '#microsoft.graph.group' ? 'group' : null;
};

const idOf = (record: Readonly<Record<string, unknown>> | undefined): SourceId | null =>
  typeof record?.['id'] === 'string' ? sourceId(record['id']) : null;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const listOf = (value: unknown): readonly Readonly<Record<string, unknown>>[] => {
  if (Array.isArray(value) && value.every(isRecord)) return value;
  throw incomplete('A relation in a delta query is not a list.', 'UnexpectedShape');
};
