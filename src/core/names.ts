/** The names a person asks for somebody by, and how they compare: Entra ignores the case of addresses. */

import type { Attributes, SourceObject } from '../model/source-object.ts';
import { own } from './attributes.ts';

export const nameKinds = ['user_principal_name', 'mail', 'employee_id'] as const;
export type NameKind = (typeof nameKinds)[number];

/** What somebody is asked for by, besides the id of an account. No display name: many have the same. */
export const lookedFor = 'user principal name, mail, employee id or object id';

/** The source attribute that holds each. */
export const nameAttributes: Readonly<Record<NameKind, string>> = {
  user_principal_name: 'userPrincipalName',
  mail: 'mail',
  employee_id: 'employeeId',
};

/** By which of its names this is the object, if by any. */
export const namedBy = ({ attributes }: SourceObject, name: string): NameKind | null =>
  nameKinds.find((kind) => {
    const value = own(attributes, nameAttributes[kind]);
    if (typeof value !== 'string' || value === '') return false;
    return kind === 'employee_id' ? value === name : sameCase(value) === sameCase(name);
  }) ?? null;

/** What the names of an object are looked up by. Two names with the same key need not be the same: `namedBy` decides. */
export const nameKeysOf = (attributes: Attributes): readonly string[] => {
  const keys: string[] = [];
  for (const kind of nameKinds) {
    const value = own(attributes, nameAttributes[kind]);
    if (typeof value !== 'string' || value === '') continue;
    const key = nameKeyOf(value);
    if (!keys.includes(key)) keys.push(key);
  }
  return keys;
};

export const nameKeyOf = (name: string): string => sameCase(name);

const sameCase = (name: string): string => name.toLowerCase();
