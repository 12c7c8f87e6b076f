import { describe, expect, it } from 'vitest';
import { type Aspect, escalate, escrowsAfter, type HeldEscrow } from '../../src/core/escrow-ladder.ts';
import { type OperationKey, runId } from '../../src/model/ids.ts';
import type { Escrow, Operation, Outcome } from '../../src/model/operation.ts';
import { defaultEscrow, type EscrowPolicy } from '../../src/model/target-record.ts';
import {
  addsMembers,
  aGroup,
  applied,
  creates,
  disables,
  escrowed,
  linked,
  people,
  skipped,
  updates,
} from '../support/operations.ts';

const hourMs = 3_600_000;
const start = new Date('2026-03-01T08:00:00.000Z');
const after = (hours: number): Date => new Date(start.getTime() + hours * hourMs);
const [ann] = people(1);
const failure = { ref: ann, reason: 'target_rejected', detail: 'userName is taken' } as const;

describe('the ladder', () => {
  const climbed = (policy: EscrowPolicy): { readonly hours: readonly number[]; readonly last: Escrow } => {
    const hours: number[] = [];
    let escrow = escalate(null, failure, start, policy);
    for (
      let now = start;
      escrow.dueAt !== null && hours.length < 100;
      escrow = escalate(escrow, failure, now, policy)
    ) {
      hours.push((escrow.dueAt.getTime() - now.getTime()) / hourMs);
      now = escrow.dueAt;
    }
    return { hours, last: escrow };
  };

  it('tries an object that keeps failing after 6, 12, 24 hours, then daily, for four weeks', () => {
    const { hours, last } = climbed(defaultEscrow);
    expect(hours.slice(0, 4)).toEqual([6, 12, 24, 24]);
    expect(new Set(hours.slice(3))).toEqual(new Set([24]));
    expect(hours.reduce((a, b) => a + b)).toBeLessThanOrEqual(28 * 24);
    expect(hours.reduce((a, b) => a + b)).toBeGreaterThan(27 * 24);
    expect(last).toMatchObject({ since: start, dueAt: null });
  });

  it('has the steps and the end that a target was given', () => {
    expect(climbed({ retryAfterHours: [1, 5], giveUpAfterDays: 1 }).hours).toEqual([1, 5, 5, 5, 5]);
    expect(climbed({ retryAfterHours: [48], giveUpAfterDays: 1 }).hours).toEqual([]);
  });

  it('is climbed sooner while source and snapshot only disagree', () => {
    const unsure = { ...failure, reason: 'source_unsure' } as const;
    const first = escalate(null, unsure, start, defaultEscrow);
    expect(first.dueAt).toEqual(after(1 / 6));
  });

  it('notes anew when somebody was first found absent, whatever failed before, and looks again after ten minutes', () => {
    const absent = { ...failure, reason: 'absence_unproven', detail: 'not there' } as const;
    const refused = escalate(null, failure, start, defaultEscrow);
    const first = escalate(refused, absent, after(1), defaultEscrow);
    expect(first).toMatchObject({ reason: 'absence_unproven', since: after(1), dueAt: after(1 + 1 / 6), attempts: 1 });
    expect(escalate(first, absent, after(1.1), defaultEscrow)).toMatchObject({ since: after(1), dueAt: first.dueAt });
    // The look that is written down now was taken before those ten minutes were over, so the next run looks once more.
    const soon = escalate(first, absent, after(1 + 1 / 6 + 1 / 120), defaultEscrow);
    expect(soon).toMatchObject({ since: after(1), dueAt: first.dueAt, attempts: 1 });
    const back = escalate(first, { ...failure, reason: 'source_unsure' }, after(2), defaultEscrow);
    expect(back).toMatchObject({ reason: 'source_unsure', since: after(2), attempts: 1 });
  });

  it('is not climbed by a failure before its time, which only says more', () => {
    const first = escalate(null, failure, start, defaultEscrow);
    const news = { ...failure, detail: 'still taken' };
    expect(escalate(first, news, after(5), defaultEscrow)).toEqual({ ...first, detail: 'still taken' });
    const second = escalate(first, news, after(6), defaultEscrow);
    expect(second).toMatchObject({ attempts: 2, since: start, dueAt: after(18) });
  });

  it('ends for an object that failed for the last time, also when it changes and fails again', () => {
    const parked = { ...escalate(null, failure, start, defaultEscrow), dueAt: null };
    const again = escalate(parked, { ...failure, detail: 'still taken' }, after(10_000), defaultEscrow);
    expect(again).toEqual({ ...parked, detail: 'still taken' });
  });

  it('begins anew for an object that was given up and now fails for another reason', () => {
    const parked = { ...escalate(null, failure, start, defaultEscrow), attempts: 30, dueAt: null };
    const other = { ...failure, reason: 'ambiguous_match' } as const;
    const again = escalate(parked, other, after(10_000), defaultEscrow);
    expect(again).toMatchObject({ attempts: 1, since: after(10_000), dueAt: after(10_006) });
  });
});

describe('an outcome', () => {
  const ofRuns = (runs: ReadonlyMap<OperationKey, string>) => (key: OperationKey) => {
    const run = runs.get(key);
    return run === undefined ? undefined : runId(run);
  };
  const heldBy = (by: HeldEscrow['by']) =>
    new Map([[ann.id, { escrow: escalate(null, failure, start, defaultEscrow), by }]]);
  const decide = (outcomes: readonly Outcome[], by: HeldEscrow['by'] | 'none', runs: readonly [Operation, string][]) =>
    escrowsAfter(
      outcomes,
      by === 'none' ? new Map() : heldBy(by),
      ofRuns(new Map(runs.map(([operation, run]) => [operation.key, run]))),
      start,
      defaultEscrow,
    );

  it('that failed makes an escrow that knows its operation and run', () => {
    const operation = creates(ann);
    const { made, gone } = decide([escrowed(operation)], 'none', [[operation, 'run_1']]);
    expect(made).toMatchObject([{ escrow: { ref: ann, attempts: 1 }, by: { key: operation.key, run: 'run_1' } }]);
    expect(gone).toEqual([]);
  });

  it('that failed for the last time tells whom nobody tries any more, once', () => {
    const last = (dueAt: Date | null) =>
      escrowsAfter(
        [escrowed(creates(ann))],
        new Map([[ann.id, { escrow: { ...failure, attempts: 30, since: start, dueAt }, by: null }]]),
        () => undefined,
        after(10_000),
        defaultEscrow,
      ).givenUp;
    expect(last(after(9_999))).toEqual([ann]);
    expect(last(null)).toEqual([]);
  });

  it('of a later run ends it, and so does another outcome of the operation that made it', () => {
    const [failed, retry] = [creates(ann), creates(ann)];
    const by = { key: failed.key, run: runId('run_1') };
    const inRuns: readonly [Operation, string][] = [
      [failed, 'run_1'],
      [retry, 'run_2'],
    ];
    expect(decide([applied(retry, linked(ann))], by, inRuns).gone).toEqual([ann]);
    expect(decide([applied(failed, linked(ann))], by, inRuns).gone).toEqual([ann]);
    expect(decide([applied(retry, linked(ann))], null, inRuns).gone).toEqual([ann]);
  });

  it('of the same run leaves it, for that says nothing about what failed', () => {
    const [failed, other] = [updates(ann), updates(ann)];
    const by = { key: failed.key, run: runId('run_1') };
    const { made, gone } = decide([applied(other, linked(ann))], by, [[other, 'run_1']]);
    expect([made, gone]).toEqual([[], []]);
  });

  it('of a later run that wrote the manager leaves a name that was refused in escrow, and the other way round', () => {
    const [failed, manager] = [updates(ann), updates(ann)];
    const ofManager: Outcome = { ...applied(manager, linked(ann)), step: 'references' };
    const goneAfter = (outcome: Outcome, about: Aspect) =>
      decide([outcome], { key: failed.key, run: runId('run_1'), about }, [[manager, 'run_2']]).gone;
    expect(goneAfter(ofManager, 'values')).toEqual([]);
    expect(goneAfter(applied(manager, linked(ann)), 'references')).toEqual([]);
    expect(goneAfter(ofManager, 'references')).toEqual([ann]);
    expect(goneAfter(applied(manager, linked(ann)), 'values')).toEqual([ann]);
    expect(goneAfter(applied(creates(ann), linked(ann)), 'references')).toEqual([ann]);
    const both: Outcome = { ...applied(manager, linked(ann)), step: 'with_references' };
    expect(goneAfter(both, 'references')).toEqual([ann]);
    expect(goneAfter(both, 'values')).toEqual([ann]);
  });

  it('that wrote the values of somebody ends the escrow of their account, which is there after all; a manager does not', () => {
    const [failed, written] = [creates(ann), updates(ann)];
    const goneAfter = (outcome: Outcome) =>
      decide([outcome], { key: failed.key, run: runId('run_1'), about: 'account' }, [[written, 'run_2']]).gone;
    expect(goneAfter(applied(written, linked(ann)))).toEqual([ann]);
    expect(goneAfter({ ...applied(written, linked(ann)), step: 'references' })).toEqual([]);
  });

  it('that put somebody into a group ends no escrow of it, in which others may wait; only one that was given up, in which nobody does', () => {
    const team = aGroup();
    const [failed, written] = [addsMembers(team, ...people(2)), addsMembers(team, ...people(1))];
    const goneAfter = (dueAt: Date | null) => {
      const by = { key: failed.key, run: runId('run_1'), about: 'members' } as const;
      const escrow = { ...failure, ref: team, attempts: 1, since: start, dueAt };
      return escrowsAfter(
        [applied(written)],
        new Map([[team.id, { escrow, by }]]),
        () => runId('run_2'),
        after(1),
        defaultEscrow,
      ).gone;
    };
    expect(goneAfter(after(6))).toEqual([]);
    expect(goneAfter(null)).toEqual([team]);
  });

  it('that put somebody into a group ends no escrow for those of whom the source could not say, or not prove, that they left it', () => {
    const team = aGroup();
    const written = addsMembers(team, ...people(1));
    const goneAfter = (reason: Escrow['reason']) => {
      const escrow = { ref: team, reason, detail: '', attempts: 1, since: start, dueAt: after(6) };
      const held = new Map([[team.id, { escrow, by: null }]]);
      return escrowsAfter([applied(written)], held, () => runId('run_2'), after(1), defaultEscrow).gone;
    };
    expect(goneAfter('source_unsure')).toEqual([]);
    expect(goneAfter('absence_unproven')).toEqual([]);
    expect(goneAfter('ambiguous_match')).toEqual([team]);
  });

  describe('that failed where another failure of the same object was given up', () => {
    const givenUp = (about: Aspect, run = 'run_1'): ReadonlyMap<typeof ann.id, HeldEscrow> => {
      const by = { key: updates(ann).key, run: runId(run), about };
      return new Map([[ann.id, { escrow: { ...failure, attempts: 30, since: start, dueAt: null }, by }]]);
    };
    const decideNow = (outcome: Outcome, held: ReadonlyMap<typeof ann.id, HeldEscrow>) =>
      escrowsAfter([outcome], held, () => runId('run_2'), after(10_000), defaultEscrow);
    const anew = { escrow: { attempts: 1, since: after(10_000), dueAt: after(10_006) } };

    it('has a ladder of its own where it is about something else, whatever the reason: whoever leaves is switched off yet', () => {
      for (const about of ['references', 'values', 'members'] as const)
        expect(decideNow(escrowed(disables(ann)), givenUp(about)).made).toMatchObject([anew]);
      expect(decideNow(escrowed(updates(ann)), givenUp('references')).made).toMatchObject([anew]);
    });

    it('stays given up where it is about the same', () => {
      expect(decideNow(escrowed(updates(ann)), givenUp('values')).made).toMatchObject([{ escrow: { dueAt: null } }]);
      expect(decideNow(escrowed(disables(ann)), givenUp('account')).made).toMatchObject([{ escrow: { dueAt: null } }]);
    });

    it('in the same run stays given up with it, or neither came to an end; not so whoever was to be switched off', () => {
      expect(decideNow(escrowed(updates(ann)), givenUp('references', 'run_2')).made).toMatchObject([
        { escrow: { dueAt: null } },
      ]);
      expect(decideNow(escrowed(disables(ann)), givenUp('values', 'run_2')).made).toMatchObject([anew]);
    });

    it('is told once it is given up in its turn', () => {
      const now = { ...defaultEscrow, retryAfterHours: [48], giveUpAfterDays: 1 };
      const held = givenUp('references');
      const told = escrowsAfter([escrowed(disables(ann))], held, () => runId('run_2'), after(10_000), now);
      expect(told.givenUp).toEqual([ann]);
    });
  });

  it('beside a failure of the same object does not undo it', () => {
    const [failed, other] = [updates(ann), updates(ann)];
    for (const outcomes of [
      [escrowed(failed), applied(other, linked(ann))],
      [applied(other, linked(ann)), escrowed(failed)],
    ]) {
      const { made, gone } = decide(outcomes, null, []);
      expect([made.length, gone]).toEqual([1, []]);
    }
  });

  it('that decided nothing leaves it; a decision to do nothing ends it', () => {
    const retry = creates(ann);
    const by = { key: creates(ann).key, run: runId('run_1') };
    const goneAfter = (reason: Extract<Outcome, { result: 'skipped' }>['reason']) =>
      decide([skipped(retry, reason)], by, [[retry, 'run_2']]).gone.length;
    expect((['no_trace', 'postponed', 'guard_hold'] as const).map(goneAfter)).toEqual([0, 0, 0]);
    expect((['not_managed', 'confirmed_present', 'disabled_in_source'] as const).map(goneAfter)).toEqual([1, 1, 1]);
  });
});
