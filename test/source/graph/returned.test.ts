/** Who is back from the recycle bin, whoever reports to them, and the groups they are in: Graph shows nobody's manager as long as that one is in it. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Resume, sourceId, type Watermark } from '../../../src/model/ids.ts';
import { everyone, type Scope } from '../../../src/model/scope.ts';
import { group, user } from '../../../src/model/source-object.ts';
import { Folded } from '../../support/folded.ts';
import { everyRole, type Graph, openGraph, sourceOf } from '../../support/graph.ts';
import { attributes, never, type Reading, readAll, type Told, withoutManager } from '../../support/reading.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph({ tenants: [], throttling: false });
});
afterAll(() => graph.close());
beforeEach(() => {
  graph.control.resetKnobs();
  graph.control.clearFaults();
});

const open = async (names = attributes) => {
  const tenant = graph.control.addTenant({ users: 0, groups: 0, apps: [{ roles: everyRole }] });
  const boss = sourceId(tenant.hire({ displayName: 'Ada Berg' }));
  const team = ['Ben Cole', 'Cleo Dunn', 'Dov Ek', 'Eva Falk', 'Finn Gray'].map((displayName) =>
    sourceId(tenant.hire({ displayName, manager: boss })),
  );
  const source = sourceOf(graph, {}, tenant.tenantId);
  const folded = new Folded();
  const read = (from: Watermark | null = null) => readAll(source, folded, { scope: everyone, attributes: names, from });
  const managers = (): readonly unknown[] => team.map((id) => folded.view(everyone).users[id]?.['manager'] ?? null);
  return { tenant, boss, team, folded, source, read, managers };
};
class Stopped extends Error {}

/** Reads until something that was told is stored, and breaks off there: the place to go on from. */
const readUntil = async (
  source: ReturnType<typeof sourceOf>,
  folded: Folded,
  reading: Reading,
  isIt: (told: Told) => boolean,
): Promise<Resume> => {
  const place: { resume: Resume | null } = { resume: null };
  let isTold = false;
  await readAll(source, folded, reading, (told) => {
    isTold ||= isIt(told);
    if (told.type !== 'place' || !isTold) return;
    place.resume = told.resume;
    throw new Stopped();
  }).catch((error: unknown) => {
    if (!(error instanceof Stopped)) throw error;
  });
  if (place.resume === null) throw new Error('The read came to its end.');
  return place.resume;
};

const reportsAsked = (): number =>
  graph.control.requests().filter(({ path }) => path.includes('/directReports')).length;

describe('somebody who is new, and of whom a change does not say whether they are switched on', () => {
  it('is asked for, and is not nobody until the next full read', async () => {
    const { tenant, boss, folded, read } = await open();
    const watermark = await read();
    const hire = sourceId(tenant.hire({ displayName: 'Gil Holm', manager: boss }));
    graph.control.fault({
      path: '/users/delta',
      times: null,
      fault: { answer: 'without', properties: ['accountEnabled'] },
    });
    await read(watermark);
    expect(folded.view(everyone).users[hire]).toMatchObject({
      displayName: 'Gil Holm',
      accountEnabled: true,
      manager: boss,
    });
  });
});

describe('somebody who is back from the recycle bin', () => {
  it('is asked for who reports to them, however many that are', async () => {
    const { tenant, boss, team, read, managers } = await open();
    tenant.softDelete(boss);
    const from = await read();
    expect(managers()).toEqual(team.map(() => null));
    tenant.restore(boss);
    graph.control.setKnobs({ listPageCap: 2 });
    await read(from);
    expect(managers()).toEqual(team.map(() => boss));
  });

  it('so is who was away while some were read only; who reports to somebody else meanwhile keeps that one', async () => {
    const { tenant, boss, team, folded, read, managers } = await open();
    const from = await read();
    tenant.softDelete(boss);
    // As if these had been read now.
    for (const id of team) folded.apply({ type: 'upsert', ref: user(id), attributes: { manager: null }, whole: false });
    tenant.restore(boss);
    const other = sourceId(tenant.hire({ displayName: 'Gil Hart' }));
    tenant.move(team[0] ?? '', { manager: other });
    await read(from);
    expect(managers()).toEqual(team.map((_, nth) => (nth === 0 ? other : boss)));
  });

  it('and is gone again by then, holds nothing up', async () => {
    const { tenant, boss, team, read, managers } = await open();
    tenant.softDelete(boss);
    const from = await read();
    tenant.restore(boss);
    graph.control.fault({
      path: '/directReports',
      times: 1,
      fault: { answer: 'error', status: 404, code: 'Request_ResourceNotFound', message: '' },
    });
    await read(from);
    expect(managers()).toEqual(team.map(() => null));
  });

  it('is asked for everything again where a read broke off before all of it was known', async () => {
    const { tenant, boss, team, read, managers } = await open();
    tenant.softDelete(boss);
    const from = await read();
    await graph.clock.sleep(3_600_000, never);
    tenant.restore(boss);
    graph.control.fault({
      path: '/directReports',
      times: null,
      fault: { answer: 'error', status: 403, code: 'Authorization_RequestDenied', message: '' },
    });
    await expect(read(from)).rejects.toThrow();
    graph.control.clearFaults();
    await read(from);
    expect(managers()).toEqual(team.map(() => boss));
  });

  it.each([1, 2])(
    'whose list is behind is nobody’s manager who was told to have none, by that turn of the read or the one before (%i)',
    async (turns) => {
      const { tenant, boss, team, folded, source, read, managers } = await open();
      tenant.softDelete(boss);
      const from = await read();
      const [left = boss, ...others] = team;
      tenant.move(left, { manager: null });
      tenant.restore(boss);
      graph.control.setKnobs({ deltaPageSize: 1, listPageCap: 2 });
      const behind = { '@odata.type': '#microsoft.graph.user', id: left };
      graph.control.fault({ path: '/directReports', times: null, fault: { answer: 'with', objects: [behind] } });
      const reading = { scope: everyone, attributes, from };
      const isTold = (told: Told): boolean => told.type === 'upsert' && told.ref.id === left;
      const resume = turns === 2 ? await readUntil(source, folded, reading, isTold) : null;
      await readAll(source, folded, { ...reading, resume });
      expect(managers()).toEqual([null, ...others.map(() => boss)]);
    },
  );

  it('is in their groups again where a full read told the groups before, and everybody after', async () => {
    const { tenant, boss, team, folded, source, read } = await open();
    const crew = sourceId(tenant.createGroup({ displayName: 'Crew', members: [boss, ...team] }));
    tenant.softDelete(boss);
    graph.control.fault({
      path: '/users/delta\\?(?!\\$deltatoken=latest)',
      times: null,
      fault: { answer: 'unavailable', retryAfter: null },
    });
    const reading = { scope: everyone, attributes };
    let resume: Resume | null = null;
    await readAll(source, folded, reading, (told) => {
      if (told.type !== 'place' || folded.view(everyone).groups[crew] === undefined) return;
      resume = told.resume;
      throw new Stopped();
    }).catch((error: unknown) => {
      if (!(error instanceof Stopped)) throw error;
    });
    expect(resume).not.toBeNull();
    graph.control.clearFaults();
    tenant.restore(boss);
    await read(await readAll(source, folded, { ...reading, resume }));
    expect(folded.view(everyone).members[crew]).toContain(boss);
  });

  it('is in a group by themselves again whose list was read while they were away, also where they are in it through another one', async () => {
    const { tenant, boss, team, folded, read } = await open();
    const inner = sourceId(tenant.createGroup({ displayName: 'Inner', members: [boss] }));
    const outer = sourceId(tenant.createGroup({ displayName: 'Outer', members: [boss, ...team, inner] }));
    const from = await read();
    tenant.softDelete(boss);
    // As if this list had been read now.
    folded.apply({ type: 'members', group: group(outer), members: { added: [], removed: [user(boss)] } });
    tenant.restore(boss);
    await read(from);
    expect(folded.view(everyone).members[outer]).toContain(boss);
  });

  it('a-list-that-is-behind-an-earlier-round: is not put back into a group that a round before told them to have left', async () => {
    const { tenant, boss, team, folded, read } = await open();
    const inner = sourceId(tenant.createGroup({ displayName: 'Inner', members: [boss] }));
    const outer = sourceId(tenant.createGroup({ displayName: 'Outer', members: [boss, ...team, inner] }));
    const from = await read();
    tenant.leave(outer, boss);
    const next = await read(from);
    tenant.softDelete(boss);
    // As if this list had been read now.
    folded.apply({ type: 'members', group: group(inner), members: { added: [], removed: [user(boss)] } });
    tenant.restore(boss);
    graph.control.setKnobs({ listPageCap: 2 });
    const behind = { '@odata.type': '#microsoft.graph.user', id: boss };
    graph.control.fault({ path: `/${outer}/members`, times: null, fault: { answer: 'with', objects: [behind] } });
    await read(next);
    expect(folded.view(everyone).members).toEqual({ [outer]: [...team, inner].toSorted(), [inner]: [boss] });
  });

  it('is in a group again that somebody put them back into after they had left it', async () => {
    const { tenant, boss, team, folded, read } = await open();
    const crew = sourceId(tenant.createGroup({ displayName: 'Crew', members: [boss, ...team] }));
    const from = await read();
    tenant.leave(crew, boss);
    const next = await read(from);
    tenant.join(crew, boss);
    await read(next);
    expect(folded.view(everyone).members[crew]).toContain(boss);
  });

  it('is not asked where managers are not read', async () => {
    const { tenant, boss, read } = await open(withoutManager);
    tenant.softDelete(boss);
    const from = await read();
    tenant.restore(boss);
    graph.control.resetRequests();
    await read(from);
    expect(reportsAsked()).toBe(0);
  });
});

describe('hired-away-and-joined: somebody who was hired before a full read, away during it, and back in the round that tells that they joined a group', () => {
  const scopes = ['everybody', 'the groups'] as const;
  const away = async (of: (typeof scopes)[number]) => {
    const tenant = graph.control.addTenant({ users: 0, groups: 0, apps: [{ roles: everyRole }] });
    const [first = '', second = '', chief = ''] = ['Ann Berg', 'Ben Cole', 'Chi Dorn'].map((displayName) =>
      tenant.hire({ displayName }),
    );
    const hire = sourceId(tenant.hire({ displayName: 'Gil Holm', manager: chief }));
    tenant.move(second, { manager: hire });
    const [staff, choir] = [
      { displayName: 'All Employees', members: [first, second, chief, hire] },
      { displayName: 'Choir', members: [first] },
    ].map((named) => sourceId(tenant.createGroup(named)));
    if (staff === undefined || choir === undefined) throw new Error('The tenant has no groups.');
    const scope: Scope = of === 'everybody' ? everyone : { kind: 'groups', groups: [staff, choir], nested: true };
    const source = sourceOf(graph, {}, tenant.tenantId);
    const folded = new Folded();
    tenant.softDelete(hire);
    const from = await readAll(source, folded, { scope, attributes });
    await graph.clock.sleep(3_600_000, never);
    tenant.restore(hire);
    return { tenant, first, second, chief, hire, staff, choir, scope, folded, source, from };
  };
  /** With a group in one of them that is away while everybody is read once more. */
  const withCrewAway = async () => {
    const made = await away('the groups');
    const { tenant, hire, staff, scope, folded, source } = made;
    const crew = sourceId(tenant.createGroup({ displayName: 'Crew', members: [hire] }));
    tenant.join(staff, crew);
    tenant.softDelete(crew);
    const from = await readAll(source, folded, { scope, attributes });
    await graph.clock.sleep(3_600_000, never);
    return { ...made, crew, from };
  };

  it.each(scopes)('is in the others again, too, with their manager and whoever reports to them (%s)', async (of) => {
    const { tenant, first, second, chief, hire, staff, choir, scope, folded, source, from } = await away(of);
    tenant.join(choir, hire);
    await readAll(source, folded, { scope, attributes, from });
    const { users, members } = folded.view(scope);
    expect(members).toMatchObject({
      [staff]: [first, second, chief, hire].toSorted(),
      [choir]: [first, hire].toSorted(),
    });
    expect([users[hire]?.['manager'], users[second]?.['manager']]).toEqual([chief, hire]);
  });

  it.each(scopes)('also where that group was made in the same round, and is in one of the others (%s)', async (of) => {
    const { tenant, first, second, chief, hire, staff, choir, scope, folded, source, from } = await away(of);
    const crew = sourceId(tenant.createGroup({ displayName: 'Crew', members: [hire] }));
    tenant.join(choir, crew);
    await readAll(source, folded, { scope, attributes, from });
    expect(folded.view(scope).members).toEqual({
      [staff]: [first, second, chief, hire].toSorted(),
      [choir]: [first, crew].toSorted(),
      [crew]: [hire],
    });
  });

  it('is in the others again where the read broke off after the groups had told that they joined', async () => {
    const { tenant, first, second, chief, hire, staff, choir, scope, folded, source, from } = await away('everybody');
    tenant.join(choir, hire);
    const reading = { scope, attributes, from };
    const resume = await readUntil(source, folded, reading, (told) => told.type === 'members');
    await readAll(source, folded, { ...reading, resume });
    expect(folded.view(scope).members[staff]).toEqual([first, second, chief, hire].toSorted());
  });

  it('so is a group that was made before it, and nested in that round in another one of the scope', async () => {
    const { tenant, staff, choir, crew, scope, folded, source, from } = await withCrewAway();
    // The group that they join is told before they are.
    tenant.join(choir, crew);
    tenant.restore(crew);
    graph.control.setKnobs({ deltaPageSize: 1 });
    await readAll(source, folded, { scope, attributes, from });
    expect(folded.view(scope).members[staff]).toContain(crew);
    expect(folded.view(scope).members[choir]).toContain(crew);
  });

  it('a-group-stored-by-its-edge-alone: a nested group that was never stored, and joins another one as it comes back, is back with everybody in it', async () => {
    const { tenant, hire, staff, choir, crew, scope, folded, source, from } = await withCrewAway();
    // As if the list of everybody had been read before.
    folded.apply({ type: 'members', group: group(staff), members: { added: [group(crew)], removed: [] } });
    tenant.restore(crew);
    tenant.join(choir, crew);
    await readAll(source, folded, { scope, attributes, from });
    expect(folded.view(scope).members[crew]).toEqual([hire]);
  });
});

describe('a-list-that-is-behind-the-round: somebody who is back from the recycle bin, and left a group meanwhile', () => {
  const scopes = ['everybody', 'a group with those inside it'] as const;
  it.each(scopes.flatMap((scope) => [1, 2].map((turns) => [scope, turns] as const)))(
    'is not put back by the list of the group, with a scope of %s, be it told in that turn of the read or the one before (%i)',
    async (of, turns) => {
      const tenant = graph.control.addTenant({ users: 0, groups: 0, apps: [{ roles: everyRole }] });
      const [ann = '', ...others] = ['Ann Berg', 'Ben Cole', 'Cleo Dunn', 'Dov Ek'].map((displayName) =>
        tenant.hire({ displayName }),
      );
      const inner = tenant.createGroup({ displayName: 'Inner', members: [ann] });
      const outer = tenant.createGroup({ displayName: 'Outer', members: [ann, ...others, inner] });
      const scope: Scope = of === 'everybody' ? everyone : { kind: 'groups', groups: [sourceId(outer)], nested: true };
      const source = sourceOf(graph, {}, tenant.tenantId);
      const folded = new Folded();
      tenant.softDelete(ann);
      const from = await readAll(source, folded, { scope, attributes });
      await graph.clock.sleep(3_600_000, never);
      tenant.restore(ann);
      tenant.leave(outer, ann);
      graph.control.setKnobs({ listPageCap: 2 });
      const behind = { '@odata.type': '#microsoft.graph.user', id: ann };
      graph.control.fault({ path: `/${outer}/members`, times: null, fault: { answer: 'with', objects: [behind] } });
      const reading = { scope, attributes, from };
      const isTold = (told: Told): boolean =>
        told.type === 'members' && 'removed' in told.members && told.members.removed.some(({ id }) => id === ann);
      const resume = turns === 2 ? await readUntil(source, folded, reading, isTold) : null;
      await readAll(source, folded, { ...reading, resume });
      expect(folded.view(scope).members).toEqual({ [outer]: [...others, inner].toSorted(), [inner]: [ann] });
    },
  );
});

describe('who-left-before-a-group-was-away: a group that is back from the recycle bin', () => {
  const awayOnce = async () => {
    const opened = await open();
    const { tenant, boss, team, read } = opened;
    const crew = sourceId(tenant.createGroup({ displayName: 'Crew', members: [boss, ...team] }));
    await read();
    tenant.leave(crew, boss);
    tenant.softDelete(crew);
    // In between comes a full read, after which nothing tells of the leaving.
    const from = await read();
    tenant.restore(crew);
    return { ...opened, crew, from };
  };

  it('is without who had left it before a full read did not show it', async () => {
    const { team, folded, read, crew, from } = await awayOnce();
    await read(from);
    expect(folded.view(everyone).members[crew]).toEqual(team.toSorted());
  });

  it('keeps whom only a list that is behind leaves out', async () => {
    const { team, folded, read, crew, from } = await awayOnce();
    // The second of three pages.
    graph.control.setKnobs({ listPageCap: 2 });
    graph.control.fault({ path: `/${crew}/members`, nth: 2, fault: { answer: 'part', share: 0.5 } });
    await read(from);
    expect(folded.view(everyone).members[crew]).toEqual(team.toSorted());
  });

  it('a-list-that-is-not-there: keeps everybody as long as a replica has not heard that it is back, until the next full read', async () => {
    const { team, boss, folded, read, crew, from } = await awayOnce();
    const error = { answer: 'error', status: 404, code: 'Request_ResourceNotFound' } as const;
    graph.control.fault({ path: `/${crew}/members`, times: null, fault: error });
    // Who asks it whether somebody is in a group that it does not know is told that they are in none.
    graph.control.fault({ path: 'checkMemberGroups', times: null, fault: { answer: 'empty_list' } });
    await read(from);
    expect(folded.view(everyone).members[crew]).toEqual([boss, ...team].toSorted());
    graph.control.clearFaults();
    await read();
    expect(folded.view(everyone).members[crew]).toEqual(team.toSorted());
  });

  it('an-answer-that-broke-off: is asked again for who had left it, and keeps nobody for it', async () => {
    const { team, folded, read, crew, from } = await awayOnce();
    graph.control.fault({ path: 'getByIds', times: 1, fault: { answer: 'truncated' } });
    await expect(read(from)).rejects.toThrow('cut off');
    await read(from);
    expect(folded.view(everyone).members[crew]).toEqual(team.toSorted());
  });

  it('does not get them back by its list that is behind, where they are back in the same round', async () => {
    const { tenant, boss, team, folded, source, read } = await open();
    const inner = sourceId(tenant.createGroup({ displayName: 'Inner', members: [boss] }));
    const crew = sourceId(tenant.createGroup({ displayName: 'Crew', members: [boss, ...team, inner] }));
    await read();
    tenant.leave(crew, boss);
    tenant.softDelete(crew);
    tenant.softDelete(boss);
    const from = await read();
    tenant.restore(crew);
    tenant.restore(boss);
    graph.control.setKnobs({ listPageCap: 2 });
    const behind = { '@odata.type': '#microsoft.graph.user', id: boss };
    // It is as it should be when it is read for the group, and behind when it is read for them.
    await readAll(source, folded, { scope: everyone, attributes, from }, (told) => {
      if (told.type === 'members' && 'removed' in told.members && told.members.removed.some(({ id }) => id === boss))
        graph.control.fault({ path: `/${crew}/members`, times: null, fault: { answer: 'with', objects: [behind] } });
    });
    expect(folded.view(everyone).members).toEqual({ [crew]: [...team, inner].toSorted(), [inner]: [boss] });
  });
});
