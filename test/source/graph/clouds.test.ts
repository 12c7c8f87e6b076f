import { describe, expect, it } from 'vitest';
import { type CloudName, type Credentials, defaultAttributes } from '../../../src/model/connection.ts';
import { everyone } from '../../../src/model/scope.ts';
import { cloudInWords, permissionsPage } from '../../../src/source/graph/clouds.ts';
import { loginErrorOf } from '../../../src/source/graph/credentials.ts';
import { graphSource } from '../../../src/source/graph/index.ts';
import { clock } from '../../support/graph.ts';
import { never } from '../../support/reading.ts';

const tenantId = '3f7c2a10-5d1e-4c8a-9b0f-2a6d1c9e4b91';
const clientId = '9c8b7a6d-5e4f-4031-a2b3-c4d5e6f70819';
const hosts = {
  global: 'https://entra.microsoft.com',
  us_gov: 'https://entra.microsoft.us',
  us_gov_dod: 'https://entra.microsoft.us',
  china: 'https://entra.microsoftonline.cn',
} as const;
const clouds = ['global', 'us_gov', 'us_gov_dod', 'china'] as const;

/** Nothing is asked: what would be sent as a proof is refused before. */
const linkOf = async (cloud: CloudName, credentials: Credentials): Promise<string | null | undefined> => {
  const refused = loginErrorOf(new Error('invalid_grant: Error(s): 65001 - Description: AADSTS65001: no consent'), {
    registrant: 'customer_it',
    proof: 'workload_identity',
  });
  const source = graphSource({
    connection: { tenantId, cloud, credentials },
    proof: { kind: 'workload_identity', assertion: () => Promise.reject(refused) },
    clouds: { custom: { loginUrl: 'https://login.example', graphUrl: 'https://graph.example' } },
    world: clock(),
  });
  const { checks } = await source.check({ scope: everyone, attributes: defaultAttributes }, never);
  expect(checks[0]?.remedy?.code).toBe('AADSTS65001');
  return checks[0]?.remedy?.link;
};

describe('where an administrator grants what is missing', () => {
  it.each(clouds)(
    'an application that was registered as the guide says, without a redirect URI, is not led to a page that needs one: %s',
    async (cloud) => {
      const link = await linkOf(cloud, { kind: 'workload_identity', clientId });
      expect(link).toBe(
        `${hosts[cloud]}/#@${tenantId}/view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/CallAnAPI/appId/${clientId}`,
      );
    },
  );

  it('of an application of ours, or in a cloud whose pages nobody knows, no page is told', async () => {
    expect(await linkOf('global', { kind: 'admin_consent', clientId })).toBeNull();
    expect(await linkOf('custom', { kind: 'workload_identity', clientId })).toBeNull();
    expect(cloudInWords('custom').adminCenter).toBeNull();
  });

  it('holds what was typed as text', () => {
    expect(permissionsPage('global', 'contoso.example/x', 'a&b')).toContain('#@contoso.example%2Fx/view/');
  });
});
