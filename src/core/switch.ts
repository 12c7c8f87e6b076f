/** What switches the account of a person off and on: what the mapping says of its switch, of them as they were read, and as they are when they are asked about. */

import { type MappingRule, switchPath } from '../model/mapping.ts';
import type { SourceObject, Value } from '../model/source-object.ts';
import { own } from './attributes.ts';
import { mapForUpdate } from './mapping.ts';
import { attributeIn } from './read-attributes.ts';

/** The switch that Entra gives everybody. Whatever is asked about somebody, it is told of. */
export const ownSwitch = 'accountEnabled';

/** Whether the mapping switches the account off. Nothing else that an object of the snapshot says of itself takes anything away. */
export const isToBeOff = (object: SourceObject, rules: readonly MappingRule[]): boolean =>
  switchOf(object, rules) === false;

/** Whether nobody switches on whose account is off: the mapping has it off, or says nothing of it, and they are disabled in the source. */
export const isToStayOff = (object: SourceObject, rules: readonly MappingRule[]): boolean => {
  const says = switchOf(object, rules);
  return says === false || (says === null && own(object.attributes, ownSwitch) === false);
};

/** What the mapping says now of the switch of an account that is there. Null: nothing, whichever rule names it. */
export const switchOf = (object: SourceObject, rules: readonly MappingRule[]): Value =>
  own(mapForUpdate(object, rulesOfSwitch(rules), () => undefined, {}).attributes, switchPath);

export const rulesOfSwitch = (rules: readonly MappingRule[]): readonly MappingRule[] =>
  rules.filter(({ to }) => to === switchPath);

/** Another switch than the source's own: an attribute of the source; null: there is none to ask for, since the rule says the same of everybody. */
export type OtherSwitch = { readonly attribute: string | null };

/** Null: the mapping goes by the source's own switch, or names none. */
export const otherSwitch = (rules: readonly MappingRule[]): OtherSwitch | null => {
  const [rule] = rulesOfSwitch(rules);
  if (rule === undefined) return null;
  const attribute = rule.kind === 'constant' ? null : attributeIn(rule.from);
  return attribute === ownSwitch ? null : { attribute };
};

/** By what somebody is off, as the source shows them now. */
export type OffBy = OtherSwitch & { readonly isOff: (now: SourceObject) => boolean };

/** Null: by the source's own switch. `isOff`: one of the two above. */
export const offBy = (rules: readonly MappingRule[], isOff: typeof isToBeOff): OffBy | null => {
  const other = otherSwitch(rules);
  return other && { ...other, isOff: (now) => isOff(now, rules) };
};
