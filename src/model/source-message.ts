/** What a source tells of the objects it holds. What each message means stands with the port (`SourcePage`). */

import type { Attributes, Ref } from './source-object.ts';

export type ObjectMessage =
  | { readonly type: 'upsert'; readonly ref: Ref; readonly attributes: Attributes; readonly whole: boolean }
  | {
      readonly type: 'members';
      readonly group: Ref;
      readonly members:
        | { readonly whole: readonly Ref[] }
        | { readonly added: readonly Ref[]; readonly removed: readonly Ref[] };
    }
  | { readonly type: 'remove'; readonly ref: Ref; readonly why: 'soft_deleted' | 'deleted' };
