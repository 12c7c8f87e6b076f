/** Decides whether a membership that a run added came with that run, so that an undo may take it back. */

import type { Link } from '../model/operation.ts';

export type Telling = {
  /** Of the group, as it is now; undefined: there is none any more. */
  readonly link: Pick<Link, 'by' | 'membersSince' | 'membersAt'> | undefined;
  /** By which version of the snapshot the run told the group. */
  readonly version: number;
  /**
   * Whom the run told to groups: everybody, as one that looks at everybody or carries out a plan; who changed; or who was missing there, as an undo or a
   * repair.
   */
  readonly tells: 'everybody' | 'changes' | 'missing';
  /** The run made the member's account. */
  readonly isMade: boolean;
  /** By which version the member joined; null: before what is looked at. */
  readonly joinedAt: number | null;
  /** To which version an earlier run had brought the target; 0: none had. */
  readonly broughtTo: number;
  /** An earlier run had told the group of the member, ahead of the version it brought the target to. */
  readonly isTold: boolean;
};

/**
 * A run tells a group all of its members when it meets it for the first time, when it looks at everybody, and after a restore: then most of them had been
 * told before, or were there before us, and only what is known to be new is taken back.
 */
export const cameWith = (telling: Telling): boolean => {
  const { link, version, tells, isMade, joinedAt, broughtTo, isTold } = telling;
  if (isMade || tells === 'missing') return true;
  if (link === undefined || isTold) return false;
  const { by, membersSince, membersAt } = link;
  const isFirst = membersAt === null || version <= membersAt;
  // Whom a group held when it was taken over, nobody has on record.
  if (isFirst && by === 'matched') return false;
  if (!isFirst && tells === 'changes') return true;
  const begun = membersSince !== null && membersSince < version ? membersSince : 0;
  return joinedAt !== null && joinedAt > Math.max(broughtTo, begun);
};
