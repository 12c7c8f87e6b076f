/** The audit log, in memory. */

import { sealed } from '../audit-chain.ts';
import type { AuditFilter, AuditLog, KeptEntry } from '../audit-log.ts';

export const createMemoryAuditLog = (now: () => Date): AuditLog => {
  const entries: KeptEntry[] = [];
  return {
    append: async (entry) => {
      const kept = sealed(entry, now(), entries.at(-1) ?? null);
      entries.push(kept);
      return kept;
    },
    list: async (filter, after, limit) => {
      const found = entries
        .filter((entry) => isMeant(entry, filter) && (after === null || entry.seq < Number(after)))
        .toReversed();
      const items = found.slice(0, limit);
      return { items, next: found.length > limit ? String(items.at(-1)?.seq) : null };
    },
    scan: async function* (filter) {
      const found = entries.filter((entry) => isMeant(entry, filter));
      if (found.length > 0) yield found;
    },
    noted: async () => entries.length,
  };
};

const isMeant = ({ filed }: KeptEntry, filter: AuditFilter): boolean =>
  (filter.organizations?.some((one) => one === filed.organization) ?? true) &&
  (filter.actor === undefined || filed.actor === filter.actor) &&
  (filter.action === undefined || filed.action === filter.action) &&
  (filter.step === undefined || filed.step === filter.step) &&
  (filter.subject === undefined || filed.subjects.includes(filter.subject)) &&
  (filter.from === undefined || filed.at >= filter.from) &&
  (filter.until === undefined || filed.at < filter.until);
