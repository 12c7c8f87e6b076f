/** Mapping and matching go by what their connection may read, and by nothing else: what is not read has no value for anybody. */

import { defaultMapping, defaultMatching } from '../core/default-mapping.ts';
import { attributeIn, attributesMapped } from '../core/read-attributes.ts';
import { effectOf, mendOf, rulesBeyond, type UnreadableRule, unreadableRules } from '../core/unreadable-rules.ts';
import type { Check } from '../model/check.ts';
import type { Connection } from '../model/connection.ts';
import type { Mapping, MappingRule, Matching, MatchingRule } from '../model/mapping.ts';
import type { ObjectType } from '../model/source-object.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Within } from './reached.ts';
import { type Issue, Refused } from './refused.ts';
import type { StoresWithin } from './stores-within.ts';

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
  const issues = rulesBeyond(attributes, given).map((rule): Issue => {
    const { type, attribute } = rule;
    return { pointer: pointerOf(rule), detail: notRead(type, attribute, attributes[type]) };
  });
  if (issues.length > 0)
    throw new Refused('attribute_not_read', 'Nobody has a value of an attribute that is not read.', issues);
};

const pointerOf = ({ list, type, nth }: UnreadableRule): string => `/${list}/${type}/${nth}/from`;

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

export const ruleWarningCodes = ['attribute_not_read'] as const;
/** A stored rule that says nothing of anybody. */
export type RuleWarning = {
  readonly code: (typeof ruleWarningCodes)[number];
  readonly pointer: string;
  /** The attribute. */
  readonly of: string;
  readonly message: string;
};

type Stored = Pick<StoresWithin, 'connections' | 'snapshots'>;
type Ruled = Pick<Within<TargetRecord>, 'connection' | 'mapping' | 'matching'>;

/** The rules that were stored before they would have been refused, or whose attribute the connection gave up since. */
export const ruleWarnings = async (stores: Stored, target: Ruled): Promise<readonly RuleWarning[]> =>
  (await unreadableAt(stores, target)).map((rule) => ({
    code: 'attribute_not_read',
    pointer: pointerOf(rule),
    of: rule.attribute,
    message: `${effectOf(rule)} ${mendOf(rule)}`,
  }));

/** The same as lines of a check. It works, and somebody should do something all the same. */
export const ruleChecks = async (stores: Stored, target: Ruled): Promise<readonly Check[]> =>
  (await unreadableAt(stores, target)).map((rule) => ({
    name: `rule ${rule.to}`,
    ok: true,
    detail: effectOf(rule),
    remedy: { code: 'attribute_not_read', owner: 'your_team', todo: mendOf(rule), link: null },
  }));

const unreadableAt = async ({ connections, snapshots }: Stored, target: Ruled): Promise<readonly UnreadableRule[]> => {
  const connection = await connections.get(target.connection);
  if (connection === null) return [];
  const head = await snapshots.head(connection.id);
  return unreadableRules(connection.attributes, head.attributes, target);
};
