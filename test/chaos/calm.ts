/** After the storm: everything is whole again, and within some full syncs the target must be what the tenant is. */

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { targetId } from '../../src/model/ids.ts';
import { openKept } from '../support/kept.ts';
import { brokenWords } from './accepted.ts';
import { differences } from './compare.ts';
import { type Customer, type Plant, secondLookMs } from './plant.ts';
import type { Verdict } from './verdict.ts';
import { isReadSinceLies } from './whole-reads.ts';

export const heal = ({ graph, lines, customers, workers }: Plant): void => {
  graph.control.clearFaults();
  for (const { scim } of customers) scim.control.clearFaults();
  for (const line of Object.values(lines)) line.set({ state: 'clear' });
  for (const worker of workers) worker.thaw();
};

export type Calm = {
  /** Full syncs that were made until the target was what its tenant is. */
  readonly rounds: number;
  /** Whether delta runs alone were enough for that, and whether they had to be: what a list hid that lied last, only a full read tells. */
  readonly byDelta: boolean;
  readonly isJudgedByDelta: boolean;
} & Pick<Verdict, 'apart' | 'lost'>;

/**
 * Whom only a full sync found missing is looked at twice before anything is taken away. So what is still wrong by then may have to wait for that: once for
 * the account, and, where the group was looked at sooner or later than they were, once more for their memberships.
 */
const roundsBeforeSecondLook = 2;

/**
 * In three stages, for a look at everybody heals whatever was lost. Delta runs alone first. Then the tenant is read as a whole, and the target is told what
 * changed and nothing else: all that was committed must arrive by that. At last everybody is looked at.
 */
export const calmDown = async (plant: Plant, customer: Customer): Promise<Calm> => {
  const isJudgedByDelta = await isReadSinceLies(plant, customer);
  const byDelta = await converge(plant, customer, { mode: 'delta', isFull: false, most: 4 });
  const byChanges = await converge(plant, customer, { mode: 'full', isFull: false, most: 4 });
  const byAll = await converge(plant, customer, { mode: 'full', isFull: true, most: 5 });
  return {
    rounds: byChanges.rounds + byAll.rounds,
    byDelta: byDelta.wrong.length === 0,
    isJudgedByDelta,
    apart: byAll.wrong.map((line) => `${customer.name}, after ${byAll.rounds} rounds: ${line}`),
    lost: [
      ...(isJudgedByDelta ? lossesIn(byDelta.wrong, `${customer.name}, by delta runs alone`) : []),
      ...lossesIn(byChanges.wrong, `${customer.name}, without a look at everybody`),
      ...(await lostIn(plant, customer)),
    ],
  };
};

/** Who reports to somebody with a new account may be told so by a look at everybody alone. */
const lossesIn = (wrong: readonly string[], how: string): readonly string[] =>
  wrong.filter((line) => !/^\S+: manager is /.test(line)).map((line) => `${how}: ${line}`);

/** `isFull`: the target is told of everybody, and not of what changed alone. `most`: so many rounds at most. */
type Means = { readonly mode: 'full' | 'delta'; readonly isFull: boolean; readonly most: number };

const converge = async (
  plant: Plant,
  customer: Customer,
  { mode, isFull, most }: Means,
): Promise<{ readonly rounds: number; readonly wrong: readonly string[] }> => {
  const { api } = plant.stack;
  const at = `/v1/targets/${customer.target}`;
  let wrong: readonly string[] = [];
  for (let rounds = 1; rounds <= most; rounds += 1) {
    const sync = await ended(plant, await api.request(customer.connection, { mode }));
    // Whoever was refused in the storm would wait for hours before they are tried again.
    if (!isFull) await api.ask('POST', `${at}/escrows/retry`, z.unknown(), {});
    const provision = await ended(plant, (await api.ask('POST', `${at}/provision`, created, { full: isFull })).id);
    await whenDecided(plant, customer);
    wrong = differences(customer);
    if (rounds === most) wrong = await explained(plant, customer, wrong);
    const isDone = !isFull || (sync === 'succeeded' && provision === 'succeeded');
    if (wrong.length === 0 && isDone) return { rounds, wrong };
    if (isFull) wrong = [`the last runs ended as ${sync} and ${provision}`, ...wrong];
    if (rounds >= roundsBeforeSecondLook && rounds < most) await sleep(secondLookMs + 1_000);
  }
  return { rounds: most, wrong };
};

/** With what Entrain says of the people and groups that the first of these lines name: nobody can ask it any more once the run is over. */
const explained = async (
  { stack: { api } }: Plant,
  { connection }: Customer,
  wrong: readonly string[],
): Promise<readonly string[]> => {
  const said = async (id: string): Promise<string> => {
    try {
      const { targets } = await api.ask('GET', `/v1/connections/${connection}/explain?person=${id}`, explanation);
      const steps = targets.flatMap(({ verdict, steps }) => [verdict.reason, ...steps.map(({ says }) => says)]);
      return `${id.slice(0, 8)}: ${steps.join(' ')}`;
    } catch (error) {
      return `${id.slice(0, 8)}: ${String(error)}`;
    }
  };
  const lines = wrong.slice(0, mostExplained).map(async (line) => {
    const all = await Promise.all((line.match(objectIds) ?? []).map(said));
    return all.length === 0 ? line : `${line} (${all.join(' ')})`;
  });
  return [...(await Promise.all(lines)), ...wrong.slice(mostExplained)];
};
const mostExplained = 3;
const objectIds = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const explanation = z.object({
  targets: z.array(
    z.object({ verdict: z.object({ reason: z.string() }), steps: z.array(z.object({ says: z.string() })) }),
  ),
});

/** When nothing waits for anybody at the target, and what was approved is done. */
export const whenDecided = async (
  { stack: { api } }: Plant,
  { connection, target, rules }: Customer,
): Promise<void> => {
  if (rules.limits === null) return;
  const until = Date.now() + patienceMs;
  const isOpen = async (path: string): Promise<boolean> =>
    (await api.ask('GET', `${path}&limit=1`, runs)).data.length > 0;
  const undecided = [
    ...['waiting', 'approved'].map((state) => `/v1/plans?target_id=${target}&state=${state}`),
    ...unendedStates.map((state) => `/v1/runs?connection_id=${connection}&state=${state}`),
  ];
  while ((await Promise.all(undecided.map(isOpen))).includes(true) && Date.now() < until) await sleep(300);
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

/**
 * Runs and approvals that were accepted and are not there, runs that do not end, and operations of which it is not known what became of them: when all is
 * done there is none.
 */
const lostIn = async (plant: Plant, customer: Customer): Promise<readonly string[]> => [
  ...(await brokenWords(plant.stack.api, customer, patienceMs)),
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
