/** Many people who are all alike, and how many of them are off. */

import type { MappingRule } from '../../src/model/mapping.ts';
import type { Story } from './story.ts';

export const staff = (s: Story, count: number): void => {
  for (let nth = 0; nth < count; nth += 1) s.hire(`p${nth}`);
};
/** All of them have one title, whatever the tenant says. */
export const titledStaff = {
  kind: 'constant',
  to: 'title',
  value: 'staff',
  apply: 'always',
  whenNull: 'clear',
  default: null,
} satisfies MappingRule;
export const off = (s: Story): number => Object.values(s.accounts()).filter((state) => state === 'off').length;
