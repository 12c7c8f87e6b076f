/** How one directory object looks in an answer: selected, expanded, and emptied where the app may not read it. */

import type { Call } from './call.ts';
import type { Json, JsonObject } from './json.ts';
import { kindOf } from './object-ids.ts';
import type { Expansion } from './odata.ts';
import { mayRead, visibleTo } from './permissions.ts';
import { defaultProperties, isProperty, view } from './properties.ts';
import { badRequest, denied } from './reply.ts';
import { groupAt, groupsOf, idOf, isLive, liveManagerOf } from './tenant.ts';

const MOST_EXPANDED = 20;

export const typeOf = (object: number): string => `#microsoft.graph.${kindOf(object)}`;

/** An object of a collection of one type, which needs no type annotation. */
export function presentTyped(
  call: Call,
  object: number,
  names: readonly string[],
  expand: Expansion | null,
): JsonObject {
  const shown = visibleTo(call.roles, kindOf(object), view(call.tenant, object, names, 'null'));
  return expand === null ? shown : { ...shown, ...expanded(call, object, expand, 1) };
}

/**
 * An object of a collection of mixed types. Without permission for its type Graph still shows type and id, with null for the rest
 * (limited information returned for inaccessible member objects).
 */
export function presentMixed(call: Call, object: number, select: readonly string[] | null): JsonObject {
  const kind = kindOf(object);
  const names = (select ?? defaultProperties(kind)).filter((name) => isProperty(kind, name));
  const id = idOf(call.tenant, object);
  if (mayRead(call.roles, kind))
    return {
      '@odata.type': typeOf(object),
      id,
      ...visibleTo(call.roles, kind, view(call.tenant, object, names, 'null')),
    };
  if (!call.knobs.nullForPermission) throw denied();
  return { '@odata.type': typeOf(object), ...Object.fromEntries(names.map((name) => [name, null])), id };
}

function expanded(call: Call, object: number, expand: Expansion, level: number): JsonObject {
  if (expand.relation !== 'manager') return { [expand.relation]: related(call, object, expand) };
  const manager = liveManagerOf(call.tenant, object);
  if (manager === null) return {};
  const above = level < expand.levels ? expanded(call, manager, expand, level + 1) : {};
  return { manager: { ...presentMixed(call, manager, expand.select), ...above } };
}

/** A relation of many shows its first objects and has no link to the rest. */
function related(call: Call, object: number, expand: Expansion): Json {
  const { tenant } = call;
  const kind = kindOf(object);
  const objects: Iterable<number> | null =
    kind === 'group' && expand.relation === 'members'
      ? groupAt(tenant, object).members
      : expand.relation === 'memberOf'
        ? groupsOf(tenant, object)
        : null;
  if (objects === null) throw badRequest(`Parsing OData Select and Expand failed: '${expand.relation}'.`);
  const shown: JsonObject[] = [];
  for (const each of objects) {
    if (shown.length === MOST_EXPANDED) break;
    if (isLive(tenant, each)) shown.push(presentMixed(call, each, expand.select));
  }
  return shown;
}
