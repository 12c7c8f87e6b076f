/** A tenant has one id and many domains, and whose it is can be told by its id alone. */

import { describe, expect, it } from 'vitest';
import { probeConnection } from '../../src/engine/quarantine.ts';
import { type Connection, unusedCredentials } from '../../src/model/connection.ts';
import { SourceError } from '../../src/model/errors.ts';
import { type ConnectionId, connectionId, organizationId } from '../../src/model/ids.ts';
import type { Source } from '../../src/source/source.ts';
import { hidden } from '../support/secrets.ts';
import { connection, plainConnection, type Story, story } from '../support/story.ts';

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

const { signal } = new AbortController();
const probed = async (s: Story) => {
  s.pass(5 * 60_000);
  return await probeConnection(s.engine, connection, signal);
};
const toldOf = async (s: Story) =>
  (await s.stores.events.after((await connectionOf(s))?.organization ?? expect.fail('It is gone.'), 0, 10)).flatMap(
    ({ about }) =>
      about.type === 'connection.degraded' || about.type === 'connection.recovered' ? [[about.type, about.code]] : [],
  );

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

  it('is not well again by a probe whose check passes while the login service still does not say which it is', async () => {
    let says = (): string => {
      const mend = { owner: 'your_team', todo: 'Give its id.' } as const;
      throw new SourceError('forbidden', 'It does not say.', { code: 'tenant_unknown', mend });
    };
    const s = await story({
      connection: { tenantId: 'contoso.example' },
      wrapSource: noting([], () => says()),
    });
    await s.full();
    expect(await probed(s)).toBeNull();
    const problem = { code: 'tenant_unknown', message: 'It does not say. Give its id.' };
    expect(await connectionOf(s)).toMatchObject({ state: 'quarantined', problem, quarantine: { probes: 1 } });
    says = () => tenant;
    expect(await probed(s)).toMatchObject({ state: 'active', problem: null });
  });
});

describe('a tenant that another organization reads', () => {
  /** Of Contoso, who read the tenant first. */
  const theirs = connectionId('con_contoso');
  const shared = async (fields: Partial<Connection>, asked: string[] = []): Promise<Story> => {
    const s = await story({ connection: { tenantId: tenant, ...fields }, wrapSource: noting(asked, () => tenant) });
    const use = { ...unusedCredentials, directoryId: tenant };
    const contoso = { ...plainConnection(s.now()), id: theirs, organization: organizationId('contoso') };
    await s.stores.connections.add({ ...contoso, tenantId: tenant, credentialUse: use }, hidden({ clientSecret: 'x' }));
    s.hire('anna');
    return s;
  };
  const useOf = async ({ stores }: Story, of: ConnectionId) => (await stores.connections.get(of))?.credentialUse;

  it('is read for whoever was limited and named it in no case, though they can open it, and they are not told whose it is', async () => {
    const asked: string[] = [];
    const s = await shared({ namedBy: 'organization' }, asked);
    const problem = { code: 'tenant_taken', owner: 'your_team', message: expect.not.stringContaining('contoso') };
    expect(await s.full()).toMatchObject({ state: 'failed', problem });
    expect(asked).toEqual(['tenant']);
    expect(await connectionOf(s)).toMatchObject({ state: 'quarantined', problem: { code: 'tenant_taken' } });
    // Nor is Contoso kept from it by them.
    expect(await useOf(s, connection)).not.toHaveProperty('directoryId');
    expect(await useOf(s, theirs)).not.toHaveProperty('readTwice');
  });

  it('is not well again by a probe, though the credentials are good: nobody is told so, and it is not read again', async () => {
    const asked: string[] = [];
    const s = await shared({ namedBy: 'organization' }, asked);
    await s.full();
    for (const probes of [1, 2]) {
      expect(await probed(s)).toBeNull();
      const problem = { code: 'tenant_taken', owner: 'your_team', message: expect.not.stringContaining('contoso') };
      expect(await connectionOf(s)).toMatchObject({ state: 'quarantined', problem, quarantine: { probes } });
    }
    expect(await toldOf(s)).toEqual([['connection.degraded', 'tenant_taken']]);
    expect(asked).not.toContain('read');
    expect(await useOf(s, connection)).not.toHaveProperty('directoryId');

    // Contoso is gone: now it is theirs alone.
    await s.stores.connections.edit(theirs, 1, { state: 'deleting' });
    expect(await probed(s)).toMatchObject({ state: 'active', problem: null });
    expect(await toldOf(s)).toEqual([
      ['connection.degraded', 'tenant_taken'],
      ['connection.recovered', 'tenant_taken'],
    ]);
    expect(await s.full()).toMatchObject({ state: 'succeeded' });
  });

  it('is what a probe finds once an expired secret was replaced', async () => {
    const s = await shared({ namedBy: 'organization' });
    await s.stores.connections.hold(connection, { code: 'AADSTS7000222', message: 'x', owner: 'customer_it' });
    expect(await probed(s)).toBeNull();
    expect(await connectionOf(s)).toMatchObject({ state: 'quarantined', problem: { code: 'tenant_taken' } });
  });

  it('is read for whoever the operator named it for, and all who read it say so', async () => {
    const asked: string[] = [];
    const s = await shared({ namedBy: 'operator' }, asked);
    expect(await s.full()).toMatchObject({ state: 'succeeded' });
    expect(asked).toEqual(['tenant', 'read']);
    expect(await useOf(s, connection)).toMatchObject({ directoryId: tenant, readTwice: true });
    expect(await useOf(s, theirs)).toMatchObject({ directoryId: tenant, readTwice: true });
  });

  it('goes on being read for whoever was there before', async () => {
    const s = await shared({ namedBy: 'organization', credentialUse: { ...unusedCredentials, directoryId: tenant } });
    expect(await s.full()).toMatchObject({ state: 'succeeded' });
  });
});

it('a tenant that is named by its id is looked at before the first read, too, and once', async () => {
  const asked: string[] = [];
  const s = await story({ wrapSource: noting(asked, () => tenant) });
  s.hire('anna');
  await s.full();
  await s.delta();
  expect(asked).toEqual(['tenant', 'read', 'read']);
  expect((await connectionOf(s))?.credentialUse).toMatchObject({ directoryId: tenant, readTwice: false });
});
