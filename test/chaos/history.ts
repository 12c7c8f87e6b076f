/** What was true of a tenant, and when: who was there and switched on, what they were called, which groups there were, who was in them. */

import type { TenantControl } from '../../simulator/graph/index.ts';

export const on = (user: string): string => `on ${user}`;
export const exists = (group: string): string => `group ${group}`;
export const isIn = (group: string, member: string): string => `in ${group} ${member}`;

/** In the tenant, on or off. */
export const here = (user: string): string => `here ${user}`;
/** An attribute, by the name it has at the target, and its value. */
export const is = (id: string, attribute: string, value: unknown): string =>
  `is ${id} ${attribute} ${encodeURIComponent(JSON.stringify(value ?? null))}`;

export type History = {
  /** All that is true now; whatever was and is not among them has ended. Says what is new, and what has ended. */
  note(truths: ReadonlySet<string>, atMs: number): readonly string[];
  /** Whether it was untrue at any moment from one time to another, both included. What was never noted never was true. */
  wasUntrue(truth: string, fromMs: number, toMs: number): boolean;
  /** Whether it was true at any moment from one time to another, likewise. */
  wasTrue(truth: string, fromMs: number, toMs: number): boolean;
  /** Whether this tenant ever had a user or group of this id. */
  knows(id: string): boolean;
};

export const startHistory = (): History => {
  const spans = new Map<string, { readonly at: number; readonly is: boolean }[]>();
  const known = new Set<string>();
  let before: ReadonlySet<string> = new Set();
  const wasEver = (truth: string, wanted: boolean, from: number, to: number): boolean => {
    const turns = spans.get(truth) ?? [];
    const atFirst = turns.findLast(({ at }) => at <= from)?.is ?? false;
    return atFirst === wanted || turns.some(({ at, is }) => is === wanted && at > from && at <= to);
  };
  const add = (truth: string, at: number, is: boolean): void => {
    spans.set(truth, [...(spans.get(truth) ?? []), { at, is }]);
  };
  return {
    note: (truths, at) => {
      for (const truth of truths) {
        known.add(truth.split(' ')[1] ?? '');
        if (!before.has(truth)) add(truth, at, true);
      }
      for (const truth of before) if (!truths.has(truth)) add(truth, at, false);
      const turned = [
        ...[...truths].filter((truth) => !before.has(truth)),
        ...[...before].filter((truth) => !truths.has(truth)).map((truth) => `not ${truth}`),
      ];
      before = new Set(truths);
      return turned;
    },
    wasUntrue: (truth, from, to) => wasEver(truth, false, from, to),
    wasTrue: (truth, from, to) => wasEver(truth, true, from, to),
    knows: (id) => known.has(id),
  };
};

/** What is true of the tenant at this moment. */
export const truthsOf = (tenant: TenantControl): ReadonlySet<string> => {
  const truths = new Set<string>();
  for (const id of tenant.users()) {
    const user = tenant.user(id);
    truths.add(here(id));
    if (user['accountEnabled'] === true) truths.add(on(id));
    for (const [attribute, property] of Object.entries(userAttributes)) truths.add(is(id, attribute, user[property]));
  }
  for (const group of tenant.groups()) {
    truths.add(exists(group.id));
    truths.add(is(group.id, 'displayName', tenant.group(group.id)['displayName']));
    for (const member of tenant.members(group.id)) truths.add(isIn(group.id, member));
  }
  return truths;
};

/** What these targets are told of a person, and which property of the tenant that is. */
export const userAttributes = {
  userName: 'userPrincipalName',
  displayName: 'displayName',
  givenName: 'givenName',
  familyName: 'surname',
  title: 'jobTitle',
  mail: 'mail',
  department: 'department',
  manager: 'manager',
} as const;
