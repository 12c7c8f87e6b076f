/** Who is back from the recycle bin, whoever reports to them, and the groups they are in: Graph shows nobody's manager as long as that one is in it. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Resume, sourceId, type Watermark } from '../../../src/model/ids.ts';
import { everyone } from '../../../src/model/scope.ts';
import { user } from '../../../src/model/source-object.ts';
import { Folded } from '../../support/folded.ts';
import { everyRole, type Graph, openGraph, sourceOf } from '../../support/graph.ts';
import { attributes, never, readAll, withoutManager } from '../../support/reading.ts';

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

const reportsAsked = (): number =>
  graph.control.requests().filter(({ path }) => path.includes('/directReports')).length;

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
      let resume: Resume | null = null;
      let isTold = false;
      if (turns === 2)
        await readAll(source, folded, reading, (told) => {
          isTold ||= told.type === 'upsert' && told.ref.id === left;
          if (told.type !== 'place' || !isTold) return;
          resume = told.resume;
          throw new Stopped();
        }).catch((error: unknown) => {
          if (!(error instanceof Stopped)) throw error;
        });
      expect(resume === null).toBe(turns === 1);
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
