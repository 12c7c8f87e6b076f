/** Whose a thing is that is within the reach: every record belongs to one organization, and its runs and plans with it. */

import { connectionId, type OrganizationId, planId, runId, targetId, webhookId } from '../model/ids.ts';
import type { Room } from './room.ts';

/** The kinds of thing that belong to somebody. */
export type Owned = 'connection' | 'target' | 'run' | 'plan' | 'webhook';

export const ownerQueries = ({ stores }: Pick<Room, 'stores'>) => ({
  /** Null: there is no such thing, or it is out of reach. */
  async ownerOf(kind: Owned, id: string): Promise<OrganizationId | null> {
    const lookUp: Readonly<Record<Owned, () => Promise<{ readonly organization: OrganizationId } | null>>> = {
      connection: () => stores.connections.get(connectionId(id)),
      target: () => stores.targets.get(targetId(id)),
      run: () => stores.runs.get(runId(id)),
      plan: () => stores.plans.get(planId(id)),
      webhook: () => stores.webhooks.get(webhookId(id)),
    };
    return (await lookUp[kind]())?.organization ?? null;
  },
});
