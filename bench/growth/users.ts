/** One tenant, ten and a hundred times as many people; and one group that holds them all. */

import { z } from 'zod';
import { type Figures, figures } from '../figures.ts';
import type { Entrain, Graph, Lab } from '../lab.ts';
import type { Place } from '../subjects/access.ts';
import { mongoMegabytes, redisKilobytes } from './sizes.ts';
import type { Cell, Growth, Table } from './table.ts';

const unitsPerTenSeconds = 8_000;
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
    about: `No latency, and every page was read once before. Requests and resource units are those of one run, a batch counted as one request, the units inside it one by one; the last column is the share of Graph's limit (${unitsPerTenSeconds.toLocaleString('en')} units in 10 s for an app in a large tenant) if its pages took ${usualPageMs} ms one after the other. Delta: 1,000 changed people. Default attributes, the manager among them, no groups.`,
    columns: [
      'users',
      'run',
      's',
      'CPU s',
      'peak MB',
      'Graph requests',
      'units',
      'MongoDB MB',
      'Redis KB',
      'share of limit',
    ],
    rows,
  };
};

const rowsOf = async (lab: Lab, size: number, mostProvisioned: number): Promise<Cell[][]> => {
  const graph = await lab.graph([{ users: size, groups: 0 }]);
  const [place] = graph.places;
  if (place === undefined) return [];
  await readOnce(lab, graph, place);
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

/** The simulator works out and compresses a page when it is first asked for it. Only the very same requests find it made (kept-answers.ts). */
const readOnce = async (lab: Lab, graph: Graph, place: Place): Promise<void> => {
  const reader = lab.subject(graph);
  await reader.call('sourceRead', { ...place, managers: true }, figures);
  await reader.stop();
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
  const { requests = 0, units = 0 } = await graph.counted();
  const tenSeconds = Math.max(1, (requests * usualPageMs) / 10_000);
  return [
    size,
    name,
    wallMs / 1_000,
    cpuMs / 1_000,
    peakMb,
    requests,
    units,
    await mongoMegabytes(lab, database),
    await redisKilobytes(lab, database),
    `${((units / tenSeconds / unitsPerTenSeconds) * 100).toFixed(1)} %`,
  ];
};

export const largeGroup: Growth = async (lab, { users: middle, largestUsers }): Promise<Table> => {
  const sizes = [middle / 10, middle, largestUsers];
  const rows: Cell[][] = [];
  for (const size of sizes) {
    lab.say(`  ${size} users and a group of them`);
    const graph = await lab.graph([{ users: size, groups: 1, company: true }]);
    const [place] = graph.places;
    if (place === undefined) continue;
    await readOnce(lab, graph, place);
    const database = lab.database();
    const entrain = await lab.entrain(graph, { database });
    const connection = await entrain.connect(place, true);
    const first = await entrain.sync(connection, 'full');
    const unchanged = await entrain.sync(connection, 'full');
    await graph.call('hire', place.tenant.tenantId, z.unknown());
    const delta = await entrain.sync(connection, 'delta');
    rows.push([
      await graph.call('memberships', place.tenant.tenantId, z.number()),
      ...[first, unchanged, delta].map(({ wallMs = 0 }) => wallMs / 1_000),
      unchanged['peakMb'] ?? null,
      await mongoMegabytes(lab, database),
    ]);
    await lab.clear();
  }
  return {
    id: 'members',
    title: 'Members of one group',
    about: `Tenants of ${sizes.map((size) => size.toLocaleString('en')).join(', ')} users, default attributes, with one group that everybody is in but guests, some 6 %. Every page was read once before. Delta: one person is hired and joins it. The members of a group are held in memory while it is read, some 0.7 KB each: the largest group, not the tenant, decides how much a worker needs.`,
    columns: ['members', 'first full, s', 'unchanged full, s', 'delta, s', 'peak MB', 'MongoDB MB'],
    rows,
  };
};
