/** Plans one target on a snapshot that is not committed, by the waves of its own runs. */

import type { Phase, PreviewRun } from '../model/run.ts';
import { noCounters } from '../model/run.ts';
import { planOfPreview } from './aim.ts';
import { acceptedBy, isOutdated } from './basis.ts';
import type { Engine } from './engine.ts';
import type { Left, TargetPlace } from './preview-place.ts';
import { provision, workAt } from './provision-run.ts';
import type { Provisioning } from './provisioning.ts';
import { newProvisionRun } from './request-runs.ts';
import { type Place, placeFrom } from './tally.ts';

type Standing = Pick<Provisioning, 'connection' | 'record' | 'lease' | 'watch'> & { readonly run: PreviewRun };
/** `at`: where it is from now on; null where only time has passed. */
type Noted = (phase: Phase, at: TargetPlace | null) => Promise<void>;

/** `engine`: its snapshot is the one that would be. */
export const planAhead = async (
  engine: Engine,
  { run, connection, record, lease, watch }: Standing,
  from: TargetPlace | null,
  noted: Noted,
): Promise<Left | 'slice'> => {
  const { id, trigger } = run;
  const head = await engine.stores.snapshots.head(connection.id);
  const rules = acceptedBy(record, head);
  const aim = { kind: 'plan', as: 'preview' } as const;
  const begun = placeFrom(from?.place ?? null);
  const plan = planOfPreview(run, record.id);
  if (begun === null) await engine.stores.plans.unstage(lease, plan);
  const start: Place = { through: head.version, aim, plan, rules, wave: 'objects', after: null, exceeded: [] };
  // Each turn has a draft, and so a version, of its own.
  const place = begun === null ? start : { ...begun, through: head.version, rules };
  // The run that would come after the commit, but for its id.
  const wanted = { id, trigger, mode: 'delta', scope: null, dryRun: true, at: run.createdAt } as const;
  const planning = {
    ...newProvisionRun(record, null, wanted),
    counters: { ...noCounters, skipped: from?.skipped ?? {}, failed: from?.failed ?? {} },
  };
  // By another scope everybody is looked at.
  const accepted = await engine.stores.ledger.rules(record.id);
  const known = isOutdated(record, head, accepted) ? 'outdated' : 'other_rules';
  const work = await workAt(engine, { run: planning, connection, record, lease, watch }, { aim, place, known });
  work.reads.set(head.version, { run: id, kind: 'full', at: engine.world.now() });
  const end = await provision(work, place, known, async (phase, { skipped, failed }, text) => {
    watch.check();
    const at = text ?? null;
    await noted(phase, at === null ? null : { target: record.id, skipped, failed, place: at });
  });
  if (end === 'slice') return 'slice';
  return { skipped: end.counters.skipped, failed: end.counters.failed };
};
