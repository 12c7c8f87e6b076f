/** After the storm: everything is whole again, and within some full syncs the target must be what the tenant is. */

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { targetId } from '../../src/model/ids.ts';
import { openKept } from '../support/kept.ts';
import { differences } from './compare.ts';
import { type Customer, type Plant, secondLookMs } from './plant.ts';
import type { Verdict } from './verdict.ts';

export const heal = ({ graph, lines, customers, workers }: Plant): void => {
  graph.control.clearFaults();
  for (const { scim } of customers) scim.control.clearFaults();
  for (const line of Object.values(lines)) line.set({ state: 'clear' });
  for (const worker of workers) worker.thaw();
};

export type Calm = {
  /** Full syncs that were made until the target was what its tenant is. */
  readonly rounds: number;
  /** Delta syncs were enough: nothing that was told once had to be told again. */
  readonly byDelta: boolean;
} & Pick<Verdict, 'apart' | 'lost'>;

const mostRounds = 5;
/** Whom only a full sync found missing is looked at twice before anything is taken away. So what is still wrong by then may have to wait for that. */
const roundsBeforeSecondLook = 2;

export const calmDown = async (plant: Plant, customer: Customer): Promise<Calm> => {
  const { api } = plant.stack;
  const byDelta = await isCalmByDelta(plant, customer);
  let wrong: readonly string[] = [];
  for (let rounds = 1; rounds <= mostRounds; rounds += 1) {
    const sync = await ended(plant, await api.request(customer.connection, { mode: 'full' }));
    // Whatever waits for its time, because it failed in the storm, is overtaken by what a person asks for.
    const asked = await api.ask('POST', `/v1/targets/${customer.target}/provision`, created, { full: true });
    const provision = await ended(plant, asked.id);
    wrong = differences(customer.tenant, customer.scim);
    if (wrong.length === 0 && sync === 'succeeded' && provision === 'succeeded')
      return { rounds, byDelta, apart: [], lost: await lostIn(plant, customer) };
    wrong = [`the last runs ended as ${sync} and ${provision}`, ...wrong];
    if (rounds === roundsBeforeSecondLook) await sleep(secondLookMs + 1_000);
  }
  return {
    rounds: mostRounds,
    byDelta,
    apart: wrong.map((line) => `${customer.name}, after ${mostRounds} rounds: ${line}`),
    lost: await lostIn(plant, customer),
  };
};

/** Whoever was refused in the storm waits for hours before a delta sync tries again, so that it does not suffice is nothing wrong. */
const isCalmByDelta = async (plant: Plant, { connection, target, tenant, scim }: Customer): Promise<boolean> => {
  const { api } = plant.stack;
  for (let nth = 0; nth < 2; nth += 1) {
    await ended(plant, await api.request(connection, { mode: 'delta' }));
    await ended(plant, (await api.ask('POST', `/v1/targets/${target}/provision`, created, {})).id);
    if (differences(tenant, scim).length === 0) return true;
  }
  return false;
};

const created = z.object({ id: z.string() });
const run = z.object({ state: z.string(), problem: z.object({ code: z.string() }).nullable() });
const patienceMs = 120_000;

/** The state in which a run ends. */
const ended = async ({ stack: { api } }: Plant, id: string): Promise<string> => {
  const until = Date.now() + patienceMs;
  for (;;) {
    const { state, problem } = await api.ask('GET', `/v1/runs/${id}`, run);
    if (!['queued', 'running', 'waiting'].includes(state))
      return problem === null ? state : `${state} (${problem.code})`;
    if (Date.now() > until) return `${state} for ${patienceMs / 1_000} s`;
    await sleep(200);
  }
};

/** Runs that were accepted and do not end, and operations of which it is not known what became of them: when all is done there is none. */
const lostIn = async (plant: Plant, customer: Customer): Promise<readonly string[]> => [
  ...(await unended(plant, customer)),
  ...(await leftOpen(plant, customer)),
];

const unendedStates = ['queued', 'running', 'waiting'] as const;
const runs = z.object({ data: z.array(z.object({ id: z.string() })) });

/** The schedule goes on asking for runs, so only those that are open by now have to end. */
const unended = async ({ stack: { api } }: Plant, { name, connection }: Customer): Promise<readonly string[]> => {
  const open = async (): Promise<readonly string[]> => {
    const found: string[] = [];
    for (const state of unendedStates) {
      const { data } = await api.ask('GET', `/v1/runs?connection_id=${connection}&state=${state}&limit=100`, runs);
      found.push(...data.map(({ id }) => id));
    }
    return found;
  };
  const until = Date.now() + patienceMs;
  let left = await open();
  while (left.length > 0 && Date.now() < until) {
    await sleep(500);
    const now = new Set(await open());
    left = left.filter((id) => now.has(id));
  }
  return left.map((id) => `${name}: the run ${id} does not end`);
};

const leftOpen = async ({ stack }: Plant, { name, target }: Customer): Promise<readonly string[]> => {
  const kept = await openKept(stack);
  try {
    const open = await kept.openIntents(targetId(target));
    return open.length === 0 ? [] : [`${name}: ${open.length} operations are still open`];
  } finally {
    await kept.close();
  }
};
