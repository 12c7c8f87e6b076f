/** What a simulation must have brought about before its silence says anything. */

import { faultKinds } from './faults.ts';
import type { Summary } from './summary.ts';

/** Guards that tripped, and things done, by the name the log, the ledger or the script gives them. */
const happenings: readonly string[] = [
  ...['worker.died', 'worker.stood_still', 'worker.stood_still_beyond_its_lease', 'queue.emptied'],
  ...['graph.as_documented', 'graph.as_observed', 'graph.strange', 'graph.of_its_own'],
  ...['sync.reset', 'read.held', 'read.accepted', 'run.waits', 'run.quarantined', 'intents.recovered'],
  ...[
    'guard.held.deprovisions',
    'guard.held.groupDeletes',
    'guard.held.memberRemovals',
    'guard.held.memberRemovalsPerGroup',
    'guard.held.updates',
    'guard.held.creates',
    'guard.held.adoptions',
    'plan.waits',
    'plan.moved',
    'plan.applied',
    'plan.superseded',
    'confirm.unsure',
    'skipped.confirmed_present',
  ],
  ...['operator.dry run asked for', 'operator.undo asked for', 'operator.repair asked for', 'target.reconciled'],
  ...['two.targets_of_one_connection', 'undo.wrote', 'repair.wrote'],
  ...['plan.refused', 'plan.lost_an_operation', 'quarantine.released', 'escrowed.absence_unproven'],
  ...['escrowed.source_unsure', 'operation.skipped.no_trace', 'operation.escrowed.not_applied'],
  ...['operation.applied.create', 'operation.applied.update', 'operation.applied.disable', 'operation.applied.delete'],
  ...['operator.number of approvals changed', 'operator.refused.another_person_needed'],
  ...['approvals.by_two', 'approvals.changed_in_between'],
  ...['operator.limits lifted', 'operator.limits tightened', 'operator.protection lifted'],
  ...['operator.scope previewed', 'preview.looked_at', 'preview.saved'],
  ...['database.put_back', 'restore.detected', 'restore.declared', 'restored.approved'],
  ...[
    'operator.somebody protected',
    'spared.by_id',
    'spared.by_attribute',
    'spared.by_group',
    'list.old',
    'graph.lost_a_permission',
  ],
  ...[
    'target.lost_its_route',
    'target.lost_its_patch',
    'target.lost_a_switch_off',
    'target.took_no_groups',
    'mistake.made',
  ],
  ...['operation.applied.add_members', 'operation.applied.remove_members'],
  // Of what only a full read finds again nothing is said where everything is read again.
  ...['tail.everything', 'tail.escrows', 'tail.changes'],
];

export type Missing = { readonly what: string; readonly seeds: number };

/** What happened in fewer seeds than that: a fault, anywhere or at one place, or something that a fault or an edit leads to. */
export const missing = ({ pairs, struck, happened }: Summary, least: number): readonly Missing[] =>
  [
    ...faultKinds.map((kind) => ({ what: kind, seeds: struck[kind] ?? 0 })),
    ...Object.entries(pairs).map(([what, seeds]) => ({ what, seeds })),
    ...happenings.map((what) => ({ what, seeds: happened[what] ?? 0 })),
  ].filter(({ seeds }) => seeds < least);
