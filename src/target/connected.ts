/** One live connection per target, kept as long as its record does not change: its sockets, its limits and what was learned of it. */

import type { TargetId } from '../model/ids.ts';
import type { Secret } from '../model/secret.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Target } from './target.ts';

type Secrets = Readonly<Record<string, Secret>>;
type Kept = { readonly revision: number; readonly since: number; readonly target: Target };

/** What a target says of itself may change: after this it is asked again. */
const keptMs = 3_600_000;
/** Beyond this many the one that was used longest ago is let go. */
const mostKept = 500;

export const connectedTargets = (connect: (record: TargetRecord, secrets: Secrets) => Target, now: () => Date) => {
  const kept = new Map<TargetId, Kept>();
  const letGo = (id: TargetId): void => {
    const old = kept.get(id);
    kept.delete(id);
    // Its sockets end when the requests under way do.
    old?.target.close().catch(() => {});
  };
  return {
    connect: (record: TargetRecord, secrets: Secrets): Target => {
      const at = now().getTime();
      const found = kept.get(record.id);
      if (found !== undefined && (found.revision !== record.revision || at - found.since >= keptMs)) letGo(record.id);
      const fresh = kept.get(record.id) ?? { revision: record.revision, since: at, target: connect(record, secrets) };
      kept.delete(record.id);
      kept.set(record.id, fresh);
      const [oldest] = kept.keys();
      if (kept.size > mostKept && oldest !== undefined) letGo(oldest);
      return fresh.target;
    },
    close: async (): Promise<void> => {
      const targets = [...kept.values()].map(({ target }) => target);
      kept.clear();
      await Promise.all(targets.map((target) => target.close()));
    },
  };
};
