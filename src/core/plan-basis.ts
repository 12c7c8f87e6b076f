/** Whether what a plan was made from still stands. */

import type { Basis, PlanKind } from '../model/plan.ts';

/** `changed`: the tenant changed after the plan's version; a version without changes moves nothing. */
export type BasisNow = Basis & { readonly changed: boolean };

/** What decides how a plan is worked out, and moved: also one that is being carried out goes no further. Empty when nothing did. */
export const rulesMoved = (kind: PlanKind, was: Basis, now: Basis): readonly string[] => [
  ...(was.epoch === now.epoch ? [] : ['the database was put back from a backup since']),
  ...(kind === 'undo' || was.scope === now.scope ? [] : ['the scope of the snapshot is another']),
  ...(was.rules === now.rules
    ? []
    : [
        "the target's mapping, matching, left_groups or deprovision policy was edited, or the attributes that are read for it",
      ]),
  ...(was.protection === null || was.protection === now.protection ? [] : ['other accounts are protected']),
  ...(was.reach === null || was.reach === now.reach ? [] : ["the target's settings or credentials were edited"]),
];

/**
 * What moved, in words; empty when nothing did. A plan that is held is worked out again before it is carried out, so only what decides how it is worked
 * out must stand; any other is carried out as it is. What a run did is undone whatever the tenant says since, as long as nobody wrote to the target.
 */
export const whatMoved = (kind: PlanKind, was: Basis, now: BasisNow): readonly string[] => [
  ...rulesMoved(kind, was, now),
  ...(kind === 'held' || kind === 'undo' || !now.changed
    ? []
    : [`the tenant changed after version ${was.version} of the snapshot, which is now at version ${now.version}`]),
  ...(kind === 'held' || (was.position === now.position && was.written === now.written)
    ? []
    : ['the target was written to since']),
];
