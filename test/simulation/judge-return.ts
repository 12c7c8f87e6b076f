/** I2, the other way round: who left or was disabled, and lost their account for it, is given nothing before the tenant has them again. */

import type { Cause, Operation } from '../../src/model/operation.ts';
import type { Customer } from './customer.ts';
import type { Deed } from './deeds.ts';
import { isThere, type Truth } from './directory.ts';
import type { Effect } from './remote.ts';
import { since } from './since.ts';

export type Returns = {
  /** Of each deed with what it was meant for, and since when that was durable: what is wrong with it. */
  readonly judge: (customer: Returning, effect: Effect, deed: Deed, meant: Meant) => readonly string[];
  /** The record is lost: nobody knows any more who left. */
  readonly forget: () => void;
};
/** What of a customer matters here. */
type Returning = {
  readonly target: Pick<Customer['target'], 'id'>;
  readonly directory: Pick<Customer['directory'], 'history' | 'truth'>;
};
type Meant = { readonly operation: Operation; readonly cause: Cause; readonly at: number };
/**
 * `saidAt`: when the tenant said what it was for; they may be back by the time they lose it, and gone once more. `gone`: for having left. Who is disabled
 * has no use of an account, and is in their groups as before.
 */
type Loss = { readonly saidAt: number; readonly at: number; readonly gone: boolean };

/** `askedOf`: when the tenant was asked about somebody of late, oldest first. */
export const returnsSeen = (now: () => number, askedOf: (id: string) => readonly number[]): Returns => {
  /** By target and person, when who was not there, or disabled, lost their account. */
  const lost = new Map<string, Loss>();
  /** What was meant before may still have been under way. An account is switched on for nobody who is disabled. */
  const isTooSoon = ({ directory, target }: Returning, id: string, deed: Deed, meantAt: number): boolean => {
    const loss = lost.get(`${target.id}|${id}`);
    if (loss === undefined || meantAt < loss.at || (deed.kind === 'add_members' && !loss.gone)) return false;
    const isBack = deed.kind === 'update' ? isEnabled : isThere;
    const then = [...directory.history.filter(({ at }) => at > loss.saidAt), ...since(directory.history, loss.at)];
    return !then.some(({ truth }) => isBack(truth, id));
  };
  return {
    forget: () => lost.clear(),
    judge: (customer, effect, deed, { operation, cause, at }) => {
      const { ref } = operation;
      const isLoss = deed.kind === 'disable' || deed.kind === 'delete';
      if (isLoss && ref.type === 'user' && !isEnabled(customer.directory.truth(), ref.id))
        lost.set(`${customer.target.id}|${ref.id}`, {
          saidAt: askedOf(ref.id).findLast((asked) => asked <= at) ?? now(),
          at: now(),
          gone: cause.why !== 'disabled_in_source',
        });
      return gainers(effect, deed, operation)
        .filter((id) => isTooSoon(customer, id, deed, at))
        .map((id) => `${deed.kind} for ${id}, who left or was disabled and is not back`);
    },
  };
};

const isEnabled = ({ people }: Truth, id: string): boolean => people.get(id)?.standing === 'enabled';

const gainers = ({ before, after }: Effect, deed: Deed, operation: Operation): readonly string[] => {
  if (deed.kind === 'create') return [operation.ref.id];
  if (deed.kind === 'update') return before?.active === false && after?.active === true ? [operation.ref.id] : [];
  if (deed.kind !== 'add_members' || !('members' in operation)) return [];
  const added = new Set(deed.members);
  return operation.members.filter(({ remoteId }) => added.has(remoteId)).map(({ ref }) => ref.id);
};
