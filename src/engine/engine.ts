/** What the engine stands on. Everything outside is passed in, so that a run can be replayed. */

import type { Connection } from '../model/connection.ts';
import type { Reconciliation } from '../model/discrepancy.ts';
import type { ConnectionId, RunId, TargetId } from '../model/ids.ts';
import type { TargetPaths } from '../model/mapping.ts';
import type { Action, Outcome } from '../model/operation.ts';
import type { PlanAges } from '../model/plan.ts';
import type { Run } from '../model/run.ts';
import type { Approvals, LimitName, TargetRecord } from '../model/target-record.ts';
import type { World } from '../model/world.ts';
import type { Source } from '../source/source.ts';
import type { Secrets } from '../store/connection-store.ts';
import type { Restore } from '../store/installation.ts';
import type { Stores } from '../store/stores.ts';
import type { Target } from '../target/target.ts';

export type Engine = {
  readonly stores: Stores;
  readonly world: World;
  readonly connectSource: (connection: Connection, secrets: Secrets) => Source;
  /** The live connection to a target, kept from turn to turn: whoever gives it closes it. */
  readonly connectTarget: (record: TargetRecord, secrets: Secrets) => Target;
  /** Asks a worker to look at a target soon. A lost wake-up costs time, never work. */
  readonly wakeTarget: (target: TargetId) => Promise<void>;
  readonly newRunId: () => RunId;
  /** What each kind of target says of the paths of a mapping. */
  readonly targetPaths: TargetPaths;
  /** How many people have to approve what is over a limit, at every target, whatever it says. */
  readonly leastApprovals: Approvals;
  /** Names this process in leases. */
  readonly owner: string;
  readonly timing: Timing;
  readonly observe: Observe;
  /** Called at each named point of a run; tests stop the process there. */
  readonly failpoint: (site: string) => Promise<void>;
};

/** Milliseconds. */
export type Timing = {
  readonly leaseTtlMs: number;
  /**
   * How long after a worker lost a target what it had sent may still take effect there. Unless given, as long as the target is waited for, and `inFlightMs` at
   * least.
   */
  readonly inFlightMs?: number;
  /** How long one turn works before it makes room for the next connection or target. */
  readonly sliceMs: number;
  /** How often a run writes where it is. */
  readonly reportMs: number;
  /** How long after the first look at who is missing the second one is; `secondLookMs` unless given. */
  readonly secondLookMs?: number;
  /** How old plans may get; `defaultPlanAges` unless given. */
  readonly planAges?: PlanAges;
  /** How long a data key is used; as long as its secret unless given. */
  readonly dataKeyMs?: number;
};

/** A worker gives a request up after so long (`timeout_secs` of a SCIM target, unless set otherwise), and targets do not work on at it for much longer. */
export const inFlightMs = 30_000;

export const defaultTiming: Timing = { leaseTtlMs: 30_000, sliceMs: 15_000, reportMs: 2_000 };

/** What the metrics count. */
export type Observe = {
  readonly runEnded: (run: Run) => void;
  readonly operation: (action: Action, result: Outcome['result']) => void;
  readonly committed: (connection: ConnectionId, at: Date) => void;
  /** The guard kept everything of a kind back. */
  readonly held: (limit: LimitName | 'protection') => void;
  /** Objects that are not tried by themselves any more. */
  readonly givenUp: (objects: number) => void;
  /** A reconcile run came to its end, and found so many of each kind. */
  readonly reconciled: (found: Reconciliation['counts']) => void;
  readonly quarantined: (kind: 'connection' | 'target') => void;
  readonly probed: (kind: 'connection' | 'target', result: 'passed' | 'failed') => void;
  /** So many stored secrets came under the key of now. */
  readonly renewed: (secrets: number) => void;
  /** The database was put back from a backup. */
  readonly restored: (how: Restore['how']) => void;
};

export const unobserved: Observe = {
  runEnded: () => {},
  operation: () => {},
  committed: () => {},
  held: () => {},
  givenUp: () => {},
  reconciled: () => {},
  quarantined: () => {},
  probed: () => {},
  renewed: () => {},
  restored: () => {},
};
