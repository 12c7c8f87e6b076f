/** The database is lost, and put back from a backup: what happened since is known to the tenants, the targets and to nobody else. */

import { unobserved } from '../../src/engine/engine.ts';
import { declareRestore } from '../../src/engine/restore.ts';
import type { Marks } from '../../src/store/installation.ts';
import type { Stores } from '../../src/store/stores.ts';
import type { Chance } from './chance.ts';
import { approvalsSince, type Customer } from './customer.ts';
import type { Oracle } from './oracle.ts';
import { type Process, type Stage, startProcess } from './process.ts';
import { surroundingsOf } from './surroundings.ts';
import { newRunId } from './worker.ts';
import type { Workers } from './workers.ts';

export type Disaster = {
  readonly backUp: () => Promise<void>;
  readonly putBack: () => Promise<void>;
};

/** Nothing that was sent is under way any more by then. */
const drainedMs = 75_000;
/** One count more than at the backup is what the first worker counts that looks: then only a person knows. */
const plainlyMore = 3;

export const disasterOf = (
  stage: Stage,
  chance: Chance,
  stores: Stores,
  backups: { readonly take: () => () => void },
  /** What tells, outside of the database, that it has gone back. */
  marks: Marks,
  workers: Workers,
  customers: readonly Customer[],
  oracle: Pick<Oracle, 'onPutBack'>,
): Disaster => {
  const { scheduler, trace } = stage;
  const operator = startProcess(stage, {
    name: 'administrator',
    skewMs: 0,
    isSpared: true,
    onDeath: () => {},
    onFreeze: () => {},
  });
  let backup: { readonly putBack: () => void; readonly mark: number; readonly at: number } | null = null;
  const noted = async (): Promise<number> => (await marks.highest(await stores.installation.id())) ?? 0;
  return {
    backUp: async () => {
      trace.note('database', 'is backed up', '');
      backup = { putBack: backups.take(), mark: await noted(), at: scheduler.now() };
    },
    putBack: async () => {
      if (backup === null) return;
      const { putBack, mark, at } = backup;
      trace.note('database', 'is lost', '');
      const start = workers.halt();
      await operator.sleep(drainedMs, new AbortController().signal);
      putBack();
      trace.note('database', 'is put back', '');
      trace.count('database.put_back');
      await oracle.onPutBack(stores, customers, at);
      for (const customer of customers) await rememberSettings(scheduler.now(), stores, customer);
      const isPlain = (await noted()) - mark >= plainlyMore;
      if (!isPlain || chance.happens(0.3, 'declares the restore')) await declare(stage, operator, stores);
      start();
    },
  };
};

const declare = async (stage: Stage, operator: Process, stores: Stores): Promise<void> => {
  const world = surroundingsOf(stage, operator);
  await declareRestore(
    { stores, world, newRunId: () => newRunId(stage, operator), observe: unobserved },
    { by: 'administrator', reason: 'the disk died' },
  );
};

/** Settings went back as well, and hold from now on. */
const rememberSettings = async (at: number, stores: Stores, customer: Customer): Promise<void> => {
  const connection = await stores.connections.get(customer.connection.id);
  const target = await stores.targets.get(customer.target.id);
  if (connection === null || target === null) throw new Error('The customer is gone.');
  customer.scopes.push({ at, scope: connection.scope });
  customer.limits.push({ at, limits: target.limits });
  customer.policies.push({ at, policy: { deprovision: target.deprovision, leftGroups: target.leftGroups } });
  customer.protections.push({ at, protection: target.protected });
  customer.approvals.splice(0, customer.approvals.length, ...approvalsSince(target, at));
  customer.restores.push({ at, loosened: target.loosened });
};
