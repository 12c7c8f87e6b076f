/** Objects of a tenant in a few words, for tests of decisions. What a test does not name is the same everywhere. */

import { remoteId, type SourceId, sourceId } from '../../src/model/ids.ts';
import type { MappingRule } from '../../src/model/mapping.ts';
import type { Link, RemoteObject } from '../../src/model/operation.ts';
import type { Attributes, ObjectType, Ref, SourceObject } from '../../src/model/source-object.ts';

/** Ids that say who is meant. */
export const idOf = (name: string): SourceId => sourceId(name);
export const aUser = (name: string): Ref => ({ type: 'user', id: idOf(name) });
export const aGroup = (name: string): Ref => ({ type: 'group', id: idOf(name) });

export const person = (name: string, attributes: Attributes = {}): SourceObject => ({ ref: aUser(name), attributes });
export const team = (name: string, attributes: Attributes = {}): SourceObject => ({ ref: aGroup(name), attributes });

export const stored = (...objects: readonly SourceObject[]): ReadonlyMap<SourceId, SourceObject> =>
  new Map(objects.map((object) => [object.ref.id, object]));

export const remote = (id: string, attributes: Attributes, type: ObjectType = 'user'): RemoteObject => ({
  type,
  remoteId: remoteId(id),
  attributes,
});

export const mappingRule = (
  from: string,
  to: string,
  options: Partial<Pick<MappingRule, 'apply' | 'whenNull' | 'default'>> = {},
): MappingRule => ({ kind: 'direct', from, to, apply: 'always', whenNull: 'clear', default: null, ...options });

export const now = new Date('2026-03-02T08:00:00.000Z');

export const linkTo = (ref: Ref, other: Partial<Link> = {}): Link => ({
  ref,
  remoteId: remoteId(`remote-${ref.id}`),
  by: 'created',
  state: 'active',
  since: now,
  hasLeft: false,
  pushed: {},
  membersSince: null,
  membersAt: null,
  ...other,
});
