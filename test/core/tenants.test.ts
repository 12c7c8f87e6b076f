import { describe, expect, it } from 'vitest';
import { isReadForOthers } from '../../src/core/tenants.ts';
import { type Connection, unusedCredentials } from '../../src/model/connection.ts';
import { connectionId, organizationId } from '../../src/model/ids.ts';
import { plainConnection } from '../support/story.ts';
import { now } from './builders.ts';

const tenant = '44444444-4444-4444-8444-444444444444';
const of = (organization: string, fields: Partial<Connection> = {}): Connection => ({
  ...plainConnection(now),
  id: connectionId(`con_${organization}`),
  organization: organizationId(organization),
  tenantId: tenant.toUpperCase(),
  ...fields,
});
const fabrikam = of('fabrikam', { credentials: null });
const clientId = '22222222-2222-4222-8222-222222222222';
const directoryId = tenant;

describe('a tenant is read for another organization', () => {
  it.each<[string, Partial<Connection>]>([
    ['an administrator consented', { credentials: { kind: 'admin_consent', clientId } }],
    ['the operator names it for the workload', { credentials: { kind: 'workload_identity', clientId } }],
    ['its credentials opened it', { credentialUse: { ...unusedCredentials, directoryId } }],
    [
      'they did, and it is named by a domain',
      { tenantId: 'x.example', credentialUse: { ...unusedCredentials, directoryId } },
    ],
    ['people of it were read', { firstReadAt: now }],
  ])('where %s', (_, fields) => {
    expect(isReadForOthers(of('other', fields), fabrikam)).toBe(true);
    expect(isReadForOthers(of('fabrikam', fields), fabrikam)).toBe(false);
    expect(isReadForOthers(of('other', { ...fields, state: 'deleting' }), fabrikam)).toBe(false);
  });

  it.each<[string, Partial<Connection>]>([
    ['names it, with credentials that nobody tried', {}],
    ['names it, and is held back because they open nothing', { state: 'quarantined' }],
    ['names it without credentials', { credentials: null, firstReadAt: now }],
    [
      'named it, and opened another',
      { credentialUse: { ...unusedCredentials, directoryId: clientId }, firstReadAt: now },
    ],
    ['read another', { tenantId: clientId, firstReadAt: now }],
  ])('and not where another connection merely %s', (_, fields) => {
    expect(isReadForOthers(of('mallory', fields), fabrikam)).toBe(false);
  });
});
