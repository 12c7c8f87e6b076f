import { expect, it } from 'vitest';
import { laneOf, rankOf, slotOf } from '../../src/core/run-queue.ts';
import { connectionId, organizationId, planId, runId, sourceId, targetId } from '../../src/model/ids.ts';
import { noCounters, type ProvisionRun, type Run, type Shrink, type SyncRun } from '../../src/model/run.ts';

const now = new Date('2026-03-01T08:00:00.000Z');
const sync: SyncRun = {
  id: runId('run_1'),
  organization: organizationId('org_1'),
  connection: connectionId('con_1'),
  kind: 'sync',
  mode: 'delta',
  scope: null,
  dryRun: false,
  acceptShrink: null,
  shrink: null,
  read: null,
  trigger: 'schedule',
  causedBy: null,
  state: 'queued',
  phase: 'queued',
  counters: noCounters,
  problem: null,
  cancelRequested: false,
  place: null,
  notBefore: null,
  faults: 0,
  createdAt: now,
  startedAt: null,
  finishedAt: null,
  version: null,
};
const provision: ProvisionRun = { ...sync, kind: 'provision', target: targetId('tgt_1'), plan: null, amends: null };
const shrunk = (user: number): Shrink => ({
  missing: { user, group: 0 },
  known: { user: 9, group: 0 },
  drained: [],
  cleared: [],
  sample: [],
});
const nested = (group: string, deep: boolean) => ({ scope: { group: sourceId(group), nested: deep } });

it('gives everything that does something else a slot of its own', () => {
  const different: readonly Run[] = [
    sync,
    { ...sync, connection: connectionId('con_2') },
    { ...sync, mode: 'full' },
    { ...sync, dryRun: true },
    { ...sync, mode: 'full', acceptShrink: shrunk(3) },
    { ...sync, mode: 'full', acceptShrink: shrunk(4) },
    { ...sync, ...nested('g-1', false) },
    { ...sync, ...nested('g-1', true) },
    { ...sync, ...nested('g-2', true) },
    provision,
    { ...provision, mode: 'full' },
    { ...provision, target: targetId('tgt_2') },
    { ...provision, plan: planId('pln_1') },
    { ...provision, plan: planId('pln_2') },
  ];
  expect(new Set(different.map(slotOf)).size).toBe(different.length);
});

it('gives the same slot to whoever asks for the same, whenever and for whatever reason', () => {
  const same: Run = { ...sync, id: runId('run_2'), trigger: 'api', causedBy: runId('run_0'), createdAt: new Date(0) };
  expect(slotOf(same)).toBe(slotOf(sync));
});

it('lets a person go before everything else, and delta before full', () => {
  const inOrder: readonly Run[] = [
    { ...sync, trigger: 'api' },
    { ...sync, trigger: 'api', mode: 'full' },
    { ...sync, trigger: 'schedule' },
    { ...sync, trigger: 'schedule', mode: 'full' },
  ];
  expect(inOrder.map(rankOf)).toEqual([0, 1, 2, 3]);
  expect((['schedule', 'commit', 'retry'] as const).map((trigger) => rankOf({ ...sync, trigger }))).toEqual([2, 2, 2]);
});

it('keeps the runs of a connection and of each of its targets apart', () => {
  expect([laneOf(sync), laneOf(provision)]).toEqual(['con_1', 'tgt_1']);
});
