/** One object on a page of a delta query: removed, whole, or what changed of it. */

import type { Call } from './call.ts';
import type { Subject, Touched } from './delta-subjects.ts';
import type { Json, JsonObject } from './json.ts';
import { kindOf } from './object-ids.ts';
import { mayReadHiddenMembers, visibleTo } from './permissions.ts';
import { typeOf } from './present.ts';
import { defaultProperties, view } from './properties.ts';
import { exists, groupAt, idOf, liveManagerOf } from './tenant.ts';

/** What the round follows; `names` null when nothing was selected: every property is followed, the default ones are shown. */
export type Tracked = {
  readonly names: readonly string[] | null;
  readonly manager: boolean;
  readonly members: boolean;
};

/** Members that still fit on the page. */
export type Budget = { members: number };

/** `nextMember`: where the members of this group go on, when they did not fit. */
type Item = { readonly shown: JsonObject; readonly nextMember: number | null };

/** Null when the object has nothing to show in this round. */
export function deltaItem(call: Call, subject: Subject, tracked: Tracked, from: number, budget: Budget): Item | null {
  const { object, touched } = subject;
  const { tenant } = call;
  if (!exists(tenant, object)) return removed(call, subject, 'deleted');
  if (tenant.deleted.has(object)) return removed(call, subject, 'changed');
  if (touched !== null && !concerns(touched, tracked)) return null;
  const members = tracked.members ? memberSlice(call, subject, from, budget) : noMembers;
  const shown: Record<string, Json> = {
    ...visibleTo(call.roles, kindOf(object), view(tenant, object, namesShown(call, subject, tracked), 'omit')),
  };
  const manager = tracked.manager ? managerDelta(call, subject) : null;
  if (manager !== null) shown['manager@delta'] = manager;
  if (members.shown.length > 0) shown['members@delta'] = members.shown;
  return { shown, nextMember: members.next };
}

/** A first enumeration leaves out what is gone, unless the knob asks for the tombstones that it "may already contain". */
function removed(call: Call, { object, touched }: Subject, reason: 'changed' | 'deleted'): Item | null {
  if (touched === null ? !call.knobs.removedInFirstRound : !touched.whole) return null;
  return { shown: { id: idOf(call.tenant, object), '@removed': { reason } }, nextMember: null };
}

function concerns(touched: Touched, tracked: Tracked): boolean {
  if (touched.whole) return true;
  if (tracked.manager && touched.manager !== null) return true;
  if (tracked.members && touched.members.size > 0) return true;
  return tracked.names === null
    ? touched.properties.size > 0
    : tracked.names.some((name) => touched.properties.has(name));
}

/** With `Prefer: return=minimal` an object that merely changed shows what changed, and its id. */
function namesShown(call: Call, { object, touched }: Subject, tracked: Tracked): readonly string[] {
  const names = tracked.names ?? ['id', ...defaultProperties(kindOf(object)).filter((name) => name !== 'id')];
  const minimal = /return=minimal/i.test(call.header('prefer') ?? '');
  if (!minimal || touched === null || touched.whole) return names;
  return names.filter((name) => name === 'id' || touched.properties.has(name));
}

/** Null when the manager did not change in this round, or there never was one. */
function managerDelta(call: Call, { object, touched }: Subject): JsonObject[] | null {
  const { tenant } = call;
  const manager = liveManagerOf(tenant, object);
  const shown = (user: number): JsonObject => ({ '@odata.type': typeOf(user), id: idOf(tenant, user) });
  // Whoever read the directory before the link that this round begins from may have seen a manager who is gone again.
  if (touched === null || (touched.created && manager !== null)) return manager === null ? null : [shown(manager)];
  if (touched.manager === null) return null;
  const { before } = touched.manager;
  const gone = before === null || before === manager ? [] : [{ ...shown(before), '@removed': { reason: 'deleted' } }];
  if (manager !== null) return call.knobs.managerRemoval === 'both' ? [...gone, shown(manager)] : [shown(manager)];
  return call.knobs.managerRemoval === 'empty' ? [] : gone;
}

type Slice = { readonly shown: JsonObject[]; readonly next: number | null };
const noMembers: Slice = { shown: [], next: null };

function memberSlice(call: Call, { object, touched }: Subject, from: number, budget: Budget): Slice {
  const group = groupAt(call.tenant, object);
  if (group.hidden && !mayReadHiddenMembers(call.roles)) return noMembers;
  if (touched !== null && !touched.created) return changedMembers(call, [...touched.members], from, budget);
  // The same of members who left again: they come after those who are there.
  const left = [...(touched?.members ?? [])].flatMap(([member, joined]) => (joined ? [] : [member]));
  const { places } = group.members;
  const end = places + left.length;
  const shown: JsonObject[] = [];
  let place = from;
  for (; place < end && budget.members > 0; place++) {
    const member = place < places ? group.members.at(place) : (left[place - places] ?? null);
    if (member === null) continue;
    shown.push(memberItem(call, member, place < places));
    budget.members--;
  }
  return { shown, next: place < end ? place : null };
}

function changedMembers(
  call: Call,
  members: readonly (readonly [number, boolean])[],
  from: number,
  budget: Budget,
): Slice {
  const upTo = Math.min(members.length, from + budget.members);
  budget.members -= upTo - from;
  const shown = members.slice(from, upTo).map(([member, joined]) => memberItem(call, member, joined));
  return { shown, next: upTo < members.length ? upTo : null };
}

/** The reason is `deleted` even when the member merely left the group (delta-query-groups page). */
function memberItem(call: Call, member: number, joined: boolean): JsonObject {
  const item = { '@odata.type': typeOf(member), id: idOf(call.tenant, member) };
  return joined ? item : { ...item, '@removed': { reason: 'deleted' } };
}
