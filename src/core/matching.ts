/**
 * Finds which existing remote object a source object is. A target's answer to a filter is a claim: some ignore the filter and return everyone,
 * some compare in another case. So every returned object is verified here, and exactly one verified hit is a match.
 */

import type { RemoteId } from '../model/ids.ts';
import type { MatchingRule } from '../model/mapping.ts';
import type { Link, RemoteObject } from '../model/operation.ts';
import type { Ref, SourceObject, Value } from '../model/source-object.ts';
import { attributeOf, isBlank, isUnassigned, own } from './attributes.ts';

/** One question to the target. */
export type Lookup = { readonly rule: Pick<MatchingRule, 'to' | 'ignoreCase'>; readonly value: Value };

/**
 * Whose id a remote object carries: this very object's, that of somebody who is here, or who left, one that nobody here knows, or none. Of what carries none
 * the record may say whose it was: of somebody who is here (`of_another`), or who left (`was_of_a_leaver`).
 */
export type Mark = 'ours' | 'of_another' | 'of_a_leaver' | 'was_of_a_leaver' | 'unknown' | 'none';

export type Match =
  | { readonly kind: 'match'; readonly remote: RemoteObject }
  | { readonly kind: 'none' }
  /** There was nothing to ask by: of these source attributes the object has none. */
  | { readonly kind: 'no_key'; readonly attributes: readonly string[] }
  | { readonly kind: 'ambiguous'; readonly attribute: string; readonly hits: number }
  /** `mark`: where the id that it carries says so; absent where its link does. */
  | { readonly kind: 'linked_elsewhere'; readonly attribute: string; readonly mark?: Mark }
  | { readonly kind: 'unclaimed_group'; readonly attribute: string };

/** The questions to ask, in order; rules whose source value is unassigned, or empty, ask nothing: in that, two strangers are alike. */
export const lookups = (object: SourceObject, rules: readonly MatchingRule[]): readonly Lookup[] =>
  rules.map((rule) => ({ rule, value: attributeOf(object, rule.from) })).filter(({ value }) => !isBlank(value));

/** An object that no account matches: no question found one, or there was none to ask. */
export const unmatched = (
  object: SourceObject,
  rules: readonly MatchingRule[],
): Extract<Match, { readonly kind: 'none' | 'no_key' }> =>
  lookups(object, rules).length > 0
    ? { kind: 'none' }
    : { kind: 'no_key', attributes: [...new Set(rules.map(({ from }) => from))] };

/** Judges the answer to one question. `linked` holds the links of the returned objects: an account of somebody else is never adopted. */
export const judge = (
  ref: Ref,
  lookup: Lookup,
  claimed: readonly RemoteObject[],
  linked: ReadonlyMap<RemoteId, Link>,
): Match => {
  const verified = new Map(
    claimed
      .filter((remote) => isHit(lookup, remote) && remote.type === ref.type)
      .map((remote) => [remote.remoteId, remote]),
  );
  const attribute = lookup.rule.to;
  const [remote] = verified.values();
  if (remote === undefined) return { kind: 'none' };
  if (verified.size > 1) return { kind: 'ambiguous', attribute, hits: verified.size };
  const owner = linked.get(remote.remoteId);
  return owner !== undefined && owner.ref.id !== ref.id
    ? { kind: 'linked_elsewhere', attribute }
    : { kind: 'match', remote };
};

const isHit = ({ rule, value }: Lookup, remote: RemoteObject): boolean => {
  const theirs = own(remote.attributes, rule.to);
  const normal = (text: Value): Value => (rule.ignoreCase && typeof text === 'string' ? text.toLowerCase() : text);
  return normal(theirs) === normal(value);
};

/** Whether a remote object with the id of a link is the one that was linked: by one of the rules it is known by, it is as it was told. */
export const isOurs = (
  { pushed }: Pick<Link, 'pushed'>,
  remote: RemoteObject,
  rules: readonly MatchingRule[],
): boolean =>
  rules.some((rule) => {
    const value = own(pushed, rule.to);
    return !isUnassigned(value) && isHit({ rule, value }, remote);
  });
