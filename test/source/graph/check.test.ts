import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourceId } from '../../../src/model/ids.ts';
import { everyone, type Scope } from '../../../src/model/scope.ts';
import { type Graph, openGraph, sourceOf } from '../../support/graph.ts';
import { never } from '../../support/reading.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph({ tenants: [] });
});
afterAll(() => graph.close());

const checkWith = async (roles: readonly string[], scope: Scope = everyone) => {
  const tenant = graph.control.addTenant({ users: 5, apps: [{ roles }] });
  return sourceOf(graph, {}, tenant.tenantId).check(scope, never);
};

describe('the connection test', () => {
  it('proves every permission and shows whose tenant it is', async () => {
    const report = await checkWith(['User.Read.All', 'GroupMember.Read.All', 'Organization.Read.All']);
    expect(report.ok).toBe(true);
    expect(report.checks.map(({ name }) => name)).toEqual([
      'Credentials',
      'Users (User.Read.All)',
      'Changes of users (User.Read.All)',
      'Groups and members (GroupMember.Read.All)',
      'Changes of groups (GroupMember.Read.All)',
      'Organization',
    ]);
  });

  it.each([
    ['User.Read.All', 'GroupMember.Read.All'],
    ['GroupMember.Read.All', 'User.Read.All'],
  ])('names the permission that is missing when there is only %s', async (granted, missing) => {
    const report = await checkWith([granted, 'Organization.Read.All']);
    expect(report.ok).toBe(false);
    const failed = report.checks.filter(({ ok }) => !ok);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.every(({ name, detail }) => name.includes(missing) && detail.includes(missing))).toBe(true);
  });

  it('does without the name of the organization', async () => {
    const report = await checkWith(['User.Read.All', 'GroupMember.Read.All']);
    expect(report.ok).toBe(true);
    expect(report.checks.at(-1)?.detail).toContain('not needed');
  });

  it('stops at a wrong secret and says what is wrong with it', async () => {
    graph.control.addTenant({ users: 1 });
    const report = await sourceOf(graph, { secret: 'the id of the secret' }).check(everyone, never);
    expect(report).toMatchObject({ ok: false, checks: [{ name: 'Credentials', ok: false }] });
    expect(report.checks[0]?.detail).toContain('AADSTS7000215');
  });

  it('sees a consent that was given a moment ago', async () => {
    const tenant = graph.control.addTenant({ users: 5, apps: [{ roles: [] }] });
    const source = sourceOf(graph, {}, tenant.tenantId);
    expect((await source.check(everyone, never)).ok).toBe(false);
    const [app] = tenant.apps();
    if (app !== undefined) app.roles = ['User.Read.All', 'GroupMember.Read.All'];
    expect((await source.check(everyone, never)).ok).toBe(true);
  });

  it('finds the groups of a scope, or says which one it does not find', async () => {
    const lost = sourceId('00000000-0000-4000-8000-000000000000');
    const report = await checkWith(['User.Read.All', 'GroupMember.Read.All'], {
      kind: 'groups',
      groups: [lost],
      nested: false,
    });
    expect(report.checks.find(({ name }) => name === 'Groups of the scope')).toMatchObject({
      ok: false,
      detail: expect.stringContaining(lost),
    });
  });
});
