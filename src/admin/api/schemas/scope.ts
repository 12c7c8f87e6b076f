/** Scopes as the API takes and shows them. */

import { z } from 'zod';
import { sourceId } from '../../../model/ids.ts';
import type { Scope } from '../../../model/scope.ts';
import { guid } from './common.ts';

export const scopeSchema = z
  .union(
    [
      z.literal('all'),
      z.strictObject({ group_ids: z.array(guid).min(1).max(100), nested: z.boolean().default(false) }),
    ],
    'must be "all" or an object with group_ids',
  )
  .meta({
    description: '`all`, or these groups and their members; with `nested`, the members of member groups too.',
  });

export const scopeOf = (scope: z.output<typeof scopeSchema>): Scope =>
  scope === 'all' ? { kind: 'all' } : { kind: 'groups', groups: scope.group_ids.map(sourceId), nested: scope.nested };

export const scopeView = (scope: Scope): z.input<typeof scopeSchema> =>
  scope.kind === 'all' ? 'all' : { group_ids: [...scope.groups], nested: scope.nested };
