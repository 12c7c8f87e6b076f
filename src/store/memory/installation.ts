/** The installation in memory: the same promises as the one in MongoDB, for tests and simulations. */

import { randomUUID } from 'node:crypto';
import { firstCountOf, hasGoneBack } from '../../core/epoch.ts';
import type { OrganizationId } from '../../model/ids.ts';
import {
  claimMs,
  type DataKeysAsked,
  type Installation,
  type Marks,
  mostRestores,
  type Restore,
} from '../installation.ts';
import { type Keep, keptByNobody } from './backup.ts';
import type { MemoryLeases } from './leases.ts';
import type { MemorySnapshotStore } from './snapshot-store.ts';

export const createMemoryInstallation = (kept: {
  readonly leases: Pick<MemoryLeases, 'fence'>;
  readonly snapshots: Pick<MemorySnapshotStore, 'fence'>;
  readonly keep?: Keep;
}): Installation => {
  const id = randomUUID();
  const { keep = keptByNobody } = kept;
  const claims = new Map<string, { readonly organization: OrganizationId; readonly at: Date }>();
  const own: { counted: number; restores: readonly Restore[]; dataKeysAsked: DataKeysAsked | null } = keep({
    counted: 0,
    restores: [],
    dataKeysAsked: null,
  });

  return {
    id: async () => id,
    count: async (mark) => {
      if (!hasGoneBack(own.counted, mark)) own.counted += 1;
      return { id, count: own.counted };
    },
    fence: async (epoch, at) => {
      for (const key of kept.leases.fence(firstCountOf(epoch))) kept.snapshots.fence(key, epoch, at);
    },
    begin: async (restore) => {
      if (own.counted >= firstCountOf(restore.epoch)) return;
      own.counted = firstCountOf(restore.epoch);
      own.restores = [restore, ...own.restores].slice(0, mostRestores);
    },
    claimTenant: async (tenant, organization, at) => {
      const held = claims.get(tenant);
      const isHeld = held !== undefined && at.getTime() - held.at.getTime() <= claimMs;
      if (isHeld && held.organization !== organization) return held.organization;
      claims.set(tenant, { organization, at });
      return organization;
    },
    dataKeysAsked: async () => own.dataKeysAsked,
    askForDataKeys: async (asked, instead) => {
      if ((own.dataKeysAsked?.at.getTime() ?? null) === (instead?.getTime() ?? null)) own.dataKeysAsked = asked;
      return own.dataKeysAsked ?? asked;
    },
    restores: async () => own.restores,
  };
};

export const createMemoryMarks = (): Marks & { readonly forget: () => void } => {
  const marks = new Map<string, number>();
  return {
    highest: async (installation) => marks.get(installation) ?? null,
    note: async (installation, count) => {
      marks.set(installation, Math.max(count, marks.get(installation) ?? 0));
    },
    forget: () => marks.clear(),
  };
};
