/** What decides how a plan is worked out, as one short text: another text means another plan. */

import { createHash } from 'node:crypto';
import type { Json, TargetRecord } from '../model/target-record.ts';

export const rulesKey = ({
  mapping,
  matching,
  deprovision,
}: Pick<TargetRecord, 'mapping' | 'matching' | 'deprovision'>): string =>
  createHash('sha256')
    .update(canonical([mapping, matching, deprovision]))
    .digest('base64url');

/** The same text whatever the order of the fields, which a database need not keep. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: Json) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
