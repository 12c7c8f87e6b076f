import { describe, expect, it } from 'vitest';
import { eventOfChange, eventOfRun } from '../../src/core/events.ts';
import { messageOf } from '../../src/core/webhook-message.ts';
import type { Change } from '../../src/model/change.ts';
import type { RecordedEvent } from '../../src/model/event.ts';
import { connectionId, eventId, organizationId, runId, sourceId, targetId } from '../../src/model/ids.ts';
import { noCounters, type ProvisionRun } from '../../src/model/run.ts';
import { type Attributes, group, type SourceObject, user } from '../../src/model/source-object.ts';

const of = { organization: organizationId('acme'), connection: connectionId('con_1') };
const at = new Date('2026-03-01T08:00:00.000Z');
const ada = sourceId('00000000-0000-4000-8000-00000000000a');
const person = (attributes: Attributes): SourceObject => ({ ref: user(ada), attributes });
const told = (change: Change) => eventOfChange(of, { version: 3, sequence: 9, at, change })?.about ?? null;

describe('what a committed change is told as', () => {
  it('who came, and who left and why', () => {
    expect(told({ kind: 'created', after: person({}) })).toEqual({ type: 'person.created', person: ada, version: 3 });
    expect(told({ kind: 'removed', before: person({}), why: 'out_of_scope' })).toEqual({
      type: 'person.removed',
      person: ada,
      version: 3,
      why: 'out_of_scope',
    });
  });

  it('which attributes changed, by name, and never what they hold', () => {
    const before = person({ displayName: 'Ada', department: 'IT', mail: 'ada@contoso.example', city: null });
    const after = person({ displayName: 'Ada L.', department: 'IT', jobTitle: 'Countess' });
    expect(told({ kind: 'updated', before, after })).toEqual({
      type: 'person.updated',
      person: ada,
      version: 3,
      attributes: ['displayName', 'jobTitle', 'mail'],
    });
  });

  it('who was switched off, whatever else changed; and who was switched on again as an update', () => {
    const [on, off] = [person({ accountEnabled: true, city: 'A' }), person({ accountEnabled: false, city: 'B' })];
    expect(told({ kind: 'updated', before: on, after: off })?.type).toBe('person.disabled');
    expect(told({ kind: 'updated', before: off, after: on })).toMatchObject({
      type: 'person.updated',
      attributes: ['accountEnabled', 'city'],
    });
    const stillOff = person({ accountEnabled: false, city: 'C' });
    expect(told({ kind: 'updated', before: off, after: stillOff })?.type).toBe('person.updated');
  });

  it('nothing of groups and memberships', () => {
    const team = group(ada);
    expect(told({ kind: 'created', after: { ref: team, attributes: {} } })).toBeNull();
    expect(told({ kind: 'members', group: team, added: [user(ada)], removed: [] })).toBeNull();
  });

  it('under a key that names the change, so that it is told once', () => {
    const change = { kind: 'created', after: person({}) } as const;
    const keys = [1, 2].map((sequence) => eventOfChange(of, { version: 3, sequence, at, change })?.key);
    expect(keys).toEqual(['change|con_1|3|1', 'change|con_1|3|2']);
  });
});

const run = (other: Partial<ProvisionRun>): ProvisionRun => ({
  ...of,
  id: runId('run_1'),
  kind: 'provision',
  target: targetId('tgt_1'),
  mode: 'delta',
  scope: null,
  dryRun: false,
  trigger: 'commit',
  causedBy: null,
  state: 'succeeded',
  phase: 'done',
  counters: noCounters,
  problem: null,
  cancelRequested: false,
  place: null,
  notBefore: null,
  faults: 0,
  createdAt: at,
  startedAt: at,
  finishedAt: at,
  version: 3,
  plan: null,
  amends: null,
  ...other,
});

describe('what a run is told as', () => {
  it('completed, however it ended; blocked, when it waits for a person', () => {
    expect(eventOfRun(run({}))?.about).toMatchObject({ type: 'run.completed', state: 'succeeded', target: 'tgt_1' });
    expect(eventOfRun(run({ state: 'failed' }))?.about).toMatchObject({ type: 'run.completed', state: 'failed' });
    const problem = { code: 'guard_held', message: 'Seven are over the limit.', owner: 'your_team' } as const;
    expect(eventOfRun(run({ state: 'held', problem }))?.about).toMatchObject({
      type: 'run.blocked',
      code: 'guard_held',
    });
  });

  it('nothing before it is over', () => {
    expect(eventOfRun(run({ state: 'running', finishedAt: null }))).toBeNull();
  });
});

it('a message holds ids, codes and names of attributes', () => {
  const event: RecordedEvent = {
    ...of,
    id: eventId('evt_1'),
    sequence: 12,
    key: 'change|con_1|3|1',
    at,
    about: { type: 'person.updated', person: ada, version: 3, attributes: ['mail'] },
  };
  expect(messageOf(event)).toEqual({
    type: 'person.updated',
    timestamp: '2026-03-01T08:00:00.000Z',
    data: {
      organization_id: 'acme',
      connection_id: 'con_1',
      sequence: 12,
      person_id: ada,
      version: 3,
      attributes: ['mail'],
    },
  });
});
