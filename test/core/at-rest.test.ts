import { describe, expect, it } from 'vitest';
import { isAtRest } from '../../src/core/at-rest.ts';
import { newPreviewRun, newProvisionRun, newReconcileRun, newSyncRun } from '../../src/engine/request-runs.ts';
import type { ConnectionState } from '../../src/model/connection.ts';
import { planId, runId } from '../../src/model/ids.ts';
import type { Run } from '../../src/model/run.ts';
import { plainConnection, plainTarget } from '../support/story.ts';

const at = new Date('2026-03-02T08:00:00Z');
const asked = { id: runId('run_1'), mode: 'delta', scope: null, dryRun: false, trigger: 'commit', at } as const;
const earlier = runId('run_0');
const target = plainTarget(at);
const provision = newProvisionRun(target, null, asked);
const runs: Readonly<Record<string, Run>> = {
  sync: newSyncRun(plainConnection(at), asked),
  preview: newPreviewRun(plainConnection(at), { ...asked, proposed: { kind: 'all' } }),
  provision,
  'of a plan': { ...provision, plan: planId('pln_1') },
  repair: { ...provision, amends: { kind: 'repair', run: earlier } },
  undo: { ...provision, amends: { kind: 'undo', run: earlier } },
  'of the plan of an undo': { ...provision, plan: planId('pln_1'), amends: { kind: 'undo', run: earlier } },
  reconcile: newReconcileRun(target, asked),
};
const restingIn = (state: ConnectionState): readonly string[] =>
  Object.keys(runs).filter((name) => {
    const run = runs[name];
    return run !== undefined && isAtRest(run, state);
  });

describe('while a connection is', () => {
  it('paused, everything waits that reads its tenant or goes by the word of it', () => {
    expect(restingIn('paused')).toEqual(['sync', 'preview', 'provision', 'of a plan', 'repair']);
  });

  it('held back, its tenant is not read, and what was committed before goes to the targets', () => {
    expect(restingIn('quarantined')).toEqual(['sync', 'preview']);
  });

  it.each(['active', 'pending', 'deleting'] as const)('%s, nothing waits', (state) => {
    expect(restingIn(state)).toEqual([]);
  });

  it('paused or held back, what somebody canceled comes to its end', () => {
    for (const run of Object.values(runs)) {
      expect(isAtRest({ ...run, cancelRequested: true }, 'paused')).toBe(false);
      expect(isAtRest({ ...run, cancelRequested: true }, 'quarantined')).toBe(false);
    }
  });
});
