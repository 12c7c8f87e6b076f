/** Small pieces of the sentences that explain something to a person. */

import type { SourceId } from '../model/ids.ts';
import type { Operation, WaitingReference } from '../model/operation.ts';
import type { Attributes, GoneReason, Left, ObjectType, SourceObject } from '../model/source-object.ts';
import { own } from './attributes.ts';
import { mostWaiting, type ObjectNow } from './finding.ts';
import type { PlannedOperation } from './plan.ts';
import type { UnreadableRule } from './unreadable-rules.ts';

/** To the minute, in UTC: a sentence is pasted into tickets and read elsewhere. */
export const timeText = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** In the largest unit that says it exactly: `4 hours`, `90 minutes`. */
export const spanText = (secs: number): string => {
  const [size, unit] = secs % 3_600 === 0 ? [3_600, 'hour'] : secs % 60 === 0 ? [60, 'minute'] : [1, 'second'];
  const count = secs / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
};

export const timesText = (times: number): string => {
  if (times === 1) return 'once';
  return times === 2 ? 'twice' : `${times} times`;
};

export const goneWords: Readonly<Record<GoneReason, string>> = {
  soft_deleted: 'In the recycle bin of Entra',
  deleted: 'Deleted in Entra',
  out_of_scope: 'Out of scope',
  missing: 'Not listed by Entra',
};

/** Of somebody who left so long ago that nobody knows any more what they looked like. */
export const strippedWords = ({ at, isStripped }: Left): string | null =>
  isStripped ? `left${at === null ? '' : ` on ${timeText(at)}`}, the attributes are not kept any more` : null;

/** With one full stop, whatever others ended it with. */
export const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

const mostListed = 5;
/** The first few by name. */
export const listed = (names: readonly string[]): string =>
  names.length <= mostListed
    ? names.join(', ')
    : `${names.slice(0, mostListed).join(', ')} and ${names.length - mostListed} more`;

/** A name a person knows: the display name, else the user principal name, else the id. */
export const nameOf = ({ ref, attributes }: SourceObject): string => {
  const names = ['displayName', 'userPrincipalName', 'mail'].map((name) => own(attributes, name));
  const name = names.find((value) => typeof value === 'string' && value.trim() !== '');
  return typeof name === 'string' ? name : `${ref.type} ${ref.id}`;
};

/** What is to be done, as it follows "is to have"; null when nothing is. */
export const needOf = (todo: readonly PlannedOperation[], { seen, members }: ObjectNow): string | null => {
  const needs = todo.map(({ operation }) => needWords(operation, seen.object.ref.type));
  if (members.need !== 'nothing') needs.push(members.need === 'adding' ? 'members added' : 'members removed');
  return needs.length === 0 ? null : needs.join(' and ');
};

const needWords = (operation: Operation, type: ObjectType): string => {
  const thing = type === 'group' ? 'group' : 'account';
  switch (operation.action) {
    case 'create':
      return type === 'group' ? 'a group' : 'an account';
    case 'update':
      return updateWords(operation.attributes, thing);
    case 'disable':
      return `the ${thing} switched off`;
    case 'delete':
      return `the ${thing} deleted`;
    case 'add_members':
    case 'remove_members':
      return 'its members brought up to date';
  }
};

const updateWords = (attributes: Attributes, thing: string): string => {
  const { active, ...others } = attributes;
  const paths = Object.keys(others);
  return [
    ...(active === undefined ? [] : [`the ${thing} switched ${active === true ? 'on' : 'off'}`]),
    ...(paths.length === 0 && active !== undefined ? [] : [`${listed(paths)} brought up to date`]),
  ].join(' and ');
};

/** What is not as wanted with its references, as it follows "but"; null when all are. */
export const waitsOf = (
  waiting: readonly WaitingReference[],
  nameOf: (id: SourceId) => string | undefined,
): string | null => {
  const adds = waiting.filter(({ want }) => want === 'add');
  const members = adds.filter(({ path }) => path === 'members');
  const managers = adds.filter(({ path }) => path !== 'members').map(({ to }) => `the manager, ${nameOf(to) ?? to},`);
  const going = waiting.filter(({ want }) => want === 'remove');
  const missing = [...managers, ...(members.length === 0 ? [] : [countOf(members, nameOf)])];
  // Managers wait for nothing else.
  const orProtected = members.length === 0 ? '' : ', or because they are protected there';
  const parts = [
    ...(missing.length === 0 ? [] : [`without ${missing.join(' and ')} for want of an account there${orProtected}`]),
    ...(going.length === 0 ? [] : [`with ${countOf(going, nameOf)} who should have gone and could not be removed yet`]),
  ];
  return parts.length === 0 ? null : parts.join(', and ');
};

const countOf = (members: readonly WaitingReference[], nameOf: (id: SourceId) => string | undefined): string => {
  if (members.length >= mostWaiting) return `${mostWaiting} members or more`;
  const names = members.map(({ to }) => nameOf(to) ?? to);
  return members.length === 1 ? `the member ${listed(names)}` : `${members.length} members (${listed(names)})`;
};

/** Of several, for somebody who asks about one object; empty where there are none. Begins with a space. */
export const unreadableWords = (rules: readonly UnreadableRule[]): string => {
  const [first] = rules;
  if (first === undefined) return '';
  const names = [...new Set(rules.map(({ attribute }) => attribute))];
  const paths = listed([...new Set(rules.map(({ to }) => to))]);
  const what = first.list === 'mapping' ? `${paths} is left as it is there` : `nobody is looked for by ${paths}`;
  return ` The connection may not read ${listed(names)}, so ${what}. To be mended by your team: name it in attributes.${first.type} of the connection, or take the rule out.`;
};
