/** Before anything new is planned, every operation that was under way when a worker died is looked up at the target and settled. */

import type { Intent, Outcome } from '../model/operation.ts';
import { settleOutcomes } from './escrow.ts';
import { lookAfter } from './look.ts';
import { linksOf, type Provisioning } from './provisioning.ts';

export const recover = async (work: Provisioning): Promise<void> => {
  const { ledger } = work.engine.stores;
  for await (const intents of ledger.openIntents(work.record.id)) {
    const links = await linksOf(
      work,
      intents.map(({ operation }) => operation.ref),
    );
    const outcomes: Outcome[] = [];
    for (const intent of intents)
      outcomes.push(await outcomeOf(work, intent, links.get(intent.operation.ref.id) ?? null));
    await settleOutcomes(work, outcomes);
    work.engine.world.log.info('intents.recovered', { target: work.record.id, intents: intents.length });
  }
};

const outcomeOf = async (
  work: Provisioning,
  { operation }: Intent,
  link: Parameters<typeof lookAfter>[2],
): Promise<Outcome> => {
  const head = { key: operation.key, ref: operation.ref, action: operation.action, at: work.engine.world.now() };
  const trace = await lookAfter(work, operation, link);
  switch (trace.kind) {
    case 'applied':
      return { ...head, result: 'applied', ...(trace.link === undefined ? {} : { link: trace.link }) };
    case 'no_trace':
      return { ...head, result: 'skipped', reason: 'no_trace' };
    case 'unclear':
      return { ...head, result: 'escrowed', reason: trace.reason, detail: trace.detail };
  }
};
