import { describe, expect, it } from 'vitest';
import { defaultMapping, defaultMatching } from '../../src/core/default-mapping.ts';
import { connectionId, remoteId, sourceId, targetId } from '../../src/model/ids.ts';
import { type Attributes, user } from '../../src/model/source-object.ts';
import type { TargetRecord } from '../../src/model/target-record.ts';
import { linkTo } from '../core/builders.ts';
import { why } from '../support/explaining.ts';
import { applied, cause, creates } from '../support/operations.ts';
import { id, plainConnection, plainTarget, type Story, story, target } from '../support/story.ts';

/** Somebody whom no snapshot knows: they left before we came, or another provisioner named them. */
const stranger = '99999999-9999-4999-8999-999999999999';
const there = (s: Story, name: string, attributes: Attributes): void => {
  const account = { userName: `${name}@contoso.example`, active: true, title: 'CFO', ...attributes };
  s.remote.objects.set(remoteId(`r-${name}`), { type: 'user', remoteId: remoteId(`r-${name}`), attributes: account });
};
const reasons = async (s: Story): Promise<readonly string[]> =>
  (await s.stores.ledger.escrows(target, null, 10)).items.map(({ reason }) => reason);

/** A target that is kept in step already; then a new person comes, with the principal name that an account there has. */
const newcomer = async (externalId: string, record: Partial<TargetRecord> = {}): Promise<Story> => {
  const s = await story({ target: record });
  s.hire('anna');
  await s.full();
  there(s, 'bert', { externalId, active: false });
  s.hire('bert');
  return s;
};

/** A target that keeps no id of ours: people are found there by their names alone. */
const namesOnly: Partial<TargetRecord> = {
  mapping: { ...defaultMapping, user: defaultMapping.user.filter(({ to }) => to !== 'externalId') },
  matching: { ...defaultMatching, user: defaultMatching.user.filter(({ from }) => from !== 'id') },
};

/** Paul had an account, and his link ended with it; then the account is there again, and somebody new has his name. */
const heir = async (leaves: (s: Story) => void): Promise<Story> => {
  const s = await story({ target: { ...namesOnly, deprovision: { kind: 'delete' } } });
  for (const name of ['anna', 'paul']) s.hire(name);
  await s.full();
  const account = s.account('paul');
  if (account === undefined) throw new Error('Paul has no account.');
  leaves(s);
  await s.delta({ acceptShrink: true });
  s.pass(11 * 60_000);
  await s.provision('full');
  expect(s.account('paul')).toBeUndefined();
  s.remote.objects.set(account.remoteId, { ...account, attributes: { ...account.attributes, active: false } });
  s.hire('paula', { userPrincipalName: 'paul@contoso.example' });
  await s.delta();
  return s;
};

describe('an-ended-link-is-nobody’s: an account without an id, at a target that did not know it for a while', () => {
  it('is not handed on unseen to a new person with the name of who left; whoever looks at the plan may', async () => {
    const s = await heir((before) => before.directory.remove(id('paul'), 'deleted'));
    expect(s.account('paul')?.attributes).toMatchObject({ active: false });
    expect(await reasons(s)).toEqual(['linked_elsewhere']);
    const { items } = await s.stores.ledger.escrows(target, null, 10);
    expect(items).toMatchObject([
      { ref: { id: id('paula') }, detail: expect.stringContaining('was that of somebody') },
    ]);
    await s.provision('full', true);
    const plan = (await s.newestPlan()).id;
    const listed = await s.commands.listPlanOperations(plan, { why: 'inherited' }, null, 10);
    expect(listed.items.map(({ staged }) => staged.operation.ref.id)).toEqual([id('paula')]);
    expect(await s.approve()).toMatchObject({ state: 'succeeded' });
    expect(s.account('paul')?.attributes).toMatchObject({ active: true });
    expect(await reasons(s)).toEqual([]);
  });

  it('is nobody else’s by a plan either while they are here, under another name', async () => {
    const off = { accountEnabled: false, userPrincipalName: 'paul.berg@contoso.example' };
    const s = await heir((before) => {
      const account = before.account('paul');
      if (account !== undefined) before.remote.objects.delete(account.remoteId);
      before.hire('paul', off);
    });
    expect(await reasons(s)).toEqual(['linked_elsewhere']);
    await s.provision('full', true);
    expect(await s.held(await s.newestPlan())).toEqual([]);
  });

  it('is theirs again, whoever else had it before', async () => {
    const s = await heir((before) => before.directory.remove(id('paul'), 'deleted'));
    s.directory.remove(id('paula'), 'deleted');
    s.hire('paul');
    await s.delta({ acceptShrink: true });
    expect(s.account('paul')?.attributes).toMatchObject({ active: true });
  });
});

describe('an account that carries the id of somebody else', () => {
  it('is not handed on to a new person with the same principal name', async () => {
    const s = await newcomer(stranger);
    const before = structuredClone(s.account('bert'));
    await s.delta();
    expect(s.account('bert')).toEqual(before);
    expect(await reasons(s)).toEqual(['linked_elsewhere']);
    expect((await why(s, id('bert'))).verdict).toMatchObject({ reason: 'linked_elsewhere', owner: 'your_team' });
  });

  it('is theirs once somebody has looked at the plan of a dry run, and had it applied', async () => {
    const s = await newcomer(stranger);
    await s.delta();
    await s.provision('full', true);
    expect(await s.held(await s.newestPlan())).toEqual(['update user']);
    expect(await s.approve()).toMatchObject({ state: 'succeeded' });
    expect(s.account('bert')).toMatchObject({ attributes: { externalId: id('bert'), active: true } });
    expect(await reasons(s)).toEqual([]);
  });

  it('is told to have been theirs where it is of somebody who left, and whom we know: whoever looks at the plan finds it among the others', async () => {
    const s = await story();
    s.hire('anna');
    s.hire('paul', { accountEnabled: false });
    await s.full();
    s.directory.remove(id('paul'), 'deleted');
    await s.delta({ acceptShrink: true });
    there(s, 'paul', { externalId: id('paul').toUpperCase(), active: false });
    s.hire('paula', { userPrincipalName: 'paul@contoso.example' });
    await s.delta();
    expect(await reasons(s)).toEqual(['linked_elsewhere']);
    const { items: escrows } = await s.stores.ledger.escrows(target, null, 10);
    expect(escrows).toMatchObject([{ detail: expect.stringContaining('the id of somebody who left') }]);
    await s.provision('full', true);
    const { id: plan } = await s.newestPlan();
    const { items } = await s.commands.listPlanOperations(plan, { why: 'inherited' }, null, 10);
    expect(items.map(({ staged: { operation } }) => operation)).toMatchObject([
      {
        ref: { id: id('paula') },
        attributes: { externalId: id('paula') },
        before: { externalId: id('paul').toUpperCase() },
      },
    ]);
  });

  it('is nobody else’s by a plan either where another target of the organization has it linked with them', async () => {
    const s = await newcomer(stranger);
    const elsewhere = { ...plainConnection(s.now()), id: connectionId('con_beside'), tenantId: null };
    const beside = { ...plainTarget(s.now()), id: targetId('tgt_beside'), connection: elsewhere.id };
    await s.stores.connections.add(elsewhere, {});
    await s.stores.targets.add(beside, {});
    const lease = await s.stores.leases.take(beside.id, 'them', 60_000);
    if (!('fence' in lease)) throw new Error('Nobody else has it.');
    const theirs = { ...linkTo(user(sourceId(stranger))), remoteId: remoteId('r-bert') };
    const made = creates(theirs.ref);
    await s.stores.ledger.intend(lease, [{ operation: made, cause: cause() }]);
    await s.stores.ledger.settle(lease, [applied(made, theirs)]);
    await s.delta();
    await s.provision('full', true);
    expect(await s.held(await s.newestPlan())).toEqual([]);
    expect(await reasons(s)).toEqual(['linked_elsewhere']);
  });

  it('is nobody else’s by a plan either where they are here, in whatever case the target writes their id', async () => {
    const s = await newcomer(id('anna').toUpperCase());
    await s.delta();
    await s.provision('full', true);
    expect(await s.held(await s.newestPlan())).toEqual([]);
  });

  it('is taken over with the first plan, which somebody approves: so a target comes from another provisioner', async () => {
    const s = await story({ target: { autoApproveFirst: false } });
    there(s, 'anna', { externalId: 'anna.nickname' });
    s.hire('anna');
    await s.full();
    expect(s.account('anna')?.attributes['externalId']).toBe('anna.nickname');
    await s.approve();
    expect(s.accounts()).toEqual({ anna: 'on' });
    expect(s.account('anna')).toMatchObject({ remoteId: 'r-anna', attributes: { externalId: id('anna') } });
  });

  it('is nobody’s where the id is empty, and ours in whatever case the target writes it', async () => {
    for (const externalId of ['', id('bert').toUpperCase()]) {
      const s = await newcomer(externalId);
      await s.delta();
      expect(s.account('bert')).toMatchObject({ attributes: { externalId: id('bert'), active: true } });
    }
  });
});
