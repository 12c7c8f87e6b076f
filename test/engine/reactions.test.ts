import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  backoffMs,
  type Reaction,
  RunCanceled,
  RunRefused,
  RunTimedOut,
  reactionTo,
  type Waited,
} from '../../src/engine/reactions.ts';
import type { ResolutionOwner } from '../../src/model/connection.ts';
import {
  KeysUnavailable,
  ResumeExpired,
  SecretUnreadable,
  SourceError,
  type SourceFault,
  StaleFence,
  StaleRevision,
  TargetError,
  type TargetFault,
  WatermarkExpired,
} from '../../src/model/errors.ts';

const fresh = { faults: 0, waitedOut: null };
const react = (error: unknown, run: Waited = fresh): Reaction | null => reactionTo(error, run, 0.5);

type Row = readonly ['wait' | 'quarantine', ResolutionOwner, { readonly ms?: number; readonly isFault?: boolean }];
const secondFaultMs = backoffMs(1, 0.5);

describe('the table of reactions', () => {
  const source: Readonly<Record<SourceFault, Row>> = {
    throttled: ['wait', 'microsoft', { ms: 30_000, isFault: false }],
    unavailable: ['wait', 'microsoft', { ms: secondFaultMs, isFault: true }],
    incomplete: ['wait', 'microsoft', { ms: secondFaultMs, isFault: true }],
    unauthorized: ['quarantine', 'customer_it', {}],
    forbidden: ['quarantine', 'customer_it', {}],
  };
  const target: Readonly<Record<TargetFault, Row>> = {
    throttled: ['wait', 'target_vendor', { ms: 30_000, isFault: false }],
    unavailable: ['wait', 'target_vendor', { ms: secondFaultMs, isFault: true }],
    unknown: ['wait', 'target_vendor', { ms: secondFaultMs, isFault: true }],
    conflict: ['wait', 'target_vendor', { ms: secondFaultMs, isFault: true }],
    gone: ['wait', 'target_vendor', { ms: secondFaultMs, isFault: true }],
    rejected: ['wait', 'target_vendor', { ms: secondFaultMs, isFault: true }],
    unauthorized: ['quarantine', 'your_team', {}],
  };
  const expected = (side: string, fault: string, [kind, owner, more]: Row) => ({
    kind,
    ...more,
    problem: { code: `${side}_${fault}`, message: 'It happened.', owner },
  });
  const sources = Object.entries(source) as [SourceFault, Row][];
  const targets = Object.entries(target) as [TargetFault, Row][];

  it.each(sources)('source %s', (fault, row) => {
    expect(react(new SourceError(fault, 'It happened.'), { faults: 1, waitedOut: null })).toEqual(
      expected('source', fault, row),
    );
  });

  it.each(targets)('target %s', (fault, row) => {
    expect(react(new TargetError(fault, 'It happened.'), { faults: 1, waitedOut: null })).toEqual(
      expected('target', fault, row),
    );
  });

  it('names the problem by the code of whoever reported it', () => {
    expect(react(new SourceError('unauthorized', 'x', { code: 'AADSTS7000215' }))).toMatchObject({
      problem: { code: 'AADSTS7000215' },
    });
    expect(react(new TargetError('unavailable', 'x', { code: 'http_503' }))).toMatchObject({
      problem: { code: 'http_503' },
    });
  });

  it('ends what cannot be done as asked, with the problem it was refused for', () => {
    const problem = { code: 'group_out_of_scope', message: 'Not among the groups.', owner: 'your_team' } as const;
    expect(react(new RunRefused(problem))).toEqual({ kind: 'fail', problem });
  });

  it('ends what was canceled, and what took too long', () => {
    expect(react(new RunCanceled('Enough.'))).toEqual({ kind: 'cancel' });
    expect(react(new RunTimedOut('Too long.'))).toEqual({
      kind: 'fail',
      problem: { code: 'run_timed_out', message: 'Too long.', owner: 'your_team' },
    });
  });

  it('says of a run that spent its time waiting out a fault what it waited for', () => {
    const problem = { code: 'source_unavailable', message: 'Graph is down.', owner: 'microsoft' } as const;
    expect(react(new RunTimedOut('Too long.'), { faults: 3, waitedOut: problem })).toEqual({ kind: 'fail', problem });
  });

  it('holds a target back that was down for all the time of a run', () => {
    const problem = { code: 'target_unavailable', message: '503', owner: 'target_vendor' } as const;
    expect(react(new RunTimedOut('Too long.'), { faults: 3, waitedOut: problem })).toEqual({
      kind: 'quarantine',
      problem,
    });
  });

  it('waits for a target that is not reached, and tells whoever can mend the way there what they do', () => {
    const refused = react(new TargetError('unavailable', 'It is refused.', { code: 'connection_refused' }));
    expect(refused).toMatchObject({
      kind: 'wait',
      problem: {
        code: 'connection_refused',
        owner: 'your_team',
        message: expect.stringMatching(/^It is refused\. See /),
      },
    });
    // That is with us, and the target is held back for it all the same.
    const problem = { code: 'connection_refused', message: 'x', owner: 'your_team' } as const;
    expect(react(new RunTimedOut('Too long.'), { faults: 3, waitedOut: problem })).toEqual({
      kind: 'quarantine',
      problem,
    });
    const ours = { code: 'key_vault_unreachable', message: 'x', owner: 'your_team' } as const;
    expect(react(new RunTimedOut('Too long.'), { faults: 3, waitedOut: ours })).toEqual({
      kind: 'fail',
      problem: ours,
    });
  });

  it('touches nothing of a run that another worker holds', () => {
    expect(react(new StaleFence('Taken over.'))).toEqual({ kind: 'leave' });
  });

  it('starts a read over whose place is not accepted any more, at once', () => {
    expect(react(new ResumeExpired('Gone.'))).toEqual({
      kind: 'wait',
      ms: 1_000,
      isFault: true,
      problem: { code: 'read_restarted', message: 'Gone.', owner: 'microsoft' },
    });
  });

  it('knows nothing of our own faults: they are thrown on', () => {
    const ours = [new Error('bug'), new TypeError('bug'), new StaleRevision('edited'), 'text', null, undefined];
    expect(ours.map((error) => react(error))).toEqual(ours.map(() => null));
    // A watermark that expired is no fault: the sync run itself starts a full sync.
    expect(react(new WatermarkExpired('old'))).toBe(null);
  });
});

describe('waiting', () => {
  it('is as long as was asked for, where somebody asked', () => {
    expect(react(new SourceError('throttled', 'x', { retryAfterMs: 1_234 }))).toMatchObject({ ms: 1_234 });
    expect(react(new SourceError('unavailable', 'x', { retryAfterMs: 7_777_777 }))).toMatchObject({ ms: 7_777_777 });
    expect(react(new TargetError('throttled', 'x', { retryAfterMs: 0 }))).toMatchObject({ ms: 0 });
    expect(react(new TargetError('unavailable', 'x', { retryAfterMs: 5 }))).toMatchObject({ ms: 5 });
  });

  it('doubles from 5 s up to an hour, each time between half and all of that', () => {
    expect([0, 1, 2, 9, 10, 1_000].map((faults) => backoffMs(faults, 1))).toEqual([
      5_000, 10_000, 20_000, 2_560_000, 3_600_000, 3_600_000,
    ]);
    fc.assert(
      fc.property(fc.nat(2_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (faults, random) => {
        const full = Math.min(3_600_000, 5_000 * 2 ** faults);
        expect(backoffMs(faults, random)).toBeGreaterThanOrEqual(full / 2);
        expect(backoffMs(faults, random)).toBeLessThanOrEqual(full);
        expect(Number.isSafeInteger(backoffMs(faults, random))).toBe(true);
      }),
    );
  });

  it('is spread by chance, so that many runs that failed together do not come back together', () => {
    const down = new SourceError('unavailable', 'x');
    expect(reactionTo(down, fresh, 0)).toMatchObject({ ms: 2_500 });
    expect(reactionTo(down, fresh, 0.999_999)).toMatchObject({ ms: 5_000 });
  });
});

describe('the tenth fault in a row', () => {
  const after = (faults: number, error: unknown) => react(error, { faults, waitedOut: null })?.kind;
  const faults = [
    new SourceError('unavailable', 'x'),
    new SourceError('incomplete', 'x'),
    new ResumeExpired('x'),
    ...(['unavailable', 'unknown', 'conflict', 'gone', 'rejected'] as const).map(
      (fault) => new TargetError(fault, 'x'),
    ),
  ];

  it('is the last that is waited out; the next one fails the run with its problem, and holds a target back', () => {
    expect(faults.map((error) => after(9, error))).toEqual(faults.map(() => 'wait'));
    expect(faults.map((error) => after(10, error))).toEqual(
      // A target that is down for so long is asked by probes from then on.
      faults.map((error) => (error instanceof TargetError ? 'quarantine' : 'fail')),
    );
    expect(react(faults[0], { faults: 10, waitedOut: null })).toEqual({
      kind: 'fail',
      problem: { code: 'source_unavailable', message: 'x', owner: 'microsoft' },
    });
    expect(after(10, new SourceError('unavailable', 'x', { retryAfterMs: 1_000 }))).toBe('fail');
  });

  it('is none for who is told to wait: throttling never fails a run', () => {
    for (const count of [0, 9, 10, 11, 1_000_000]) {
      expect(react(new SourceError('throttled', 'x'), { faults: count, waitedOut: null })).toMatchObject({
        kind: 'wait',
        isFault: false,
      });
      expect(react(new TargetError('throttled', 'x'), { faults: count, waitedOut: null })).toMatchObject({
        kind: 'wait',
        isFault: false,
      });
    }
  });

  it('changes nothing for who must act', () => {
    expect(after(10, new SourceError('forbidden', 'x'))).toBe('quarantine');
    expect(after(10, new TargetError('unauthorized', 'x'))).toBe('quarantine');
    expect(after(10, new StaleFence('x'))).toBe('leave');
    expect(after(10, new RunCanceled('x'))).toBe('cancel');
  });
});

describe('the keys that secrets are sealed with', () => {
  it('are waited for, however often they cannot be asked: no connection or target is held back for it', () => {
    const away = new KeysUnavailable('key_vault_unreachable', 'It is away.');
    for (const faults of [0, 9, 10, 1_000]) {
      const reaction = react(away, { faults, waitedOut: null });
      expect(reaction).toMatchObject({
        kind: 'wait',
        isFault: true,
        problem: { code: 'key_vault_unreachable', owner: 'your_team' },
      });
      if (reaction?.kind === 'wait') expect(reaction.ms).toBeLessThanOrEqual(300_000);
    }
    const problem = { code: 'key_vault_unreachable', message: 'It is away.', owner: 'your_team' } as const;
    expect(react(new RunTimedOut('late'), { faults: 20, waitedOut: problem })).toEqual({ kind: 'fail', problem });
  });

  it('that open nothing, because a secret was altered, end the run', () => {
    expect(react(new SecretUnreadable('It was altered.'))).toMatchObject({
      kind: 'fail',
      problem: { code: 'secret_unreadable', owner: 'your_team' },
    });
  });
});

it('whoever is held back is told what to do about it', () => {
  const mend = { owner: 'customer_it', todo: 'Make another.' } as const;
  expect(react(new SourceError('unauthorized', 'It ended.', { mend }))).toMatchObject({
    problem: { message: 'It ended. Make another.' },
  });
});

it('what passes may be somebody’s to look into all the same', () => {
  const mend = { owner: 'your_team', todo: 'See whether it can be reached.' } as const;
  const error = new SourceError('unavailable', 'It is away.', { code: 'graph_unreachable', mend });
  expect(react(error)).toMatchObject({
    kind: 'wait',
    problem: { code: 'graph_unreachable', message: 'It is away. See whether it can be reached.', owner: 'your_team' },
  });
});
