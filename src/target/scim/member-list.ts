/** Who is in a group, as a resource shows it. Pure. */

import type { Json, JsonObject } from '../../model/target-record.ts';
import { field, isList, isObject } from './json.ts';

export const membersOf = (group: JsonObject): readonly Json[] => {
  const members = field(group, 'members');
  return isList(members) ? members : [];
};

export const memberIdOf = (member: Json): string | null => {
  const id = isObject(member) ? field(member, 'value') : null;
  return typeof id === 'string' || typeof id === 'number' ? String(id) : null;
};

export const memberIds = (group: JsonObject): ReadonlySet<string> =>
  new Set(membersOf(group).flatMap((member) => memberIdOf(member) ?? []));
