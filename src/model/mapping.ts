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

/** The path that switches an account on and off, at every kind of target. What says false there is counted as taking the account away. */
export const switchPath = 'active';

/** A target path in the one spelling that everything is compared by; or why no rule may name it, as the end of a sentence that begins with the path. */
export type TargetPath =
  | { readonly path: string; readonly writable: MappingRule['apply'] }
  | { readonly refused: string };
/** What a kind of target says of a path as somebody wrote it. Of its own answer it says the same again. */
export type PathOf = (type: ObjectType, text: string, use: 'mapping' | 'matching') => TargetPath;
/** By the name of the kind. */
export type TargetPaths = (kind: string) => PathOf;

export type Mapping = Readonly<Record<ObjectType, readonly MappingRule[]>>;
export type Matching = Readonly<Record<ObjectType, readonly MatchingRule[]>>;
