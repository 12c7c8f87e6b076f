/** What decides how a plan is worked out, as one short text: another text means another plan. */

import { createHash } from 'node:crypto';
import type { Json, TargetRecord } from '../model/target-record.ts';

export const rulesKey = ({
  mapping,
  matching,
  deprovision,
  leftGroups,
}: Pick<TargetRecord, 'mapping' | 'matching' | 'deprovision' | 'leftGroups'>): string =>
  createHash('sha256')
    // What leaves groups alone reads as it did before there was a choice, so that nobody has to look at a plan for that.
    .update(canonical([mapping, matching, deprovision, ...(leftGroups === 'leave' ? [] : [leftGroups])]))
    .digest('base64url');

/** The same text whatever the order of the fields, which a database need not keep. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: Json) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
