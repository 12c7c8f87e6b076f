/** How a source object becomes a remote object, and which existing remote object it is. */

import type { ObjectType, Value } from './source-object.ts';

/**
 * One rule: target path ← value. `apply`: `only_on_create` sets the value once and never touches it again.
 * `whenNull`: what an unassigned source value does to an existing remote object; `default` is used on create instead of null.
 */
export type MappingRule = {
  readonly to: string;
  readonly apply: 'always' | 'only_on_create';
  readonly whenNull: 'clear' | 'keep';
  readonly default: Value;
} & (
  | { readonly kind: 'direct'; readonly from: string }
  | { readonly kind: 'constant'; readonly value: Value }
  /** The source value is the source id of another object; the target gets that object's remote id. */
  | { readonly kind: 'reference'; readonly from: string }
);

/** One way to find an existing remote object: the values of `from` and `to` must be equal. Tried in order, first verified hit wins. */
export type MatchingRule = { readonly from: string; readonly to: string; readonly ignoreCase: boolean };

export type Mapping = Readonly<Record<ObjectType, readonly MappingRule[]>>;
export type Matching = Readonly<Record<ObjectType, readonly MatchingRule[]>>;
