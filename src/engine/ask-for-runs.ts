/** Asks for ordinary runs: whoever ticks, lets go or finds that a target is behind says it here. What is wanted is written first, the wake-up after it. */

import type { Connection } from '../model/connection.ts';
import type { ConnectionId, RunId, TargetId } from '../model/ids.ts';
import type { Run, SyncMode, Trigger } from '../model/run.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Stores } from '../store/stores.ts';
import { newProvisionRun, newSyncRun } from './request-runs.ts';

/** Who is woken before whom is the queue's business. */
type Urgency = 'person' | SyncMode;

export type Asking = {
  readonly stores: Pick<Stores, 'runs' | 'connections'>;
  readonly now: () => Date;
  readonly newRunId: () => RunId;
  readonly wakeups: {
    readonly sync: (connection: ConnectionId, urgency: Urgency) => Promise<void>;
    readonly provision: (target: TargetId, urgency: Urgency) => Promise<void>;
  };
};

export const askForSync = async (
  asking: Asking,
  connection: Connection,
  wanted: { readonly mode: SyncMode; readonly trigger: Trigger },
): Promise<Run> => {
  const { run } = await asking.stores.runs.request(newSyncRun(connection, { ...usual(asking), ...wanted }));
  await asking.wakeups.sync(connection.id, urgencyOf(wanted));
  return run;
};

/** Of what changed, and what is due. */
export const askForProvisioning = async (asking: Asking, target: TargetRecord, trigger: Trigger): Promise<Run> => {
  const wanted = { mode: 'delta', trigger } as const;
  const { run } = await asking.stores.runs.request(newProvisionRun(target, null, { ...usual(asking), ...wanted }));
  await asking.wakeups.provision(target.id, urgencyOf(wanted));
  return run;
};

/** A tick only asks for work: ticks overlap freely, runs do not. */
export const onTick = async (asking: Asking, id: ConnectionId, mode: SyncMode): Promise<void> => {
  const connection = await asking.stores.connections.get(id);
  if (connection?.state === 'active') await askForSync(asking, connection, { mode, trigger: 'schedule' });
};

/** A connection that was let go: its schedule went with the quarantine. */
export const resume = async (
  asking: Asking & { readonly wakeups: { readonly schedule: (connection: Connection) => Promise<void> } },
  connection: Connection,
): Promise<void> => {
  await asking.wakeups.schedule(connection);
  await askForSync(asking, connection, { mode: 'delta', trigger: 'retry' });
};

const usual = ({ newRunId, now }: Asking) => ({ id: newRunId(), scope: null, dryRun: false, at: now() }) as const;

const urgencyOf = ({ trigger, mode }: { readonly trigger: Trigger; readonly mode: SyncMode }): Urgency =>
  trigger === 'api' ? 'person' : mode;
