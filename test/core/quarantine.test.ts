import { describe, expect, it } from 'vitest';
import {
  dueNow,
  heldBack,
  heldNowBy,
  isProbeDue,
  isShownByCheck,
  massFailure,
  onProbation,
  probeAfterMs,
  stillHeld,
} from '../../src/core/quarantine.ts';
import type { Problem } from '../../src/model/connection.ts';
import { type Counters, noCounters } from '../../src/model/run.ts';

const start = new Date('2026-03-01T08:00:00.000Z');
const minute = 60_000;
const none = { gone: 0, conflicts: 0, objects: 0 };
const after = (minutes: number): Date => new Date(start.getTime() + minutes * minute);

describe('what a target or connection is held back by after a probe in vain', () => {
  const problem = (code: string, owner: Problem['owner']): Problem => ({ code, message: code, owner });
  const expired = problem('AADSTS7000222', 'customer_it');

  it('is what the probe found, unless that was only Microsoft', () => {
    const missing = problem('permission_missing', 'customer_it');
    expect(heldNowBy(expired, missing)).toBe(missing);
    expect(heldNowBy(expired, null)).toBe(expired);
    expect(heldNowBy(expired, problem('graph_timed_out', 'microsoft'))).toBe(expired);
    expect(heldNowBy(null, problem('graph_timed_out', 'microsoft'))).toMatchObject({ code: 'graph_timed_out' });
  });

  it('stays what it was where no check shows it', () => {
    const refuses = problem('target_refuses_most', 'your_team');
    expect(heldNowBy(refuses, problem('target_unavailable', 'target_vendor'))).toBe(refuses);
  });
});

describe('probes', () => {
  it('come after 5 minutes, then twice as late each time, up to a day', () => {
    expect([0, 1, 2, 3].map((probes) => probeAfterMs(probes) / minute)).toEqual([5, 10, 20, 40]);
    expect([9, 10, 1_000].map((probes) => probeAfterMs(probes) / minute)).toEqual([1_440, 1_440, 1_440]);
  });

  it('are due when their time has come, and never once somebody was let go', () => {
    const held = heldBack(null, start);
    expect([after(4), after(5)].map((at) => isProbeDue(held, at))).toEqual([false, true]);
    expect(isProbeDue(onProbation(held), after(1_000_000))).toBe(false);
  });

  it('get later with each that was in vain', () => {
    const once = stillHeld(heldBack(null, start), after(5));
    expect(once).toEqual({ since: start, probes: 1, nextProbeAt: after(15) });
  });

  it('go on where they were for who was let go and is held back again before it proved well', () => {
    const again = heldBack(onProbation(heldBack(null, start)), after(60));
    expect(again).toEqual({ since: after(60), probes: 1, nextProbeAt: after(70) });
    expect(heldBack(null, after(60)).probes).toBe(0);
  });

  it('are due at once where somebody found it mended, and no sooner than before where that was wrong', () => {
    const held = { since: start, probes: 9, nextProbeAt: after(1_440) };
    const hastened = dueNow(held, after(60));
    expect([held, hastened].map((one) => isProbeDue(one, after(60)))).toEqual([false, true]);
    expect(stillHeld(hastened, after(60))).toEqual({ since: start, probes: 10, nextProbeAt: after(60 + 1_440) });
    expect(isProbeDue(dueNow(null, start), start)).toBe(true);
  });

  it('are not hastened by a check that passed all the while', () => {
    const problem = massFailure(
      { ...noCounters, failed: { target_rejected: 20 } },
      { refused: { ...none, objects: 20 }, objects: 1_000 },
    );
    expect(isShownByCheck(problem)).toBe(false);
    expect(isShownByCheck({ code: 'target_unauthorized', message: '401', owner: 'your_team' })).toBe(true);
  });
});

describe('a target refuses most of what it is sent', () => {
  const counted = (some: Partial<Counters>): Counters => ({ ...noCounters, ...some });
  const large = { refused: none, objects: 1_000 };

  it('when three of five are refused, of at least twenty', () => {
    expect(massFailure(counted({ created: 8, failed: { target_rejected: 12 } }), large)).toMatchObject({
      code: 'target_refuses_most',
      message: expect.stringContaining('12 of 20'),
      owner: 'your_team',
    });
    expect(massFailure(counted({ created: 9, failed: { target_rejected: 11 } }), large)).toBeNull();
    expect(massFailure(counted({ failed: { target_rejected: 19 } }), large)).toBeNull();
    expect(massFailure(counted({ managersSet: 9, failed: { target_rejected: 11 } }), large)).toBeNull();
  });

  it('but not for names that somebody else at the target has', () => {
    const refused = counted({ updated: 1, failed: { target_conflict: 20 } });
    expect(massFailure(refused, { ...large, refused: { ...none, conflicts: 20 } })).not.toBeNull();
    // Of this turn, or of one before it: the counters are the run's.
    expect(massFailure(refused, large)).toBeNull();
  });

  it('or five and more who are most of what it is to have, where that is less', () => {
    const allOf = (refused: number, objects: number) =>
      massFailure(counted({ failed: { target_rejected: refused } }), {
        refused: { ...none, objects: refused },
        objects,
      });
    expect(allOf(15, 15)).toMatchObject({ message: expect.stringContaining('15 of 15') });
    expect([allOf(5, 5), allOf(6, 10)]).not.toContain(null);
    expect([allOf(4, 4), allOf(5, 10), allOf(19, 1_000)]).toEqual([null, null, null]);
    expect(
      massFailure(counted({ created: 4, failed: { target_rejected: 1 } }), {
        refused: { ...none, objects: 1 },
        objects: 5,
      }),
    ).toBeNull();
    expect(
      massFailure(counted({ created: 4, failed: { target_rejected: 5 } }), {
        refused: { ...none, objects: 5 },
        objects: 8,
      }),
    ).toBeNull();
  });

  it('but not because of one group that it refuses for each of its members', () => {
    const failed = { target_rejected: 5 };
    expect(massFailure(counted({ failed }), { refused: { ...none, objects: 1 }, objects: 8 })).toBeNull();
  });

  it('whatever it says, and whatever it was asked', () => {
    const failed = { target_rejected: 5, target_conflict: 5, not_applied: 5 };
    const sent = counted({ updated: 2, disabled: 2, managersSet: 1, membersAdded: 2, failed });
    expect(massFailure(sent, { ...large, refused: { ...none, conflicts: 5 } })).not.toBeNull();
  });

  it('or knows no more of them, unless most of those got a new account, or were to have none', () => {
    expect(massFailure(noCounters, { ...large, refused: { ...none, gone: 20, objects: 20 } })).toMatchObject({
      code: 'target_refuses_most',
    });
    expect(
      massFailure(counted({ failed: { target_rejected: 10 } }), {
        ...large,
        refused: { ...none, gone: 10, objects: 10 },
      }),
    ).not.toBeNull();
    expect(massFailure(counted({ created: 50 }), { ...large, refused: { ...none, gone: 50, objects: 50 } })).toBeNull();
    expect(
      massFailure(counted({ disabled: 50 }), { ...large, refused: { ...none, gone: 50, objects: 50 } }),
    ).toBeNull();
  });

  it('but not because people could not be told apart, were left alone, or needed nothing', () => {
    expect(massFailure(counted({ failed: { ambiguous_match: 500, source_unsure: 500 } }), large)).toBeNull();
    expect(massFailure(counted({ unchanged: 500, skipped: { guard_hold: 500 } }), large)).toBeNull();
  });
});
