/** Decides what is a discrepancy between our links and what a target shows, and what of it a reconcile run may conclude. */

import type { Difference, Discrepancy } from '../model/discrepancy.ts';
import type { RemoteId } from '../model/ids.ts';
import type { MappingRule, MatchingRule } from '../model/mapping.ts';
import type { Link, RemoteObject } from '../model/operation.ts';
import type { Attributes, Remembered } from '../model/source-object.ts';
import { alike, attributeOf, isUnassigned, own } from './attributes.ts';

/** Names a discrepancy among those of one run: the same one found twice is kept once. Those of one kind, type and object stand together. */
export const nameOf = (one: Discrepancy): string => {
  const { kind } = one;
  switch (kind) {
    case 'drift':
    case 'missing':
      return `${kind}|${one.ref.type}|${one.ref.id}`;
    case 'orphan':
    case 'duplicate':
      return `${kind}|${one.ref.type}|${one.ref.id}|${one.remoteId}`;
    case 'unknown':
      return `${kind}|${one.type}|${one.remoteId}`;
    case 'member_missing':
    case 'member_surplus':
      return `${kind}|group|${one.ref.id}|${one.member.ref.id}`;
    case 'member_unknown':
      return `${kind}|group|${one.ref.id}|${one.stranger}`;
  }
};

/**
 * Where an account is not as it was last told. Only what we told and keep telling counts: a value that is given once, on create, is the target's from
 * then on, and so is what we never wrote. A value that the target writes in its own way is no difference.
 */
export const driftOf = (link: Link, remote: RemoteObject, rules: readonly MappingRule[]): readonly Difference[] =>
  Object.keys(link.pushed)
    .filter((path) => path === 'active' || rules.some(({ to, apply }) => to === path && apply === 'always'))
    .map((path) => ({ path, told: own(link.pushed, path), holds: own(remote.attributes, path) }))
    .filter(({ told, holds }) => !isUnassigned(told) && !alike(told, holds));

/** Paths that a target shows of nobody: that it shows nothing there says nothing of anybody. */
export const withoutHidden = (differences: readonly Difference[], hidden: ReadonlySet<string>): readonly Difference[] =>
  differences.filter(({ path, holds }) => !(isUnassigned(holds) && hidden.has(path)));

/** The link as it would be, had the target been told what it holds: an ordinary plan from it puts right what drifted. */
export const asHeld = (
  link: Link,
  remote: RemoteObject,
  rules: readonly MappingRule[],
  hidden: ReadonlySet<string>,
): Link => {
  const differences = withoutHidden(driftOf(link, remote, rules), hidden);
  const held: Attributes = Object.fromEntries(differences.map(({ path, holds }) => [path, holds]));
  const active = own(held, 'active');
  const state = active === true ? 'active' : active === false ? 'disabled' : link.state;
  return { ...link, state, pushed: { ...link.pushed, ...held } };
};

/** The paths with a value in it. */
export const shownIn = ({ attributes }: RemoteObject): readonly string[] =>
  Object.keys(attributes).filter((path) => !isUnassigned(own(attributes, path)));

export type Owner = { readonly seen: Remembered; readonly by: string };

/** Whose an account without a link seems to be, by the matching rules in order: one person, or nobody. Who is still there goes before who left. */
export const ownerOf = (
  remote: RemoteObject,
  rules: readonly MatchingRule[],
  candidates: readonly Remembered[],
): Owner | null => {
  const each = [...new Map(candidates.map((one) => [one.object.ref.id, one])).values()];
  for (const rule of rules) {
    const fitting = each.filter(({ object }) => object.ref.type === remote.type && fits(object, remote, rule));
    const present = fitting.filter(({ gone }) => gone === null);
    const [seen, ...others] = present.length > 0 ? present : fitting;
    if (seen !== undefined) return others.length > 0 ? null : { seen, by: rule.to };
  }
  return null;
};

const fits = (object: Remembered['object'], { attributes }: RemoteObject, { from, to, ignoreCase }: MatchingRule) => {
  const [ours, theirs] = [attributeOf(object, from), own(attributes, to)];
  if (isUnassigned(ours) || isUnassigned(theirs)) return false;
  return ignoreCase ? alike(ours, theirs) : ours === theirs;
};

/** An account that no link names. `linked`: the account that is theirs by our links, if they have one. */
export const unlinked = (remote: RemoteObject, owner: Owner | null, linked: RemoteId | null): Discrepancy => {
  const { remoteId, type } = remote;
  if (owner === null) return { kind: 'unknown', type, remoteId };
  const { seen, by } = owner;
  const { ref } = seen.object;
  return linked === null
    ? { kind: 'orphan', ref, remoteId, by, gone: seen.gone }
    : { kind: 'duplicate', ref, remoteId, by, linked };
};

/** Several orphans of one person are duplicates of each other. */
export const asDuplicates = (
  orphans: readonly Extract<Discrepancy, { kind: 'orphan' }>[],
): readonly Extract<Discrepancy, { kind: 'duplicate' }>[] =>
  orphans.length < 2
    ? []
    : orphans.map(({ ref, remoteId, by }) => ({ kind: 'duplicate', ref, remoteId, by, linked: null }));
