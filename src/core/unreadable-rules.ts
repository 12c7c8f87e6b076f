/**
 * Rules of a target that go by what its connection may not read. Whoever saves one is refused; one from before, or from an edit at the database, says nothing
 * of anybody: what was not read is unknown, and not empty.
 */

import type { Mapping, Matching } from '../model/mapping.ts';
import type { ObjectType } from '../model/source-object.ts';
import { type AttributeNames, attributeIn, type ReadSince } from './read-attributes.ts';

export type UnreadableRule = {
  readonly list: 'mapping' | 'matching';
  readonly type: ObjectType;
  readonly nth: number;
  readonly from: string;
  readonly to: string;
  /** What would have to be read. */
  readonly attribute: string;
};
type Rules = { readonly mapping?: Mapping | undefined; readonly matching?: Matching | undefined };

/** Those by other attributes than these, and than the id, which is known of everybody. */
export const rulesBeyond = (known: AttributeNames, rules: Rules): readonly UnreadableRule[] =>
  (['mapping', 'matching'] as const).flatMap((list) =>
    (['user', 'group'] as const).flatMap((type) =>
      (rules[list]?.[type] ?? []).flatMap((rule, nth) => {
        if (!('from' in rule)) return [];
        const { from, to } = rule;
        const attribute = attributeIn(from);
        return attribute === 'id' || known[type].includes(attribute) ? [] : [{ list, type, nth, from, to, attribute }];
      }),
    ),
  );

/** `may`: what the connection may read. What was read of everybody all the same, as it protects somebody, has its values. */
export const unreadableRules = (may: AttributeNames, read: ReadSince, rules: Rules): readonly UnreadableRule[] =>
  rulesBeyond({ user: [...may.user, ...read.user.keys()], group: [...may.group, ...read.group.keys()] }, rules);

/** What comes of such a rule. */
export const effectOf = ({ list, type, to, attribute }: UnreadableRule): string =>
  list === 'mapping'
    ? `"${attribute}" is not among the attributes that the connection reads of each ${type}, so ${to} is not written: neither a value nor the default of the rule.`
    : `"${attribute}" is not among the attributes that the connection reads of each ${type}, so nobody is found by ${to}; whoever no other rule finds gets another account.`;

/** What your team does about it. */
export const mendOf = ({ type, attribute }: Pick<UnreadableRule, 'type' | 'attribute'>): string =>
  `Name "${attribute}" in attributes.${type} of the connection, or take the rule out.`;
