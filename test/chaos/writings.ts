/** What was written to an account or group, by the names that the history of its tenant goes by. */

import { z } from 'zod';
import type { Effect } from '../../simulator/scim/index.ts';

/** `value`: null where there is none. A manager is named by remote id. */
export type Writing = { readonly attribute: string; readonly value: unknown };

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const record = z.record(z.string(), z.unknown()).nullish();
const emails = z.array(z.object({ type: z.string().optional(), value: z.string().optional() })).nullish();

export const writtenOf = ({ type, what, wrote }: Effect): readonly Writing[] => {
  // Of a new account everything is said, also what it lacks; members and managers come later.
  const says = (attribute: string): boolean => attribute in wrote || what.kind === 'created';
  const plain = (attribute: string): Writing => ({ attribute, value: wrote[attribute] ?? null });
  if (type === 'Group') return says('displayName') ? [plain('displayName')] : [];
  const name = record.parse(wrote['name']);
  const extension = record.parse(wrote[enterprise]);
  const manager = record.parse(extension?.['manager'])?.['value'] ?? null;
  return [
    ...['userName', 'displayName', 'title'].filter(says).map(plain),
    ...(says('name')
      ? (['givenName', 'familyName'] as const).map((attribute) => ({ attribute, value: name?.[attribute] ?? null }))
      : []),
    ...(says('emails')
      ? [{ attribute: 'mail', value: emails.parse(wrote['emails'])?.find((one) => one.type === 'work')?.value ?? null }]
      : []),
    ...(says(enterprise)
      ? [
          { attribute: 'department', value: extension?.['department'] ?? null },
          { attribute: 'manager', value: manager },
        ]
      : []),
  ];
};
