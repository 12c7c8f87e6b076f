import { describe, expect, it } from 'vitest';
import * as auditLog from '../../src/store/mongo/audit-log.ts';
import * as discrepancies from '../../src/store/mongo/discrepancies.ts';
import { type AccountName, accountsIn, indexesMade } from '../support/accounts.ts';
import { collectionsInCode } from '../support/collections.ts';

describe('the rights of the accounts at MongoDB', () => {
  const accounts = accountsIn('entrain');
  const collections = (account: AccountName, action: string): readonly string[] =>
    accounts[account].flatMap(({ resource, actions }) => (actions.includes(action) ? [resource.collection] : []));
  const all = collectionsInCode();

  it('are to look everywhere, and to write to every collection that there is and no other', () => {
    for (const account of ['entrain_api', 'entrain_worker'] as const)
      expect(collections(account, 'find')).toEqual(['']);
    const written = (['entrain_api', 'entrain_worker'] as const).flatMap((account) =>
      ['insert', 'update', 'remove'].flatMap((action) => collections(account, action)),
    );
    expect([...new Set(written)].toSorted()).toEqual(all);
  });

  it('are to add to the audit log for the API alone, and to alter or remove some of it for nobody', () => {
    expect(all).toContain('audit_entries');
    expect(collections('entrain_api', 'insert')).toContain('audit_entries');
    for (const [account, action] of [
      ['entrain_api', 'update'],
      ['entrain_api', 'remove'],
      ['entrain_worker', 'insert'],
      ['entrain_worker', 'update'],
      ['entrain_worker', 'remove'],
    ] as const)
      expect(collections(account, action), `${account} ${action}`).not.toContain('audit_entries');
  });

  it('are to make indexes only where one may remove as well, for an index may let MongoDB remove what is old', () => {
    for (const account of ['entrain_api', 'entrain_worker'] as const) {
      const removed = collections(account, 'remove').toSorted();
      for (const action of ['createIndex', 'createCollection'])
        expect(collections(account, action).toSorted(), `${account} ${action}`).toEqual(removed);
    }
    const made = [auditLog, discrepancies].map(({ name, indexes }) => [name, indexes.map(({ key }) => key)]);
    expect([...indexesMade()]).toEqual(made);
  });

  it('are to let nobody in for the API alone', () => {
    for (const name of ['api_keys', 'audit_noted', 'calls', 'consents', 'sessions', 'setup_links', 'tenant_claims']) {
      expect(collections('entrain_worker', 'insert'), name).not.toContain(name);
      expect(collections('entrain_worker', 'update'), name).not.toContain(name);
    }
  });
});
