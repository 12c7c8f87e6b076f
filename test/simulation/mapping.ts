/** The attribute mapping of every simulated target: one rule of each sort, short enough to be worked out again by those who judge. */

import type { Mapping, MappingRule } from '../../src/model/mapping.ts';

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const departmentPath = `${enterprise}:department`;
export const managerPath = `${enterprise}:manager`;

const always = { apply: 'always', whenNull: 'clear', default: null } as const;
const direct = (from: string, to: string): MappingRule => ({ kind: 'direct', from, to, ...always });

/** `titles`: whether job titles are mapped; an operator may edit that. */
export const mappingWith = (titles: boolean): Mapping => ({
  user: [
    direct('id', 'externalId'),
    { ...direct('userPrincipalName', 'userName'), whenNull: 'keep' },
    { ...direct('accountEnabled', 'active'), whenNull: 'keep', default: true },
    direct('displayName', 'displayName'),
    ...(titles ? [direct('jobTitle', 'title')] : []),
    direct('department', departmentPath),
    { kind: 'reference', from: 'manager', to: managerPath, ...always },
  ],
  group: [direct('id', 'externalId'), { ...direct('displayName', 'displayName'), whenNull: 'keep' }],
});

export const attributesRead = {
  user: ['accountEnabled', 'department', 'displayName', 'jobTitle', 'manager', 'userPrincipalName'],
  group: ['displayName'],
} as const;

export const attributesWithoutManager = {
  ...attributesRead,
  user: attributesRead.user.filter((name) => name !== 'manager'),
};
