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

  it('refuses attributes that are not names', async () => {
    graph.control.addTenant({ users: 1 });
    const asked = ask({ attributes: { user: ['id&$filter=x'], group: [] } });
    await expect(messagesOf(asked)).rejects.toMatchObject({ fault: 'forbidden', code: 'UnknownAttribute' });
  });

  it('does not take hidden properties for cleared ones', async () => {
    const tenant = graph.control.addTenant({ users: 3, groups: 1, apps: [{ roles: ['GroupMember.Read.All'] }] });
    const [first] = tenant.groups();
    const scope = { kind: 'groups', groups: [sourceId(first?.id ?? '')], nested: false } as const;
    await expect(messagesOf(ask({ scope, watermark: false }))).rejects.toMatchObject({
      fault: 'forbidden',
      code: 'PropertiesHidden',
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
});
