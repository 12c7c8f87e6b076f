/** Writes down which runs are wanted. The record comes first, the wake-up after it: a wake-up that is lost costs time, never work. */

import type { Connection, Problem } from '../model/connection.ts';
import type { PlanId, RunId } from '../model/ids.ts';
import { askedFor, type Plan } from '../model/plan.ts';
import {
  type Amends,
  noCounters,
  type PreviewRun,
  type ProvisionRun,
  type ReconcileRun,
  type Run,
  type RunScope,
  type Shrink,
  type SyncMode,
  type SyncRun,
  type Trigger,
} from '../model/run.ts';
import type { Scope } from '../model/scope.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Engine } from './engine.ts';

type Wanted = {
  readonly id: RunId;
  readonly mode: SyncMode;
  readonly scope: RunScope | null;
  readonly dryRun: boolean;
  readonly trigger: Trigger;
  readonly at: Date;
  /** When it may begin, and what it waits for until then. */
  readonly notBefore?: Date;
  readonly problem?: Problem;
};

type OfConnection = Pick<Connection, 'id' | 'organization'>;
type OfTarget = Pick<TargetRecord, 'id' | 'connection' | 'organization'>;
/** What a run says of the record it is made from is as well known as the record is. */
type FromConnection<C extends OfConnection> = {
  readonly organization: C['organization'];
  readonly connection: C['id'];
};
type FromTarget<T extends OfTarget> = {
  readonly organization: T['organization'];
  readonly connection: T['connection'];
  readonly target: T['id'];
};

export const newSyncRun = <C extends OfConnection>(
  connection: C,
  wanted: Wanted & { readonly acceptShrink?: Shrink | null },
): SyncRun & FromConnection<C> => ({
  ...fresh(wanted),
  kind: 'sync',
  acceptShrink: wanted.acceptShrink ?? null,
  shrink: null,
  read: null,
  organization: connection.organization,
  connection: connection.id,
});

export const newProvisionRun = <T extends OfTarget>(
  target: T,
  causedBy: RunId | null,
  wanted: Wanted & { readonly plan?: PlanId | null; readonly amends?: Amends | null },
): ProvisionRun & FromTarget<T> => ({
  ...fresh(wanted),
  kind: 'provision',
  organization: target.organization,
  connection: target.connection,
  target: target.id,
  plan: wanted.plan ?? null,
  amends: wanted.amends ?? null,
  causedBy,
});

export const newPreviewRun = <C extends OfConnection>(
  connection: C,
  { proposed, ...wanted }: Pick<Wanted, 'id' | 'trigger' | 'at'> & { readonly proposed: Scope },
): PreviewRun & FromConnection<C> => ({
  ...fresh({ ...wanted, mode: 'full', scope: null, dryRun: true }),
  kind: 'preview',
  proposed,
  organization: connection.organization,
  connection: connection.id,
});

/** It looks at everything, always. */
export const newReconcileRun = <T extends OfTarget>(
  target: T,
  wanted: Pick<Wanted, 'id' | 'trigger' | 'at'>,
): ReconcileRun & FromTarget<T> => ({
  ...fresh({ ...wanted, mode: 'full', scope: null, dryRun: false }),
  kind: 'reconcile',
  organization: target.organization,
  connection: target.connection,
  target: target.id,
});

/** After a commit every active target of the connection is looked at; a dry or scoped sync run makes dry or scoped provision runs. */
export const requestProvisioning = async (engine: Engine, cause: SyncRun): Promise<void> => {
  for (const target of await engine.stores.targets.of(cause.connection)) {
    if (target.state !== 'active') continue;
    const wanted: Wanted = {
      id: engine.newRunId(),
      mode: 'delta',
      scope: cause.scope,
      dryRun: cause.dryRun,
      trigger: 'commit',
      at: engine.world.now(),
    };
    await engine.stores.runs.request(newProvisionRun(target, cause.id, wanted));
    await engine.wakeTarget(target.id);
  }
};

type About = Pick<Plan, 'mode' | 'scope' | 'kind' | 'amends' | 'id'>;
type Asked = Pick<Wanted, 'id' | 'trigger' | 'at'>;

/** Carries out what a person approved. */
export const newRunOfPlan = <T extends OfTarget>(
  target: T,
  plan: About,
  asked: Asked,
): ProvisionRun & FromTarget<T> => {
  const { mode, scope, amends } = plan;
  return newProvisionRun(target, null, { ...asked, mode, scope, dryRun: false, plan: plan.id, amends });
};

/** Makes the plan once more, from what is there now. */
export const newRunToPlanAgain = <T extends OfTarget>(
  target: T,
  { mode, scope, kind, amends }: About,
  asked: Asked,
): ProvisionRun & FromTarget<T> =>
  newProvisionRun(target, null, { ...asked, mode, scope, dryRun: askedFor.includes(kind), amends });

/** What is left of a run that was over its time: the same again, from where it is. */
export const restOf = (engine: Engine, { mode, scope, dryRun }: Run): Wanted => ({
  id: engine.newRunId(),
  mode,
  scope,
  dryRun,
  trigger: 'retry',
  at: engine.world.now(),
});

export const requestAgain = async (engine: Engine, run: Run): Promise<void> => {
  await engine.stores.runs.request(run);
};

const fresh = ({ id, mode, scope, dryRun, trigger, at, notBefore, problem }: Wanted) => ({
  id,
  mode,
  scope,
  dryRun,
  trigger,
  causedBy: null,
  state: 'queued' as const,
  phase: 'queued' as const,
  counters: noCounters,
  place: null,
  problem: problem ?? null,
  cancelRequested: false,
  notBefore: notBefore ?? null,
  faults: 0,
  createdAt: at,
  startedAt: null,
  finishedAt: null,
  version: null,
});
