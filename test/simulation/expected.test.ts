import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sourceId } from '../../src/model/ids.ts';
import type { EscrowReason } from '../../src/model/operation.ts';
import { everyone } from '../../src/model/scope.ts';
import { user } from '../../src/model/source-object.ts';
import { type DeprovisionPolicy, nobodyProtected } from '../../src/model/target-record.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import { createVault } from '../../src/store/vault.ts';
import { chanceOf } from './chance.ts';
import { foundCustomer } from './customer.ts';
import { compareWithTenant } from './expected.ts';
import { faultsOf } from './faults.ts';
import type { Stage } from './process.ts';
import type { Remote } from './remote.ts';
import { createScheduler } from './scheduler.ts';
import { start } from './script.ts';
import { traceOf } from './trace.ts';

/** A tenant of which everybody is in scope, and a target that holds all of it. */
const office = async (deprovision: DeprovisionPolicy = { kind: 'disable' }) => {
  const chance = chanceOf(1);
  const scheduler = createScheduler(start, chance.of('tie'), 1_000);
  const { now } = scheduler;
  const stage: Stage = {
    scheduler,
    chance,
    faults: faultsOf(chance, {}, { only: new Set(), aimed: null }),
    trace: traceOf(now, start, false),
    report: () => {},
    current: null,
  };
  const drawn = foundCustomer(stage, 0, chance, 1, () => () => {});
  const { directory } = drawn;
  const accounts = new Map<string, Remote>();
  const customer = {
    ...drawn,
    readsManagers: true,
    firstMembers: new Map(),
    connection: { ...drawn.connection, scope: everyone },
    target: { ...drawn.target, deprovision, protected: nobodyProtected },
    scopes: [{ at: start, scope: everyone }],
    protections: [{ at: start, protection: nobodyProtected }],
    remote: {
      ...drawn.remote,
      objects: () => [...accounts.values()],
      find: (id: string) => [...accounts.values()].find((one) => one.id === id) ?? null,
    },
  };
  const stores = createMemoryStores({ now: () => new Date(now()), vault: createVault(randomBytes(32)) });
  await stores.connections.add(customer.connection, {});
  await stores.targets.add(customer.target, {});
  const { people, groups } = directory.truth();
  for (const {
    id,
    userPrincipalName: name,
    displayName,
    jobTitle: title,
    department,
    manager,
    standing,
  } of people.values())
    accounts.set(id, {
      ...{ id: `account ${id}`, type: 'user', externalId: id, name, displayName, title, department },
      ...{ active: standing === 'enabled', manager: manager && `account ${manager}`, members: new Set(), stamp: '' },
    });
  for (const { id, displayName, members } of groups.values())
    accounts.set(id, {
      ...{ id: `account ${id}`, type: 'group', externalId: id, name: displayName, displayName, title: null },
      ...{ department: null, active: true, manager: null, stamp: '' },
      members: new Set([...members].map((member) => `account ${member}`)),
    });
  const [first, ann, bob] = [...people.values()].filter(({ standing }) => standing === 'enabled');
  if (first === undefined || ann === undefined || bob === undefined) throw new Error('Nobody is there.');
  return {
    customer,
    ann,
    bob,
    is: (id: string, otherwise: Partial<Remote>): void => {
      const account = accounts.get(id);
      if (account !== undefined) accounts.set(id, { ...account, ...otherwise });
    },
    escrows: async (id: string, reason: EscrowReason): Promise<void> => {
      const lease = await stores.leases.take(customer.target.id, 'somebody', 60_000);
      if ('busyUntil' in lease) throw new Error('busy');
      await stores.ledger.escrow(lease, [{ ref: user(sourceId(id)), reason, detail: '' }]);
    },
    pass: (ms: number) => scheduler.passUntil(now() + ms),
    /** What differs, in order, by what it is excused. */
    excuses: async () => (await compareWithTenant(stores, customer, now())).map(({ excuse }) => excuse),
    ofAnn: async () =>
      (await compareWithTenant(stores, customer, now())).flatMap(({ about, excuse }) =>
        about === ann.id ? [excuse] : [],
      ),
  };
};

describe('what is otherwise than the tenant has it', () => {
  it('is nothing where the target holds all of it', async () => {
    const { excuses } = await office();
    expect(await excuses()).toEqual([]);
  });

  it('is not excused by an escrow where somebody left and has an active account', async () => {
    const { customer, ann, escrows, ofAnn } = await office();
    customer.directory.recycle(ann.id);
    await escrows(ann.id, 'target_conflict');
    expect(await ofAnn()).toEqual([null]);
  });

  it('is excused by a name that somebody else has, as far as it is written with the name', async () => {
    const { ann, bob, is, escrows, ofAnn } = await office();
    await escrows(ann.id, 'target_conflict');
    is(ann.id, { department: 'Elsewhere', active: false });
    is(bob.id, { name: 'former name of bob' });
    expect(await ofAnn()).toEqual([null, null]);
    is(ann.id, { name: 'former name of ann' });
    expect(await ofAnn()).toEqual([null, null, null]);
    is(bob.id, { name: ann.userPrincipalName });
    expect(await ofAnn()).toEqual(['name_taken', 'name_taken', 'name_taken']);
  });

  it("is excused by what the target's own people did as far as they did it", async () => {
    const { customer, ann, is, ofAnn } = await office();
    is(ann.id, { title: 'Local', department: 'Local' });
    customer.retitled.set(`account ${ann.id}`, 'Local');
    expect(new Set(await ofAnn())).toEqual(new Set(['retitled', null]));
    is(ann.id, { title: 'Another' });
    expect(await ofAnn()).toEqual([null, null]);
  });

  it('is excused where somebody left by a policy that leaves them, and by possible protection', async () => {
    const left = async (of: Awaited<ReturnType<typeof office>>) => {
      of.customer.directory.recycle(of.ann.id);
      return await of.ofAnn();
    };
    expect(await left(await office())).toEqual([null]);
    expect(await left(await office({ kind: 'none' }))).toEqual([]);
    const guarded = await office();
    const { customer, ann } = guarded;
    customer.protections.splice(0, 1, { at: start, protection: { ...nobodyProtected, ids: [ann.id] } });
    expect(await left(guarded)).toEqual(['protected']);
  });

  it('is excused where somebody left before a read that tells by what they may be protected was kept', async () => {
    const { customer, ann, pass, ofAnn } = await office();
    const attributes = [{ attribute: 'jobTitle', value: 'director' }];
    customer.protections.push({ at: start, protection: { ...nobodyProtected, attributes } });
    await pass(1_000);
    // It was held.
    customer.wholeReads.push(start + 1_000);
    await pass(1_000);
    customer.directory.recycle(ann.id);
    expect(await ofAnn()).toEqual(['never_known']);
    customer.keptReads.push(start + 1_000);
    expect(await ofAnn()).toEqual([null]);
  });

  it('is excused where somebody left whose group is put into a protected one later, or nobody can say whether it was later', async () => {
    const { customer, ann, pass, ofAnn } = await office();
    const { directory } = customer;
    const [within, around] = [directory.found('Within'), directory.found('Around')];
    customer.protections.push({ at: start, protection: { ...nobodyProtected, groups: [sourceId(around)] } });
    directory.join(within, ann.id);
    await pass(1_000);
    directory.purge(ann.id);
    await pass(1_000);
    expect(await ofAnn()).toEqual([null]);
    directory.join(around, within);
    expect(await ofAnn()).toEqual(['protected']);
  });

  it('is not excused so where somebody left that group, and is here', async () => {
    const { customer, ann, pass, is, ofAnn } = await office();
    const { directory } = customer;
    const [within, around] = [directory.found('Within'), directory.found('Around')];
    customer.protections.push({ at: start, protection: { ...nobodyProtected, groups: [sourceId(around)] } });
    directory.join(within, ann.id);
    await pass(1_000);
    directory.leave(within, ann.id);
    directory.join(around, within);
    await pass(1_000);
    is(ann.id, { active: false });
    expect(await ofAnn()).toEqual([null]);
  });

  it('is excused by the days that are left to whoever was in doubt while a protected group was gone', async () => {
    const { customer, ann, pass, is, ofAnn } = await office({ kind: 'delete_after_days', days: 1 });
    const { directory } = customer;
    const group = directory.found('Guarded');
    customer.protections.push({ at: start, protection: { ...nobodyProtected, groups: [sourceId(group)] } });
    directory.recycle(ann.id);
    is(ann.id, { active: false });
    await pass(1_000);
    expect(await ofAnn()).toEqual([null]);
    directory.recycle(group);
    await pass(1_000);
    customer.protections.push({ at: start + 2_000, protection: nobodyProtected });
    expect(await ofAnn()).toEqual(['days_left']);
    await pass(2 * 24 * 3_600_000);
    expect(await ofAnn()).toEqual([null]);
  });

  it('is not excused so where somebody had left, and was switched off, before anybody was in doubt', async () => {
    const { customer, ann, pass, is, ofAnn } = await office({ kind: 'delete_after_days', days: 3 });
    const { directory } = customer;
    const group = directory.found('Guarded');
    customer.protections.push({ at: start, protection: { ...nobodyProtected, groups: [sourceId(group)] } });
    directory.recycle(ann.id);
    is(ann.id, { active: false });
    customer.offSince.set(`account ${ann.id}`, start);
    await pass(24 * 3_600_000);
    directory.recycle(group);
    await pass(1_000);
    directory.restore(group);
    expect(await ofAnn()).toEqual(['days_left']);
    await pass(2 * 24 * 3_600_000);
    expect(await ofAnn()).toEqual([null]);
  });

  it('is excused where somebody is in a group still that an undo gave back with them in it', async () => {
    const { customer, ann, is, excuses } = await office();
    const { directory } = customer;
    const [group] = directory.truth().groups.values();
    if (group === undefined) throw new Error('There is no group.');
    directory.join(group.id, ann.id);
    directory.leave(group.id, ann.id);
    is(group.id, { members: new Set([...group.members, ann.id].map((id) => `account ${id}`)) });
    expect(await excuses()).toEqual([null]);
    customer.givenBack.set(`account ${group.id}`, new Set([`account ${ann.id}`]));
    expect(await excuses()).toEqual(['was_in_before']);
  });
});
