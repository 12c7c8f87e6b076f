import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GraphSimulator, startGraph, type TenantControl } from '../../../simulator/graph/index.ts';
import { connect, type GraphClient } from './client.ts';

let graph: GraphSimulator;
let client: GraphClient;
let tenant: TenantControl;
let nowMs = Date.UTC(2026, 0, 1);

beforeEach(async () => {
  graph = await startGraph({ tenants: [{ users: 450 }], now: () => nowMs });
  client = await connect(graph);
  tenant = graph.control.tenant();
});
afterEach(async () => {
  await client.close();
  await graph.close();
});

const someone = (place: number): string => tenant.users()[place] ?? '';
const later = (link: string, headers: Record<string, string> = {}) => client.round(link, headers);

describe('a first enumeration', () => {
  it('shows everybody on pages of 200 and ends in a delta link that has nothing new', async () => {
    const first = await client.round('/users/delta?$select=displayName,manager');
    expect(first.pages.map((page) => page.value.length)).toEqual([200, 200, 50]);
    expect(first.pages[0]['@odata.context']).toMatch(/#users\(displayName,manager\)$/);
    expect(first.pages[1]['@odata.context']).toMatch(/#users$/);
    expect(first.pages.every((page) => '@odata.nextLink' in page !== '@odata.deltaLink' in page)).toBe(true);
    expect(new Set(first.value.map(({ id }) => id))).toEqual(new Set(tenant.users()));
    expect(first.value[1]['manager@delta']).toEqual([{ '@odata.type': '#microsoft.graph.user', id: someone(0) }]);
    expect(first.value[0]).not.toHaveProperty('manager@delta');
    expect((await later(first.link)).value).toEqual([]);
  });

  it('leaves out what was never set, where a list shows null', async () => {
    const { value } = await client.round('/users/delta?$select=mobilePhone,ageGroup');
    expect(value.some((user) => 'mobilePhone' in user)).toBe(true);
    expect(value.some((user) => 'ageGroup' in user)).toBe(false);
    const list = await client.get('/users?$select=ageGroup&$top=1');
    expect(list.body.value[0]).toEqual({ ageGroup: null });
  });

  it('repeats on the next round what happened while it ran', async () => {
    const opening = await client.get('/users/delta?$select=displayName');
    tenant.rename(someone(0), { displayName: 'Renamed Meanwhile' });
    const rest = await client.round(opening.body['@odata.nextLink']);
    expect((await later(rest.link)).value).toEqual([{ id: someone(0), displayName: 'Renamed Meanwhile' }]);
  });

  it('can be skipped: latest gives a delta link and nothing else, whatever the case of the names', async () => {
    const { body } = await client.get('/users/delta?$DeltaToken=latest&$select=displayName');
    expect(body.value).toEqual([]);
    tenant.hire({ displayName: 'Ada Lovelace' });
    const { value } = await later(body['@odata.deltaLink'].replace('$deltatoken', '$deltaToken'));
    expect(value.map(({ displayName }) => displayName)).toEqual(['Ada Lovelace']);
  });

  it('is confined by a filter of up to 50 ids', async () => {
    const wanted = [someone(3), someone(400)];
    const filter = wanted.map((id) => `id eq '${id}'`).join(' or ');
    const first = await client.round(`/users/delta?$select=displayName&$filter=${encodeURIComponent(filter)}`);
    expect(first.value.map(({ id }) => id)).toEqual(wanted);
    tenant.disable(someone(5));
    tenant.rename(someone(3), { displayName: 'Still Followed' });
    expect((await later(first.link)).value).toEqual([{ id: someone(3), displayName: 'Still Followed' }]);
    const many = Array.from({ length: 51 }, (_, place) => `id eq '${someone(place)}'`).join(' or ');
    expect((await client.get(`/users/delta?$filter=${encodeURIComponent(many)}`)).status).toBe(400);
  });
});

describe('a later round of users', () => {
  const start = async (select: string): Promise<string> =>
    (await client.get(`/users/delta?$deltatoken=latest&$select=${select}`)).body['@odata.deltaLink'];

  it('shows all selected properties by default and only the changed ones with return=minimal', async () => {
    const link = await start('displayName,department');
    const { department } = tenant.user(someone(2));
    tenant.rename(someone(2), { displayName: 'Grace Hopper' });
    expect((await later(link)).value).toEqual([{ id: someone(2), displayName: 'Grace Hopper', department }]);
    expect((await later(link, { Prefer: 'return=minimal' })).value).toEqual([
      { id: someone(2), displayName: 'Grace Hopper' },
    ]);
  });

  it('shows a cleared property as null', async () => {
    const link = await start('jobTitle');
    tenant.update(someone(2), { jobTitle: null });
    expect((await later(link)).value).toEqual([{ id: someone(2), jobTitle: null }]);
  });

  it('is silent about properties that were not selected, and about a manager that did not change', async () => {
    const link = await start('displayName,manager');
    tenant.update(someone(2), { officeLocation: 'Elsewhere' });
    tenant.rename(someone(3), { displayName: 'Only The Name' });
    expect((await later(link)).value).toEqual([{ id: someone(3), displayName: 'Only The Name' }]);
  });

  it('tells a new manager, and one who is gone as removed or as an empty list', async () => {
    const link = await start('manager');
    const reference = { '@odata.type': '#microsoft.graph.user' };
    tenant.move(someone(9), { manager: someone(5) });
    tenant.move(someone(10), { manager: null });
    const before = { ...reference, id: someone(1), '@removed': { reason: 'deleted' } };
    expect((await later(link)).value).toEqual([
      { id: someone(9), 'manager@delta': [{ ...reference, id: someone(5) }] },
      { id: someone(10), 'manager@delta': [before] },
    ]);
    graph.control.setKnobs({ managerRemoval: 'empty' });
    expect((await later(link)).value[1]).toEqual({ id: someone(10), 'manager@delta': [] });
  });

  it('tells soft deletion, restoring and permanent deletion apart', async () => {
    const leaver = someone(449);
    const link = await start('displayName');
    tenant.softDelete(leaver);
    const deleted = await later(link);
    expect(deleted.value).toEqual([{ id: leaver, '@removed': { reason: 'changed' } }]);
    tenant.restore(leaver);
    const restored = await later(deleted.link);
    expect(restored.value).toEqual([{ id: leaver, displayName: tenant.user(leaver)['displayName'] }]);
    tenant.hardDelete(leaver);
    expect((await later(restored.link)).value).toEqual([{ id: leaver, '@removed': { reason: 'deleted' } }]);
  });
});

describe('a round of groups', () => {
  it('carries the members unless something else is selected, and a group of none without them', async () => {
    const { value } = await client.round('/groups/delta');
    const everybody = value.filter((group) => group.displayName === 'All Employees');
    expect(everybody.flatMap((group) => group['members@delta'])).toHaveLength(tenant.members('All Employees').length);
    expect(value.find((group) => group.displayName === 'Nobody Yet')).not.toHaveProperty('members@delta');
    const selected = await client.round('/groups/delta?$select=displayName');
    expect(selected.value.some((group) => 'members@delta' in group)).toBe(false);
  });

  it('splits a large group over pages, with its properties on each', async () => {
    graph.control.setKnobs({ membersPerPage: 100 });
    const { value, pages } = await client.round('/groups/delta?$select=displayName,members');
    const slices = value.filter((group) => group.displayName === 'All Employees');
    expect(slices.length).toBeGreaterThan(3);
    expect(pages.every((page) => page.value.flatMap((g: object) => Object.values(g)).flat().length < 900)).toBe(true);
    const ids = slices.flatMap((group) => group['members@delta'].map(({ id }: { id: string }) => id));
    expect(new Set(ids)).toEqual(new Set(tenant.members('All Employees')));
    expect(ids).toHaveLength(new Set(ids).size);
  });

  it('tells who joined and who left, with the last word on each', async () => {
    const { link } = await client.round('/groups/delta?$select=displayName,members');
    tenant.join('Nobody Yet', someone(1));
    tenant.join('Nobody Yet', someone(2));
    tenant.leave('Nobody Yet', someone(2));
    const { value } = await later(link);
    expect(value).toEqual([
      {
        id: tenant.group('Nobody Yet').id,
        displayName: 'Nobody Yet',
        'members@delta': [
          { '@odata.type': '#microsoft.graph.user', id: someone(1) },
          { '@odata.type': '#microsoft.graph.user', id: someone(2), '@removed': { reason: 'deleted' } },
        ],
      },
    ]);
  });

  it('keeps the memberships of a soft-deleted user and drops them when the user is purged', async () => {
    const leaver = someone(449);
    tenant.join('Nobody Yet', leaver);
    const { link } = await client.round('/groups/delta?$select=displayName,members');
    tenant.softDelete(leaver);
    const silent = await later(link);
    expect(silent.value).toEqual([]);
    expect(tenant.members('Nobody Yet')).toEqual([]);
    tenant.restore(leaver);
    expect(tenant.members('Nobody Yet')).toEqual([leaver]);
    tenant.hardDelete(leaver);
    const purged = await later(silent.link);
    expect(purged.value.find((group) => group.displayName === 'Nobody Yet')['members@delta']).toEqual([
      { '@odata.type': '#microsoft.graph.user', id: leaver, '@removed': { reason: 'deleted' } },
    ]);
  });

  it('follows dynamic membership when somebody changes department', async () => {
    const { link } = await client.round('/groups/delta?$select=displayName,members');
    const mover = tenant.hire({ displayName: 'Mo Mover', department: 'Sales' });
    tenant.move(mover, { department: 'Legal' });
    const { value } = await later(link);
    const byName = Object.fromEntries(value.map((group) => [group.displayName, group['members@delta']]));
    expect(byName['Department Legal']).toEqual([{ '@odata.type': '#microsoft.graph.user', id: mover }]);
    expect(byName['Department Sales'][0]['@removed']).toEqual({ reason: 'deleted' });
  });
});

describe('links that are too old', () => {
  it('expire after seven days with syncStateNotFound', async () => {
    const { link } = await client.round('/users/delta?$select=displayName');
    nowMs += 7 * 86_400_000 + 1;
    const fresh = await connect(graph);
    const { status, body } = await fresh.get(link);
    await fresh.close();
    expect([status, body.error.code]).toEqual([400, 'syncStateNotFound']);
  });

  it('are all expired on demand, as 410 with the address of a new start', async () => {
    graph.control.setKnobs({ deltaExpiry: 'gone' });
    const { link } = await client.round('/users/delta?$select=displayName');
    tenant.expireDeltaLinks();
    const { status, headers } = await client.get(link);
    expect(status).toBe(410);
    const again = await client.round(headers.get('location') ?? '');
    expect(again.value).toHaveLength(450);
  });

  it('refuses pages that are followed too late, of lists and of rounds', async () => {
    const list = await client.get('/users?$top=100');
    const delta = await client.get('/users/delta');
    tenant.expirePages();
    for (const { body } of [list, delta]) {
      const answer = await client.get(body['@odata.nextLink']);
      expect([answer.status, answer.body.error.code]).toEqual([400, 'Directory_ExpiredPageToken']);
    }
  });

  it('refuses the links of another tenant', async () => {
    const link = (await client.round('/users/delta')).link;
    graph.control.addTenant({ users: 3 });
    const other = graph.control.tenants()[1];
    const stranger = await connect({ ...graph, tenants: other === undefined ? [] : [other] });
    expect((await stranger.get(link)).status).toBe(400);
    await stranger.close();
  });
});

describe('what is documented as never guaranteed', () => {
  const enumerate = async (): Promise<string[]> =>
    (await client.round('/users/delta?$select=displayName')).value.map(({ id }) => id);

  it('can come in any order', async () => {
    graph.control.setKnobs({ shuffle: true });
    const ids = await enumerate();
    expect(ids).not.toEqual(tenant.users());
    expect([...ids].sort()).toEqual(tenant.users().sort());
  });

  it('can come twice', async () => {
    graph.control.setKnobs({ duplicates: 0.2 });
    const ids = await enumerate();
    expect(ids.length).toBeGreaterThan(450);
    expect(new Set(ids).size).toBe(450);
  });

  it('can come on empty pages that go on', async () => {
    graph.control.setKnobs({ emptyPages: 1 });
    const { pages, value } = await client.round('/users/delta?$select=displayName');
    expect(pages.map((page) => page.value.length)).toEqual([0, 200, 0, 200, 0, 50]);
    expect(value).toHaveLength(450);
  });

  it('can come again a round later', async () => {
    const { link } = await client.round('/users/delta?$select=displayName');
    tenant.rename(someone(1), { displayName: 'Twice Told' });
    const told = await later(link);
    graph.control.setKnobs({ replays: 1 });
    expect((await later(told.link)).value).toEqual(told.value);
  });

  it('can be late', async () => {
    graph.control.setKnobs({ lagMs: 60_000 });
    const { link } = await client.round('/users/delta?$select=displayName');
    tenant.rename(someone(1), { displayName: 'Late News' });
    const early = await later(link);
    expect(early.value).toEqual([]);
    nowMs += 60_000;
    expect((await later(early.link)).value).toHaveLength(1);
  });

  it('can be late of somebody who joined and left, or had a manager, meanwhile: that it is over is told', async () => {
    graph.control.setKnobs({ lagMs: 60_000 });
    const links = await Promise.all(
      ['/users/delta?$select=manager', '/groups/delta?$select=members'].map((at) =>
        client.get(`${at}&$deltatoken=latest`),
      ),
    );
    const ada = tenant.hire({ displayName: 'Ada Lovelace', manager: someone(1) });
    const team = tenant.createGroup({ displayName: 'Team', members: [ada, someone(2)] });
    tenant.leave(team, ada);
    tenant.move(ada, { manager: null });
    nowMs += 60_000;
    const [users, groups] = await Promise.all(links.map(({ body }) => later(body['@odata.deltaLink'])));
    expect(users?.value.find(({ id }) => id === ada)).toMatchObject({
      'manager@delta': [{ id: someone(1), '@removed': { reason: 'deleted' } }],
    });
    expect(groups?.value.find(({ id }) => id === team)).toMatchObject({
      'members@delta': [{ id: someone(2) }, { id: ada, '@removed': { reason: 'deleted' } }],
    });
  });

  it('can show what was gone before it began', async () => {
    tenant.softDelete(someone(7));
    graph.control.setKnobs({ removedInFirstRound: true });
    const { value } = await client.round('/users/delta?$select=displayName');
    expect(value[7]).toMatchObject({ '@removed': { reason: 'changed' } });
  });
});
