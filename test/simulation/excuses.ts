/** Why one thing about one object may be otherwise for good. It excuses nothing else about it. docs/reliability.md shows what each means. */

export const excuses = {
  protected: 'Whoever may be protected, with their memberships: nothing of theirs has to be written.',
  name_taken:
    "The name of an account or group is somebody else's at the target, or it is not known whose it is. It is not there; or it is there, and neither the name nor what is written with it is as wanted, nor is the account switched on.",
  one_of_two:
    'Two accounts have the name of somebody who has none, at a target whose first plan would hold nothing: it puts nobody in escrow, and its runs count it.',
  retitled: "The title of the account was edited by the target's own people.",
  removed:
    "The account was removed by the target's own people: its owner has none, is in no group there, and is nobody's manager.",
  never_made:
    'The target answered that it had made an account or group, and had not; or the account that is written down as a manager is gone, and the manager has no other.',
  waiting: 'A membership or a manager is on record as waiting for an account or a group.',
  unrecorded:
    'After a restore there is no record of an account or membership that was made since the backup for somebody who left; nor is it known of a group that it was not there before.',
  never_known:
    'Somebody left before it was read whether they are protected by their title, which nobody can say any more.',
  days_left:
    'Whoever is deleted some days after they are switched off was protected, or in doubt, for a time, and has days left.',
  was_in_before: 'Somebody was in a group before anybody synchronized it, or as an undo gave it back.',
  manager_recycled:
    'A manager is in the recycle bin; or is back from it outside the scope, and is not asked who reports to them before the next full read.',
} as const;
export type Excuse = keyof typeof excuses;
