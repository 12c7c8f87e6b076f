/** Plans one target on a snapshot that is not committed, by the waves of its own runs. */

import { isOutdated } from '../core/accepted.ts';
import type { Phase, PreviewRun } from '../model/run.ts';
import { noCounters } from '../model/run.ts';
import { planOfPreview } from './aim.ts';
import { acceptedBy } from './basis.ts';
import { writtenPlan } from './begin-run.ts';
import type { Engine } from './engine.ts';
import { linksByPath } from './links-by-path.ts';
import type { Left, TargetPlace } from './preview-place.ts';
import { proveReach } from './prove-reach.ts';
import { provision } from './provision-run.ts';
import type { Provisioning } from './provisioning.ts';
import { newProvisionRun } from './request-runs.ts';
import { reachKey } from './rules-key.ts';
import { type Place, placeFrom } from './tally.ts';
import { workAt } from './work-at.ts';

type Standing = Pick<Provisioning, 'connection' | 'record' | 'lease' | 'watch'> & { readonly run: PreviewRun };
/** `at`: where it is from now on; null where only time has passed. */
type Noted = (phase: Phase, at: TargetPlace | null) => Promise<void>;

/** `unnamed`: its snapshot is the one that would be. */
export const planAhead = async (
  unnamed: Engine,
  { run, connection, record, lease, watch }: Standing,
  from: TargetPlace | null,
  noted: Noted,
): Promise<Left | 'slice'> => {
  const { id, trigger } = run;
  const engine = linksByPath(unnamed, record);
  const head = await engine.stores.snapshots.head(connection.id);
  const reached = await proveReach({ engine, lease, signal: watch.signal }, record);
  const rules = acceptedBy(record, connection, head);
  const accepted = await engine.stores.ledger.rules(record.id);
  const aim = { kind: 'plan', as: 'preview' } as const;
  const begun = placeFrom(from?.place ?? null);
  const plan = planOfPreview(run, record.id);
  // Of a small tenant no place is noted before its plan is written down.
  const written = await writtenPlan(engine.stores, { plan });
  if (written !== null) return { skipped: from?.skipped ?? {}, failed: from?.failed ?? {} };
  if (begun === null) await engine.stores.plans.unstage(lease, plan);
  const start: Place = {
    through: head.version,
    aim,
    plan,
    rules,
    reach: reachKey(record),
    accepted,
    wave: 'objects',
    after: null,
    exceeded: [],
  };
  // Each turn has a draft, and so a version, of its own.
  const place = begun === null ? start : { ...begun, through: head.version, rules };
  // The run that would come after the commit, but for its id.
  const wanted = { id, trigger, mode: 'delta', scope: null, dryRun: true, at: run.createdAt } as const;
  const planning = {
    ...newProvisionRun(record, null, wanted),
    counters: { ...noCounters, skipped: from?.skipped ?? {}, failed: from?.failed ?? {} },
  };
  // By another scope everybody is looked at.
  const known = isOutdated(record, head, accepted) || reached === 'unproved' ? 'outdated' : 'other_rules';
  const work = await workAt(
    engine,
    { run: planning, connection, record, lease, watch },
    { aim, place, known, reached, written: null },
  );
  work.reads.set(head.version, { version: head.version, run: id, kind: 'full', at: engine.world.now() });
  const end = await provision(work, place, known, async (phase, { skipped, failed }, text) => {
    watch.check();
    const at = text ?? null;
    await noted(phase, at === null ? null : { target: record.id, skipped, failed, place: at });
  });
  if (end === 'slice') return 'slice';
  return { skipped: end.counters.skipped, failed: end.counters.failed };
};
