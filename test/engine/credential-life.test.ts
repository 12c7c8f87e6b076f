/** Credentials that end, are replaced and are lost, at a simulated tenant behind HTTPS and a target in memory. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../simulator/graph/apps.ts';
import { messageOf } from '../../src/core/webhook-message.ts';
import { noteSwitch, tellCredentials } from '../../src/engine/credential-life.ts';
import { probeConnection } from '../../src/engine/quarantine.ts';
import type { Credentials, ResolutionOwner } from '../../src/model/connection.ts';
import { organizationId } from '../../src/model/ids.ts';
import type { Facts } from '../../src/model/world.ts';
import { connectedSources } from '../../src/source/graph/connected.ts';
import { everyRole, type Graph, openGraph } from '../support/graph.ts';
import { hidden } from '../support/secrets.ts';
import { connection, type Story, story } from '../support/story.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph({ tenants: [] });
});
afterAll(() => graph.close());

const { signal } = new AbortController();
const dayMs = 86_400_000;
const yearMs = 365 * dayMs;

type Said = { readonly event: string; readonly facts: Facts };

/** A story whose tenant is the simulated one. */
const tenantStory = async (
  options: { readonly roles?: readonly string[]; readonly second?: boolean; readonly endsInDays?: number } = {},
) => {
  const tenant = graph.control.addTenant({ users: 8, groups: 1, apps: [{ roles: options.roles ?? everyRole }] });
  const [app] = tenant.apps();
  if (app === undefined) throw new Error('There is no application.');
  const said: Said[] = [];
  const note = (event: string, facts: Facts = {}): void => void said.push({ event, facts });
  const log = { debug: () => {}, info: note, warn: note, error: note };
  const sources = connectedSources({
    clouds: { custom: { loginUrl: graph.origin, graphUrl: graph.origin } },
    world: graph.clock,
    app: null,
    assertion: null,
    onSwitch: (record, told) => noteSwitch({ stores: s.stores, world: { ...graph.clock, log } }, record, told),
  });
  const s: Story = await story({ engine: { connectSource: sources.connect } });
  const credentials: Credentials = {
    kind: 'client_secret',
    clientId: app.clientId,
    ...(options.endsInDays === undefined ? {} : { endsAt: inDays(s, options.endsInDays) }),
    ...(options.second === true ? { second: { kind: 'client_secret' } } : {}),
  };
  await s.stores.connections.edit(
    connection,
    1,
    { tenantId: tenant.tenantId, cloud: 'custom', credentials },
    hidden({ clientSecret: app.secrets[0]?.value ?? '', 'second.clientSecret': 'new~secret' }),
  );
  const engine = { ...s.engine, world: { ...s.engine.world, log } };
  return {
    s,
    tenant,
    app,
    engine,
    said: (event: string): readonly Facts[] => said.filter((one) => one.event === event).map(({ facts }) => facts),
    record: async () => await s.stores.connections.get(connection),
  };
};

const inDays = (s: Pick<Story, 'now'>, days: number): Date => new Date(s.now().getTime() + days * dayMs);
/** Messages of what happened, oldest first. */
const toldWebhooks = async ({ stores }: Story) => {
  const organization = (await stores.connections.get(connection))?.organization ?? organizationId('');
  return (await stores.events.after(organization, 0, 100)).map(messageOf);
};
/** As the target shows it, to the last byte. */
const atTarget = ({ remote }: Story): string =>
  JSON.stringify([[...remote.objects], [...remote.members].map(([group, members]) => [group, [...members]])]);

describe('a connection that lost its tenant', () => {
  type World = Awaited<ReturnType<typeof tenantStory>>;
  /** What is done to the tenant; the answer undoes it. */
  const losses: readonly (readonly [string, string, ResolutionOwner, RegExp, (world: World) => () => void])[] = [
    [
      'whose secret expired',
      'AADSTS7000222',
      'customer_it',
      /the client secret has expired/,
      ({ app }) => {
        const before = app.secrets;
        app.secrets = before.map((secret) => ({ ...secret, endsMs: 0 }));
        return () => {
          app.secrets = before;
        };
      },
    ],
    [
      'whose consent was revoked',
      'AADSTS7000229',
      'customer_it',
      /no service principal in this tenant/,
      ({ app }) => flipped(app, 'missing'),
    ],
    [
      'whose permissions were taken back',
      'Authorization_RequestDenied',
      'customer_it',
      /the application permission \S+ is missing/,
      ({ app }) => {
        const before = app.roles;
        app.roles = [];
        return () => {
          app.roles = before;
        };
      },
    ],
    [
      'whose application was disabled',
      'AADSTS7000112',
      'customer_it',
      /the application is disabled/,
      ({ app }) => flipped(app, 'disabled'),
    ],
    [
      'whose tenant was deleted',
      'AADSTS90002',
      'your_team',
      /the tenant does not exist/,
      ({ tenant }) => {
        const path = `/${tenant.tenantId}/oauth2/v2.0/token`;
        graph.control.fault({ path, times: null, fault: { answer: 'aadsts', code: 90002 } });
        return graph.control.clearFaults;
      },
    ],
  ];
  const flipped = (app: App, state: App['state']): (() => void) => {
    app.state = state;
    return () => {
      app.state = 'active';
    };
  };

  it.each(losses)('%s is held back at once, takes nothing away, and heals by itself', async (...row) => {
    const [, code, owner, sentence, lose] = row;
    const world = await tenantStory();
    const { s, tenant, engine, record } = world;
    await s.full();
    expect(s.remote.objects.size).toBeGreaterThan(5);
    const [leaver = ''] = tenant.users().filter((id) => tenant.user(id)['accountEnabled'] === true);
    const before = atTarget(s);

    const mend = lose(world);
    // Somebody leaves whom nobody can ask about any more; and tokens that were given before are over.
    tenant.softDelete(leaver);
    await graph.clock.sleep(3_600_000, signal);
    const run = await s.delta();
    expect(run).toMatchObject({ state: 'failed', problem: { code, owner, message: expect.stringMatching(sentence) } });
    expect(await record()).toMatchObject({
      state: 'quarantined',
      problem: { code, owner, message: expect.stringMatching(sentence) },
      quarantine: { probes: 0 },
    });
    await s.provision('full');
    s.pass(5 * 60_000);
    expect(await probeConnection(engine, connection, signal)).toBeNull();
    expect(await record()).toMatchObject({ state: 'quarantined', quarantine: { probes: 1 } });
    expect(atTarget(s)).toBe(before);

    mend();
    expect(await probeConnection(engine, connection, signal)).toMatchObject({ state: 'active', problem: null });
    expect(await s.delta()).toMatchObject({ state: 'succeeded' });
    expect(await record()).toMatchObject({ state: 'active', quarantine: null });
    // Only now, and by the tenant's own word, the leaver loses the account.
    const off = Object.values(s.accounts()).filter((state) => state === 'off');
    expect(off).toHaveLength(1);
  });
});

describe('a secret that takes the place of another', () => {
  it('leaves no gap: runs go on while the old one dies, and say which one is used', async () => {
    const { s, tenant, app, said, record } = await tenantStory({ second: true });
    app.secrets.push({ value: 'new~secret', endsMs: graph.clock.nowMs() + yearMs });
    expect(await s.full()).toMatchObject({ state: 'succeeded' });
    expect(await record()).toMatchObject({ credentialUse: { inUse: 'first' } });

    app.secrets.shift();
    await graph.clock.sleep(3_600_000, signal);
    tenant.hire({ givenName: 'Ada', surname: 'Berg' });
    expect(await s.delta()).toMatchObject({ state: 'succeeded', counters: { created: 1 } });
    expect(await record()).toMatchObject({ state: 'active', problem: null, credentialUse: { inUse: 'second' } });
    expect(said('credential.switched')).toEqual([{ connection, credential: 'second', code: 'AADSTS7000215' }]);
  });
});

describe('the end of a secret', () => {
  it('is told once at each stage, by however many workers, also after a restart', async () => {
    const { s, engine, said } = await tenantStory({ endsInDays: 61 });
    const stages = () => said('credential.expiring').map(({ stage }) => stage);
    const tellOften = async (): Promise<void> => {
      await Promise.all([tellCredentials(engine), tellCredentials(engine)]);
      await tellCredentials({ ...engine });
    };
    await tellOften();
    expect(stages()).toEqual([]);
    for (let day = 0; day < 65; day += 1) {
      s.pass(dayMs);
      await tellOften();
    }
    expect(stages()).toEqual(['60_days', '30_days', '14_days', '7_days', '1_day', 'ended']);
    expect(said('credential.expiring')[1]).toEqual({
      connection,
      credential: 'first',
      stage: '30_days',
      days_left: 30,
      ends_at: expect.any(String),
      is_last: true,
    });
  });

  it('is told webhooks by which credential it is, how near it is, and whether it is the last', async () => {
    const { s, engine } = await tenantStory({ endsInDays: 6, second: true });
    await tellCredentials(engine);
    expect((await toldWebhooks(s)).at(-1)).toMatchObject({
      type: 'credential.expiring',
      data: {
        credential: 'first',
        stage: '7_days',
        ends_at: inDays(s, 6).toISOString(),
        is_last: false,
      },
    });
  });

  it('of our own application is told as that: it is nobody’s of the customer to renew', async () => {
    const { s, engine, said, record } = await tenantStory();
    await s.stores.connections.edit(connection, (await record())?.revision ?? 0, {
      credentials: { kind: 'admin_consent', clientId: 'ours' },
      credentialUse: { inUse: 'first', read: { at: s.now(), ends: { first: inDays(s, 6) } }, told: {} },
    });
    await tellCredentials(engine);
    expect((await toldWebhooks(s)).at(-1)).toMatchObject({
      data: { credential: 'our_application', stage: '7_days', is_last: true },
    });
    expect(said('credential.expiring')).toMatchObject([{ credential: 'our_application' }]);
  });

  it('is told anew of the one that took its place', async () => {
    const { s, engine, said, record } = await tenantStory({ endsInDays: 3 });
    await tellCredentials(engine);
    const before = await record();
    const credentials: Credentials = { kind: 'client_secret', clientId: 'app', endsAt: inDays(s, 20) };
    await s.stores.connections.edit(connection, before?.revision ?? 0, {
      credentials,
      credentialUse: { inUse: 'first', read: null, told: {} },
    });
    await tellCredentials(engine);
    expect(said('credential.expiring').map(({ stage }) => stage)).toEqual(['7_days', '30_days']);
  });

  it('of a connection that is being removed is nobody’s any more', async () => {
    const { engine, said, record } = await tenantStory({ endsInDays: 3 });
    const before = await record();
    await engine.stores.connections.edit(connection, before?.revision ?? 0, { state: 'deleting' });
    await tellCredentials(engine);
    expect(said('credential.expiring')).toEqual([]);
  });

  it('is read by the sync runs where the tenant lets us look, once a day', async () => {
    const { s, tenant, app, record } = await tenantStory({ roles: [...everyRole, 'Application.Read.All'] });
    const endsAt = new Date(graph.clock.nowMs() + 400 * dayMs);
    app.secrets = app.secrets.map((secret) => ({ ...secret, endsMs: endsAt.getTime() }));
    await s.full();
    await s.delta();
    expect(await record()).toMatchObject({ credentialUse: { read: { at: s.now(), ends: { first: endsAt } } } });
    const looked = () =>
      graph.control.requests().filter((one) => one.tenant === tenant.tenantId && one.path.endsWith('/applications'));
    expect(looked()).toHaveLength(1);
    s.pass(dayMs);
    await s.delta();
    expect(looked()).toHaveLength(2);
  });

  it('that cannot be read keeps no run from its end', async () => {
    const { s, record } = await tenantStory({ roles: [...everyRole, 'Application.Read.All'] });
    graph.control.fault({
      path: '/applications',
      times: null,
      fault: { answer: 'error', status: 403, code: 'Denied' },
    });
    expect(await s.full()).toMatchObject({ state: 'succeeded' });
    graph.control.clearFaults();
    expect(await record()).toMatchObject({ state: 'active', credentialUse: { read: null } });
  });
});
