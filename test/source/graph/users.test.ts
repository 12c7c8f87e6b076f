import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Resume, type SourceId, sourceId } from '../../../src/model/ids.ts';
import { everyone } from '../../../src/model/scope.ts';
import { Folded } from '../../support/folded.ts';
import { everyRole, type Graph, openGraph, sourceOf, truthOf } from '../../support/graph.ts';
import { attributes, readAll, type Told, withoutManager } from '../../support/reading.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph({ tenants: [] });
});
afterAll(() => graph.close());
beforeEach(() => {
  graph.control.resetKnobs();
  graph.control.resetRequests();
  graph.control.setKnobs({ deltaPageSize: 10, changesInFirstRound: true });
});

/** A company of somebody on top and 34 who report to her, in pages of ten. */
const company = () => {
  const tenant = graph.control.addTenant({ users: 0, groups: 0, apps: [{ roles: everyRole }] });
  const boss = sourceId(tenant.hire({ displayName: 'Ada Berg' }));
  const people = Array.from({ length: 34 }, (_, nth) =>
    sourceId(tenant.hire({ displayName: `Person ${nth}`, department: 'Sales', manager: boss })),
  );
  return { tenant, boss, people, source: sourceOf(graph, {}, tenant.tenantId) };
};
const first = <T>(list: readonly T[]): T => {
  const [one] = list;
  if (one === undefined) throw new RangeError('The list is empty.');
  return one;
};

type Stop = { readonly resume: Resume; readonly folded: Folded };
/** Reads everything; `meanwhile` happens after the first page of users. */
const readWhile = async (source: ReturnType<typeof sourceOf>, folded: Folded, meanwhile: () => void) => {
  const stops: Stop[] = [];
  const told: Told[] = [];
  let happened = false;
  const watermark = await readAll(source, folded, { scope: everyone }, (one) => {
    told.push(one);
    if (one.type !== 'place') return;
    stops.push({ resume: one.resume, folded: folded.copy() });
    if (happened || !told.some(({ type }) => type === 'upsert')) return;
    happened = true;
    meanwhile();
  });
  return { stops, told, watermark };
};
const upsertsOf = (told: readonly Told[], id: SourceId) =>
  told.flatMap((one) => (one.type === 'upsert' && one.ref.id === id ? [one] : []));
const asked = () => graph.control.requests().filter(({ path, method }) => path.startsWith('/v1.0') && method === 'GET');

describe('null-attr-is-permission-loss', () => {
  const hideAll = ['userPrincipalName', 'displayName', 'accountEnabled', 'department'];
  const hide = (path: string, nth: number, properties = hideAll) =>
    graph.control.fault({ path, nth, times: null, fault: { answer: 'without', properties } });
  const lost = { fault: 'forbidden', code: 'PropertiesHidden' };
  beforeEach(() => {
    graph.control.clearFaults();
    graph.control.setKnobs({ listPageCap: 10 });
  });

  it.each([
    ['a list', withoutManager, '/users\\?'],
    ['an enumeration', attributes, '/users/delta'],
  ])('in the middle of %s as at its beginning', async (_, names, path) => {
    const { source } = company();
    for (const nth of [1, 3]) {
      hide(path, nth);
      const told: string[] = [];
      const folded = new Folded();
      const reading = readAll(source, folded, { scope: everyone, attributes: names }, ({ type }) => told.push(type));
      await expect(reading).rejects.toMatchObject(lost);
      expect(told).not.toContain('end');
      const shown = Object.values(folded.view(everyone).users).map(({ displayName }) => displayName);
      expect(shown).toEqual(shown.filter((name) => typeof name === 'string'));
      graph.control.clearFaults();
    }
  });

  it('among changes', async () => {
    const { tenant, people, source } = company();
    const folded = new Folded();
    const { watermark } = await readWhile(source, folded, () => {});
    const before = folded.view(everyone);
    for (const id of people) tenant.update(id, { department: 'Legal' });
    hide('/users/delta', 2);
    await expect(readAll(source, folded, { scope: everyone, from: watermark })).rejects.toMatchObject(lost);
    expect(folded.view(everyone).users[people.at(-1) ?? '']).toEqual(before.users[people.at(-1) ?? '']);
  });

  it('is looked for when the last page shows nobody', async () => {
    const { source } = company();
    graph.control.fault({ path: '/users\\?.*skiptoken', times: null, fault: { answer: 'empty_list' } });
    graph.control.fault({
      path: '/users\\?\\$top=5&',
      // After the one that begins the read.
      nth: 2,
      fault: { answer: 'error', status: 403, code: 'Authorization_RequestDenied', message: '' },
    });
    const reading = readAll(source, new Folded(), { scope: everyone, attributes: withoutManager });
    await expect(reading).rejects.toMatchObject({
      fault: 'forbidden',
      message: expect.stringContaining('User.Read.All'),
    });
  });

  it('is not concluded from one person, who stays as they are known', async () => {
    const { tenant, people, source } = company();
    const folded = new Folded();
    await readWhile(source, folded, () => {});
    const before = folded.view(everyone);
    const bare = { id: first(people), userPrincipalName: null, displayName: null, accountEnabled: null };
    graph.control.setKnobs({ deltaPageSize: 100 });
    tenant.update(first(people), { department: 'Legal' });
    graph.control.fault({ path: '/users/delta', fault: { answer: 'with', objects: [bare] } });
    await readWhile(source, folded, () => {});
    const after = folded.view(everyone);
    expect(after.users[first(people)]).toEqual({ ...before.users[first(people)], department: 'Legal' });
  });
});

describe('users with their managers', () => {
  it('are read in one chain of pages, each person once', async () => {
    const { tenant, people, source } = company();
    const folded = new Folded();
    const { told } = await readWhile(source, folded, () => {});
    expect(folded.view(everyone)).toEqual(truthOf(tenant, attributes.user));
    expect(told.filter((one) => one.type === 'upsert')).toHaveLength(people.length + 1);
    expect(asked().filter(({ path }) => path.endsWith('/users'))).toEqual([]);
    expect(asked().filter(({ path }) => path.endsWith('/users/delta'))).toHaveLength(4);
  });

  it('leave a watermark from which their changes are followed', async () => {
    const { tenant, boss, people, source } = company();
    const folded = new Folded();
    const { watermark } = await readWhile(source, folded, () => {});
    tenant.update(first(people), { department: 'Legal' });
    tenant.move(first(people), { manager: null });
    const newcomer = tenant.hire({ displayName: 'Gil Hart', manager: boss });
    graph.control.resetRequests();
    await readAll(source, folded, { scope: everyone, from: watermark });
    expect(folded.view(everyone)).toEqual(truthOf(tenant, attributes.user));
    expect(folded.view(everyone).users[newcomer]).toMatchObject({ manager: boss });
    expect(asked()).toHaveLength(2);
  });

  it('tell that somebody has no manager any more', async () => {
    const { tenant, people, source } = company();
    const folded = new Folded();
    await readWhile(source, folded, () => {});
    tenant.move(first(people), { manager: null });
    const { told } = await readWhile(source, folded, () => {});
    expect(upsertsOf(told, first(people))).toMatchObject([{ whole: true, attributes: { manager: null } }]);
    expect(folded.view(everyone)).toEqual(truthOf(tenant, attributes.user));
  });

  it('keep the manager of somebody who is shown again, because something else about them changed meanwhile', async () => {
    const { tenant, boss, people, source } = company();
    const folded = new Folded();
    const { told } = await readWhile(source, folded, () => tenant.update(first(people), { department: 'Legal' }));
    const shown = upsertsOf(told, first(people));
    expect(shown.map(({ attributes }) => attributes['department'])).toEqual(['Sales', 'Legal']);
    expect(shown.map(({ attributes }) => attributes['manager'])).toEqual([boss, undefined]);
    expect(folded.view(everyone).users[first(people)]).toMatchObject({ department: 'Legal', manager: boss });
  });

  it('keep it also when the read was broken off in between, and ask about nobody else', async () => {
    const { tenant, boss, people, source } = company();
    const { stops } = await readWhile(source, new Folded(), () =>
      tenant.update(first(people), { department: 'Legal' }),
    );
    const later = stops.filter(({ folded }) => Object.hasOwn(folded.view(everyone).users, first(people))).slice(1);
    expect(later.length).toBeGreaterThan(2);
    for (const { resume, folded } of later) {
      graph.control.resetRequests();
      await readAll(sourceOf(graph, {}, tenant.tenantId), folded, { scope: everyone, resume });
      expect(folded.view(everyone).users[first(people)]).toMatchObject({ manager: boss });
      expect(folded.view(everyone)).toEqual(truthOf(tenant, attributes.user));
      const alone = graph.control.requests().filter(({ path }) => /\/users\/[0-9a-f-]{36}$/.test(path));
      expect(alone.length).toBeLessThanOrEqual(1);
    }
  });

  it('a-manager-that-was-not-found: keep it where the read was broken off, and a replica does not know who is asked about', async () => {
    const { tenant, boss, people, source } = company();
    const { stops } = await readWhile(source, new Folded(), () =>
      tenant.update(first(people), { department: 'Legal' }),
    );
    const later = stops.filter(({ folded }) => Object.hasOwn(folded.view(everyone).users, first(people))).slice(1);
    const error = { answer: 'error', status: 404, code: 'Request_ResourceNotFound' } as const;
    graph.control.fault({ path: `/users/${first(people)}`, times: null, fault: error });
    const { resume, folded } = first(later);
    await readAll(sourceOf(graph, {}, tenant.tenantId), folded, { scope: everyone, resume });
    graph.control.clearFaults();
    expect(folded.view(everyone).users[first(people)]).toMatchObject({ department: 'Legal', manager: boss });
  });

  it('follow a manager who changes, and one who goes, while they are read', async () => {
    const { tenant, people, source } = company();
    const folded = new Folded();
    await readWhile(source, folded, () => {
      tenant.move(first(people), { manager: people[1] ?? null });
      tenant.move(people[2] ?? '', { manager: null });
      tenant.update(people[2] ?? '', { department: 'Legal' });
    });
    expect(folded.view(everyone)).toEqual(truthOf(tenant, attributes.user));
    expect(folded.view(everyone).users[first(people)]).toMatchObject({ manager: people[1] });
    expect(folded.view(everyone).users[people[2] ?? '']).not.toHaveProperty('manager');
  });

  it('leave out who goes while they are read, and who was gone before', async () => {
    const { tenant, people, source } = company();
    graph.control.setKnobs({ removedInFirstRound: true });
    tenant.softDelete(people[20] ?? '');
    const folded = new Folded();
    await readWhile(source, folded, () => tenant.softDelete(first(people)));
    expect(folded.view(everyone)).toEqual(truthOf(tenant, attributes.user));
    expect(folded.view(everyone).users).not.toHaveProperty(first(people));
  });

  it('take twins on a page for one person', async () => {
    const { tenant, source } = company();
    graph.control.setKnobs({ duplicates: 1 });
    const folded = new Folded();
    await readWhile(source, folded, () => {});
    expect(folded.view(everyone)).toEqual(truthOf(tenant, attributes.user));
  });
});
