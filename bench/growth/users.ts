/** One tenant, ten and a hundred times as many people; and one group that holds them all. */

import { z } from 'zod';
import { type Figures, figures } from '../figures.ts';
import type { Entrain, Graph, Lab } from '../lab.ts';
import { readOnce } from '../warm.ts';
import { shareOf, unitsPerTenSeconds } from './graph-share.ts';
import { mongoMegabytes } from './sizes.ts';
import type { Cell, Growth, Table } from './table.ts';

/** What one page of Graph takes; a chain of pages cannot be read faster, so its units spread over at least this long. */
const usualPageMs = 80;

export const users: Growth = async (lab, { users: middle, largestUsers, quick }) => {
  const sizes = [middle / 10, middle, largestUsers];
  const rows: Cell[][] = [];
  for (const size of sizes) {
    lab.say(`  ${size} users`);
    rows.push(...(await rowsOf(lab, size, quick ? 1_000 : 100_000)));
    await lab.clear();
  }
  return {
    id: 'users',
    title: 'Users of one tenant',
    about: `No latency, and every page was read once before. Requests and resource units are those of one run, a batch counted as one request, the units inside it one by one; the last column is the share of Graph's limit (${unitsPerTenSeconds(middle).toLocaleString('en')} units in 10 s for an app in a large tenant) if the pages of its longest list took ${usualPageMs} ms one after the other, and all else went on beside them. Delta: 1,000 changed people. Default attributes, the manager among them, no groups.`,
    columns: ['users', 'run', 's', 'CPU s', 'peak MB', 'Graph requests', 'units', 'MongoDB MB', 'share of limit'],
    rows,
  };
};

const rowsOf = async (lab: Lab, size: number, mostProvisioned: number): Promise<Cell[][]> => {
  const graph = await lab.graph([{ users: size, groups: 0 }]);
  const [place] = graph.places;
  if (place === undefined) return [];
  await readOnce(lab, graph, [place], true);
  const database = lab.database();
  const entrain = await lab.entrain(graph, { database });
  const connection = await entrain.connect(place, true);
  const rows: Cell[][] = [];
  const row = async (name: string, work: () => Promise<Figures>): Promise<void> => {
    await graph.counted();
    rows.push(await rowOf(lab, database, graph, size, name, await work()));
  };
  await row('first full', () => entrain.sync(connection, 'full'));
  await row('unchanged full', () => entrain.sync(connection, 'full'));
  const changes = { tenant: place.tenant.tenantId, users: Math.min(1_000, size), stamp: 'grown' };
  await graph.call('change', changes, z.unknown());
  await row('delta', () => entrain.sync(connection, 'delta'));
  if (size <= mostProvisioned) await row('provisioning to its position', () => provisioned(lab, entrain, connection));
  return rows;
};

const provisioned = async (lab: Lab, entrain: Entrain, connection: string): Promise<Figures> => {
  const { settings } = await lab.target(0);
  const target = await entrain.call('addTarget', { connection, ...settings, concurrency: 50 }, z.string());
  return await entrain.call('provision', { target }, figures);
};

const rowOf = async (
  lab: Lab,
  database: string,
  graph: Graph,
  size: number,
  name: string,
  { wallMs = 0, cpuMs = 0, peakMb = 0 }: Figures,
): Promise<Cell[]> => {
  const { requests = 0, units = 0, longestChain = 0 } = await graph.counted();
  return [
    size,
    name,
    wallMs / 1_000,
    cpuMs / 1_000,
    peakMb,
    requests,
    units,
    await mongoMegabytes(lab, database),
    shareOf(units, (longestChain * usualPageMs) / 1_000, size),
  ];
};

/** Guests are not in the group of everybody; they are some 6 of 100. The largest group is to have as many members as the largest tenant has people. */
const withGuests = (members: number): number => Math.ceil(members / 0.938 / 10_000) * 10_000;

export const largeGroup: Growth = async (lab, { users: middle, largestUsers, quick }): Promise<Table> => {
  const sizes = [middle / 10, middle, quick ? largestUsers : withGuests(largestUsers)];
  const rows: Cell[][] = [];
  for (const size of sizes) {
    lab.say(`  ${size} users and a group of them`);
    rows.push(await groupRow(lab, size));
    await lab.clear();
  }
  return {
    id: 'members',
    title: 'Members of one group',
    about: `Tenants of ${sizes.map((size) => size.toLocaleString('en')).join(', ')} users, default attributes, with one group that everybody is in but guests, some 6 %. Every page was read once before. Delta: one person is hired and joins it. Requests and units are those of the unchanged full sync, counted as above.`,
    columns: [
      'members',
      'first full, s',
      'unchanged full, s',
      'delta, s',
      'peak MB',
      'MongoDB MB',
      'Graph requests',
      'units',
      'share of limit',
      'units of the delta',
    ],
    rows,
  };
};

const groupRow = async (lab: Lab, size: number): Promise<Cell[]> => {
  const graph = await lab.graph([{ users: size, groups: 1, company: true }]);
  const [place] = graph.places;
  if (place === undefined) return [];
  await readOnce(lab, graph, [place], true);
  const database = lab.database();
  const entrain = await lab.entrain(graph, { database });
  const connection = await entrain.connect(place, true);
  const first = await entrain.sync(connection, 'full');
  await graph.counted();
  const unchanged = await entrain.sync(connection, 'full');
  const full = await graph.counted();
  await graph.call('hire', place.tenant.tenantId, z.unknown());
  const delta = await entrain.sync(connection, 'delta');
  const { units: deltaUnits = 0 } = await graph.counted();
  const { requests = 0, units = 0, longestChain = 0 } = full;
  return [
    await graph.call('memberships', place.tenant.tenantId, z.number()),
    ...[first, unchanged, delta].map(({ wallMs = 0 }) => wallMs / 1_000),
    unchanged['peakMb'] ?? null,
    await mongoMegabytes(lab, database),
    requests,
    units,
    shareOf(units, (longestChain * usualPageMs) / 1_000, size),
    deltaUnits,
  ];
};
