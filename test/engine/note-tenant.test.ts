/** A tenant has one id and many domains, and whose it is can be told by its id alone. */

import { describe, expect, it } from 'vitest';
import { SourceError } from '../../src/model/errors.ts';
import type { Source } from '../../src/source/source.ts';
import { connection, type Story, story } from '../support/story.ts';

const tenant = '44444444-4444-4444-8444-444444444444';

/** A source that notes what it was asked, and says this of its tenant. */
const noting =
  (asked: string[], says: () => string) =>
  (source: Source): Source => ({
    ...source,
    tenant: async () => {
      asked.push('tenant');
      return says();
    },
    read: (ask, signal) => {
      asked.push('read');
      return source.read(ask, signal);
    },
  });

const connectionOf = async ({ stores }: Story) => await stores.connections.get(connection);

describe('a tenant that is named by a domain', () => {
  it('is known by its id before anything of it is read, and asked for once', async () => {
    const asked: string[] = [];
    const s = await story({
      connection: { tenantId: 'contoso.example' },
      wrapSource: noting(asked, () => tenant),
    });
    s.hire('anna');
    await s.full();
    await s.delta();
    expect(asked).toEqual(['tenant', 'read', 'read']);
    expect((await connectionOf(s))?.credentialUse.directoryId).toBe(tenant);
  });

  it('is not read while the login service does not say which it is', async () => {
    const asked: string[] = [];
    const s = await story({
      connection: { tenantId: 'contoso.example' },
      wrapSource: noting(asked, () => {
        throw new SourceError('forbidden', 'It does not say.', { code: 'tenant_unknown' });
      }),
    });
    expect(await s.full()).toMatchObject({ state: 'failed', problem: { code: 'tenant_unknown' } });
    expect(asked).toEqual(['tenant']);
    expect(await connectionOf(s)).toMatchObject({ state: 'quarantined', problem: { code: 'tenant_unknown' } });
  });
});

it('a tenant that is named by its id is not asked which it is', async () => {
  const asked: string[] = [];
  const s = await story({ wrapSource: noting(asked, () => tenant) });
  s.hire('anna');
  await s.full();
  expect(asked).toEqual(['read']);
});
