/** PATCH on the members of a group, without ever copying the list. */

import { attributeNamed } from './attribute.ts';
import type { Verb } from './edit.ts';
import { badRequest } from './errors.ts';
import type { Filter, PatchPath } from './filter.ts';
import { isList, isObject, type Json } from './json.ts';
import { matches } from './match.ts';
import type { Member, MemberDraft } from './members.ts';
import type { Knobs } from './personality.ts';
import { groupType } from './schemas.ts';
import { readValue } from './validate.ts';

/** What kind of resource the id names; null when there is none. */
export type KnownMember = (id: string) => Member['type'] | null;

type MemberOperation = { readonly op: Verb; readonly path: PatchPath; readonly value: Json | undefined };

export function editMembers(draft: MemberDraft, operation: MemberOperation, known: KnownMember, knobs: Knobs): void {
  const { op, path, value } = operation;
  if (op === 'remove') {
    removeMembers(draft, path.filter, value);
    return;
  }
  if (path.filter !== null) {
    const selected = meeting(draft, path.filter);
    if (op === 'add' || selected.length === 0) throw badRequest('noTarget', 'The path selects no member.');
    for (const id of selected) draft.remove(id);
  } else if (op === 'replace') draft.clear();
  for (const member of readMembers(value ?? null, known, knobs)) draft.add(member);
}

/** The value of `members` in a body. The same member twice is refused (RFC 7643 §2.4), as is one that does not exist. */
export function readMembers(raw: Json, known: KnownMember, knobs: Knobs): readonly Member[] {
  const attribute = attributeNamed(groupType.attributes, 'members');
  if (attribute === undefined) return [];
  const values = readValue(attribute, isObject(raw) ? [raw] : raw, knobs);
  const members = new Map<string, Member>();
  for (const value of isList(values) ? values : []) {
    const id = isObject(value) ? value['value'] : undefined;
    if (typeof id !== 'string') throw badRequest('invalidValue', 'A member needs a value.');
    if (members.has(id) && !knobs.coercesValues) throw badRequest('invalidValue', `The member ${id} was given twice.`);
    const type = known(id);
    if (type === null && knobs.danglingReferences === 'refused')
      throw badRequest('invalidValue', `There is no resource ${id} to be a member.`);
    members.set(id, { value: id, type: type ?? 'User' });
  }
  return [...members.values()];
}

/** The RFC removes by filter; Entra's older dialect by a list of values, which only a target that speaks it lets through. */
function removeMembers(draft: MemberDraft, filter: Filter | null, value: Json | undefined): void {
  if (filter !== null) for (const id of meeting(draft, filter)) draft.remove(id);
  else if (isList(value)) for (const id of value.map(idOf)) draft.remove(id);
  else draft.clear();
}

const idOf = (value: Json): string => String(isObject(value) ? value['value'] : value);

function meeting(draft: MemberDraft, filter: Filter): readonly string[] {
  if (filter.kind === 'compare' && filter.operator === 'eq' && filter.steps[0].name === 'value') {
    const id = String(filter.value);
    return draft.has(id) ? [id] : [];
  }
  const selected = [];
  for (const member of draft.values())
    if (matches(member, filter, { caseSensitive: false })) selected.push(member.value);
  return selected;
}
