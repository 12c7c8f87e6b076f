/**
 * What commands ask of the engine. The engine goes by stored records alone and knows no reach, so it is asked with records that were handed out, and with
 * nothing that stands in a request.
 */

import type { FullReach } from '../core/access.ts';
import { windowMs } from '../core/guard.ts';
import { approvalsOf } from '../engine/approvals-of.ts';
import { basisNow, movedSince, unseenIn } from '../engine/basis.ts';
import { countReasons, type ReasonCounts, type Wanted } from '../engine/count-reasons.ts';
import { defaultTiming, type Observe } from '../engine/engine.ts';
import { type Answer, type Explainer, explainPerson } from '../engine/explain.ts';
import { inForceNow } from '../engine/in-force.ts';
import type { Kept } from '../engine/kept-of-person.ts';
import { noteCheck } from '../engine/note-reading.ts';
import { isTenantOfOthers, noteTenant, takeTenant } from '../engine/note-tenant.ts';
import { type Erasure, erasePerson, keptOf } from '../engine/persons.ts';
import { beginTelling } from '../engine/relay-events.ts';
import { declareRestore } from '../engine/restore.ts';
import type { CheckReport } from '../model/check.ts';
import type { Connection } from '../model/connection.ts';
import { type OrganizationId, runId, type SourceId } from '../model/ids.ts';
import type { Plan } from '../model/plan.ts';
import type { Approvals, TargetRecord } from '../model/target-record.ts';
import type { World } from '../model/world.ts';
import { newId } from '../store/ids.ts';
import type { Restore } from '../store/installation.ts';
import type { Stores } from '../store/stores.ts';
import type { Reached, Within } from './reached.ts';

type Standing = Pick<Explainer, 'connectSource' | 'connectTarget' | 'targetPaths'> & {
  readonly stores: Stores;
  readonly world: World;
  readonly observe: Pick<Observe, 'restored'>;
  readonly leastApprovals: Approvals;
};

export type EngineWithin = ReturnType<typeof engineWithin>;

export const engineWithin = (standing: Standing) => {
  const { stores, world, observe, connectSource, connectTarget, targetPaths } = standing;
  const explainer = { stores, world, connectSource, connectTarget, targetPaths };
  const guarded = (target: Within<TargetRecord>) => inForceNow(standing, target);
  return {
    explainPerson: (
      connection: Within<Connection>,
      targets: readonly Within<TargetRecord>[],
      person: string,
      live: boolean,
    ): Promise<Answer> => explainPerson(explainer, connection, targets.map(guarded), person, live),

    countReasons: (
      connection: Within<Connection>,
      target: Within<TargetRecord>,
      wanted: Wanted,
    ): Promise<ReasonCounts | null> => countReasons(explainer, connection, guarded(target), wanted),

    keptOf: (
      connection: Within<Connection>,
      person: SourceId,
      signal: AbortSignal,
    ): Promise<AsyncIterable<readonly Kept[]> | null> => keptOf(stores, connection, person, signal),

    erasePerson: (connection: Within<Connection>, person: SourceId, signal: AbortSignal): Promise<Erasure> =>
      erasePerson({ stores, world, owner: newId('erasing'), timing: defaultTiming }, connection, person, signal),

    unseenIn: (target: Within<TargetRecord>) => unseenIn(stores, target),

    /** What moved since the plan was made, in words. */
    movedSince: async (plan: Within<Plan>, target: Within<TargetRecord>): Promise<readonly string[]> =>
      movedSince(stores, plan, await basisNow(stores, guarded(target))),

    /** How many have to approve it now. */
    approvalsOf: (plan: Within<Plan>, target: Within<TargetRecord>): Promise<Approvals> =>
      approvalsOf({ stores, record: guarded(target), since: new Date(world.now().getTime() - windowMs) }, plan),

    /** Keeps which tenant a check found a connection to open, and compares it with what is read for others. */
    noteTenant: (connection: Within<Connection>, report: CheckReport): Promise<CheckReport> =>
      noteTenant({ stores, world }, connection, report),

    /** Keeps what a check of the tenant came to, and has others told of it. */
    noteCheck: (connection: Within<Connection>, report: CheckReport): Promise<void> =>
      noteCheck({ stores, world }, connection, report),

    /** Yes or no, and nothing of what is read for others. */
    isTenantOfOthers: (connection: Within<Connection>, directoryId: string): Promise<boolean> =>
      isTenantOfOthers({ stores, world }, connection, directoryId),

    /** For a connection that is about to be connected to it; false: it is read, or was named a moment ago, for others. */
    takeTenant: (connection: Within<Connection>, directoryId: string): Promise<boolean> =>
      takeTenant({ stores, world }, connection, directoryId),

    /** One of two approved it; whoever is to be the other is told. */
    tellApprovedOnce: ({ id, organization, connection, target }: Within<Plan>, at: Date): Promise<void> => {
      const about = { type: 'plan.approved_once', plan: id, target } as const;
      return stores.events.record([{ key: `approved_once|${id}`, organization, connection, at, about }]);
    },

    beginTelling: (organization: Reached<OrganizationId>): Promise<void> => beginTelling(stores, organization),

    /** It is about everything there is. */
    declareRestore: (_: FullReach, word: { readonly by: string; readonly reason: string }): Promise<Restore> =>
      declareRestore({ stores, world, newRunId: () => runId(newId('run')), observe }, word),
  };
};
