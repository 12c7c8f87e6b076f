/** One run: a world drawn from a seed, some minutes of everything at once, then quiet, then the reckoning. */

import { z } from 'zod';
import type { ConnectionId } from '../../src/model/ids.ts';
import { secret } from '../../src/model/secret.ts';
import type { Vault } from '../../src/store/connection-store.ts';
import { memoryBackups } from '../../src/store/memory/backup.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import { createMemoryMarks } from '../../src/store/memory/installation.ts';
import { biasNamed } from './bias.ts';
import { chanceOf } from './chance.ts';
import { type Customer, foundCustomer } from './customer.ts';
import { describeEnd } from './describe-end.ts';
import { disasterOf } from './disaster.ts';
import { compareWithTenant } from './expected.ts';
import { drawMix, type FaultName, faultsOf, type Mix, type SiteCount } from './faults.ts';
import { hearingRules } from './heard-rules.ts';
import { judgeReasons } from './judge-reasons.ts';
import { keepReads } from './kept-reads.ts';
import { losingOperations } from './lost-operations.ts';
import { createOracle } from './oracle.ts';
import { type Stage, startProcess } from './process.ts';
import { spared } from './protection.ts';
import { createQueue } from './queue.ts';
import { createScheduler, EndlessRun } from './scheduler.ts';
import { busyMs, calm, operatorFor, type Play, plan, start } from './script.ts';
import { type Witness, writesWithin } from './stores.ts';
import { type Trace, traceOf } from './trace.ts';
import { thrown, type Violation } from './violation.ts';
import { Workers } from './workers.ts';

export type Ask = {
  readonly seed: number;
  /** Without it the seed draws its own. */
  readonly mix?: Mix;
  /** The only faults and edits that may happen; null: as chance says. */
  readonly only: ReadonlySet<FaultName> | null;
  /** One fault that strikes in any case, to see what it does where chance never sent it. */
  readonly aimed?: FaultName | null;
  /** What the seed leans to, by name; without it to nothing. */
  readonly bias?: string | null;
  readonly keepsTrace: boolean;
};

export type Told = {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly hash: string;
  readonly struck: readonly FaultName[];
  readonly sites: ReadonlyMap<string, SiteCount>;
  readonly trace: readonly string[];
  readonly steps: number;
  /** How many changes at targets were judged. */
  readonly judged: number;
  readonly excused: number;
  /** How often what happened: events of the log, outcomes of operations, deaths by faults. */
  readonly happened: ReadonlyMap<string, number>;
};

/** None of the others has this number, so what is drawn for them stays as it is. */
const nthBeside = 5;

/** Many times what a usual run needs. */
const mostSteps = 200_000;

export const simulate = async (ask: Ask): Promise<Told> => {
  const bias = ask.bias === undefined || ask.bias === null ? null : biasNamed(ask.bias);
  const chance = chanceOf(ask.seed, bias);
  const scheduler = createScheduler(start, chance.of('tie'), mostSteps);
  const trace = traceOf(scheduler.now, start, ask.keepsTrace);
  const faults = faultsOf(chance, ask.mix ?? drawMix(chance), { only: ask.only, aimed: ask.aimed ?? null });
  const violations: Violation[] = [];
  const report = ({ invariant, what }: Violation): void => {
    violations.push({ invariant, what });
    trace.note('ORACLE', invariant, what);
  };
  const stage: Stage = { scheduler, chance, faults, trace, report, current: null };
  const everybody = (): readonly Customer[] => customers;
  const backups = memoryBackups();
  const stores = createMemoryStores({
    keep: backups.keep,
    now: () => stage.current?.now() ?? new Date(scheduler.now()),
    vault: openVault,
    probe: writesWithin(stage),
  });
  const oracle = createOracle(
    scheduler.now,
    everybody,
    stores.snapshots,
    report,
    (deed) => trace.note('effect', deed, ''),
    trace.count,
  );
  const losing = losingOperations(stage, stores.plans, (plan) => oracle.onBegin(plan));
  const ledger = hearingRules(stores.ledger, (...accepted) => oracle.onRulesAccepted(...accepted));
  const queue = createQueue(stage);
  const found = (nth: number, beside: Customer | null = null): Customer =>
    foundCustomer(
      stage,
      nth,
      chanceOf(ask.seed * 10 + nth, bias),
      ask.seed * 10 + nth,
      (customer) => (effect, by) => oracle.judge(customer(), effect, by),
      beside,
    );
  const founded = Array.from({ length: chance.happens(0.3, 'two customers') ? 2 : 1 }, (_, nth) => found(nth));
  const [first] = founded;
  const isBeside = first !== undefined && chance.happens(0.15, 'two targets of one connection');
  const customers = isBeside ? [...founded, found(nthBeside, first)] : founded;
  if (isBeside) trace.count('two.targets_of_one_connection');
  const ofConnection = (id: ConnectionId): Customer | undefined =>
    customers.find(({ connection }) => connection.id === id);
  const kept = keepReads(ofConnection, scheduler.now);
  const witness: Witness = (site, asked, answer, by) => {
    oracle.witness(site, asked, answer, by);
    kept.onDone(site, asked.at(-1), by);
    countDeeds(trace, site, asked);
    if (ask.keepsTrace && told.has(site)) trace.tell('store', site, JSON.stringify(asked.slice(1)));
  };
  const marks = chance.happens(0.08, 'puts the database back') ? createMemoryMarks() : null;
  const workers = new Workers(
    stage,
    queue,
    { ...stores, plans: losing.plans, ledger },
    customers,
    witness,
    {
      ...oracle,
      onFullRead: (connection) => {
        ofConnection(connection)?.fullReads.push({ from: scheduler.now(), to: null });
      },
      onReadWhole: (connection, by, mode) => {
        oracle.onReadWhole(connection, by);
        kept.onReadWhole(connection, by);
        const customer = ofConnection(connection);
        customer?.wholeReads.push(scheduler.now());
        const full = mode === 'full' ? customer?.fullReads.at(-1) : undefined;
        if (full !== undefined) full.to = scheduler.now();
      },
    },
    (error) => report(thrown('the engine threw', error)),
    marks,
  );
  const play: Play = {
    stage,
    chance,
    bias,
    stores,
    queue,
    customers,
    workers,
    operator: operatorFor(stage, stores, queue, (customer, plan, operations, person) => {
      oracle.approve(customer, plan, operations, person);
      losing.approved(plan.id, operations.length, start + busyMs(chance));
    }),
    disaster: marks === null ? null : disasterOf(stage, chance, stores, backups, marks, workers, customers, oracle),
  };
  const asker = startProcess(stage, {
    name: 'asker',
    skewMs: 0,
    isSpared: true,
    onDeath: () => {},
    onFreeze: () => {},
  });
  let excused = 0;
  try {
    for (const { connection, target, remote } of customers) {
      if ((await stores.connections.get(connection.id)) === null) await stores.connections.add(connection, {});
      await stores.targets.add(target, remote.secrets);
    }
    plan(play);
    await scheduler.passUntil(start + busyMs(chance));
    await calm(play);
    for (const customer of customers) {
      if (ask.keepsTrace) await describeEnd(stage, stores, customer);
      const differences = await compareWithTenant(stores, customer, scheduler.now());
      for (const kind of spared(customer, scheduler.now())) trace.count(`spared.by_${kind}`);
      for (const { says, excuse } of differences) {
        if (excuse === null) report({ invariant: 'I1', what: `${customer.target.name}: ${says}` });
        else {
          excused += 1;
          trace.count(`excused.${excuse}`);
        }
      }
      for (const what of await judgeReasons(stage, asker, stores, customer, differences))
        report({ invariant: 'reason', what: `${customer.target.name}: ${what}` });
    }
  } catch (error) {
    report(error instanceof EndlessRun ? { invariant: 'I9', what: error.message } : thrown('the run broke off', error));
  }
  workers.stop();
  return {
    seed: ask.seed,
    violations,
    hash: trace.hash(),
    struck: faults.struck,
    sites: faults.sites,
    trace: trace.lines,
    steps: scheduler.steps(),
    judged: oracle.judged(),
    excused,
    happened: trace.counts,
  };
};

/** What the engine found out and decided, for whoever wants to know that a simulation was not idle. */
const countDeeds = ({ count }: Trace, site: string, asked: readonly unknown[]): void => {
  if (site === 'ledger.settle')
    for (const { action, result, reason } of OutcomesSchema.parse(asked[1]))
      count(`operation.${result}.${result === 'applied' ? action : reason}`);
  if (site === 'ledger.escrow') for (const { reason } of EscrowsSchema.parse(asked[1])) count(`escrowed.${reason}`);
  if (site === 'runs.finish')
    for (const reason of Object.keys(EndSchema.parse(asked[3]).counters.skipped)) count(`skipped.${reason}`);
};

const OutcomesSchema = z.array(z.object({ action: z.string(), result: z.string(), reason: z.string().optional() }));
const EscrowsSchema = z.array(z.object({ reason: z.string() }));
const EndSchema = z.object({ counters: z.object({ skipped: z.record(z.string(), z.number()) }) });

/** What the trace tells in full. */
const told: ReadonlySet<string> = new Set(
  ['intend', 'settle', 'wait', 'stopWaiting', 'escrow', 'release', 'membersPushed', 'advance']
    .map((name) => `ledger.${name}`)
    .concat('draft.record'),
);

/** Secrets of a world that is made up need no seal. */
const openVault: Vault = {
  seal: async (clear) => clear.reveal(),
  open: async (sealed) => secret(sealed),
  renew: async () => null,
  keyOf: () => null,
  keys: async () => ({ current: 'none', proves: 'none', configured: [] }),
};
