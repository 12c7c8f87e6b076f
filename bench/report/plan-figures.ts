/** What the plan takes from the tables of growth. */

import type { Table } from '../growth/table.ts';
import type { Result } from '../result.ts';
import { medianIn, numberIn } from './detail.ts';
import { type Row, rowsOf } from './rows.ts';

export type PlanFigures = {
  /** Processor time for one person. */
  readonly micros: { readonly firstRead: number; readonly unchanged: number; readonly create: number };
  readonly deltaMs: number;
  readonly deltasAMinute: number;
  /** What this machine did in a second, MongoDB and simulators included: people of an unchanged full sync, creates at a target. */
  readonly aSecond: { readonly unchanged: number; readonly creates: number };
  /** Of R2m: what a first sync takes of the processor for a person of a tenant with groups and managers, and their memberships. */
  readonly firstWithGroups: { readonly people: number; readonly memberships: number; readonly micros: number };
  /** Of R7: what a create takes in a run of so many people. */
  readonly creates: { readonly people: number; readonly requests: number; readonly ms: number };
  readonly bytes: {
    readonly person: number;
    readonly membership: number;
    readonly change: number;
    /** An intent, its outcome and the link: the tables do not tell them apart. */
    readonly operation: number;
    /** The record with its indexes. */
    readonly run: number;
    readonly schedule: number;
  };
};

const megabytes = 'MongoDB MB';
/** As many people change before the delta sync of the table. */
const mostChanged = 1_000;

/** Null when one of the tables, rows or measures it reads was not measured. */
export const figuresOf = (tables: readonly Table[], measured: readonly Result[]): PlanFigures | null => {
  const users = rowsOf(tables, 'users');
  const [first, unchanged] = [lastOf(users, 'first full'), lastOf(users, 'unchanged full')];
  const [delta, provisioned] = [lastOf(users, 'delta'), lastOf(users, 'provisioning to its position')];
  const before = users.find((row) => row.run === 'delta' && row.at('users') === provisioned?.at('users'));
  const membership = membershipBytes(users, rowsOf(tables, 'members'));
  const run = rowsOf(tables, 'runs').at(-1);
  const creates = createsOf(measured);
  const firstWithGroups = firstWithGroupsOf(measured);
  const scheduled = rowsOf(tables, 'schedules').at(-1);
  if (!first || !unchanged || !delta || !provisioned || !before || !run || !scheduled) return null;
  if (membership === null || creates === null || firstWithGroups === null) return null;
  return {
    micros: { firstRead: microsOf(first), unchanged: microsOf(unchanged), create: microsOf(provisioned) },
    deltaMs: delta.at('CPU s') * 1_000,
    deltasAMinute: scheduled.at('delta syncs ended in a minute'),
    aSecond: { unchanged: rateOf(unchanged), creates: rateOf(provisioned) },
    firstWithGroups,
    creates,
    bytes: {
      person: (first.at(megabytes) * 2 ** 20) / first.at('users'),
      membership,
      change: grown(unchanged, delta) / Math.min(mostChanged, delta.at('users')),
      operation: grown(before, provisioned) / provisioned.at('users'),
      run: run.at('bytes of a run'),
      schedule: (scheduled.at('Redis KB') * 1_024) / scheduled.at('connections'),
    },
  };
};

/** The largest tenant that was measured both with one group of everybody, guests excepted, and without. */
const membershipBytes = (users: readonly Row[], members: readonly Row[]): number | null => {
  for (const row of members.toReversed()) {
    const count = row.at('members');
    const same = users.find(
      ({ run, at }) => run === 'first full' && count <= at('users') && count >= 0.9 * at('users'),
    );
    if (same) return grown(same, row) / count;
  }
  return null;
};

const createsOf = (measured: readonly Result[]): PlanFigures['creates'] | null => {
  const detail = measured.find(({ id }) => id === 'R7')?.detail;
  const [people, requests] = [numberIn(detail, 'people'), numberIn(detail, 'requestsPerPerson')];
  const ms = medianIn(detail, 'cpuMs', 'ours') / people;
  return [people, requests, ms].every(Number.isFinite) ? { people, requests, ms } : null;
};

const firstWithGroupsOf = (measured: readonly Result[]): PlanFigures['firstWithGroups'] | null => {
  const detail = measured.find(({ id }) => id === 'R2m')?.detail;
  const [people, memberships] = [numberIn(detail, 'users'), numberIn(detail, 'memberships')];
  const micros = (medianIn(detail, 'cpuMs', 'ours') * 1_000) / people;
  return [people, memberships, micros].every(Number.isFinite) ? { people, memberships, micros } : null;
};

const grown = (from: Row, to: Row): number => (to.at(megabytes) - from.at(megabytes)) * 2 ** 20;

const lastOf = (rows: readonly Row[], run: string): Row | undefined => rows.findLast((row) => row.run === run);

const rateOf = (row: Row): number => row.at('users') / row.at('s');
const microsOf = (row: Row): number => (row.at('CPU s') * 1e6) / row.at('users');
