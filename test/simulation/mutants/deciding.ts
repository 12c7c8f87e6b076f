/** Bugs in what is decided: whom an account is, what may be taken away, who has to see it first. */

import { off } from './layers.ts';
import type { Mutant } from './mutant.ts';

export const deciding: readonly Mutant[] = [
  {
    name: 'nobody is asked about again',
    what: 'Removals are done without asking the source once more.',
    edits: off('confirmation'),
  },
  {
    name: 'one look is enough',
    what: 'Whom the source does not find is gone, though they were there a short while ago.',
    edits: off('second look'),
  },
  {
    name: 'what was said once is good for ever',
    what: 'However long something waits at a slow target, nobody is asked about again.',
    edits: [{ file: 'src/core/absence.ts', from: 'freshMs = 60_000', to: 'freshMs = Number.POSITIVE_INFINITY' }],
  },
  {
    name: 'the clock of the machine is believed',
    what: 'Times are those of whichever worker writes them down.',
    edits: [
      {
        file: 'src/engine/clock.ts',
        from: 'return new Date(last);',
        to: 'return new Date(machine.wall());',
      },
    ],
  },
  {
    name: 'no limits',
    what: 'Any number may be deprovisioned in a day.',
    edits: off('limits'),
  },
  {
    name: 'limits hold for one run',
    what: 'What earlier runs took within the day is forgotten.',
    edits: [
      {
        file: 'src/engine/window.ts',
        from: 'Math.min(now - windowMs, run.startedAt?.getTime() ?? now)',
        to: 'now',
      },
    ],
  },
  {
    name: 'what is under way is not counted',
    what: 'Operations whose outcome is open do not count against the limits of the day.',
    edits: [
      {
        file: 'src/store/memory/ledger.ts',
        from: "const inEffect = state === 'open' || (state === 'settled'",
        to: "const inEffect = (state === 'settled'",
      },
    ],
  },
  {
    name: 'nobody is protected',
    what: 'Protected accounts are written to.',
    edits: [
      {
        file: 'src/engine/sift.ts',
        from: 'if (isOpen(shield))',
        to: 'if (shield !== null)',
      },
    ],
  },
  {
    name: 'a plan permits everything',
    what: 'In the name of an approved plan anything is done.',
    edits: [
      {
        file: 'src/engine/sift.ts',
        from: "case 'apply': {",
        to: "case 'apply': { return { go: pending.map((one) => ({ ...one, released: aim.plan.id })), kept: [] };",
      },
    ],
  },
  {
    name: 'first plans approve themselves',
    what: 'A target is written to before anybody has seen the first plan.',
    edits: [
      {
        file: 'src/engine/aim.ts',
        from: 'if (isAccepted || (record.autoApproveFirst && !isOutdated && !isUndone))',
        to: 'if (record !== null)',
      },
    ],
  },
  {
    name: 'accounts of others are adopted',
    what: 'An account that is linked to somebody else is taken all the same.',
    edits: [
      {
        file: 'src/core/matching.ts',
        from: 'owner !== undefined && owner.ref.id !== ref.id',
        to: 'owner === null',
      },
    ],
  },
  {
    name: 'one of two is taken',
    what: 'Of several accounts that match, the first is adopted.',
    edits: [
      {
        file: 'src/core/matching.ts',
        from: 'if (verified.size > 1)',
        to: 'if (verified.size < 0)',
      },
    ],
  },
  {
    name: 'whatever a target claims is a match',
    what: 'What a target answers to a filter is not verified.',
    edits: [
      {
        file: 'src/core/matching.ts',
        from: 'return normal(theirs) === normal(value);',
        to: 'return normal(theirs) === normal(value) || theirs !== undefined;',
      },
    ],
  },
  {
    name: 'leavers are deleted',
    what: 'Who left is deleted, also where the target says disable.',
    edits: [
      {
        file: 'src/core/plan.ts',
        from: "ref.type === 'group' || deprovision.kind === 'delete';",
        to: "ref.type === 'group' || deprovision.kind.length > 0;",
      },
    ],
  },
  {
    name: 'groups of others are deleted',
    what: 'A group that was at the target before us goes when it leaves the scope.',
    edits: [
      {
        file: 'src/core/plan.ts',
        from: "if (link.by === 'matched') return { kind: 'skip', reason: 'not_managed' };",
        to: '',
      },
    ],
  },
  {
    name: 'groups that leave are deleted',
    what: 'A group that left is deleted, also where groups are to be left alone.',
    edits: [
      {
        file: 'src/core/plan.ts',
        from: "if (leftGroups === 'leave') return { kind: 'skip', reason: 'group_kept' };",
        to: '',
      },
    ],
  },
  {
    name: 'any number of groups is deleted',
    what: 'Deleted groups count against no limit.',
    edits: [
      {
        file: 'src/core/guard.ts',
        from: "return type === 'group' ? 'groupDeletes' : 'deprovisions';",
        to: "return type === 'group' ? null : 'deprovisions';",
      },
    ],
  },
  {
    name: 'the days of grace are none',
    what: 'Who was switched off is deleted at once, not after some days.',
    edits: [
      {
        file: 'src/engine/plan-removals.ts',
        from: 'work.engine.world.now().getTime() - days * 86_400_000',
        to: 'work.engine.world.now().getTime() - days',
      },
    ],
  },
  {
    name: 'whoever is off was switched off by us',
    what: 'Accounts are switched on again though the tenant has disabled the person.',
    edits: [
      {
        file: 'src/core/plan.ts',
        from: 'isOffByUs(object, link, context.rules) ? { active: true } : {}',
        to: "own(link.pushed, 'active') === false || isOffByUs(object, link, context.rules) ? { active: true } : {}",
      },
    ],
  },
  {
    name: 'the deprovision policy none is disable',
    what: 'Leavers are switched off where the target is to be left alone.',
    edits: [
      {
        file: 'src/core/plan.ts',
        from: "else if (deprovision.kind === 'none') return { kind: 'skip', reason: 'deprovision_off' };",
        to: '',
      },
    ],
  },
];
