import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Check, CheckReport } from '../../../src/model/check.ts';
import { defaultAttributes } from '../../../src/model/connection.ts';
import { type SourceId, sourceId } from '../../../src/model/ids.ts';
import { everyone, type Scope } from '../../../src/model/scope.ts';
import type { ToProve } from '../../../src/source/source.ts';
import { type Graph, openGraph, sourceOf } from '../../support/graph.ts';
import { never } from '../../support/reading.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph({ tenants: [] });
});
afterEach(() => graph.control.clearFaults());
afterAll(() => graph.close());

const needed = ['User.Read.All', 'GroupMember.Read.All'];
const all = { scope: everyone, attributes: defaultAttributes };
const of = (...groups: readonly SourceId[]): Scope => ({ kind: 'groups', groups, nested: false });

const checkWith = async (roles: readonly string[], what: Partial<ToProve> = {}) => {
  const tenant = graph.control.addTenant({ users: 5, apps: [{ roles }] });
  return sourceOf(graph, {}, tenant.tenantId).check({ ...all, ...what }, never);
};
const failedIn = ({ checks }: CheckReport): readonly Check[] => checks.filter(({ ok }) => !ok);
const warnedIn = ({ checks }: CheckReport): readonly Check[] =>
  checks.filter(({ ok, remedy }) => ok && remedy !== undefined);

describe('the connection test', () => {
  it('proves every permission and shows whose tenant it is', async () => {
    const report = await checkWith([...needed, 'Organization.Read.All']);
    expect(report.ok).toBe(true);
    expect(report.checks.map(({ name }) => name)).toEqual([
      'Credentials',
      'Clock',
      'Users (User.Read.All)',
      'Changes of users (User.Read.All)',
      'Groups and members (GroupMember.Read.All)',
      'Changes of groups (GroupMember.Read.All)',
      'Organization',
      'No more than is needed',
    ]);
    expect(report.checks.filter(({ remedy }) => remedy !== undefined)).toEqual([]);
  });

  it('tells which tenant it is, also where that is named by a domain', async () => {
    const tenant = graph.control.addTenant({ users: 5, apps: [{ roles: needed }], domain: 'named.example' });
    const [app] = tenant.apps();
    const credentials = { kind: 'client_secret', clientId: app?.clientId ?? '' } as const;
    const connection = { tenantId: 'named.example', cloud: 'custom', credentials } as const;
    const source = sourceOf(graph, { connection }, tenant.tenantId);
    const report = await source.check(all, never);
    expect(report).toMatchObject({ ok: true, directoryId: tenant.tenantId.toLowerCase() });
    expect(await source.tenant(never)).toBe(tenant.tenantId.toLowerCase());
  });

  it.each([
    ['User.Read.All', 'GroupMember.Read.All', 'who is in them'],
    ['GroupMember.Read.All', 'User.Read.All', 'read users'],
  ])('with %s alone names the permission that is missing, and why it is needed', async (granted, missing, why) => {
    const tenant = graph.control.addTenant({ users: 5, apps: [{ roles: [granted, 'Organization.Read.All'] }] });
    const report = await sourceOf(graph, {}, tenant.tenantId).check(all, never);
    expect(report.ok).toBe(false);
    const failed = failedIn(report);
    expect(failed).toHaveLength(2);
    for (const line of failed) {
      expect(line.name).toContain(missing);
      expect(line.permission).toMatchObject({ name: missing, granted: false, why: expect.stringContaining(why) });
      // Whoever mends it is to ask for none of these.
      expect(line.permission?.moreThanNeeded).toContain('Directory.Read.All');
      expect(line.permission?.asGood.filter((name) => /Write|Directory/.test(name))).toEqual([]);
      expect(line.remedy).toMatchObject({ code: 'permission_missing', owner: 'customer_it' });
      expect(line.remedy?.todo).toContain(missing);
      // Nobody knows the pages of a cloud that is not Microsoft's.
      expect(line.remedy?.link).toBeNull();
    }
  });

  it('tells a permission that is missing from one that is granted and refused all the same', async () => {
    graph.control.fault({
      path: '/users',
      times: null,
      fault: { answer: 'error', status: 403, code: 'Authorization_RequestDenied' },
    });
    const [users] = failedIn(await checkWith(needed));
    expect(users).toMatchObject({ permission: { granted: true }, remedy: { code: 'permission_refused' } });
  });

  it('believes the call, not the token, that something can be read', async () => {
    const report = await checkWith(['User.Read.All', 'Group.Read.All']);
    expect(failedIn(report)).toEqual([]);
    expect(warnedIn(report)).toEqual([]);
  });

  it('without any role in the token fails every line that needs one', async () => {
    const report = await checkWith([]);
    expect(failedIn(report).map(({ permission }) => [permission?.name, permission?.granted])).toEqual([
      ['User.Read.All', false],
      ['User.Read.All', false],
      ['GroupMember.Read.All', false],
      ['GroupMember.Read.All', false],
    ]);
  });

  it('does without the name of the organization', async () => {
    const report = await checkWith(needed);
    expect(report.ok).toBe(true);
    const line = report.checks.find(({ name }) => name === 'Organization');
    expect(line?.detail).toContain('not needed');
    expect(line?.remedy).toBeUndefined();
  });

  it('sees a consent that was given a moment ago', async () => {
    const tenant = graph.control.addTenant({ users: 5, apps: [{ roles: [] }] });
    const source = sourceOf(graph, {}, tenant.tenantId);
    expect((await source.check(all, never)).ok).toBe(false);
    const [app] = tenant.apps();
    if (app !== undefined) app.roles = needed;
    expect((await source.check(all, never)).ok).toBe(true);
  });
});

describe('a permission that is more than is needed', () => {
  it.each([
    ['Directory.Read.All', everyone, 'Grant User.Read.All and GroupMember.Read.All instead'],
    ['Directory.ReadWrite.All', everyone, 'Grant User.Read.All and GroupMember.Read.All instead'],
  ])('%s does, and is warned of', async (role, scope, todo) => {
    const report = await checkWith([role], { scope });
    expect(report.ok).toBe(true);
    expect(warnedIn(report)).toMatchObject([
      { detail: expect.stringContaining(role), remedy: { code: 'more_than_needed', owner: 'customer_it' } },
    ]);
    expect(warnedIn(report)[0]?.remedy?.todo).toContain(todo);
  });

  it('is Mail.Read, whatever else there is', async () => {
    const [line] = warnedIn(await checkWith([...needed, 'Mail.Read']));
    expect(line?.detail).toBe('Granted and not needed: Mail.Read.');
    expect(line?.remedy?.todo).toMatch(/^Remove Mail\.Read/);
  });

  it('is Group.Read.All for one test group, but not for everybody', async () => {
    const roles = ['User.Read.All', 'Group.Read.All'];
    const tenant = graph.control.addTenant({ users: 5, apps: [{ roles }] });
    const pilot = sourceId(tenant.createGroup({ displayName: 'Pilot' }));
    const source = sourceOf(graph, {}, tenant.tenantId);
    expect(warnedIn(await source.check(all, never))).toEqual([]);
    const report = await source.check({ ...all, scope: of(pilot) }, never);
    expect(report.ok).toBe(true);
    expect(warnedIn(report)[0]?.remedy?.todo).toContain(
      'Grant GroupMember.Read.All instead, then remove Group.Read.All',
    );
    const watched = await source.check({ ...all, scope: of(pilot), watched: true }, never);
    expect([failedIn(watched), warnedIn(watched)]).toEqual([[], []]);
  });

  it('is asked for where changes of groups are to be told, and holds nothing back where it lacks', async () => {
    const report = await checkWith(needed, { watched: true });
    expect(report.ok).toBe(true);
    expect(warnedIn(report)).toMatchObject([
      {
        name: 'Being told of changes (Group.Read.All)',
        permission: { granted: false },
        remedy: { code: 'permission_missing', todo: expect.stringContaining('Group.Read.All') },
      },
    ]);
    expect(warnedIn(await checkWith([...needed, 'Group.Read.All'], { watched: true }))).toEqual([]);
  });
});

describe('the attributes of a connection', () => {
  const withUser = (...names: readonly string[]) => ({
    attributes: { ...defaultAttributes, user: [...defaultAttributes.user, ...names] },
  });

  it('that need a permission of their own are checked by it', async () => {
    const what = withUser('employeeLeaveDateTime');
    const report = await checkWith(needed, what);
    expect(failedIn(report).map(({ name, permission }) => [name, permission?.name])).toEqual([
      ['Changes of users (User.Read.All)', 'User-LifeCycleInfo.Read.All'],
      ['employeeLeaveDateTime (User-LifeCycleInfo.Read.All)', 'User-LifeCycleInfo.Read.All'],
    ]);
    const granted = await checkWith([...needed, 'User-LifeCycleInfo.Read.All'], what);
    expect([failedIn(granted), warnedIn(granted)]).toEqual([[], []]);
    expect(warnedIn(await checkWith([...needed, 'User-LifeCycleInfo.Read.All']))).toHaveLength(1);
  });

  it('that Graph does not give are named, and are for your team to take out', async () => {
    const report = await checkWith(needed, withUser('shoeSize', 'aboutMe'));
    expect(failedIn(report)).toMatchObject([
      {
        name: 'Changes of users (User.Read.All)',
        detail: 'Graph does not give these attributes of users: shoeSize, aboutMe.',
        remedy: { code: 'UnknownAttribute', owner: 'your_team' },
      },
    ]);
  });
});

describe('the groups of a scope', () => {
  it('are found and named, or the one that is lost', async () => {
    const tenant = graph.control.addTenant({ users: 5, apps: [{ roles: needed }] });
    const pilot = sourceId(tenant.createGroup({ displayName: 'Pilot' }));
    const lost = sourceId('00000000-0000-4000-8000-000000000000');
    const source = sourceOf(graph, {}, tenant.tenantId);
    const line = async (scope: Scope) =>
      (await source.check({ ...all, scope }, never)).checks.find(({ name }) => name === 'Groups of the scope');
    expect(await line(of(pilot))).toEqual({
      name: 'Groups of the scope',
      ok: true,
      detail: 'The group exists: Pilot.',
    });
    expect(await line(of(pilot, lost))).toMatchObject({
      ok: false,
      detail: expect.stringContaining(lost),
      remedy: { code: 'ScopeGroupNotFound', owner: 'your_team' },
    });
  });

  it('that hide their members need Member.Read.Hidden', async () => {
    const roles = [...needed];
    const tenant = graph.control.addTenant({ users: 5, apps: [{ roles }] });
    const [member = ''] = tenant.users();
    const shy = sourceId(tenant.createGroup({ displayName: 'Shy', unified: true, hidden: true, members: [member] }));
    const source = sourceOf(graph, {}, tenant.tenantId);
    expect(failedIn(await source.check({ ...all, scope: of(shy) }, never))).toMatchObject([
      {
        name: 'Groups of the scope',
        permission: { name: 'Member.Read.Hidden' },
        remedy: { code: 'permission_missing' },
      },
    ]);
    const [app] = tenant.apps();
    app?.roles.push('Member.Read.Hidden');
    expect((await source.check({ ...all, scope: of(shy) }, never)).ok).toBe(true);
  });
});

describe('credentials that are refused', () => {
  it('stop the test, and it says what is wrong with them and who mends it', async () => {
    graph.control.addTenant({ users: 1 });
    const report = await sourceOf(graph, { secret: 'the id of the secret' }).check(all, never);
    expect(report).toMatchObject({
      ok: false,
      checks: [
        { name: 'Credentials', ok: false, remedy: { code: 'AADSTS7000215', owner: 'customer_it', link: null } },
        { name: 'Clock' },
      ],
    });
    expect(report.checks[0]?.detail).toContain('the client secret is wrong');
  });

  it.each([
    [7000222, 'customer_it', 'has expired'],
    [700016, 'customer_it', 'is not known in this tenant'],
    [7000112, 'customer_it', 'is disabled'],
    [90002, 'your_team', 'does not exist'],
    [90038, 'your_team', 'another national cloud'],
    [53003, 'customer_it', 'conditional access'],
    [90055, 'microsoft', 'too many tokens'],
    [987654, 'your_team', 'does not accept the request'],
  ])('by AADSTS%i are for %s', async (code, owner, says) => {
    const tenant = graph.control.addTenant({ users: 1 });
    graph.control.fault({ path: '/oauth2/v2.0/token', times: null, fault: { answer: 'aadsts', code } });
    const [line] = (await sourceOf(graph, {}, tenant.tenantId).check(all, never)).checks;
    expect(line).toMatchObject({ ok: false, remedy: { code: `AADSTS${code}`, owner } });
    expect(line?.detail).toContain(says);
  });

  it('by a tenant that there is not say so, not that the login service cannot be reached', async () => {
    graph.control.addTenant({ users: 1 });
    const connection = {
      tenantId: '00000000-0000-4000-8000-000000000000',
      cloud: 'custom',
      credentials: { kind: 'client_secret', clientId: '00000000-0000-4000-8000-000000000001' },
    } as const;
    const [line] = (await sourceOf(graph, { connection }).check(all, never)).checks;
    expect(line).toMatchObject({ ok: false, remedy: { code: 'AADSTS90002', owner: 'your_team' } });
    expect(line?.detail).toContain('the tenant does not exist in this cloud');
  });

  it('a service that cannot be reached is looked for on our side of the network', async () => {
    const tenant = graph.control.addTenant({ users: 1 });
    graph.control.fault({ path: '/oauth2/v2.0/token', times: null, fault: { answer: 'reset' } });
    const [line] = (await sourceOf(graph, {}, tenant.tenantId).check(all, never)).checks;
    expect(line).toMatchObject({ ok: false, remedy: { code: 'login_unreachable', owner: 'your_team' } });
    expect(line?.remedy?.todo).toContain('from the servers that run Entrain');
    expect(line?.remedy?.todo, 'a check is not repeated by itself').not.toContain('It is tried again');
  });
});

describe('the clock of our server', () => {
  const checkAt = async (aheadMs: number, secret?: string) => {
    const tenant = graph.control.addTenant({ users: 1, apps: [{ roles: needed }] });
    const world = { ...graph.clock, now: () => new Date(graph.clock.nowMs() + aheadMs) };
    const source = sourceOf(graph, { world, ...(secret === undefined ? {} : { secret }) }, tenant.tenantId);
    return (await source.check(all, never)).checks.find(({ name }) => name === 'Clock');
  };

  it.each([
    [600_000, /^Our clock is (599|600|601) seconds ahead of Microsoft's\.$/],
    [-600_000, /^Our clock is (599|600|601) seconds behind Microsoft's\.$/],
  ])('that is off by %i ms is warned of', async (aheadMs, says) => {
    const line = await checkAt(aheadMs);
    expect(line).toMatchObject({ ok: true, remedy: { code: 'clock_skew', owner: 'your_team' } });
    expect(line?.detail).toMatch(says);
  });

  it('that is right, or nearly, is not', async () => {
    expect((await checkAt(0))?.remedy).toBeUndefined();
    expect((await checkAt(60_000))?.remedy).toBeUndefined();
  });

  it('is read from the refusal when there is no token', async () => {
    expect(await checkAt(3_600_000, 'wrong')).toMatchObject({ remedy: { code: 'clock_skew' } });
  });
});

it('a tenant that takes longer than the check may is a finding; being told to stop is not', async () => {
  const tenant = graph.control.addTenant({ users: 1, apps: [{ roles: needed }] });
  const source = sourceOf(graph, {}, tenant.tenantId);
  const timedOut = AbortSignal.abort(new DOMException('It took too long.', 'TimeoutError'));
  expect(await source.check(all, timedOut)).toMatchObject({
    ok: false,
    checks: [{ name: 'Credentials', remedy: { code: 'check_timed_out', owner: 'microsoft' } }],
  });
  await expect(source.check(all, AbortSignal.abort(new Error('Stop.')))).rejects.toThrow('Stop.');
});
