/** What happens besides Entrain's own work: what tenants, targets and operators do, what is lost, and how it all becomes quiet. */

import { laneOf } from '../../src/core/run-queue.ts';
import type { Run } from '../../src/model/run.ts';
import type { Stores } from '../../src/store/stores.ts';
import type { Bias } from './bias.ts';
import { someoneCameBackChanged } from './came-back.ts';
import { type Chance, chanceOf } from './chance.ts';
import { type Customer, noLimits } from './customer.ts';
import type { OnApproved } from './decisions.ts';
import type { Disaster } from './disaster.ts';
import { editTarget, editTenant, makeMistake } from './edits.ts';
import { compareWithTenant } from './expected.ts';
import type { FaultKind } from './faults.ts';
import { type Operator, operatorOf } from './operator.ts';
import { type Stage, startProcess } from './process.ts';
import type { Queue } from './queue.ts';
import type { Workers } from './workers.ts';

export const start = Date.parse('2026-03-02T08:00:00Z');
const minute = 60_000;
const hour = 60 * minute;

export type Play = {
  readonly stage: Stage;
  readonly chance: Chance;
  readonly bias: Bias | null;
  readonly stores: Stores;
  readonly queue: Queue;
  readonly customers: readonly Customer[];
  readonly workers: Workers;
  readonly operator: Operator;
  /** Null: the database is not lost. */
  readonly disaster: Disaster | null;
};

export const operatorFor = (stage: Stage, stores: Stores, queue: Queue, onApproved: OnApproved): Operator =>
  operatorOf(
    stage,
    startProcess(stage, { name: 'operator', skewMs: 0, isSpared: true, onDeath: () => {}, onFreeze: () => {} }),
    stores,
    queue,
    onApproved,
  );

/** How long everything happens at once. */
export const busyMs = (chance: Chance): number => chance.between(5, 9, 'minutes') * minute;

/** Everything that is to happen besides Entrain's own work. */
export const plan = (play: Play): void => {
  const { chance, customers, workers, stage } = play;
  for (let nth = 0; nth < chance.between(1, 3, 'workers'); nth += 1) workers.start(nth);
  const eachAt = (most: number, what: string, act: (nth: number) => void): void => {
    for (let nth = 0; nth < chance.between(0, most, what); nth += 1) {
      const at = start + Math.round(chance.fraction(`${what} at`, nth) * busyMs(chance));
      if (stage.faults.allows(`${what}#${nth}`)) stage.scheduler.at(at, () => act(nth));
    }
  };
  for (const customer of customers) {
    const own = chanceOf(customer.nth * 1_000_003 + Math.floor(chance.fraction('edits') * 1_000_000), play.bias);
    const name = customer.target.name;
    eachAt(20, `edit of tenant ${customer.nth}`, (nth) =>
      stage.trace.note(name, 'tenant', editTenant(customer, own, nth)),
    );
    eachAt(3, `edit at target ${customer.nth}`, (nth) =>
      stage.trace.note(name, 'target', editTarget(customer, own, nth)),
    );
    eachAt(3, `act of operator ${customer.nth}`, (nth) => inBackground(play, () => actOf(play, customer, own, nth)));
  }
  for (const customer of customers)
    eachAt(chance.happens(0.12, 'mistakes are made') ? 6 : 0, `mistake in tenant ${customer.nth}`, (nth) =>
      mistake(play, customer, nth),
    );
  for (const customer of customers)
    eachAt(chance.happens(0.15, 'amends') ? 5 : 0, `amendment of operator ${customer.nth}`, (nth) =>
      inBackground(play, () => amend(play, customer, chance, nth)),
    );
  for (const customer of customers)
    eachAt(chance.happens(0.12, 'previews scopes') ? 4 : 0, `preview by operator ${customer.nth}`, (nth) =>
      inBackground(play, async () =>
        stage.trace.note('operator', await play.operator.preview(customer, chance, nth), customer.target.name),
      ),
    );
  for (const customer of customers)
    eachAt(chance.happens(0.2, 'guards somebody') ? 2 : 0, `protection by operator ${customer.nth}`, (nth) =>
      inBackground(play, async () =>
        stage.trace.note('operator', await play.operator.guard(customer, chance, nth), customer.target.name),
      ),
    );
  for (const customer of customers)
    eachAt(chance.happens(0.1, 'changes who approves') ? 2 : 0, `approvals by operator ${customer.nth}`, () =>
      inBackground(play, async () =>
        stage.trace.note('operator', await play.operator.changeApprovals(customer), customer.target.name),
      ),
    );
  for (const customer of customers)
    eachAt(chance.happens(0.1, 'changes safeguards') ? 3 : 0, `safeguards by operator ${customer.nth}`, (nth) =>
      inBackground(play, async () =>
        stage.trace.note('operator', await play.operator.changeSafeguards(customer, chance, nth), customer.target.name),
      ),
    );
  for (const customer of customers)
    eachAt(mayLag(chance) ? 1 : 0, `replica behind ${customer.nth}`, (nth) => lag(play, customer, nth));
  eachAt(chance.happens(0.3, 'loses the queue') ? 2 : 0, 'loss of the queue', () => empty(play));
  planDisaster(play);
  for (let at = start + 2 * minute; at < start + busyMs(chance); at += 2 * minute)
    stage.scheduler.at(at, () =>
      inBackground(play, async () => {
        for (const customer of customers) {
          // Or nobody looks, and whoever is held back has to be found mended without them.
          if (chance.happens(0.5, 'lets go', at)) await play.operator.letGo(customer);
          await play.operator.decide(customer, chance, at);
        }
      }),
    );
};

const mistake = ({ stage, chance }: Play, customer: Customer, nth: number): void => {
  const { what, takeBack } = makeMistake(customer, chance, nth);
  const note = (said: string): void => stage.trace.note(customer.target.name, 'tenant', said);
  note(what);
  stage.trace.count('mistake.made');
  stage.scheduler.at(stage.scheduler.now() + chance.between(5_000, 120_000, 'mistake is seen', nth), () =>
    note(takeBack()),
  );
};

const empty = ({ stage, queue }: Play): void => {
  stage.trace.note('redis', 'is emptied', '');
  stage.trace.count('queue.emptied');
  queue.empty();
};

/** After the last edit of a schedule nobody but the reconcilers brings back what was lost. */
const loseOnceMore = (play: Play): void => {
  if (
    play.chance.happens(0.2, 'loses the queue in the end') &&
    play.stage.faults.allows('loss of the queue in the end')
  )
    empty(play);
};

/** A backup is made, and some minutes later it is all there is. */
const planDisaster = (play: Play): void => {
  const { chance, stage, disaster } = play;
  if (disaster === null || !stage.faults.allows('database put back#0')) return;
  const backedUp = start + Math.round((0.15 + chance.fraction('backed up at') * 0.25) * busyMs(chance));
  const putBack = backedUp + Math.round((0.15 + chance.fraction('put back at') * 0.15) * busyMs(chance));
  stage.scheduler.at(backedUp, () => inBackground(play, disaster.backUp));
  stage.scheduler.at(putBack, () => inBackground(play, disaster.putBack));
};

const mayLag = (chance: Chance): boolean => chance.happens(0.3, 'replicas fall behind');

/** Shorter than what lies between two looks at somebody who is missing; and once, so that two looks never meet two such times. */
const longestLagMs = 9 * minute;

const lag = ({ stage, chance }: Play, { directory, target }: Customer, nth: number): void => {
  const { people, groups } = directory.truth();
  const all = [...people.keys(), ...groups.keys()];
  const missing = all.filter((_, place) => chance.happens(0.25, `replica behind ${nth}`, place));
  directory.backend.fallsBehind(missing, Math.ceil(chance.fraction('lasts', nth) * longestLagMs));
  stage.trace.note(target.name, 'replica', `is behind: ${missing.join(' ')}`);
};

const actOf = async ({ stage, operator }: Play, customer: Customer, chance: Chance, nth: number): Promise<void> =>
  stage.trace.note('operator', await operator.act(customer, chance, nth), customer.target.name);

const amend = async ({ stage, operator }: Play, customer: Customer, chance: Chance, nth: number): Promise<void> =>
  stage.trace.note('operator', await operator.amend(customer, chance, nth), customer.target.name);

/** The database is the operator's own: nothing goes wrong there. */
const inBackground = ({ stage, workers }: Play, act: () => Promise<void>): void => {
  stage.current = null;
  act().catch(workers.onBug);
};

const seldom = { refreshIntervalSecs: 30 * 86_400, fullSyncIntervalSecs: 30 * 86_400 };

/**
 * Nothing goes wrong any more. Whoever stood still wakes up, and what is held is let go. Then somebody asks for everything, or escrows have days to be
 * tried again by themselves, or changes alone have to bring about what is wanted. Where that is so with nothing left over, most runs end there.
 */
export const calm = async (play: Play): Promise<void> => {
  const { stage, customers, operator, workers } = play;
  const pass = (ms: number): Promise<void> => stage.scheduler.passUntil(stage.scheduler.now() + ms);
  stage.faults.end();
  stage.trace.note('world', 'is calm', '');
  workers.calm();
  for (const { directory, remote } of customers) {
    directory.backend.calm();
    remote.calm();
  }
  for (const customer of customers) {
    await awaited(stage, operator.letGo(customer));
    await awaited(stage, operator.mendScope(customer));
    await awaited(stage, operator.mendProtection(customer));
    await awaited(stage, operator.setLimits(customer, noLimits));
    await awaited(stage, operator.editConnection(customer.connection.id, seldom));
  }
  loseOnceMore(play);
  const since = stage.scheduler.now();
  await pass(25 * minute);
  await awaited(stage, reportNeglect(play, since));
  for (const customer of customers) await awaited(stage, operator.letGo(customer));
  await approveAll(play);
  workers.reconcileMs = 12 * hour;
  const endsEarly = play.chance.happens(0.75, 'ends early') && stage.faults.allows('the end comes early');
  const tail = tailOf(play);
  stage.trace.count(`tail.${tail}`);
  const waits = tail === 'everything' ? [25 * hour] : [7 * hour, 13 * hour, 25 * hour];
  for (const [round, wait] of [10 * minute, ...waits].entries()) {
    // Twice, for the first may go on with a read that was lied to.
    const isWhole = tail === 'everything' || (tail === 'escrows' && round < 2);
    for (const customer of customers)
      await awaited(stage, operator.requestSync(customer, isWhole ? 'full' : 'delta', true));
    await pass(10 * minute);
    // What was held is looked at, and let pass.
    for (const customer of customers) await awaited(stage, operator.letGo(customer));
    await pass(10 * minute);
    for (const customer of customers)
      await awaited(stage, operator.requestProvision(customer, isWhole ? 'full' : 'delta'));
    await pass(10 * minute);
    await approveAll(play);
    if (endsEarly && (await isSettled(play, since))) return;
    await pass(wait);
  }
  for (const customer of customers) await awaited(stage, operator.requestProvision(customer, 'delta'));
  await pass(20 * minute);
  await approveAll(play);
  await tryEscrows(play);
};

/**
 * What is in escrow would be tried again in hours or days, and whoever waits for a name gets it once somebody else, who is in escrow as well, has given it
 * up: so all of them are tried as often as that may take.
 */
const tryEscrows = async (play: Play): Promise<void> => {
  const { stage, stores, customers, operator } = play;
  for (let round = 0; round < 3; round += 1) {
    const held: Customer[] = [];
    for (const customer of customers)
      if ((await stores.ledger.retry(customer.target.id, { reason: null })) > 0) held.push(customer);
    if (held.length === 0) return;
    for (const customer of held) await awaited(stage, operator.requestProvision(customer, 'delta'));
    await stage.scheduler.passUntil(stage.scheduler.now() + 15 * minute);
    await approveAll(play);
  }
};

/**
 * Every target is as its tenant has it, nothing is in escrow, and no run is under way: nobody has a reason to write to one any more. And nobody is known by
 * a read of everybody that began before the calm and was gone on with: what happened while it was left only the next one tells.
 */
const isSettled = async ({ stage, stores, customers }: Play, calmSince: number): Promise<boolean> => {
  if (customers.some(({ fullReads }) => isOfBefore(fullReads.at(-1), calmSince))) return false;
  for await (const runs of stores.runs.unfinished()) if (runs.length > 0) return false;
  for (const customer of customers) {
    const differences = await compareWithTenant(stores, customer, stage.scheduler.now());
    if (differences.length + (await stores.ledger.countEscrows(customer.target.id)) > 0) return false;
  }
  return true;
};

const isOfBefore = (read: Customer['fullReads'][number] | undefined, calmSince: number): boolean =>
  read !== undefined && read.from < calmSince && read.to !== null && read.to >= calmSince;

type Tail = 'everything' | 'escrows' | 'changes';

/** What a source hid with every sign of success, only a full read finds again. */
const lies: readonly FaultKind[] = ['empty_list', 'partial_list', 'null_properties'];

const tailOf = ({ chance, stage, customers }: Play): Tail => {
  const roll = chance.fraction('tail');
  if (roll < 0.4) return 'everything';
  const isHit =
    stage.trace.counts.has('list.old') || stage.faults.struck.some((name) => name.startsWith('hidden_switch@'));
  const mayHaveLied = mayLag(chance) || isHit || lies.some((kind) => stage.faults.includes(kind));
  return roll < 0.6 || mayHaveLied || customers.some(someoneCameBackChanged) ? 'escrows' : 'changes';
};

/** I9: what somebody asked for is worked on, and what is scheduled comes due, whatever the queue lost; all reconcilers have been round by now. */
const reportNeglect = async ({ stage, stores, queue, customers }: Play, calmSince: number): Promise<void> => {
  const settledMs = 20 * minute;
  const now = stage.scheduler.now();
  for await (const runs of stores.runs.unfinished())
    for (const run of runs) {
      const due = Math.max(run.createdAt.getTime(), await turnOf(stores, run), calmSince);
      if (now - due > settledMs)
        stage.report({ invariant: 'I9', what: `${run.id} is ${run.state}, and nobody works on it` });
    }
  for (const { connection } of customers) {
    const record = await stores.connections.get(connection.id);
    if (record?.state !== 'active' || now - record.updatedAt.getTime() < settledMs) continue;
    if (!queue.isScheduled(record.id)) stage.report({ invariant: 'I9', what: `nobody reads ${record.id} any more` });
  }
};

/** When its turn may come: what a schedule asks for goes behind a run of the same connection or target that waits for its time. */
const turnOf = async (stores: Stores, run: Run): Promise<number> => {
  const { items } = await stores.runs.list({ connection: run.connection, state: 'waiting' }, null, 100);
  const before = items.filter((other) => laneOf(other) === laneOf(run));
  return Math.max(0, ...[run, ...before].map(({ notBefore }) => notBefore?.getTime() ?? 0));
};

/** Until nothing waits for a person any more: what one plan brings may ask for the next. */
const approveAll = async ({ stage, customers, operator }: Play): Promise<void> => {
  for (let rounds = 0; rounds < 6; rounds += 1) {
    let waiting = 0;
    for (const customer of customers)
      await awaited(
        stage,
        operator.approveWaiting(customer).then((plans) => {
          waiting += plans;
        }),
      );
    if (waiting === 0) return;
    await stage.scheduler.passUntil(stage.scheduler.now() + 5 * minute);
  }
};

/** What the operator does takes time, which has to pass. */
const awaited = async (stage: Stage, act: Promise<unknown>): Promise<void> => {
  stage.current = null;
  await Promise.all([act, stage.scheduler.passUntil(stage.scheduler.now() + 1_000)]);
};
