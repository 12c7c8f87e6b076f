import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SourceError } from '../../../src/model/errors.ts';
import { type Resume, sourceId } from '../../../src/model/ids.ts';
import { everyone } from '../../../src/model/scope.ts';
import type { ObjectMessage } from '../../../src/model/source-message.ts';
import type { Ask } from '../../../src/source/source.ts';
import { Folded } from '../../support/folded.ts';
import { everyRole, type Graph, openGraph, sourceOf, truthOf } from '../../support/graph.ts';
import { attributes, never, readAll, withoutManager } from '../../support/reading.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph({ tenants: [] });
});
afterAll(() => graph.close());
beforeEach(() => {
  graph.control.resetKnobs();
  graph.control.clearFaults();
  graph.control.resetRequests();
});

const ask = (changes: Partial<Ask> = {}): Ask => ({
  scope: everyone,
  attributes,
  read: { mode: 'full' },
  resume: null,
  watermark: true,
  known: new Folded().known,
  ...changes,
});

const messagesOf = async (asked: Ask, tenantId?: string): Promise<readonly ObjectMessage[]> => {
  const messages: ObjectMessage[] = [];
  let end = null;
  for await (const page of sourceOf(graph, {}, tenantId).read(asked, never))
    if (page.type === 'page') messages.push(...page.messages);
    else end = page;
  expect(end).toMatchObject({ complete: { of: 'everything', scope: asked.scope } });
  return messages;
};

const requests = () =>
  graph.control.requests().filter(({ path, method }) => path.startsWith('/v1.0') && !method.startsWith('BATCH'));

describe('a full read of a large tenant', () => {
  const users = 2_100;
  const groups = 1_030;
  beforeAll(() => {
    graph.control.addTenant({ users, groups, apps: [{ roles: everyRole }] });
  });

  it('needs few requests: a page of users each, and a twentieth of one per group', async () => {
    const names = { user: ['displayName', 'userPrincipalName'], group: ['displayName'] };
    await messagesOf(ask({ attributes: names }));
    expect(requests().length).toBeLessThanOrEqual(Math.ceil(users / 999) + groups / 20 + Math.ceil(groups / 999) + 4);
  });

  it('asks for the attributes that are wanted, and for those that show that anything is shown; for no others', async () => {
    await messagesOf(ask({ attributes: { user: ['jobTitle'], group: ['description'] } }));
    const selected = (path: string) => [
      ...new Set(
        requests()
          .filter((one) => one.path.startsWith(path))
          .flatMap(({ query }) => new URLSearchParams(query).get('$select')?.split(',') ?? []),
      ),
    ];
    expect(selected('/v1.0/users').toSorted()).toEqual(['accountEnabled', 'id', 'jobTitle', 'userPrincipalName']);
    expect(
      selected('/v1.0/groups').filter((name) => !['id', 'description', 'displayName', 'visibility'].includes(name)),
    ).toEqual([]);
  });

  it('asks for managers only when they are wanted', async () => {
    await messagesOf(ask({ attributes: { user: ['displayName'], group: [] } }));
    expect(requests().some(({ query }) => query.includes('manager'))).toBe(false);
  });

  it.each([
    ['a list', withoutManager],
    ['an enumeration', attributes],
  ])('continues in the middle of a page of groups and of %s', async (_, names) => {
    const folded = new Folded();
    const source = sourceOf(graph);
    const stops: { resume: Resume; folded: Folded }[] = [];
    const reading = { scope: everyone, attributes: names };
    await readAll(source, folded, reading, (message) => {
      if (message.type === 'place') stops.push({ resume: message.resume, folded: folded.copy() });
    });
    const truth = folded.view(everyone);
    expect(stops.length).toBeGreaterThan(50);
    for (const { resume, folded: until } of stops.filter((_, index) => index % 17 === 3)) {
      graph.control.resetRequests();
      await readAll(source, until, { ...reading, resume });
      expect(until.view(everyone)).toEqual(truth);
    }
    expect(requests().length).toBeLessThan(30);
    expect(Math.max(...stops.map(({ resume }) => resume.length))).toBeLessThan(4_000);
  });
});

describe('a full read', () => {
  it('tells each group together with who is in it: a page that is read again may show others', async () => {
    const tenant = graph.control.addTenant({ users: 30, groups: 45, apps: [{ roles: everyRole }] });
    const whole = new Set<string>();
    let shown = 0;
    for await (const page of sourceOf(graph, {}, tenant.tenantId).read(ask(), never)) {
      if (page.type === 'end') continue;
      const groups = page.messages.flatMap((one) =>
        one.type === 'upsert' && one.ref.type === 'group' ? [one.ref.id] : [],
      );
      for (const one of page.messages) if (one.type === 'members') whole.add(one.group.id);
      expect(groups.filter((of) => !whole.has(of))).toEqual([]);
      shown += groups.length;
    }
    expect(shown).toBe(45);
  });

  it('reads a group of more members than a page holds', async () => {
    const tenant = graph.control.addTenant({ users: 1_250, groups: 1, apps: [{ roles: everyRole }] });
    const [everybody] = tenant.groups();
    const messages = await messagesOf(ask());
    const members = messages.flatMap((message) =>
      message.type === 'members' && message.group.id === everybody?.id && 'whole' in message.members
        ? message.members.whole
        : [],
    );
    expect(members.map(({ id }) => id).sort()).toEqual(tenant.members(everybody?.id ?? '').sort());
    expect(members.length).toBeGreaterThan(999);
  });

  it('leaves out devices and service principals, also when they are shown', async () => {
    const tenant = graph.control.addTenant({ users: 30, apps: [{ roles: everyRole }] });
    graph.control.setKnobs({ servicePrincipalsInMembers: true });
    const folded = new Folded();
    await readAll(sourceOf(graph, {}, tenant.tenantId), folded, { scope: everyone });
    expect(folded.view(everyone)).toEqual(truthOf(tenant, attributes.user));
  });

  it('takes the parts of nested objects that were asked for, and sorts lists', async () => {
    const tenant = graph.control.addTenant({ users: 0, groups: 0 });
    const id = tenant.hire({
      displayName: 'Ada Berg',
      properties: {
        employeeOrgData: { costCenter: 'C7', division: 'North' },
        otherMails: ['z@x.example', 'a@x.example'],
      },
    });
    tenant.hire({ displayName: 'Ben Cole' });
    const user = ['employeeOrgData.costCenter', 'employeeOrgData.division', 'otherMails'];
    const messages = await messagesOf(ask({ attributes: { user, group: [] } }));
    const found = messages.flatMap((message) => (message.type === 'upsert' ? [message] : []));
    expect(found.find(({ ref }) => ref.id === id)?.attributes).toEqual({
      'employeeOrgData.costCenter': 'C7',
      'employeeOrgData.division': 'North',
      otherMails: ['a@x.example', 'z@x.example'],
    });
    expect(found.find(({ ref }) => ref.id !== id)?.attributes).toMatchObject({ 'employeeOrgData.costCenter': null });
  });

  it('takes no empty page for the end', async () => {
    const tenant = graph.control.addTenant({ users: 40, apps: [{ roles: everyRole }] });
    graph.control.setKnobs({ emptyPages: 0.7, deltaPageSize: 5 });
    const folded = new Folded();
    await readAll(sourceOf(graph), folded, { scope: everyone });
    expect(folded.view(everyone)).toEqual(truthOf(tenant, attributes.user));
  });

  it('does not take the members of a hidden group for gone', async () => {
    const tenant = graph.control.addTenant({ users: 30, apps: [{ roles: everyRole }] });
    const folded = new Folded();
    await readAll(sourceOf(graph, {}, tenant.tenantId), folded, { scope: everyone });
    const [app] = tenant.apps();
    if (app !== undefined) app.roles = everyRole.filter((role) => role !== 'Member.Read.Hidden');
    await readAll(sourceOf(graph, {}, tenant.tenantId), folded, { scope: everyone });
    expect(folded.view(everyone)).toEqual(truthOf(tenant, attributes.user));
  });

  it.each(['full', 'delta'])('one-hidden-group-lost-its-members: a %s read says nothing of it', async (mode) => {
    const tenant = graph.control.addTenant({ users: 30, groups: 4, apps: [{ roles: everyRole }] });
    const people = tenant.users().slice(0, 3);
    const secret = tenant.createGroup({ displayName: 'Secret', members: people });
    const folded = new Folded();
    const watermark = await readAll(sourceOf(graph, {}, tenant.tenantId), folded, { scope: everyone });
    const before = folded.view(everyone);
    const properties = ['displayName', 'visibility', 'description'];
    for (const path of ['/groups\\?', '/groups/delta'])
      graph.control.fault({ path, times: null, fault: { answer: 'blank', properties, of: secret } });
    graph.control.fault({ path: `/groups/${secret}/members`, times: null, fault: { answer: 'empty_list' } });
    for (const id of people) tenant.leave(secret, id);
    // Another one is shown as it is, or it would be plain that none may be.
    tenant.createGroup({ displayName: 'Open', members: people });
    await readAll(sourceOf(graph, {}, tenant.tenantId), folded, {
      scope: everyone,
      ...(mode === 'full' ? {} : { from: watermark }),
    });
    const after = folded.view(everyone);
    expect(Object.keys(after.groups)).toHaveLength(Object.keys(before.groups).length + 1);
    expect([after.groups[secret], after.members[secret]]).toEqual([{ displayName: 'Secret' }, people.toSorted()]);
  });

  it('refuses attributes that are not names', async () => {
    graph.control.addTenant({ users: 1 });
    const asked = ask({ attributes: { user: ['id&$filter=x'], group: [] } });
    await expect(messagesOf(asked)).rejects.toMatchObject({ fault: 'forbidden', code: 'UnknownAttribute' });
  });

  it('does not take hidden properties for cleared ones', async () => {
    const tenant = graph.control.addTenant({ users: 3, groups: 1, apps: [{ roles: ['GroupMember.Read.All'] }] });
    const [first] = tenant.groups();
    const scope = { kind: 'groups', groups: [sourceId(first?.id ?? '')], nested: false } as const;
    for (const watermark of [true, false])
      await expect(messagesOf(ask({ scope, watermark }))).rejects.toMatchObject({
        fault: 'forbidden',
        message: expect.stringContaining('User.Read.All'),
      });
    await expect(messagesOf(ask())).rejects.toBeInstanceOf(SourceError);
  });

  it('does not take groups whose names are hidden for groups without a name', async () => {
    const tenant = graph.control.addTenant({ users: 3, groups: 1, apps: [{ roles: ['User.Read.All'] }] });
    const scope = { kind: 'groups', groups: tenant.groups().map(({ id }) => sourceId(id)), nested: false } as const;
    await expect(messagesOf(ask({ scope, watermark: false }))).rejects.toMatchObject({
      fault: 'forbidden',
      code: 'PropertiesHidden',
    });
  });

  it.each([
    ['everybody', withoutManager, everyone],
    ['everybody with managers', attributes, everyone],
    ['some groups', attributes, null],
  ])('of %s is not complete when a permission was taken back in the middle, and names it', async (_, names, all) => {
    const tenant = graph.control.addTenant({ users: 60, groups: 30, apps: [{ roles: everyRole }] });
    graph.control.setKnobs({ deltaPageSize: 10 });
    const scope = all ?? { kind: 'groups', groups: tenant.groups().map(({ id }) => sourceId(id)), nested: false };
    const [app] = tenant.apps();
    const lose = (): void => {
      if (app !== undefined) app.roles = everyRole.filter((role) => role !== 'Member.Read.Hidden');
      // The token in use is refused, and the next one says less.
      graph.control.fault({ nth: 2, fault: { answer: 'error', status: 401, code: 'InvalidAuthenticationToken' } });
    };
    const reading = { scope, attributes: names };
    let pages = 0;
    await expect(
      readAll(sourceOf(graph, {}, tenant.tenantId), new Folded(), reading, ({ type }) => {
        if (type === 'place' && pages++ === 0) lose();
      }),
    ).rejects.toMatchObject({
      fault: 'forbidden',
      code: 'PermissionLost',
      message: expect.stringContaining('Member.Read.Hidden'),
    });
  });

  it.each([
    ['everybody', everyone],
    ['some groups', null],
  ])('a-token-compared-with-itself: of %s asks with a new token at its end', async (_, all) => {
    const tenant = graph.control.addTenant({ users: 20, groups: 3, apps: [{ roles: everyRole }] });
    const scope = all ?? { kind: 'groups', groups: tenant.groups().map(({ id }) => sourceId(id)), nested: false };
    const [app] = tenant.apps();
    let pages = 0;
    await expect(
      readAll(sourceOf(graph, {}, tenant.tenantId), new Folded(), { scope }, ({ type }) => {
        // The token in use is taken to its end.
        if (type === 'place' && pages++ === 0 && app !== undefined)
          app.roles = everyRole.filter((role) => role !== 'Member.Read.Hidden');
      }),
    ).rejects.toMatchObject({ fault: 'forbidden', code: 'PermissionLost' });
  });

  it('knows at its resumption what was granted at its start', async () => {
    const tenant = graph.control.addTenant({ users: 60, groups: 8, apps: [{ roles: everyRole }] });
    const places: Resume[] = [];
    const folded = new Folded();
    await readAll(sourceOf(graph, {}, tenant.tenantId), folded, { scope: everyone }, (told) => {
      if (told.type === 'place') places.push(told.resume);
    });
    const [app] = tenant.apps();
    if (app !== undefined) app.roles = everyRole.filter((role) => role !== 'Member.Read.Hidden');
    const again = readAll(sourceOf(graph, {}, tenant.tenantId), folded, { scope: everyone, resume: places[1] ?? null });
    await expect(again).rejects.toMatchObject({ code: 'PermissionLost' });
  });

  it('begins with a proof that users are shown, whatever it reads of them', async () => {
    graph.control.addTenant({
      users: 30,
      groups: 3,
      apps: [{ roles: ['User.ReadBasic.All', 'GroupMember.Read.All'] }],
    });
    for (const watermark of [true, false])
      for (const names of [attributes, withoutManager, { user: ['displayName'], group: [] }]) {
        graph.control.resetRequests();
        await expect(messagesOf(ask({ watermark, attributes: names }))).rejects.toMatchObject(onlyNames);
        expect(requests()).toHaveLength(1);
      }
  });

  it('of some groups asks about nobody else, and believes no answer about the people in them that hides the rest', async () => {
    const roles = ['User.ReadBasic.All', 'GroupMember.Read.All'];
    const tenant = graph.control.addTenant({ users: 30, groups: 3, apps: [{ roles }] });
    const scope = { kind: 'groups', groups: tenant.groups().map(({ id }) => sourceId(id)), nested: false } as const;
    for (const watermark of [true, false])
      await expect(messagesOf(ask({ scope, watermark }))).rejects.toMatchObject(onlyNames);
    expect(requests().map(({ path }) => path)).not.toContain('/v1.0/users');
  });
});

const onlyNames = { fault: 'forbidden', code: 'PropertiesHidden', message: expect.stringContaining('User.Read.All') };
