/** Mapping and matching go by what their connection may read, and by nothing else: what is not read has no value for anybody. */

import { defaultMapping, defaultMatching } from '../core/default-mapping.ts';
import { attributeIn, attributesMapped } from '../core/read-attributes.ts';
import type { Connection } from '../model/connection.ts';
import type { Mapping, MappingRule, Matching, MatchingRule } from '../model/mapping.ts';
import type { ObjectType } from '../model/source-object.ts';
import type { TargetRecord } from '../model/target-record.ts';
import { type Issue, Refused } from './refused.ts';

type Rules = { readonly mapping: Mapping; readonly matching: Matching };
type Reading = Pick<Connection, 'attributes'>;
const types = ['user', 'group'] as const satisfies readonly ObjectType[];

/** What a target starts with: of the default rules those whose attributes the connection may read. */
export const defaultRules = ({ attributes }: Reading): Rules => {
  const readable = <R extends Rule>(type: ObjectType, rules: readonly R[]): readonly R[] =>
    rules.filter((rule) => isReadable(attributes[type], rule));
  return {
    mapping: { user: readable('user', defaultMapping.user), group: readable('group', defaultMapping.group) },
    matching: { user: readable('user', defaultMatching.user), group: readable('group', defaultMatching.group) },
  };
};

type Rule = MappingRule | MatchingRule;

const isReadable = (read: readonly string[], rule: Rule): boolean => {
  if (!('from' in rule)) return true;
  const name = attributeIn(rule.from);
  return name === 'id' || read.includes(name);
};

/** Throws `Refused`, naming each rule that goes by an attribute the connection does not read. */
export const refuseUnreadable = (
  { attributes }: Reading,
  given: { readonly [K in keyof Rules]: Rules[K] | undefined },
): void => {
  const issues = (['mapping', 'matching'] as const).flatMap((field) =>
    types.flatMap((type) =>
      (given[field]?.[type] ?? []).flatMap((rule, nth): readonly Issue[] => {
        if (!('from' in rule) || isReadable(attributes[type], rule)) return [];
        const detail = notRead(type, attributeIn(rule.from), attributes[type]);
        return [{ pointer: `/${field}/${type}/${nth}/from`, detail }];
      }),
    ),
  );
  if (issues.length > 0)
    throw new Refused('attribute_not_read', 'Nobody has a value of an attribute that is not read.', issues);
};

const notRead = (type: ObjectType, name: string, read: readonly string[]): string => {
  const meant = read.find((one) => one.toLowerCase() === name.toLowerCase());
  const todo = meant === undefined ? 'Name it there first, or take the rule out.' : `Is "${meant}" meant?`;
  return `"${name}" is not among the attributes that the connection reads of each ${type} (attributes.${type}). ${todo}`;
};

/** Throws `Refused`, naming each attribute that is not to be read any more and that a rule of a target goes by. */
export const refuseTakingMapped = (before: Reading, after: Reading, targets: readonly TargetRecord[]): void => {
  const issues = types.flatMap((type) =>
    before.attributes[type]
      .filter((name) => !after.attributes[type].includes(name))
      .flatMap((name): readonly Issue[] => {
        const users = targets.filter((one) => one.state !== 'deleting' && attributesMapped(one)[type].includes(name));
        if (users.length === 0) return [];
        const detail = `"${name}" is mapped or matched by ${users.map((one) => one.name).join(', ')}: take it out of the rules there first`;
        return [{ pointer: `/attributes/${type}`, detail }];
      }),
  );
  if (issues.length > 0)
    throw new Refused('attribute_not_read', 'Targets go by attributes that would not be read any more.', issues);
};
