import { afterEach, describe, expect, it } from 'vitest';
import { startGraph } from '../../simulator/graph/index.ts';
import { startScim } from '../../simulator/scim/index.ts';
import { differences } from './compare.ts';
import { careful, generous } from './rules.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const nobody = async () => {
  const graph = await startGraph({ tenants: [{ users: 0, groups: 0 }] });
  closers.push(graph.close);
  const scim = await startScim();
  closers.push(scim.close);
  const [control] = graph.tenants;
  if (control === undefined) throw new Error('There is no tenant.');
  const tenant = graph.control.tenant(control.tenantId);
  return { tenant, scim };
};

describe('a target beside its tenant', () => {
  it('differs by whoever left and is on, and by a group that is gone and still there', async () => {
    const { tenant, scim } = await nobody();
    expect(differences({ tenant, scim, rules: generous })).toEqual([]);
    scim.control.seed({
      users: [{ userName: 'anna@contoso.example', externalId: 'anna' }],
      groups: [{ displayName: 'Sales', externalId: 'sales' }, { displayName: 'Vendor administrators' }],
    });
    const gone = 'group sales is gone and still at the target';
    expect(differences({ tenant, scim, rules: generous })).toEqual(['anna left and is still on', gone]);
    expect(differences({ tenant, scim, rules: careful })).toEqual(['anna left and still has the account', gone]);
  });

  it('keeps the manager of whoever is to report to somebody who was never given an account, and no other', async () => {
    const { tenant, scim } = await nobody();
    const [anna, bert, carl] = ['Anna', 'Bert', 'Carl'].map((givenName) => tenant.hire({ givenName, surname: 'Berg' }));
    if (anna === undefined || bert === undefined || carl === undefined) throw new Error('Somebody was not hired.');
    const accountOf = (id: string, more: { readonly manager?: { readonly value: string } } = {}) => {
      const user = tenant.user(id);
      return {
        userName: String(user['userPrincipalName']),
        externalId: id,
        active: true,
        title: user['jobTitle'] ?? null,
        name: { familyName: 'Berg' },
        [enterprise]: { department: user['department'] ?? null, ...more },
      };
    };
    const [boss = ''] = scim.control.seed({ users: [accountOf(bert)] }).users;
    scim.control.seed({ users: [accountOf(anna, { manager: { value: boss } })] });
    // Carl is switched off before anybody gave him an account.
    tenant.move(anna, { manager: carl });
    tenant.disable(carl);
    expect(differences({ tenant, scim, rules: generous })).toEqual([]);
    tenant.move(anna, { manager: null });
    expect(differences({ tenant, scim, rules: generous })).toEqual([`${anna}: manager is ${bert} instead of null`]);
  });
});

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
