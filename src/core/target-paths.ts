/**
 * Attribute mappings and matching rules by the one name that each target path has. A target takes many spellings for the same attribute; what is compared,
 * counted and told by name here must not depend on which one somebody wrote.
 */

import { type Mapping, type MappingRule, type Matching, type PathOf, switchPath } from '../model/mapping.ts';
import type { Link, Operation } from '../model/operation.ts';
import type { Attributes, ObjectType } from '../model/source-object.ts';
import { onOrOff } from './mapping.ts';

export type RulesOfTarget = { readonly mapping: Mapping; readonly matching: Matching };
/** `pointer`: where the rule stands in the target. */
export type RuleRefused = { readonly pointer: string; readonly detail: string };

/** Rules that are refused stay as they were written; `standing` is without them. */
export const rulesByPath = (
  { mapping, matching }: RulesOfTarget,
  pathOf: PathOf,
): { readonly rules: RulesOfTarget; readonly refused: readonly RuleRefused[]; readonly standing: RulesOfTarget } => {
  const named = <Rule extends { readonly to: string }>(
    type: ObjectType,
    use: 'mapping' | 'matching',
    rules: readonly Rule[],
  ): readonly Rule[] =>
    rules.map((rule) => {
      const said = pathOf(type, rule.to, use);
      return 'refused' in said || said.path === rule.to ? rule : { ...rule, to: said.path };
    });
  const rules: RulesOfTarget = {
    mapping: { user: named('user', 'mapping', mapping.user), group: named('group', 'mapping', mapping.group) },
    matching: { user: named('user', 'matching', matching.user), group: named('group', 'matching', matching.group) },
  };
  const refused = (['user', 'group'] as const).flatMap((type) => [
    ...refusedOfMapping(type, mapping[type], pathOf),
    ...matching[type].flatMap(({ to }, nth) => {
      const said = pathOf(type, to, 'matching');
      return 'refused' in said ? [refusal('matching', type, nth, 'to', `${quoted(to)} ${said.refused}`)] : [];
    }),
  ]);
  return { rules, refused, standing: refused.length === 0 ? rules : standingOf(rules, refused) };
};

const standingOf = ({ mapping, matching }: RulesOfTarget, refused: readonly RuleRefused[]): RulesOfTarget => {
  const fieldsOf = (list: 'mapping' | 'matching', type: ObjectType, nth: number): readonly string[] =>
    refused
      .filter(({ pointer }) => pointer.startsWith(`/${list}/${type}/${nth}/`))
      .map(({ pointer }) => pointer.slice(pointer.lastIndexOf('/') + 1));
  // A default is for who is made, so that a rule of which it alone is refused says the same as before of everybody else.
  const mapped = (type: ObjectType): readonly MappingRule[] =>
    mapping[type].flatMap((rule, nth) => {
      const fields = fieldsOf('mapping', type, nth);
      if (fields.length === 0) return [rule];
      return fields.every((field) => field === 'default') ? [{ ...rule, default: null }] : [];
    });
  const matched = (type: ObjectType) =>
    matching[type].filter((_rule, nth) => fieldsOf('matching', type, nth).length === 0);
  return {
    mapping: { user: mapped('user'), group: mapped('group') },
    matching: { user: matched('user'), group: matched('group') },
  };
};

/** An operation that was noted when its target had a path in another spelling. */
export const operationByPath = (operation: Operation, pathOf: PathOf): Operation => {
  const { type } = operation.ref;
  switch (operation.action) {
    case 'create':
      return { ...operation, attributes: attributesByPath(type, operation.attributes, pathOf) };
    case 'update':
      return {
        ...operation,
        attributes: attributesByPath(type, operation.attributes, pathOf),
        before: attributesByPath(type, operation.before, pathOf),
      };
    default:
      return operation;
  }
};

/** A link whose account was told something when its target had a path in another spelling. Told by both since, the spelling of now counts. */
export const linkByPath = (link: Link, pathOf: PathOf): Link => {
  const { type } = link.ref;
  const { pushed, mayHold, mayHoldToo } = link;
  const isOf = (path: string): boolean => nameOf(type, path, pathOf) === path;
  if (Object.keys({ ...pushed, ...mayHold }).every(isOf)) return link;
  const asNow = <T>(told: Readonly<Record<string, T>>, switched: (value: T) => T): Readonly<Record<string, T>> => ({
    ...byPath(type, told, pathOf, switched),
    ...Object.fromEntries(Object.entries(told).filter(([path]) => isOf(path))),
  });
  return {
    ...link,
    pushed: asNow(pushed, onOrOff),
    ...(mayHold === undefined ? {} : { mayHold: asNow(mayHold, onOrOff) }),
    ...(mayHoldToo === undefined ? {} : { mayHoldToo: asNow(mayHoldToo, (values) => values.map(onOrOff)) }),
  };
};

const nameOf = (type: ObjectType, text: string, pathOf: PathOf): string => {
  const said = pathOf(type, text, 'mapping');
  return 'refused' in said ? text : said.path;
};

const attributesByPath = (type: ObjectType, attributes: Attributes, pathOf: PathOf): Attributes =>
  byPath(type, attributes, pathOf, onOrOff);

const byPath = <T>(
  type: ObjectType,
  told: Readonly<Record<string, T>>,
  pathOf: PathOf,
  switched: (value: T) => T,
): Readonly<Record<string, T>> =>
  Object.fromEntries(
    Object.entries(told).map(([text, value]) => {
      const path = nameOf(type, text, pathOf);
      return [path, path === switchPath ? switched(value) : value];
    }),
  );

const refusedOfMapping = (type: ObjectType, rules: readonly MappingRule[], pathOf: PathOf): readonly RuleRefused[] => {
  const first = new Map<string, number>();
  return rules.flatMap((rule, nth) => {
    const said = pathOf(type, rule.to, 'mapping');
    if ('refused' in said) return [refusal('mapping', type, nth, 'to', `${quoted(rule.to)} ${said.refused}`)];
    const earlier = first.get(sameAs(said.path));
    first.set(sameAs(said.path), earlier ?? nth);
    if (earlier !== undefined)
      return [refusal('mapping', type, nth, 'to', `${quoted(rule.to)} is what the rule ${earlier} writes already`)];
    if (said.writable === 'only_on_create' && rule.apply === 'always')
      return [
        refusal('mapping', type, nth, 'apply', `must be only_on_create: ${said.path} of an account is never changed`),
      ];
    return said.path === switchPath ? refusedAtSwitch(type, rule, nth) : [];
  });
};

/** Whoever is off cannot sign in, so that only a clear word switches an account. */
const refusedAtSwitch = (type: ObjectType, rule: MappingRule, nth: number): readonly RuleRefused[] => {
  if (type === 'group') return [refusal('mapping', type, nth, 'to', 'groups cannot be switched off')];
  if (rule.kind === 'reference')
    return [refusal('mapping', type, nth, 'kind', `${switchPath} is true or false, and refers to nobody`)];
  if (rule.kind === 'constant' && typeof rule.value !== 'boolean')
    return [refusal('mapping', type, nth, 'value', `must be true or false for ${switchPath}`)];
  if (rule.default !== null && typeof rule.default !== 'boolean')
    return [refusal('mapping', type, nth, 'default', `must be true or false for ${switchPath}`)];
  return [];
};

/** Names of attributes, and labels of elements, are the same in any case; a value path means its `value` (RFC 7643 §2.1, §2.4). */
const sameAs = (path: string): string => path.toLowerCase().replace(/\.value$/, '');

const refusal = (
  list: 'mapping' | 'matching',
  type: ObjectType,
  nth: number,
  field: string,
  detail: string,
): RuleRefused => ({ pointer: `/${list}/${type}/${nth}/${field}`, detail });

const quoted = (text: string): string => JSON.stringify(text);
