/** What is wrong with a value, in the words of this API, wherever a schema does not say it itself: the library's own name types of JavaScript. */

import type { z } from 'zod';

/** Null: in the library's words. */
export const issueWords = (issue: z.core.$ZodRawIssue): string | null => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is needed' : `must be ${kinds[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of: '}${issue.values.join(', ')}`;
    case 'too_small':
      return issue.origin === 'string' && issue.minimum === 1
        ? 'must not be empty'
        : `must ${sized(issue.origin, 'at least', issue.minimum)}`;
    case 'too_big':
      return `must ${sized(issue.origin, 'at most', issue.maximum)}`;
    case 'invalid_format':
      return forms[issue.format] ?? 'has not the form that it takes here';
    case 'invalid_union':
      return issue.input === undefined ? 'is needed' : 'is nothing that is taken here';
    default:
      return null;
  }
};

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

const forms: Readonly<Record<string, string>> = {
  datetime: 'must be a time in UTC, such as 2026-11-02T09:00:00.000Z',
  url: 'must be an address',
  email: 'must be a mail address',
};

const sized = (origin: string, most: string, count: number | bigint): string => {
  if (origin === 'string') return `have ${most} ${count} character${count === 1 ? '' : 's'}`;
  if (origin === 'array' || origin === 'set') return `have ${most} ${count} ${count === 1 ? 'entry' : 'entries'}`;
  return `be ${most} ${count}`;
};
