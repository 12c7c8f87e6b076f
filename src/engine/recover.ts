/**
 * Before anything new is planned, every operation that was under way when a worker died is looked up at the target and settled. Not at a system of which
 * nobody has said that it is the one: what it holds says nothing about what was sent to another.
 */

import { mayHold } from '../core/told.ts';
import type { Intent, Link, Outcome } from '../model/operation.ts';
import { settleOutcomes } from './escrow.ts';
import { linkAsMet, lookAfter } from './look.ts';
import { carriesMarkOf } from './marked.ts';
import { namesReferences } from './pending.ts';
import type { Provisioning } from './provisioning.ts';

export const recover = async (work: Provisioning): Promise<void> => {
  const { ledger } = work.engine.stores;
  if (work.reached === 'unproved' && work.aim.kind !== 'apply') return;
  for await (const intents of ledger.openIntents(work.record.id)) {
    // As they are on record: a run that only plans would take what it plans for done.
    const links = await ledger.links(
      work.record.id,
      intents.map(({ operation }) => operation.ref),
    );
    const outcomes: Outcome[] = [];
    for (const intent of intents)
      outcomes.push(
        isOfThisSystem(work, intent) && !isOfOldLink(intent)
          ? await outcomeOf(work, intent, links.get(intent.operation.ref.id) ?? null)
          : { ...headOf(work, intent), result: 'skipped', reason: 'no_trace' },
      );
    await settleOutcomes(work, outcomes);
    work.engine.world.log.info('intents.recovered', { target: work.record.id, intents: intents.length });
  }
};

/** Where somebody has let another system be written to, only what the plan did there is looked for there; all else is planned from what it holds. */
const isOfThisSystem = ({ reached, aim }: Provisioning, { cause }: Intent): boolean =>
  reached === 'same' || (aim.kind === 'apply' && cause.plan === aim.plan.id);

/** A link that was to end because it was not shown (engine/end-links.ts): nothing was sent, and whoever carries on the plan asks for it again. */
const isOfOldLink = ({ cause }: Intent): boolean => cause.why === 'unlinked' && cause.plan === null;

const headOf = (work: Provisioning, { operation }: Intent) => ({
  key: operation.key,
  ref: operation.ref,
  action: operation.action,
  at: work.engine.world.now(),
  ...stepOf(namesReferences(work, operation)),
});

/** What it names says it; that it was all there was to write of an object is not on record, and then it ends less. */
const stepOf = ({ all, some }: ReturnType<typeof namesReferences>): Pick<Outcome, 'step'> => {
  if (all) return { step: 'references' };
  return some ? { step: 'with_references' } : {};
};

/** Whoever was asked may be behind. */
const inDoubt = (work: Provisioning, { operation }: Intent, link: Link | null): { link?: Link } => {
  const doubted = link && mayHold(link, operation, work.engine.world.now());
  return doubted === null ? {} : { link: doubted };
};

const outcomeOf = async (work: Provisioning, intent: Intent, link: Link | null): Promise<Outcome> => {
  const { operation } = intent;
  const head = headOf(work, intent);
  const trace = await lookAfter(work, { operation, why: intent.cause.why }, link);
  switch (trace.kind) {
    case 'applied':
      if (intent.cause.why === 'unlinked') return { ...head, result: 'applied', link: null };
      return { ...head, result: 'applied', ...(trace.link === undefined ? {} : { link: trace.link }) };
    case 'no_trace': {
      const taken = link === null ? await takenOver(work, intent) : null;
      return taken === null
        ? { ...head, result: 'skipped', reason: 'no_trace', ...inDoubt(work, intent, link) }
        : { ...head, result: 'applied', link: taken };
    }
    case 'unclear':
      return {
        ...head,
        ...{ result: 'escrowed', reason: trace.reason, detail: trace.detail, mayBeDone: true },
        ...inDoubt(work, intent, link),
      };
  }
};

/** An account that was taken over carries whose it is, whatever the target's people changed of it since; what they changed is planned anew. */
const takenOver = async (work: Provisioning, { operation, cause }: Intent): Promise<Link | null> => {
  if (operation.action !== 'update' || cause.why === 'unlinked') return null;
  const remote = await work.target.get(operation.ref.type, operation.remoteId, work.watch.signal);
  if (remote === null || !carriesMarkOf(work.record, operation.ref, remote)) return null;
  return await linkAsMet(work, operation.ref, remote);
};
