/** Bugs in what is said of those who are, or are not, as wanted. */

import type { Mutant } from './mutant.ts';

export const telling: readonly Mutant[] = [
  {
    name: 'whoever left is in sync',
    what: 'Who left, and has no account or one that is off, is said to be as wanted, as if they were there.',
    edits: [
      {
        file: 'src/core/finding.ts',
        from: "at(gone === 'out_of_scope' ? 'in_scope' : 'found', gone);",
        to: "at(null, gone === 'missing' ? gone : 'in_sync');",
      },
    ],
  },
  {
    name: 'groups are left out of the count',
    what: 'The reasons are counted of people alone.',
    edits: [
      {
        file: 'src/engine/count-reasons.ts',
        from: "const isLast = cursor === null && type === 'group';",
        to: "if (type === 'group') continue; const isLast = cursor === null;",
      },
    ],
  },
];
