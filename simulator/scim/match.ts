/** Whether a resource, or one value of a multi-valued attribute, meets a filter. */

import type { Attribute } from './attribute.ts';
import type { Filter, Operator } from './filter.ts';
import { isObject, isUnassigned, type Json, type JsonObject } from './json.ts';
import { valuesAt } from './path.ts';

export type Comparing = { readonly caseSensitive: boolean };

export function matches(container: JsonObject, filter: Filter, comparing: Comparing): boolean {
  switch (filter.kind) {
    case 'and':
      return matches(container, filter.left, comparing) && matches(container, filter.right, comparing);
    case 'or':
      return matches(container, filter.left, comparing) || matches(container, filter.right, comparing);
    case 'not':
      return !matches(container, filter.filter, comparing);
    case 'present':
      return valuesAt(container, filter.steps).some((value) => !isUnassigned(value) && value !== '');
    case 'some':
      return valuesAt(container, filter.steps).some(
        (value) => isObject(value) && matches(value, filter.filter, comparing),
      );
    case 'compare':
      return compares(valuesAt(container, filter.steps), filter.steps.at(-1), filter.operator, filter.value, comparing);
  }
}

function compares(
  values: readonly Json[],
  attribute: Attribute | undefined,
  operator: Operator,
  wanted: Json,
  comparing: Comparing,
): boolean {
  if (operator === 'ne') return !compares(values, attribute, 'eq', wanted, comparing);
  if (wanted === null) return values.every(isUnassigned);
  const shape = shapeFor(attribute, comparing);
  const right = shape(wanted);
  return values.some((value) => holds(shape(value), operator, right));
}

/** Strings compare as `caseExact` says; points in time compare as such, whatever their offset. */
function shapeFor(attribute: Attribute | undefined, comparing: Comparing): (value: Json) => Json {
  if (attribute?.type === 'dateTime') return (value) => (typeof value === 'string' ? Date.parse(value) : value);
  if (attribute?.caseExact || comparing.caseSensitive) return (value) => value;
  return (value) => (typeof value === 'string' ? value.toLowerCase() : value);
}

function holds(left: Json, operator: Operator, right: Json): boolean {
  if (operator === 'eq') return left === right;
  if (typeof left === 'string' && typeof right === 'string') return holdsForText(left, operator, right);
  return typeof left === 'number' && typeof right === 'number' && holdsInOrder(left - right, operator);
}

function holdsForText(left: string, operator: Operator, right: string): boolean {
  if (operator === 'co') return left.includes(right);
  if (operator === 'sw') return left.startsWith(right);
  if (operator === 'ew') return left.endsWith(right);
  return holdsInOrder(left < right ? -1 : left > right ? 1 : 0, operator);
}

function holdsInOrder(difference: number, operator: Operator): boolean {
  if (operator === 'gt') return difference > 0;
  if (operator === 'ge') return difference >= 0;
  if (operator === 'lt') return difference < 0;
  return operator === 'le' && difference <= 0;
}
