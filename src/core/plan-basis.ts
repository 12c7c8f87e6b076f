/** Whether what a plan was made from still stands. */

import type { Basis, PlanKind } from '../model/plan.ts';

/** What a plan would be made from now. `wanted`: the scope that the connection is set to, which the snapshot may not have been read by yet. */
export type Now = Basis & { readonly wanted: string };
/** `changed`: the tenant changed after the plan's version; a version without changes moves nothing. */
export type BasisNow = Now & { readonly changed: boolean };

/** What decides how a plan is worked out, and moved: also one that is being carried out goes no further. Empty when nothing did. */
export const rulesMoved = (kind: PlanKind, was: Basis, now: Now): readonly string[] => [
  ...(was.epoch === now.epoch ? [] : ['the database was put back from a backup since']),
  ...(kind === 'undo' ? [] : scopeMoved(was, now)),
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
  ...(kind === 'held' || !isBehind(kind, was, now) ? [] : ['the target was written to since']),
];

/** An undo goes by what was written alone: a run that found nothing to do moves the position, and changed nothing of what is taken back. */
const isBehind = (kind: PlanKind, was: Basis, now: Basis): boolean =>
  was.written !== now.written || (kind !== 'undo' && was.position !== now.position);

/** Who is let in by the former scope may be among those who are to stay out by the new one, also where nothing is taken away. */
const scopeMoved = (was: Basis, now: Now): readonly string[] => {
  if (was.scope !== now.scope) return ['the scope of the snapshot is another'];
  // What a snapshot from before that was kept was read by, nobody knows.
  if (was.scope === null || was.scope === now.wanted) return [];
  return ['the scope of the connection was edited, and the tenant was not read by it yet'];
};
