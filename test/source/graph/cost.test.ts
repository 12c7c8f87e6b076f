/** What reading costs, counted in requests: the time of a page belongs to Graph, their number to us. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Resume, type SourceId, sourceId, type Watermark } from '../../../src/model/ids.ts';
import { everyone, type Scope } from '../../../src/model/scope.ts';
import { secret } from '../../../src/model/secret.ts';
import { batchesInFlight } from '../../../src/source/graph/batch.ts';
import { cloudOf } from '../../../src/source/graph/clouds.ts';
import { tokensFor } from '../../../src/source/graph/credentials.ts';
import { defaultLimits, sourceOver } from '../../../src/source/graph/index.ts';
import { type Transport, transportTo } from '../../../src/source/graph/transport.ts';
import { Folded } from '../../support/folded.ts';
import { everyRole, type Graph, openGraph, sourceOf } from '../../support/graph.ts';
import { attributes, readAll, withoutManager } from '../../support/reading.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph({ tenants: [], throttling: false });
});
afterAll(() => graph.close());
beforeEach(() => graph.control.resetKnobs());

/** Requests as they go over the wire, by what is asked; and what is asked inside batches. */
const sent = (): {
  readonly alone: Readonly<Record<string, number>>;
  readonly inside: number;
  readonly total: number;
} => {
  const all = graph.control.requests().filter(({ path }) => path.startsWith('/v1.0'));
  const alone = all.filter(({ method }) => !method.startsWith('BATCH'));
  const counts: Record<string, number> = {};
  for (const { path } of alone) {
    const name = path.slice('/v1.0'.length).replaceAll(/[0-9a-f-]{36}/g, '{id}');
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return { alone: counts, inside: all.length - alone.length, total: alone.length };
};

const counted = async (work: () => Promise<unknown>) => {
  graph.control.resetRequests();
  await work();
  return sent();
};

describe('a full read', () => {
  const users = 2_300;
  const groups = 45;
  const open = () => {
    const tenant = graph.control.addTenant({ users, groups, apps: [{ roles: everyRole }] });
    // Groups of more than a page: the group of everybody among them.
    const further = tenant
      .groups()
      .reduce((pages, group) => pages + Math.max(1, Math.ceil(group.members / 999)) - 1, 0);
    return { tenant, further, source: sourceOf(graph, {}, tenant.tenantId) };
  };
  const members = Math.ceil(groups / 20);
  /** Where the next round begins, of users and of groups; and whether users are shown. */
  const rounds = 3;

  it('without managers asks for a page per 999 users, a batch per 20 groups, and one batch where the next round begins and that users are shown', async () => {
    const { source, further } = open();
    const { alone, inside } = await counted(() =>
      readAll(source, new Folded(), { scope: everyone, attributes: withoutManager }),
    );
    expect(further).toBeGreaterThan(0);
    expect(alone).toEqual({
      '/users': Math.ceil(users / 999),
      '/groups': 1,
      '/$batch': members + 1,
      '/groups/{id}/members': further,
    });
    expect(inside).toBe(groups + rounds);
  });

  it('with managers asks for a page per 200 users, once each', async () => {
    const { source, further } = open();
    const { alone, inside } = await counted(() => readAll(source, new Folded(), { scope: everyone, attributes }));
    // Not one for a person, inside a batch or outside.
    expect(alone).toEqual({
      '/users/delta': Math.ceil(users / 200),
      '/groups': 1,
      '/$batch': members + 1,
      '/groups/{id}/members': further,
    });
    expect(inside).toBe(groups + rounds);
  });

  it.each([
    [
      'without managers',
      withoutManager,
      { pages: Math.ceil(users / 999) + 1, batches: members + 1, inside: groups + rounds },
    ],
    ['with managers', attributes, { pages: Math.ceil(users / 200) + 1, batches: members + 1, inside: groups + rounds }],
  ] as const)(
    'of what is known already asks for no person by themselves, %s',
    async (_, names, { pages, batches, inside }) => {
      const { source, further } = open();
      const folded = new Folded();
      const reading = { scope: everyone, attributes: names };
      await readAll(source, folded, reading);
      const again = await counted(() => readAll(source, folded, reading));
      expect(again).toMatchObject({ total: pages + batches + further, inside });
    },
  );

  it('asks for the members of a group once, and for a page per 999 of them', async () => {
    const tenant = graph.control.addTenant({ users: 0, groups: 0, apps: [{ roles: everyRole }] });
    const people = Array.from({ length: 2_100 }, (_, nth) => tenant.hire({ displayName: `Person ${nth}` }));
    tenant.createGroup({ displayName: 'Everybody', members: people });
    tenant.createGroup({ displayName: 'Few', members: people.slice(0, 10) });
    const source = sourceOf(graph, {}, tenant.tenantId);
    const { alone, inside } = await counted(() =>
      readAll(source, new Folded(), { scope: everyone, attributes: withoutManager }),
    );
    expect(inside).toBe(2 + 3);
    expect(alone).toMatchObject({ '/$batch': 2, '/groups/{id}/members': Math.ceil(people.length / 999) - 1 });
  });

  it('that goes on from a place asks once more for what was under way there, and for nothing else', async () => {
    const tenant = graph.control.addTenant({ users: 4_000, groups: 600, apps: [{ roles: everyRole }] });
    const source = sourceOf(graph, {}, tenant.tenantId);
    const reading = { scope: everyone, attributes: withoutManager };
    const places: Resume[] = [];
    const whole = await counted(() => readAll(source, new Folded(), reading));
    class Stopped extends Error {}
    const folded = new Folded();
    const begun = await counted(() =>
      readAll(source, folded, reading, (told) => {
        if (told.type === 'place' && places.push(told.resume) === 9) throw new Stopped();
      }).catch((error: unknown) => {
        if (!(error instanceof Stopped)) throw error;
      }),
    );
    const rest = await counted(() => readAll(source, folded, { ...reading, resume: places.at(-1) ?? null }));
    // A page of users in hand and one ahead, the page of groups, and the batches of members that were on their way.
    const underWay = 2 + 1 + batchesInFlight;
    expect(rest.total).toBeLessThan(whole.total);
    expect(begun.total + rest.total).toBeGreaterThanOrEqual(whole.total);
    expect(begun.total + rest.total - whole.total).toBeLessThanOrEqual(underWay);
  });
});

describe('a delta read', () => {
  const open = async () => {
    const tenant = graph.control.addTenant({ users: 1_000, groups: 5, apps: [{ roles: everyRole }] });
    const source = sourceOf(graph, {}, tenant.tenantId);
    const folded = new Folded();
    const from = await readAll(source, folded, { scope: everyone });
    return { tenant, source, folded, from };
  };

  it('of nothing asks twice', async () => {
    const { source, folded, from } = await open();
    expect(await counted(() => readAll(source, folded, { scope: everyone, from }))).toMatchObject({
      total: 2,
      inside: 0,
    });
  });

  it.each([1, 200, 201, 450])(
    'of %i changed people asks for a page per 200 of them, whoever else is there',
    async (changed) => {
      const { tenant, source, folded, from } = await open();
      for (const id of tenant.users().slice(0, changed)) tenant.update(id, { department: `Room ${id}` });
      const { alone, total, inside } = await counted(() => readAll(source, folded, { scope: everyone, from }));
      expect(alone).toMatchObject({ '/users/delta': Math.ceil(changed / 200), '/groups/delta': 1 });
      expect({ total, inside }).toEqual({ total: Math.ceil(changed / 200) + 1, inside: 0 });
    },
  );

  it('of changed members asks for no group and no member by themselves', async () => {
    const { tenant, source, folded, from } = await open();
    const crew = tenant.createGroup({ displayName: 'Crew' });
    const next = await readAll(source, folded, { scope: everyone, from });
    for (const id of tenant.users().slice(0, 30)) tenant.join(crew, id);
    expect(await counted(() => readAll(source, folded, { scope: everyone, from: next }))).toMatchObject({
      total: 2,
      inside: 0,
    });
  });

  it('of people who are hired into a group asks for the groups above them, and who reports to them, twenty to a batch, and for no list of members', async () => {
    const { tenant, source, folded, from } = await open();
    const [team] = tenant.groups();
    const [manager = ''] = tenant.users();
    for (let nth = 0; nth < 30; nth += 1)
      tenant.join(team?.id ?? '', tenant.hire({ displayName: `New ${nth}`, manager }));
    expect(await counted(() => readAll(source, folded, { scope: everyone, from }))).toMatchObject({
      alone: { '/users/delta': 1, '/groups/delta': 1, '/$batch': 2 + 2 },
      total: 6,
      inside: 60,
    });
  });
});

describe('a delta read of who comes and goes', () => {
  const open = async (scopeOf: (pilot: SourceId) => Scope) => {
    const tenant = graph.control.addTenant({ users: 300, groups: 0, apps: [{ roles: everyRole }] });
    const [first = '', second = '', ...others] = tenant.users();
    const pilot = sourceId(tenant.createGroup({ displayName: 'Pilot', members: [first, second] }));
    const source = sourceOf(graph, {}, tenant.tenantId);
    const folded = new Folded();
    const scope = scopeOf(pilot);
    const from = await readAll(source, folded, { scope });
    return { tenant, source, folded, from, scope, pilot, members: [first, second], others };
  };
  const only = (pilot: SourceId): Scope => ({ kind: 'groups', groups: [pilot], nested: false });

  it('asks of whoever is new for their groups, twenty to a batch, and for no list where the groups told the same', async () => {
    const { tenant, source, folded, from, scope, pilot } = await open(() => everyone);
    for (let nth = 0; nth < 30; nth += 1) tenant.join(pilot, tenant.hire({ displayName: `Joined ${nth}` }));
    for (let nth = 0; nth < 25; nth += 1) tenant.hire({ displayName: `Alone ${nth}` });
    // Their groups, their managers, of whom nothing is said, and who reports to them.
    expect(await counted(() => readAll(source, folded, { scope, from }))).toMatchObject({ total: 2 + 9, inside: 165 });
  });

  it('of a test group asks for the groups of strangers, twenty to a batch, and for nothing about its members but who joined', async () => {
    const { tenant, source, folded, from, scope, pilot, members, others } = await open(only);
    for (const id of members) tenant.update(id, { department: `Room ${id}` });
    let next: Watermark | null = null;
    const afterMembers = await counted(async () => {
      next = await readAll(source, folded, { scope, from });
    });
    expect(afterMembers).toMatchObject({ total: 2, inside: 0 });
    for (const id of others.slice(0, 45)) tenant.update(id, { department: `Room ${id}` });
    tenant.join(pilot, others[0] ?? '');
    const { alone, inside } = await counted(() => readAll(source, folded, { scope, from: next }));
    // One of them joined: read whole, with their manager, and asked for other groups of the scope, and for who reports to them.
    expect(alone).toMatchObject({ '/$batch': 3 + Math.ceil(44 / 20), '/directoryObjects/getByIds': 1 });
    expect(inside).toBe(3 + 44);
  });

  it('asks once, soon after a full read, for the groups and the reports of whoever is shown as they are stored, and for no list where all are stored', async () => {
    const { tenant, source, folded, from, scope, members } = await open(() => everyone);
    const [away = ''] = members;
    tenant.softDelete(away);
    tenant.restore(away);
    expect(await counted(() => readAll(source, folded, { scope, from }))).toMatchObject({ total: 2 + 2, inside: 2 });
    await graph.clock.sleep(3_600_000, new AbortController().signal);
    expect(await counted(() => readAll(source, folded, { scope, from }))).toMatchObject({ inside: 0 });
  });

  it('a-group-of-everybody-read-for-one: soon after a full read, reads no more of a group in which somebody is through another one than one answer holds', async () => {
    const { tenant, source, folded, scope, members, others } = await open(() => everyone);
    const team = tenant.createGroup({ displayName: 'Team', members });
    tenant.createGroup({ displayName: 'Everybody', members: [...others, team] });
    graph.control.setKnobs({ listPageCap: 20 });
    const from = await readAll(source, folded, { scope });
    const [away = ''] = members;
    tenant.softDelete(away);
    tenant.restore(away);
    const { alone, inside } = await counted(() => readAll(source, folded, { scope, from }));
    // The groups above, the first of everybody, and who reports to them.
    expect(alone).toEqual({ '/users/delta': 1, '/groups/delta': 1, '/$batch': 3 });
    expect(inside).toBe(3);
  });

  it('a-group-of-everybody-read-for-a-hire: reads no more of a group in which a hire is through another one than one answer holds', async () => {
    const { tenant, source, folded, scope, members, others } = await open(() => everyone);
    const team = tenant.createGroup({ displayName: 'Team', members });
    tenant.createGroup({ displayName: 'Everybody', members: [...others, team] });
    graph.control.setKnobs({ listPageCap: 20 });
    const from = await readAll(source, folded, { scope });
    for (const displayName of ['Gil Holm', 'Ida Juhl'])
      tenant.join(team, tenant.hire({ displayName, manager: members[0] ?? '' }));
    const { alone, inside } = await counted(() => readAll(source, folded, { scope, from }));
    // The groups above each, the first of everybody, and who reports to each.
    expect(alone).toEqual({ '/users/delta': 1, '/groups/delta': 1, '/$batch': 3 });
    expect(inside).toBe(2 + 1 + 2);
  });

  it('reads the lists that hold somebody who came back, and no others', async () => {
    const { tenant, source, folded, scope, members } = await open(only);
    tenant.createGroup({ displayName: 'Other', members });
    tenant.softDelete(members[0] ?? '');
    const from = await readAll(source, folded, { scope });
    tenant.restore(members[0] ?? '');
    const { alone, inside } = await counted(() => readAll(source, folded, { scope, from }));
    expect(alone).toEqual({
      '/users/delta': 1,
      '/groups/delta': 1,
      '/$batch': 4,
      '/directoryObjects/getByIds': 1,
    });
    // The groups above, the list of the one in the scope, the manager, and who reports to them.
    expect(inside).toBe(4);
  });
});

describe('a read of a test group', () => {
  it('asks for a thousand of its people at a time, and for each manager once, twenty to a batch', async () => {
    const tenant = graph.control.addTenant({ users: 400, groups: 0, apps: [{ roles: everyRole }] });
    const people = tenant.users().slice(0, 250);
    const pilot = sourceId(tenant.createGroup({ displayName: 'Pilot', members: people }));
    const source = sourceOf(graph, {}, tenant.tenantId);
    const scope: Scope = { kind: 'groups', groups: [pilot], nested: false };
    const read = (names: typeof attributes, from: Watermark | null = null) =>
      counted(() => readAll(source, new Folded(), { scope, attributes: names, from }));
    expect(await read(withoutManager)).toMatchObject({
      alone: { '/directoryObjects/getByIds': 2, '/$batch': 2 },
      total: 4,
      inside: 3,
    });
    expect(await read(attributes)).toMatchObject({ total: 4 + Math.ceil(250 / 20), inside: 3 + 250 });
  });
});

describe('batches under way at once', () => {
  // 4 × 20 × 2 units: what a large tenant's limit lets through in 200 ms (docs/decisions/0009).
  it('are four for the members of many groups, and never more', async () => {
    expect(batchesInFlight).toBe(4);
    const tenant = graph.control.addTenant({ users: 10, groups: 200, apps: [{ roles: everyRole }] });
    const { source, batches } = watched(tenant.tenantId);
    await readAll(source, new Folded(), { scope: everyone, attributes });
    // Where the next round begins, and the members.
    expect(batches()).toEqual({ sent: 1 + 10, most: 4, left: 0 });
  });

  it('are four for the managers of many people, and never more', async () => {
    const tenant = graph.control.addTenant({ users: 400, groups: 0, apps: [{ roles: everyRole }] });
    const pilot = tenant.createGroup({ displayName: 'Pilot', members: tenant.users().slice(0, 250) });
    const { source, batches } = watched(tenant.tenantId);
    const scope: Scope = { kind: 'groups', groups: [sourceId(pilot)], nested: false };
    await readAll(source, new Folded(), { scope, attributes });
    // Where the next round begins, the group itself, and the managers.
    expect(batches()).toEqual({ sent: 2 + Math.ceil(250 / 20), most: 4, left: 0 });
  });
});

/** A source whose transport counts the batches that were sent and are not answered yet. */
const watched = (tenantId: string) => {
  const app = graph.control.tenants().find((one) => one.tenantId === tenantId)?.apps[0];
  if (app === undefined) throw new Error('The simulator has no such tenant.');
  const cloud = cloudOf('custom', { custom: { loginUrl: graph.origin, graphUrl: graph.origin } });
  const proof = { kind: 'client_secret', secret: secret(app.clientSecret) } as const;
  const registrant = 'customer_it';
  const direct = transportTo(cloud.graphUrl, defaultLimits);
  const counts = { sent: 0, most: 0, left: 0 };
  const send: Transport['send'] = async (call, signal) => {
    if (!call.url.endsWith('/$batch')) return await direct.send(call, signal);
    counts.sent += 1;
    counts.left += 1;
    counts.most = Math.max(counts.most, counts.left);
    try {
      return await direct.send(call, signal);
    } finally {
      counts.left -= 1;
    }
  };
  const source = sourceOver({
    graphUrl: cloud.graphUrl,
    tenantId,
    registrant,
    application: null,
    permissionsUrl: null,
    tokens: tokensFor({ cloud, tenantId, clientId: app.clientId, proof, registrant }, graph.clock.now),
    transport: { send, sent: () => direct.sent() },
    limits: defaultLimits,
    world: graph.clock,
    onRequest: () => {},
  });
  return { source, batches: () => ({ ...counts }) };
};
