import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Answer } from '../../../simulator/graph/index.ts';
import type { OffBy } from '../../../src/core/switch.ts';
import type { SourceFault } from '../../../src/model/errors.ts';
import { type SourceId, sourceId } from '../../../src/model/ids.ts';
import { everyone, type Scope } from '../../../src/model/scope.ts';
import { group, user } from '../../../src/model/source-object.ts';
import type { Standing } from '../../../src/source/source.ts';
import { everyRole, type Graph, openGraph, sourceOf } from '../../support/graph.ts';
import { never } from '../../support/reading.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph({ tenants: [{ users: 60, apps: [{ roles: everyRole }] }] });
});
afterAll(() => graph.close());
beforeEach(() => {
  graph.control.clearFaults();
  graph.control.resetRequests();
});

const tenant = () => graph.control.tenant();
const fault = (path: string, answer: Answer) => graph.control.fault({ path, times: null, fault: answer });
const standingOf = async (id: SourceId, scope: Scope = everyone): Promise<Standing | undefined> =>
  (await sourceOf(graph, {}, tenant().tenantId).confirm([user(id)], scope, never)).get(id);

const somebody = (): SourceId => sourceId(tenant().hire());

describe('asking again about people', () => {
  it('does not take an answer that leaves somebody out for their absence', async () => {
    const id = somebody();
    fault('getByIds', { answer: 'empty_list' });
    expect(await standingOf(id)).toBe('present');
  });

  it.each<[string, string, Answer]>([
    ['the answer is cut off', 'getByIds', { answer: 'truncated' }],
    [
      'a permission is missing',
      'getByIds',
      { answer: 'error', status: 403, code: 'Authorization_RequestDenied', message: '' },
    ],
  ])('is unsure when %s', async (_, path, answer) => {
    const id = somebody();
    tenant().hardDelete(id);
    fault(path, answer);
    expect(await standingOf(id)).toBe('unsure');
  });

  it.each<[string, string, Answer, SourceFault]>([
    ['Graph is away', '^/v1', { answer: 'unavailable', retryAfter: null }, 'unavailable'],
    ['Graph throttles', '^/v1', { answer: 'throttled', retryAfter: { seconds: 60 } }, 'throttled'],
    ['the token is refused', '/token', { answer: 'aadsts', code: 7000215 }, 'unauthorized'],
  ])('says so when %s: that is about the tenant, not about these people', async (_, path, answer, expected) => {
    const id = somebody();
    tenant().hardDelete(id);
    fault(path, answer);
    await expect(standingOf(id)).rejects.toMatchObject({ name: 'SourceError', fault: expected });
  });

  it('is unsure about an absence that an error, not a 404, explains', async () => {
    const id = somebody();
    fault('getByIds', { answer: 'empty_list' });
    fault(`/users/${id}`, { answer: 'error', status: 403, code: 'Authorization_RequestDenied', message: '' });
    expect(await standingOf(id)).toBe('unsure');
  });

  it('is unsure when it may not see whether somebody is disabled', async () => {
    const blind = graph.control.addTenant({ users: 2, groups: 1, apps: [{ roles: ['GroupMember.Read.All'] }] });
    const [id = ''] = blind.users();
    const answer = await sourceOf(graph, {}, blind.tenantId).confirm([user(sourceId(id))], everyone, never);
    expect([...answer.values()]).toEqual(['unsure']);
  });

  it('off-by-another-attribute: asks for what the mapping takes for the switch in the same request, and alone where somebody is left out', async () => {
    const from = 'onPremisesExtensionAttributes.extensionAttribute1';
    const by: OffBy = { attribute: from, isOff: (now) => now.attributes[from] === 'false' };
    const id = somebody();
    tenant().update(id, { onPremisesExtensionAttributes: { extensionAttribute1: 'false' } });
    const other = somebody();
    const source = sourceOf(graph, {}, tenant().tenantId);
    const ask = async () => [...(await source.confirm([user(id), user(other)], everyone, never, by)).values()];
    graph.control.resetRequests();
    expect(await ask()).toEqual(['disabled', 'present']);
    const sent = graph.control.requests().filter(({ path }) => path.startsWith('/v1.0'));
    expect(sent.length).toBe(1);
    fault('getByIds', { answer: 'empty_list' });
    expect(await ask()).toEqual(['disabled', 'present']);
    // A switch that is not shown is a permission that was lost, and nothing else that is shown is believed either.
    graph.control.clearFaults();
    fault('getByIds', { answer: 'blank', properties: ['accountEnabled'] });
    expect(await ask()).toEqual(['unsure', 'unsure']);
  });

  it('names nobody as deleted on an answer that failed, and passes on what is about the tenant', async () => {
    const id = somebody();
    tenant().softDelete(id);
    const source = sourceOf(graph, {}, tenant().tenantId);
    expect(await source.deletions([user(id)], never)).toEqual(new Set([id]));
    fault('deletedItems', { answer: 'error', status: 403, code: 'Authorization_RequestDenied', message: '' });
    expect(await source.deletions([user(id)], never)).toEqual(new Set());
    fault('^/v1', { answer: 'unavailable', retryAfter: null });
    await expect(source.deletions([user(id)], never)).rejects.toMatchObject({ fault: 'unavailable' });
  });

  it('asks about thousands in a few requests', async () => {
    const source = sourceOf(graph, {}, tenant().tenantId);
    const refs = tenant()
      .users()
      .map((id) => user(sourceId(id)));
    const answer = await source.confirm(refs, everyone, never);
    expect(new Set(answer.values())).toContain('present');
    expect(answer.size).toBe(refs.length);
    const sent = graph.control
      .requests()
      .filter(({ path, method }) => path.startsWith('/v1.0') && !method.startsWith('BATCH'));
    expect(sent.length).toBe(1);
  });
});

describe('asking who is in a group', () => {
  const everyoneIn = (team: SourceId) => sourceOf(graph, {}, tenant().tenantId).everyoneIn([team], never);
  const team = (members: readonly SourceId[], name = 'Executives') =>
    sourceId(tenant().createGroup({ displayName: name, members: [...members] }));

  it('is refused for a group that hides its members, also one inside of it', async () => {
    const hiding = graph.control.addTenant({ users: 5 });
    const [id = ''] = hiding.users();
    const secret = hiding.createGroup({ displayName: 'Secret', members: [id], unified: true, hidden: true });
    const outer = hiding.createGroup({ displayName: 'Outer', members: [secret] });
    const source = sourceOf(graph, {}, hiding.tenantId);
    for (const one of [secret, outer])
      await expect(source.everyoneIn([sourceId(one)], never)).rejects.toMatchObject({ code: 'MembersHidden' });
  });

  it('takes no answer that failed for an empty group', async () => {
    const executives = team([somebody()]);
    fault(`/groups/${executives}/members`, {
      answer: 'error',
      status: 403,
      code: 'Authorization_RequestDenied',
      message: '',
    });
    await expect(everyoneIn(executives)).rejects.toMatchObject({ fault: 'forbidden' });
    fault('^/v1', { answer: 'unavailable', retryAfter: null });
    await expect(everyoneIn(executives)).rejects.toMatchObject({ fault: 'unavailable' });
  });

  it('asks a level of groups in a few requests', async () => {
    const inner = Array.from({ length: 15 }, (_, nth) => team([somebody()], `Team of ${nth}`));
    const outer = team(inner, 'All teams');
    expect(await everyoneIn(outer)).toHaveLength(30);
    expect(await sourceOf(graph, {}, tenant().tenantId).everyoneIn(inner, never)).toHaveLength(15);
    const sent = graph.control
      .requests()
      .filter(({ path, method }) => path.startsWith('/v1.0') && !method.startsWith('BATCH'));
    expect(sent.length).toBeLessThanOrEqual(6);
  });
});

describe('asking again about a scope', () => {
  it('is unsure about everybody when the group of the scope is gone', async () => {
    const id = somebody();
    const team = sourceId(tenant().createGroup({ displayName: 'Short-lived', members: [id] }));
    tenant().deleteGroup(team);
    const scope: Scope = { kind: 'groups', groups: [team], nested: false };
    expect(await standingOf(id, scope)).toBe('unsure');
    expect(await sourceOf(graph, {}, tenant().tenantId).confirmMembers(team, [user(id)], never)).toEqual(new Map());
  });

  it('is unsure about a group that hides its members', async () => {
    const hiding = graph.control.addTenant({ users: 5 });
    const [id = ''] = hiding.users();
    const team = sourceId(hiding.createGroup({ displayName: 'Secret', members: [id], unified: true, hidden: true }));
    const source = sourceOf(graph, {}, hiding.tenantId);
    expect(await source.confirmMembers(team, [user(sourceId(id))], never)).toEqual(new Map());
  });

  it('a-hidden-group-has-no-members: is unsure about a group that shows nothing of itself', async () => {
    const id = somebody();
    const team = sourceId(tenant().createGroup({ displayName: 'Hidden', members: [id] }));
    const source = sourceOf(graph, {}, tenant().tenantId);
    expect(await source.confirmMembers(team, [user(id)], never)).toEqual(new Map([[id, true]]));
    fault('getByIds', { answer: 'blank', properties: ['displayName', 'visibility'], of: team });
    fault('checkMemberGroups', { answer: 'empty_list' });
    fault(`/groups/${team}/members`, { answer: 'empty_list' });
    expect(await source.confirmMembers(team, [user(id)], never)).toEqual(new Map());
    const scope: Scope = { kind: 'groups', groups: [team], nested: false };
    expect(await standingOf(id, scope)).toBe('unsure');
    await expect(source.everyoneIn([team], never)).rejects.toMatchObject({ code: 'PropertiesHidden' });
  });

  it('says nothing about somebody who is not found, for whoever asks was shown them a moment ago', async () => {
    const id = somebody();
    const team = sourceId(tenant().createGroup({ displayName: 'Team', members: [id] }));
    fault('checkMemberGroups', { answer: 'error', status: 404, code: 'Request_ResourceNotFound', message: '' });
    expect(await sourceOf(graph, {}, tenant().tenantId).confirmMembers(team, [user(id)], never)).toEqual(new Map());
    const scope: Scope = { kind: 'groups', groups: [team], nested: false };
    expect(await standingOf(id, scope)).toBe('unsure');
  });

  it('says nothing about somebody it may not ask for', async () => {
    const id = somebody();
    const team = sourceId(tenant().createGroup({ displayName: 'Team 2', members: [id] }));
    fault('checkMemberGroups', { answer: 'error', status: 403, code: 'Authorization_RequestDenied', message: '' });
    const answer = await sourceOf(graph, {}, tenant().tenantId).confirmMembers(team, [user(id)], never);
    expect(answer).toEqual(new Map());
  });

  it('does not take a part of the list of members, with every sign of success, for the whole', async () => {
    const [one, two] = [somebody(), somebody()];
    const team = sourceId(tenant().createGroup({ displayName: 'Team 3', members: [one, two] }));
    fault(`/groups/${team}/members`, { answer: 'part', share: 0 });
    const answer = await sourceOf(graph, {}, tenant().tenantId).confirmMembers(team, [user(one), user(two)], never);
    expect(answer).toEqual(new Map([one, two].map((id) => [id, true])));
  });

  it('tells a member from who is in it through another group, by their own list', async () => {
    const id = somebody();
    const inner = sourceId(tenant().createGroup({ displayName: 'Inner', members: [id] }));
    const outer = sourceId(tenant().createGroup({ displayName: 'Outer', members: [inner] }));
    const source = sourceOf(graph, {}, tenant().tenantId);
    expect(await source.confirmMembers(outer, [user(id), group(inner)], never)).toEqual(
      new Map([
        [id, false],
        [inner, true],
      ]),
    );
  });

  it('is unsure about somebody whom neither list shows, and no group in it has: one of the three is not true', async () => {
    const id = somebody();
    const inner = sourceId(tenant().createGroup({ displayName: 'Inner 2', members: [somebody()] }));
    const team = sourceId(tenant().createGroup({ displayName: 'Team 6', members: [id, inner] }));
    fault(`/groups/${team}/members`, { answer: 'part', share: 0 });
    fault(`/users/${id}/memberOf`, { answer: 'empty_list' });
    expect(await sourceOf(graph, {}, tenant().tenantId).confirmMembers(team, [user(id)], never)).toEqual(new Map());
  });

  it('is unsure about somebody whom one of the groups cannot tell, and no other has', async () => {
    const id = somebody();
    const teams = ['Team 4', 'Team 5'].map((displayName) =>
      sourceId(tenant().createGroup({ displayName, members: [] })),
    );
    const scope: Scope = { kind: 'groups', groups: teams, nested: false };
    expect(await standingOf(id, scope)).toBe('out_of_scope');
    graph.control.fault({
      path: `/users/${id}/checkMemberGroups`,
      times: 1,
      fault: { answer: 'error', status: 403, code: 'Authorization_RequestDenied', message: '' },
    });
    expect(await standingOf(id, scope)).toBe('unsure');
  });
});
