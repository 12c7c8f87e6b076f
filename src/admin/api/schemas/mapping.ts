/** Attribute mappings and matching rules as the API takes and shows them. */

import { z } from 'zod';
import type { Mapping, MappingRule, Matching, MatchingRule } from '../../../model/mapping.ts';
import { plainText, valueSchema } from './common.ts';

const path = plainText(300);
const ruleFields = {
  to: path.meta({ description: 'The target path, kept in the one spelling that the kind of target has for it.' }),
  apply: z.enum(['always', 'only_on_create']).default('always'),
  when_null: z
    .enum(['clear', 'keep'])
    .default('clear')
    .meta({ description: 'What an unassigned source value does to an existing object.' }),
  default: valueSchema.default(null).meta({ description: 'Used instead of an unassigned value on create.' }),
};
const mappingRuleSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('direct'), from: path, ...ruleFields }),
    z.strictObject({ kind: z.literal('constant'), value: valueSchema, ...ruleFields }),
    z.strictObject({ kind: z.literal('reference'), from: path, ...ruleFields }),
  ])
  .meta({ id: 'MappingRule' });
const mappingRulesSchema = z
  .array(mappingRuleSchema)
  .min(1)
  .max(200)
  .refine(
    (rules) => new Set(rules.map(({ to }) => to)).size === rules.length,
    'must not write the same target path twice',
  );
export const mappingSchema = z
  .strictObject({ user: mappingRulesSchema, group: mappingRulesSchema })
  .meta({ id: 'Mapping' });
const matchingRuleSchema = z.strictObject({ from: path, to: path, ignore_case: z.boolean().default(true) });
export const matchingSchema = z
  .strictObject({ user: z.array(matchingRuleSchema).min(1).max(10), group: z.array(matchingRuleSchema).min(1).max(10) })
  .meta({ id: 'Matching', description: 'How an existing object is found; tried in order.' });

/** As they are kept. */
export const mappingOf = ({ user, group }: z.output<typeof mappingSchema>): Mapping => ({
  user: user.map(ruleOf),
  group: group.map(ruleOf),
});
export const matchingOf = ({ user, group }: z.output<typeof matchingSchema>): Matching => ({
  user: user.map(matchingRuleOf),
  group: group.map(matchingRuleOf),
});

const ruleOf = ({ when_null, ...rule }: z.output<typeof mappingRuleSchema>): MappingRule => ({
  ...rule,
  whenNull: when_null,
});
const matchingRuleOf = ({ ignore_case, ...rule }: z.output<typeof matchingRuleSchema>): MatchingRule => ({
  ...rule,
  ignoreCase: ignore_case,
});

export const mappingView = ({ user, group }: Mapping): z.input<typeof mappingSchema> => ({
  user: user.map(ruleView),
  group: group.map(ruleView),
});
const ruleView = ({ whenNull, ...rule }: MappingRule) => ({ ...rule, when_null: whenNull });
export const matchingView = ({ user, group }: Matching): z.input<typeof matchingSchema> => ({
  user: user.map(matchingRuleView),
  group: group.map(matchingRuleView),
});
const matchingRuleView = ({ from, to, ignoreCase }: MatchingRule) => ({ from, to, ignore_case: ignoreCase });
