/** Which operations an approved plan holds. Only they are done in its name. */

import { type Now, permits, permittedMembers, plannedFor } from '../core/plan-content.ts';
import { operationKey, type RemoteId, type SourceId } from '../model/ids.ts';
import type { Cause, Operation, Said } from '../model/operation.ts';
import type { Plan } from '../model/plan.ts';
import { type Ref, user } from '../model/source-object.ts';
import { forMembers, type Pending } from './pending.ts';
import { linksOf, type Provisioning } from './provisioning.ts';
import { accountSteps, stepOf } from './stage.ts';

export type Permitted = { readonly go: readonly Pending[]; readonly rest: readonly Pending[] };

/** `go` is done in the name of the plan; `rest` the plan does not hold. An operation on many members may be in both, each with its own. */
export const permitted = async (work: Provisioning, plan: Plan, pending: readonly Pending[]): Promise<Permitted> => {
  const accounts = await permittedAccounts(work, plan, pending.filter(isOnAccount));
  const go: Pending[] = [...accounts.go];
  const rest: Pending[] = [...accounts.rest];
  for (const one of pending.filter((other) => !isOnAccount(other))) {
    const ids = await membersIn(work, plan, one);
    const held = forMembers(one, (id) => ids.has(id));
    const others = forMembers(one, (id) => !ids.has(id));
    if (held !== null) go.push({ ...held, released: plan.id });
    if (others !== null) rest.push(held === null ? others : beside(others));
  }
  return { go, rest };
};

/** Two operations of one key would be one on record, and what the second takes away would have no intent. */
const beside = (one: Pending): Pending => {
  const { operation } = one.planned;
  const key = operationKey(`${operation.key}.beside`);
  return { ...one, planned: { ...one.planned, operation: { ...operation, key } } };
};

const isOnAccount = ({ planned }: Pending): boolean => !('members' in planned.operation);

const permittedAccounts = async (work: Provisioning, plan: Plan, pending: readonly Pending[]): Promise<Permitted> => {
  if (pending.length === 0) return { go: [], rest: [] };
  const names = pending.flatMap(({ planned }) => accountSteps.map((step) => ({ ref: planned.operation.ref, step })));
  const steps = await work.engine.stores.plans.steps(plan, names);
  const staged = Map.groupBy(
    steps.map(({ operation }) => operation),
    ({ ref }) => ref.id,
  );
  const looks = new Map(steps.map(({ operation, cause }) => [operation.ref.id, absentAt(cause)]));
  const remoteOf = await madeSince(work, [...staged.values()].flat());
  // To let go of an account asks for nothing, and would be less than anything that the plan holds on it.
  const lets = new Set(steps.filter(({ step }) => step === 'unlink').map(({ operation }) => operation.ref.id));
  const holds = ({ planned: { operation }, link, step }: Pending): boolean => {
    const now: Now = { link, remoteOf };
    if (step === 'unlink' && !lets.has(operation.ref.id)) return false;
    return permits(staged.get(operation.ref.id) ?? [], operation, now);
  };
  const held = new Set(pending.filter(holds));
  return {
    go: [...held].map((one) => ({
      ...one,
      released: plan.id,
      ...firstLookAt(looks.get(one.planned.operation.ref.id)),
    })),
    rest: pending.filter((one) => !held.has(one)),
  };
};

const absences: readonly Said[] = ['gone', 'out_of_scope', 'deleted'];
/** When the plan's own look at somebody did not find them in the scope. One that showed them there, switched off, is no look at their absence. */
const absentAt = ({ evidence }: Cause): Date | undefined => {
  const confirmed = evidence?.confirmed ?? null;
  return confirmed !== null && absences.some((each) => (confirmed.said[each] ?? 0) > 0) ? confirmed.at : undefined;
};

const firstLookAt = (at: Date | undefined): Pick<Pending, 'firstLook'> => (at === undefined ? {} : { firstLook: at });

/** Accounts that the plan refers to by whose they are, because they were not there yet. */
const madeSince = async (
  work: Provisioning,
  staged: readonly Operation[],
): Promise<(id: SourceId) => RemoteId | undefined> => {
  const owners = new Map<SourceId, Ref>();
  for (const operation of staged) {
    if (!('attributes' in operation)) continue;
    for (const value of Object.values(operation.attributes)) {
      const id = plannedFor(value);
      if (id !== null) owners.set(id, user(id));
    }
  }
  if (owners.size === 0) return () => undefined;
  const links = await linksOf(work, [...owners.values()]);
  return (id) => links.get(id)?.remoteId;
};

/** Mostly the plan holds exactly this operation; when it was cut into other pieces, all pieces on the group are looked through. */
const membersIn = async (work: Provisioning, plan: Plan, pending: Pending): Promise<ReadonlySet<string>> => {
  const { plans } = work.engine.stores;
  const { operation } = pending.planned;
  if (!('members' in operation)) return new Set();
  const [same] = await plans.steps(plan, [{ ref: operation.ref, step: stepOf(pending) }]);
  if (same !== undefined) return permittedMembers([same.operation], operation);
  const wanted = new Set(operation.members.map(({ ref }) => ref.id));
  const found = new Set<string>();
  for await (const staged of plans.stepsOn(plan, operation.ref)) {
    const ids = permittedMembers(
      staged.map((one) => one.operation),
      operation,
    );
    for (const id of ids) if (wanted.has(id)) found.add(id);
  }
  return found;
};
