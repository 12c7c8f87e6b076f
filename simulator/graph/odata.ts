/** Reading the query options of a request. Names are matched without case and with or without the dollar sign. */

import type { Kind } from './object-ids.ts';
import { isProperty } from './properties.ts';
import { badRequest, GraphFault, unsupportedQuery } from './reply.ts';
import { elsewhereUserProperties } from './user-properties.ts';

export type Query = ReadonlyMap<string, string>;

export function parseQuery(text: string): Query {
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) query.set(name.replace(/^\$/, '').toLowerCase(), value);
  return query;
}

/** The selected names as written, or null when nothing is selected. `id` is not added here. */
export function selected(query: Query): string[] | null {
  const text = query.get('select');
  if (text === undefined || text.trim() === '') return null;
  return [
    ...new Set(
      text
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    ),
  ];
}

/** Refuses names that the type does not have, and those that only single users can be asked for. */
export function checkProperties(kind: Kind, names: readonly string[], onCollection: boolean): void {
  for (const name of names) {
    if (kind === 'user' && (elsewhereUserProperties.has(name) || name === 'signInActivity')) {
      if (onCollection) throw new GraphFault(501, 'NotImplemented', 'This operation target is not yet supported.');
    } else if (!isProperty(kind, name)) {
      throw new GraphFault(
        400,
        'BadRequest',
        `Parsing OData Select and Expand failed: Could not find a property named '${name}' on type 'microsoft.graph.${kind}'.`,
      );
    }
  }
}

const MAX_TOP = 999;

/** The page size; an expanded page has 100 objects whatever $top says (known issue 13635). */
export function pageSize(query: Query, byDefault: number): number {
  const text = query.get('top');
  const top = text === undefined ? byDefault : Number(text);
  if (!Number.isInteger(top) || top < 1 || top > MAX_TOP) {
    throw unsupportedQuery(`Invalid page size specified: '${text}'. Must be between 1 and ${MAX_TOP} inclusive.`);
  }
  return query.has('expand') ? Math.min(top, 100) : top;
}

export type Expansion = {
  readonly relation: string;
  readonly select: readonly string[] | null;
  readonly levels: number;
};

/** `$expand=manager($levels=max;$select=id)`; one relation. */
export function expansion(query: Query): Expansion | null {
  const text = query.get('expand');
  if (text === undefined) return null;
  const found = /^(\w+)(?:\((.*)\))?$/.exec(text.trim());
  if (found?.[1] === undefined) throw badRequest(`Parsing OData Select and Expand failed: '${text}'.`);
  const options = parseQuery((found[2] ?? '').replaceAll(';', '&'));
  const levels = options.get('levels');
  return {
    relation: found[1],
    select: selected(options),
    levels: levels === undefined ? 1 : levels === 'max' ? 1000 : Number(levels),
  };
}

/** The query of a next link: what was asked, with the place to go on from. */
export function linkQuery(query: Query, skipToken: string): string {
  const kept = [...query].filter(([name]) => ['select', 'top', 'filter', 'expand', 'count'].includes(name));
  return [...kept, ['skiptoken', skipToken] as const]
    .map(([name, value]) => `$${name}=${encodeURIComponent(value)}`)
    .join('&');
}
