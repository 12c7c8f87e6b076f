import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { App } from '../../../simulator/graph/apps.ts';
import { type Credentials, defaultAttributes } from '../../../src/model/connection.ts';
import { everyone } from '../../../src/model/scope.ts';
import { secret } from '../../../src/model/secret.ts';
import type { Proof } from '../../../src/source/graph/credentials.ts';
import { assertionOf } from '../../../src/source/graph/workload.ts';
import { type Certificate, makeCertificate } from '../../support/certificate.ts';
import { everyRole, type Graph, openGraph, sourceOf } from '../../support/graph.ts';
import { never } from '../../support/reading.ts';

let graph: Graph;
let folder: string;
let ours: Certificate;
beforeAll(async () => {
  graph = await openGraph({ tenants: [] });
  folder = await mkdtemp(join(tmpdir(), 'entrain-'));
  ours = await makeCertificate();
});
afterAll(async () => {
  await graph.close();
  await rm(folder, { recursive: true });
});

const dayMs = 86_400_000;
const all = { scope: everyone, attributes: defaultAttributes };
const check = async (
  app: Partial<Pick<App, 'certificates' | 'federated' | 'roles'>> & { readonly secret?: string },
  credentials: (clientId: string) => Credentials,
  proof: Proof,
) => {
  const tenant = graph.control.addTenant({ users: 2, apps: [app] });
  const [registered] = tenant.apps();
  const source = sourceOf(
    graph,
    {
      connection: { tenantId: tenant.tenantId, cloud: 'custom', credentials: credentials(registered?.clientId ?? '') },
      proof,
    },
    tenant.tenantId,
  );
  const report = await source.check(all, never);
  return { ok: report.ok, line: report.checks[0] };
};

describe('a client secret', () => {
  const proof = (): Proof => ({ kind: 'client_secret', secret: secret('theirs') });
  const endless = (clientId: string) => ({ kind: 'client_secret', clientId }) as const;

  it('whose end nobody knows works, and the check asks for the day: it would end without a word', async () => {
    const { ok, line } = await check({ secret: 'theirs' }, endless, proof());
    expect(ok).toBe(true);
    expect(line).toMatchObject({
      ok: true,
      detail: expect.stringContaining('Nobody knows when'),
      remedy: { code: 'credentials_end_unknown', owner: 'customer_it' },
    });
  });

  it('whose end was given, or can be looked up, is asked nothing about', async () => {
    const given = (clientId: string): Credentials => ({
      ...endless(clientId),
      endsAt: new Date(graph.clock.nowMs() + 200 * dayMs),
    });
    expect((await check({ secret: 'theirs' }, given, proof())).line?.remedy).toBeUndefined();
    const roles = [...everyRole, 'Application.Read.All'];
    const { line } = await check({ secret: 'theirs', roles }, endless, proof());
    expect(line?.remedy?.code).not.toBe('credentials_end_unknown');
    expect(line?.detail).toMatch(/ends on/);
  });
});

describe('a certificate', () => {
  const credentials =
    (inDays: number) =>
    (clientId: string): Credentials => ({
      kind: 'certificate',
      clientId,
      thumbprint: 'A0',
      endsAt: new Date(graph.clock.nowMs() + inDays * dayMs + 60_000),
    });
  const proof = (): Proof => ({ kind: 'certificate', pem: secret(ours.pem + ours.keyPem) });

  it('that the application knows is a token’s worth', async () => {
    const { ok, line } = await check({ certificates: [ours.pem] }, credentials(200), proof());
    expect([ok, line?.remedy]).toEqual([true, undefined]);
    expect(line?.detail).toMatch(/ends on \d{4}-\d\d-\d\d\.$/);
  });

  it('that ends within 30 days is warned of', async () => {
    const { ok, line } = await check({ certificates: [ours.pem] }, credentials(12), proof());
    expect(ok).toBe(true);
    expect(line).toMatchObject({ remedy: { code: 'credentials_end_soon', owner: 'customer_it' } });
    expect(line?.detail).toContain('in 12 days');
  });

  it('that the application does not know is refused, and for the customer to mend', async () => {
    const { line } = await check({}, credentials(200), proof());
    expect(line).toMatchObject({ ok: false, remedy: { code: 'AADSTS700027', owner: 'customer_it' } });
  });

  it('without its key is no certificate', async () => {
    const { line } = await check({ certificates: [ours.pem] }, credentials(200), {
      kind: 'certificate',
      pem: secret(ours.pem),
    });
    expect(line).toMatchObject({ ok: false });
  });
});

describe('the identity of a workload', () => {
  const issuer = 'https://cluster.example/oidc';
  const subject = 'system:serviceaccount:entrain:worker';
  const audience = 'api://AzureADTokenExchange';
  const trusts = () => ({ federated: [{ issuer, subject, audience, publicPem: ours.publicPem }] });
  const token = (
    of: { readonly subject?: string; readonly issuer?: string; readonly audience?: string } = {},
  ): Promise<string> =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'RS256', kid: 'cluster' })
      .setIssuer(of.issuer ?? issuer)
      .setSubject(of.subject ?? subject)
      .setAudience(of.audience ?? audience)
      .setIssuedAt(Math.floor(graph.clock.nowMs() / 1_000))
      .setExpirationTime(Math.floor(graph.clock.nowMs() / 1_000) + 3_600)
      .sign(createPrivateKey(ours.keyPem));
  const credentials = (clientId: string): Credentials => ({ kind: 'workload_identity', clientId });
  const byFile = (path: string): Proof => ({
    kind: 'workload_identity',
    assertion: assertionOf({ kind: 'file', path }),
  });

  it('in a file is a token’s worth, with no secret at all', async () => {
    const path = join(folder, 'token');
    await writeFile(path, `${await token()}\n`);
    const { ok, line } = await check(trusts(), credentials, byFile(path));
    expect([ok, line?.remedy]).toEqual([true, undefined]);
  });

  it('is read anew each time, as the platform renews it', async () => {
    const path = join(folder, 'renewed');
    const assertion = assertionOf({ kind: 'file', path });
    await writeFile(path, 'one');
    expect(await assertion()).toBe('one');
    await writeFile(path, 'two');
    expect(await assertion()).toBe('two');
  });

  it.each([
    ['another workload', { subject: 'system:serviceaccount:other:pod' }, 'AADSTS700213'],
    ['another cluster', { issuer: 'https://other.example' }, 'AADSTS700211'],
    ['another audience', { audience: 'https://vault.example' }, 'AADSTS700212'],
  ])('of %s is refused', async (_, of, code) => {
    const path = join(folder, code);
    await writeFile(path, await token(of));
    const { line } = await check(trusts(), credentials, byFile(path));
    expect(line).toMatchObject({ ok: false, remedy: { code, owner: 'customer_it' } });
  });

  it('that an application does not trust is for the customer to add', async () => {
    const path = join(folder, 'untrusted');
    await writeFile(path, await token());
    const { line } = await check({}, credentials, byFile(path));
    expect(line).toMatchObject({ ok: false, remedy: { code: 'AADSTS70025', owner: 'customer_it' } });
  });

  it('that the platform does not give is ours to mend, and nothing is held back for it', async () => {
    const { line } = await check(trusts(), credentials, byFile(join(folder, 'nowhere')));
    expect(line).toMatchObject({ ok: false, remedy: { code: 'NoWorkloadToken', owner: 'your_team' } });
  });

  describe('of a managed identity', () => {
    const before = { ...process.env };
    afterEach(() => {
      for (const name of ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER']) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    });

    it('is asked of the platform for the exchange', async () => {
      const asked: string[] = [];
      const platform = createServer((request, response) => {
        asked.push(`${request.headers['x-identity-header']} ${request.url}`);
        void token().then((access_token) => {
          response.setHeader('content-type', 'application/json');
          response.end(
            JSON.stringify({
              access_token,
              expires_on: String(Math.floor(Date.now() / 1_000) + 3_600),
              token_type: 'Bearer',
              resource: audience,
            }),
          );
        });
      }).listen(0, '127.0.0.1');
      await once(platform, 'listening');
      const { port } = z.object({ port: z.number() }).parse(platform.address());
      process.env['IDENTITY_ENDPOINT'] = `http://127.0.0.1:${port}/msi/token`;
      process.env['IDENTITY_HEADER'] = 'header';
      const assertion = assertionOf({ kind: 'managed_identity', clientId: '0b7a5d1c-6f0e-4d5a-8f38-2f4e1c9d7a10' });
      const { ok } = await check(trusts(), credentials, { kind: 'workload_identity', assertion });
      platform.close();
      platform.closeAllConnections();
      expect(ok).toBe(true);
      expect(asked[0]).toMatch(/^header \/msi\/token\?.*resource=api%3A%2F%2FAzureADTokenExchange/);
    });
  });
});
