/** Bugs in what is decided: whom an account is, what may be taken away, who has to see it first. */

import { off } from './layers.ts';
import type { Mutant } from './mutant.ts';

export const deciding: readonly Mutant[] = [
  {
    name: 'nobody is asked about again',
    what: 'Removals are done without asking the source once more.',
    edits: [
      {
        file: 'src/engine/confirm-removals.ts',
        from: 'const standings = await work.source().confirm(refs, scope, work.watch.signal, by);',
        to: `const standings = new Map(
    refs.map(({ id }): [SourceId, Standing] => [
      id,
      leaving.get(id)?.planned.why === 'disabled_in_source' ? 'disabled' : 'gone',
    ]),
  );`,
      },
      {
        file: 'src/engine/confirm-removals.ts',
        from: 'staying.length === 0\n',
        to: 'staying.length >= 0\n',
      },
      {
        file: 'src/engine/confirm-removals.ts',
        from: 'return new Set(ids.filter((id) => isAbsent(standings.get(id)) || still.get(id) === false));',
        to: 'return new Set(ids);',
      },
    ],
  },
  {
    name: 'what the source contradicts is done',
    what: 'The source is asked once more before a removal, and the removal is done whatever it says.',
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
    bias: 'many who leave a slow target at once',
    edits: [{ file: 'src/core/absence.ts', from: 'freshMs = 60_000', to: 'freshMs = Number.POSITIVE_INFINITY' }],
  },
  {
    name: 'the clock of the machine is believed',
    what: 'Times are those of whichever worker writes them down.',
    bias: 'wrong clocks',
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
    within: ['limits'],
    edits: [
      {
        file: 'src/engine/window.ts',
        from: 'Math.min(now - windowMs, run.startedAt?.getTime() ?? now)',
        to: 'now',
      },
    ],
  },
  {
    name: 'what was found done is not counted',
    what: 'An operation whose answer was lost, and that a look found done, does not count against the limits of the day.',
    bias: 'answers that stay open',
    within: ['limits', 'recovery'],
    edits: [
      {
        file: 'src/store/memory/ledger.ts',
        from: 'countsAsTaken(outcome));',
        to: 'countsAsTaken(outcome) && outcome.at.getTime() - at.getTime() < 20_000);',
      },
    ],
  },
  {
    name: 'nobody is protected',
    what: 'Protected accounts are written to.',
    bias: 'whoever is protected',
    edits: [
      {
        file: 'src/engine/sift.ts',
        from: 'if (isOpen(shield))',
        to: 'if (shield !== null)',
      },
    ],
  },
  {
    name: 'only ids protect',
    what: 'Whoever is protected by an attribute is written to.',
    bias: 'whoever is protected',
    edits: [
      {
        file: 'src/core/protection.ts',
        from: 'attributes.some(({ attribute, value }) => holds(attributeOf(object, attribute), value)) ||',
        to: '(attributes.length < 0 && holds(attributeOf(object, ""), "")) ||',
      },
    ],
  },
  {
    name: 'a protected group protects nobody in it',
    what: 'Members of a protected group are written to.',
    bias: 'whoever is protected',
    edits: [
      {
        file: 'src/engine/shield.ts',
        from: 'for (const { id } of [...everyone, ...lost]) members.add(id);',
        to: '',
      },
    ],
  },
  {
    name: 'who was protected is forgotten',
    what: 'Who left while they were protected keeps everything when the protection ends.',
    bias: 'whoever is protected no more',
    edits: [
      {
        file: 'src/engine/owed-looks.ts',
        from: 'before.protectedBy !== null && before.protectedBy !== protectedBy;',
        to: 'before.protectedBy === undefined;',
      },
    ],
  },
  {
    name: 'a restore changes nothing',
    what: 'After the database was put back, targets are written to by what it still knows.',
    bias: 'a database that is put back',
    edits: [
      {
        file: 'src/core/accepted.ts',
        from: 'if (restored === null) return false;',
        to: 'if (restored === null || restored.epoch > 0) return false;',
      },
    ],
  },
  {
    name: 'an undo takes away whoever is in the group',
    what: 'Members whom earlier runs added, or who were there before us, are taken for those of the run.',
    bias: 'what is taken back',
    edits: [
      {
        file: 'src/core/came-with.ts',
        from: "if (isMade || tells === 'missing') return true;",
        to: 'if (isMade || version >= 0) return true;',
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
    name: 'whatever moved a plan is carried out',
    what: 'A plan is begun however much the tenant, its rules or the target changed since it was made.',
    bias: 'plans that wait long',
    edits: [
      {
        file: 'src/engine/basis.ts',
        from: 'return whatMoved(plan.kind, plan.basis, basis);',
        to: 'return whatMoved(plan.kind, plan.basis, basis).slice(0, 0);',
      },
    ],
  },
  {
    name: 'what is held is begun without a look',
    what: 'Of an approved plan that gives and takes away, what it gives is done before anybody looked whether it is still the same.',
    bias: 'what is held gives and takes',
    within: ['limits'],
    edits: [
      {
        file: 'src/engine/provision-run.ts',
        from: 'const work = await beginHeld(unbegun, gathered);',
        to: 'const work = unbegun;',
      },
    ],
  },
  {
    name: 'a plan that lost a part is begun',
    what: 'What is kept of a plan is not compared with what was approved.',
    bias: 'plans that lose operations',
    edits: [{ file: 'src/engine/begin-plan.ts', from: 'if (hash !== plan.hash) {', to: "if (hash === '') {" }],
  },
  {
    name: 'one person is enough',
    what: 'What is over a limit is released by one person, also where the target asks for two.',
    bias: 'two people',
    within: ['limits'],
    edits: [
      {
        file: 'src/core/approvals.ts',
        from: 'exceeded.length > 0 ? needed : 1',
        to: 'exceeded.length < 0 ? needed : 1',
      },
    ],
  },
  {
    name: 'two keys are two people',
    what: 'Somebody who approved approves once more by a key that they made.',
    bias: 'two people',
    within: ['limits'],
    edits: [
      {
        file: 'src/core/approvals.ts',
        from: 'return !chainOf(other).some((name) => those.has(name));',
        to: 'return those.size > 0 && nameOf(one) !== nameOf(other);',
      },
    ],
  },
  {
    name: 'an approval outlives its plan',
    what: 'The first of two approvals counts for the plan that takes the place of the one that was looked at.',
    bias: 'two people',
    within: ['limits'],
    edits: [
      {
        file: 'src/store/memory/plan-store.ts',
        from: '          supersede(other.id, plan.id);',
        to: `{
          if (other.standing.approval !== undefined) plans.set(plan.id, { ...plan, standing: { state: 'waiting', approval: other.standing.approval } });
          supersede(other.id, plan.id);
        }`,
      },
    ],
  },
  {
    name: 'a lower number counts at once',
    what: 'Whoever may set how many approve sets it to one, and approves alone.',
    bias: 'two people, and then one',
    edits: [
      {
        file: 'src/core/safeguards.ts',
        from: 'end !== null && now < end ? end : null',
        to: 'end !== null && now > end ? end : null',
      },
    ],
  },
  {
    name: 'limits that are lifted are gone at once',
    what: 'Where two people approve, one of them lifts the limits, and nothing has to be approved any more.',
    bias: 'two people, and then no limits',
    within: ['limits'],
    edits: [
      {
        file: 'src/core/safeguards.ts',
        from: ': strictest(loosened.from, target);',
        to: ': { ...strictest(loosened.from, target), limits: target.limits };',
      },
    ],
  },
  {
    name: 'protection that is lifted is gone at once',
    what: 'Where two people approve, one of them takes somebody out of the protection, who is switched off right after.',
    bias: 'two people, and then no protection',
    edits: [
      {
        file: 'src/core/safeguards.ts',
        from: ': strictest(loosened.from, target);',
        to: ': { ...strictest(loosened.from, target), protected: target.protected };',
      },
    ],
  },
  {
    name: 'first plans approve themselves',
    what: 'A target is written to before anybody has seen the first plan.',
    edits: [
      {
        file: 'src/engine/aim.ts',
        from: 'isAccepted || (record.autoApproveFirst && !isOutdated && !isUndone);',
        to: 'record !== null;',
      },
    ],
  },
  {
    name: 'accounts of others are adopted',
    what: 'An account that is linked to somebody else is taken all the same.',
    bias: 'names of whoever was purged',
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
    bias: 'accounts from before',
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
    bias: 'leavers switched off',
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
    bias: 'groups from before that go',
    edits: [
      {
        file: 'src/core/plan.ts',
        from: "if (link.by === 'matched') return { kind: 'skip', reason: 'not_managed' };",
        to: '',
      },
    ],
  },
  {
    name: 'groups that are off are forgotten',
    what: 'Who leaves a group while the target takes none stays in it when it takes them again.',
    bias: 'groups that are switched off',
    edits: [{ file: 'src/engine/plan-removals.ts', from: '    await noteMemberships(work, gathered);', to: '' }],
  },
  {
    name: 'groups that leave are deleted',
    what: 'A group that left is deleted, also where groups are to be left alone.',
    bias: 'groups that stay',
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
    bias: 'groups that go',
    within: ['limits'],
    edits: [
      {
        file: 'src/core/guard.ts',
        from: "return type === 'group' ? 'groupDeletes' : 'deprovisions';",
        to: "return type === 'group' ? null : 'deprovisions';",
      },
    ],
  },
  {
    name: 'members are not counted',
    what: 'Members who are removed count against no limit but that of their group.',
    bias: 'who leaves groups',
    within: ['limits'],
    edits: [
      {
        file: 'src/core/guard.ts',
        from: "total[limit] += limit === 'memberRemovals' ? members : 1;",
        to: "total[limit] += limit === 'memberRemovals' ? 0 : 1;",
      },
    ],
  },
  {
    name: 'who stays loses what leavers lose',
    what: 'Whoever is found not to leave when the tenant is asked again loses memberships all the same, past all limits.',
    bias: 'who is back at once',
    within: ['limits', 'confirmation'],
    edits: [
      {
        file: 'src/engine/confirm-removals.ts',
        from: 'account !== undefined && isEvident(record, account.planned, standing);',
        to: 'account !== undefined || isEvident(record, account, standing);',
      },
    ],
  },
  {
    name: 'no group has a limit of its own',
    what: 'A group may lose all its members, as long as that passes no limit of the whole target.',
    bias: 'who leaves one group',
    within: ['limits'],
    edits: [
      {
        file: 'src/core/guard.ts',
        from: "if (limit === 'memberRemovals') byGroup.set(",
        to: "if (limit === 'memberRemovals' && members < 0) byGroup.set(",
      },
    ],
  },
  {
    name: 'updates are not counted',
    what: 'Accounts and groups that are changed count against no limit.',
    bias: 'limited updates',
    within: ['limits'],
    edits: [{ file: 'src/core/guard.ts', from: "'adoptions' : 'updates';", to: "'adoptions' : null;" }],
  },
  {
    name: 'creates are not counted',
    what: 'Accounts and groups that are made count against no limit.',
    bias: 'limited creates',
    within: ['limits'],
    edits: [{ file: 'src/core/guard.ts', from: "return 'creates';", to: 'return null;' }],
  },
  {
    name: 'what is taken over is not counted',
    what: 'Accounts that were there before are taken over in any number.',
    bias: 'limited adoptions',
    within: ['limits'],
    edits: [{ file: 'src/core/guard.ts', from: "'adoptions' : 'updates';", to: "null : 'updates';" }],
  },
  {
    name: 'the days of grace are none',
    what: 'Who was switched off is deleted at once, not after some days.',
    bias: 'days of grace',
    edits: [
      {
        file: 'src/core/plan.ts',
        from: 'now.getTime() - days * 86_400_000',
        to: 'now.getTime() - days',
      },
    ],
  },
  {
    name: 'whoever is off was switched off by us',
    what: 'Accounts are switched on again though the tenant has disabled the person.',
    bias: 'answers that stay open',
    edits: [
      {
        file: 'src/core/plan.ts',
        from: 'isToComeBack(object, link, context.rules) ? { active: true } : {}',
        to: "own(link.pushed, 'active') === false || isToComeBack(object, link, context.rules) ? { active: true } : {}",
      },
    ],
  },
  {
    name: 'the deprovision policy none is disable',
    what: 'Leavers are switched off where the target is to be left alone.',
    bias: 'leavers left alone',
    edits: [
      {
        file: 'src/core/plan.ts',
        from: "else if (deprovision.kind === 'none') return { kind: 'skip', reason: 'deprovision_off' };",
        to: '',
      },
    ],
  },
];
