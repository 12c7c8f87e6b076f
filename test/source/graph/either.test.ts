import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../../simulator/graph/apps.ts';
import type { TenantControl } from '../../../simulator/graph/index.ts';
import { type Credential, defaultAttributes } from '../../../src/model/connection.ts';
import { everyone } from '../../../src/model/scope.ts';
import { secret } from '../../../src/model/secret.ts';
import { connectedSources } from '../../../src/source/graph/connected.ts';
import type { Switched } from '../../../src/source/graph/either.ts';
import type { GraphOptions } from '../../../src/source/graph/index.ts';
import type { AppRegistration } from '../../../src/source/graph/our-app.ts';
import { type Certificate, makeCertificate } from '../../support/certificate.ts';
import { Folded } from '../../support/folded.ts';
import { everyRole, type Graph, openGraph, sourceOf } from '../../support/graph.ts';
import { never, readAll } from '../../support/reading.ts';
import { plainConnection } from '../../support/story.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph({ tenants: [] });
});
afterAll(() => graph.close());

const dayMs = 86_400_000;
const yearMs = 365 * dayMs;
const all = { scope: everyone, attributes: defaultAttributes };

/** An application with an old and a new secret, and a source that holds both. */
const rotating = (
  options: Partial<GraphOptions> & { readonly roles?: readonly string[]; readonly endsAt?: Date } = {},
) => {
  const { roles = everyRole, endsAt, ...more } = options;
  const tenant = graph.control.addTenant({ users: 30, groups: 2, apps: [{ secret: 'old~secret', roles }] });
  const app = appOf(tenant);
  app.secrets.push({ value: 'new~secret', endsMs: graph.clock.nowMs() + yearMs });
  const told: Switched[] = [];
  const second: Credential = { kind: 'client_secret' };
  const ends = endsAt === undefined ? {} : { endsAt };
  const source = sourceOf(
    graph,
    {
      connection: {
        tenantId: tenant.tenantId,
        cloud: 'custom',
        credentials: { kind: 'client_secret', clientId: app.clientId, ...ends, second },
      },
      proof: { kind: 'client_secret', secret: secret('old~secret') },
      second: { proof: { kind: 'client_secret', secret: secret('new~secret') }, from: 'first' },
      onSwitch: (switched) => told.push(switched),
      ...more,
    },
    tenant.tenantId,
  );
  return { tenant, app, source, told };
};
const appOf = (tenant: TenantControl): App => {
  const [app] = tenant.apps();
  if (app === undefined) throw new Error('There is no application.');
  return app;
};
const remove = (app: App, value: string): void => {
  app.secrets = app.secrets.filter((one) => one.value !== value);
};
const logins = (tenant: TenantControl): readonly number[] =>
  graph.control
    .requests()
    .filter(({ path }) => path.includes(tenant.tenantId) && path.endsWith('/token'))
    .map(({ status }) => status);

describe('two credentials', () => {
  it('let a read go on in which the old one dies', async () => {
    // Tokens that are over at once: each request needs one that was just given.
    graph.control.setKnobs({ tokenLifeSeconds: 200, deltaPageSize: 5 });
    let answers = 0;
    const { tenant, app, source, told } = rotating({
      onRequest: () => {
        answers += 1;
        if (answers === 4) remove(app, 'old~secret');
      },
    });
    const folded = new Folded();
    const watermark = await readAll(source, folded, { scope: everyone });
    graph.control.resetKnobs();
    expect(watermark).not.toBeNull();
    expect(Object.keys(folded.view(everyone).users)).toHaveLength(tenant.users().length);
    expect(answers).toBeGreaterThan(6);
    expect(told).toMatchObject([{ now: 'second', refusal: { code: 'AADSTS7000215' } }]);
    // The dead one was tried once, and never again.
    expect(logins(tenant).filter((status) => status === 401)).toHaveLength(1);
  });

  it('begin with the one that worked last', async () => {
    const { tenant, source, app } = rotating({
      second: { proof: { kind: 'client_secret', secret: secret('new~secret') }, from: 'second' },
    });
    remove(app, 'old~secret');
    await readAll(source, new Folded(), { scope: everyone });
    expect(new Set(logins(tenant))).toEqual(new Set([200]));
  });

  it('go back to the first when the second is the one that dies', async () => {
    const { app, source, told } = rotating({
      second: { proof: { kind: 'client_secret', secret: secret('new~secret') }, from: 'second' },
    });
    remove(app, 'new~secret');
    await readAll(source, new Folded(), { scope: everyone });
    expect(told).toMatchObject([{ now: 'first' }]);
  });

  it('that are refused for one reason have one thing to mend', async () => {
    const { app, source, told } = rotating();
    app.state = 'disabled';
    const refused = readAll(source, new Folded(), { scope: everyone });
    await expect(refused).rejects.toMatchObject({ fault: 'unauthorized', code: 'AADSTS7000112' });
    await expect(refused).rejects.not.toThrow(/other credential/);
    expect(told).toEqual([]);
  });

  it('that are refused for two reasons have two', async () => {
    const { app, source } = rotating();
    app.secrets = [{ value: 'old~secret', endsMs: 0 }];
    const refused = readAll(source, new Folded(), { scope: everyone });
    await expect(refused).rejects.toThrow(/has expired.*The other credential is refused, too:.*secret is wrong/);
    await expect(refused).rejects.toMatchObject({ code: 'AADSTS7000222' });
  });

  it('wait together when the login service is away: that says nothing of either', async () => {
    const { source, told } = rotating();
    graph.control.fault({ path: '/oauth2/v2.0/token', times: null, fault: { answer: 'unavailable' } });
    const read = readAll(source, new Folded(), { scope: everyone });
    await expect(read).rejects.toMatchObject({ fault: 'unavailable' });
    graph.control.clearFaults();
    expect(told).toEqual([]);
  });
});

describe('the connection test of two credentials', () => {
  it('says of each whether it works and when it ends', async () => {
    const { source } = rotating({ endsAt: new Date(graph.clock.nowMs() + 5 * dayMs + 60_000) });
    const { ok, checks } = await source.check(all, never);
    expect(ok).toBe(true);
    expect(checks.slice(0, 2)).toMatchObject([
      { name: 'First credential', ok: true, detail: expect.stringMatching(/ends on \d{4}-\d\d-\d\d/) },
      { name: 'Second credential', ok: true },
    ]);
    // The second one holds: nobody has to make another.
    expect(checks[0]?.remedy).toBeUndefined();
  });

  it('passes with one of them, and says what is wrong with the other', async () => {
    const { app, source } = rotating();
    remove(app, 'new~secret');
    const { ok, checks } = await source.check(all, never);
    expect(ok).toBe(true);
    expect(checks[1]).toMatchObject({
      name: 'Second credential',
      ok: true,
      detail: expect.stringContaining('The other one is used.'),
      remedy: { code: 'AADSTS7000215', owner: 'customer_it' },
    });
    remove(app, 'old~secret');
    const none = await source.check(all, never);
    expect(none.ok).toBe(false);
    expect(none.checks.slice(0, 2).map((check) => check.ok)).toEqual([false, false]);
  });
});

describe('the end of a secret', () => {
  const mayLook = [...everyRole, 'Application.Read.All'];

  it('is read of the tenant where that was granted, and told apart by how each secret begins', async () => {
    const { app, source } = rotating({ roles: mayLook });
    const [old] = app.secrets;
    if (old !== undefined) app.secrets[0] = { ...old, endsMs: graph.clock.nowMs() + 20 * dayMs };
    app.secrets.push({ value: 'other', endsMs: graph.clock.nowMs() + dayMs });
    const ends = await source.credentialEnds(never);
    expect(ends?.first?.getTime()).toBeCloseTo(graph.clock.nowMs() + 20 * dayMs, -4);
    expect(ends?.second?.getTime()).toBeCloseTo(graph.clock.nowMs() + yearMs, -5);
    const [line] = (await source.check(all, never)).checks;
    expect(line?.detail).toMatch(/ends on \d{4}-\d\d-\d\d/);
  });

  it('of two that begin alike is the one that comes next', async () => {
    const { app, source } = rotating({ roles: mayLook });
    app.secrets = [
      { value: 'old~secret', endsMs: graph.clock.nowMs() + 20 * dayMs },
      { value: 'old-or-not', endsMs: graph.clock.nowMs() + 9 * dayMs },
      { value: 'older', endsMs: graph.clock.nowMs() - dayMs },
    ];
    const ends = await source.credentialEnds(never);
    expect(ends?.first?.getTime()).toBeCloseTo(graph.clock.nowMs() + 9 * dayMs, -4);
    expect(ends?.second).toBeUndefined();
  });

  it('is not asked for where nobody granted it, and granting it is not too much', async () => {
    const { tenant, source } = rotating();
    expect(await source.credentialEnds(never)).toBeNull();
    const asked = graph.control.requests().filter(({ path }) => path.endsWith('/applications'));
    expect(asked.filter((request) => request.tenant === tenant.tenantId)).toEqual([]);
    const report = await rotating({ roles: mayLook }).source.check(all, never);
    expect(report.checks.find(({ name }) => name === 'No more than is needed')?.remedy).toBeUndefined();
  });

  it('is not known of an application of another tenant', async () => {
    const { source } = rotating({ roles: mayLook });
    graph.control.fault({ path: '/applications', fault: { answer: 'empty_list' } });
    expect(await source.credentialEnds(never)).toBeNull();
    expect(await source.credentialEnds(never)).not.toBeNull();
  });
});

describe('the end of what proves our own application', () => {
  const consented = (app: Pick<AppRegistration, 'proof' | 'secretEndsAt'>) => {
    const tenant = graph.control.addTenant({ users: 2, apps: [{ secret: 'ours', certificates: [certificate.pem] }] });
    const { clientId } = appOf(tenant);
    const sources = connectedSources({
      clouds: { custom: { loginUrl: graph.origin, graphUrl: graph.origin } },
      world: graph.clock,
      app: { clientId, cloud: 'custom', ...app },
      assertion: null,
    });
    const credentials = { kind: 'admin_consent', clientId } as const;
    return sources.connectOnce(
      { ...plainConnection(new Date()), tenantId: tenant.tenantId, cloud: 'custom', credentials },
      {},
    );
  };
  const inTenDays = new Date(Date.now() + 10 * dayMs);
  let certificate: Certificate;
  beforeAll(async () => {
    certificate = await makeCertificate(inTenDays);
  });

  it('is that of its certificate, or what was said of its secret; the check warns whoever runs us', async () => {
    const bySecret = consented({ proof: { kind: 'client_secret', secret: secret('ours') }, secretEndsAt: inTenDays });
    expect(await bySecret.credentialEnds(never)).toEqual({ first: inTenDays });
    expect((await bySecret.check(all, never)).checks[0]).toMatchObject({
      ok: true,
      remedy: { code: 'credentials_end_soon', owner: 'your_team', todo: expect.stringContaining('ENTRAIN_APP_') },
    });
    const pem = certificate.pem + certificate.keyPem;
    const ends = await consented({ proof: { kind: 'certificate', pem: secret(pem) } }).credentialEnds(never);
    expect(ends?.first?.getTime()).toBeCloseTo(inTenDays.getTime(), -4);
  });

  it('of a secret that nobody knows the end of is asked for by the check', async () => {
    const [line] = (await consented({ proof: { kind: 'client_secret', secret: secret('ours') } }).check(all, never))
      .checks;
    expect(line).toMatchObject({
      ok: true,
      remedy: { code: 'credentials_end_unknown', owner: 'your_team', todo: expect.stringContaining('ENTRAIN_APP_') },
    });
  });

  it('is none where nobody said, and replaces what was known before', async () => {
    const unsaid = consented({ proof: { kind: 'client_secret', secret: secret('ours') } });
    expect(await unsaid.credentialEnds(never)).toEqual({});
  });
});
