import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ResumeExpired } from '../../../src/model/errors.ts';
import { type Resume, type SourceId, sourceId } from '../../../src/model/ids.ts';
import { everyone, type Scope } from '../../../src/model/scope.ts';
import { group, user } from '../../../src/model/source-object.ts';
import type { Source } from '../../../src/source/source.ts';
import { Folded } from '../../support/folded.ts';
import { everyRole, type Graph, openGraph, sourceOf } from '../../support/graph.ts';
import { askFor, never, type Reading, readAll } from '../../support/reading.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph({ tenants: [] });
});
afterAll(() => graph.close());

const only = (...groups: readonly SourceId[]): Scope => ({ kind: 'groups', groups, nested: false });
const nested = (...groups: readonly SourceId[]): Scope => ({ kind: 'groups', groups, nested: true });

/** A tenant of a few hundred, of which a handful is in the test group. */
const office = () => {
  graph.control.resetRequests();
  const tenant = graph.control.addTenant({ users: 300, apps: [{ roles: everyRole }] });
  const people = tenant.users().slice(0, 5).map(sourceId);
  const pilot = sourceId(tenant.createGroup({ displayName: 'Pilot', members: people }));
  return { tenant, people, pilot, source: sourceOf(graph, {}, tenant.tenantId) };
};

const paths = () =>
  graph.control
    .requests()
    .filter(({ path }) => path.startsWith('/v1.0'))
    .map(({ method, path }) => `${method} ${path.replaceAll(/[0-9a-f-]{36}/g, '{id}')}`);

/** A read whose worker dies once so many pages with messages are stored: the place that is stored with them. */
const brokenOff = async (
  source: Source,
  folded: Folded,
  reading: Reading,
  pages: number,
): Promise<Resume | null | 'ended'> => {
  let resume: Resume | null = null;
  let left = pages;
  for await (const page of source.read(askFor(folded, reading), never)) {
    if (page.type === 'end') return 'ended';
    for (const message of page.messages) folded.apply(message);
    resume = page.resume ?? resume;
    if (page.messages.length > 0) left -= 1;
    if (left === 0) return resume;
  }
  throw new Error('The read stopped without an end.');
};

describe('a read of a test group', () => {
  beforeEach(() => {
    graph.control.resetKnobs();
    graph.control.clearFaults();
  });

  it('asks Graph about nobody else, and in few requests', async () => {
    const { people, pilot, source } = office();
    const folded = new Folded();
    const end = await readAll(source, folded, { scope: only(pilot), watermark: false });
    expect(end).toBeNull();
    expect(Object.keys(folded.view(everyone).users).sort()).toEqual([...people].sort());
    const asked = paths();
    expect(asked.filter((path) => !path.startsWith('BATCH'))).toHaveLength(4);
    expect(asked.some((path) => path.endsWith('/v1.0/users') || path.includes('delta'))).toBe(false);
  });

  it('takes several groups together, each person once', async () => {
    const { tenant, people, pilot, source } = office();
    const second = sourceId(tenant.createGroup({ displayName: 'Second', members: people.slice(0, 2) }));
    const folded = new Folded();
    const told: SourceId[] = [];
    await readAll(source, folded, { scope: only(pilot, second) }, (message) => {
      if (message.type === 'upsert' && message.ref.type === 'user') told.push(message.ref.id);
    });
    expect(told.sort()).toEqual([...people].sort());
  });

  it('follows only its own groups where Graph allows it', async () => {
    const { tenant, pilot, source } = office();
    const folded = new Folded();
    const from = await readAll(source, folded, { scope: only(pilot) });
    const other = tenant.createGroup({ displayName: 'Other' });
    for (const id of tenant.users().slice(50, 90)) tenant.join(other, id);
    graph.control.resetRequests();
    const groups: string[] = [];
    await readAll(source, folded, { scope: only(pilot), from }, (message) => {
      if (message.type === 'members') groups.push(message.group.id);
    });
    expect(groups).toEqual([]);
    expect(paths()).toHaveLength(2);
  });

  it('reads a deep and wide nest, and continues in the middle of it', async () => {
    const { tenant, pilot, source } = office();
    const users = tenant.users();
    // Ninety groups in three layers: more than are read at once.
    let layer = [pilot];
    for (let depth = 0; depth < 3; depth += 1) {
      layer = Array.from({ length: 30 }, (_, index) => {
        const member = users[(depth * 30 + index) % users.length] ?? '';
        const id = sourceId(tenant.createGroup({ displayName: `Layer ${depth} ${index}`, members: [member] }));
        tenant.join(layer[index % layer.length] ?? pilot, id);
        return id;
      });
    }
    const reading: Reading = { scope: nested(pilot) };
    const folded = new Folded();
    const stops: { resume: NonNullable<Reading['resume']>; folded: Folded }[] = [];
    await readAll(source, folded, reading, (message) => {
      if (message.type === 'place') stops.push({ resume: message.resume, folded: folded.copy() });
    });
    const truth = folded.view(everyone);
    expect(Object.keys(truth.users).sort()).toEqual(tenant.effectiveMembers(pilot).sort());
    expect(Object.keys(truth.groups)).toHaveLength(91);
    for (const { resume, folded: until } of stops) {
      await readAll(source, until, { ...reading, resume });
      expect(until.view(everyone)).toEqual(truth);
    }
  });

  it('that a group is nested in is told last, also where that one is in it: wherever the read breaks off, everybody is read', async () => {
    const { tenant, people, pilot, source } = office();
    const others = tenant.users().slice(50, 53).map(sourceId);
    const circle = sourceId(tenant.createGroup({ displayName: 'Circle', members: [...others, pilot] }));
    const folded = new Folded();
    const from = await readAll(source, folded, { scope: nested(pilot) });
    tenant.join(pilot, circle);
    const reading: Reading = { scope: nested(pilot), from };
    const stops: { resume: NonNullable<Reading['resume']>; folded: Folded }[] = [];
    await readAll(source, folded, reading, (message) => {
      if (message.type === 'place') stops.push({ resume: message.resume, folded: folded.copy() });
    });
    const truth = folded.view(everyone);
    expect(Object.keys(truth.users).sort()).toEqual([...people, ...others].sort());
    for (const { resume, folded: until } of stops) {
      await readAll(source, until, { ...reading, resume });
      expect(until.view(everyone)).toEqual(truth);
    }
  });

  it('that a nested group is back is told after everybody in it: wherever the read breaks off, everybody is read', async () => {
    const { tenant, people, pilot, source } = office();
    const others = tenant.users().slice(50, 53).map(sourceId);
    const [first, second, third] = others;
    if (first === undefined || second === undefined || third === undefined) throw new Error('The tenant is empty.');
    const inner = sourceId(tenant.createGroup({ displayName: 'Inner', members: [first] }));
    const outer = sourceId(tenant.createGroup({ displayName: 'Outer', members: [inner, second] }));
    tenant.join(pilot, outer);
    const folded = new Folded();
    let from = await readAll(source, folded, { scope: nested(pilot) });
    tenant.deleteGroup(outer);
    from = await readAll(source, folded, { scope: nested(pilot), from });
    // They left the scope with it.
    for (const ref of [group(inner), user(first), user(second)]) folded.apply({ type: 'remove', ref, why: 'deleted' });
    tenant.restore(outer);
    // Nested for the first time while it comes back.
    const fresh = sourceId(tenant.createGroup({ displayName: 'Fresh', members: [third] }));
    tenant.join(inner, fresh);
    const reading: Reading = { scope: nested(pilot), from };
    const truth = folded.copy();
    await readAll(source, truth, reading);
    expect(Object.keys(truth.view(nested(pilot)).users).sort()).toEqual([...people, ...others].sort());
    for (let died = 1; ; died += 1) {
      const until = folded.copy();
      const resume = await brokenOff(source, until, reading, died);
      if (resume === 'ended') break;
      await readAll(source, until, { ...reading, resume });
      expect([died, until.view(nested(pilot))]).toEqual([died, truth.view(nested(pilot))]);
    }
  });

  it('a-group-that-was-away-from-the-first: a nested group that only a list that was behind had shown is back with everybody in it', async () => {
    const { tenant, people, pilot, source } = office();
    const others = tenant.users().slice(50, 52).map(sourceId);
    const [first, second] = others;
    if (first === undefined || second === undefined) throw new Error('The tenant is empty.');
    const inner = sourceId(tenant.createGroup({ displayName: 'Inner', members: [first] }));
    const outer = sourceId(tenant.createGroup({ displayName: 'Outer', members: [inner, second] }));
    tenant.join(pilot, outer);
    tenant.deleteGroup(outer);
    const folded = new Folded();
    const from = await readAll(source, folded, { scope: nested(pilot) });
    folded.apply({ type: 'members', group: group(pilot), members: { added: [group(outer)], removed: [] } });
    tenant.restore(outer);
    await readAll(source, folded, { scope: nested(pilot), from });
    const { users, members } = folded.view(nested(pilot));
    expect(Object.keys(users).sort()).toEqual([...people, ...others].sort());
    expect(members).toMatchObject({ [outer]: [inner, second].sort(), [inner]: [first] });
  });

  it('kept-by-a-group-that-is-away: who is in a nested group of the recycle bin alone, and changes, is told as little of as any stranger', async () => {
    const { tenant, people, pilot, source } = office();
    const [first, second] = tenant.users().slice(50, 52).map(sourceId);
    const [there] = people;
    if (first === undefined || second === undefined || there === undefined) throw new Error('The tenant is empty.');
    const inner = sourceId(tenant.createGroup({ displayName: 'Inner', members: [first, second, there] }));
    tenant.join(pilot, inner);
    const folded = new Folded();
    let from = await readAll(source, folded, { scope: nested(pilot) });
    tenant.deleteGroup(inner);
    from = await readAll(source, folded, { scope: nested(pilot), from });
    // They left the scope with it.
    for (const ref of [user(first), user(second)]) folded.apply({ type: 'remove', ref, why: 'deleted' });
    for (const each of [first, second, there]) tenant.update(each, { department: 'Elsewhere' });
    from = await readAll(source, folded, { scope: nested(pilot), from });
    expect(Object.keys(folded.view(everyone).users).sort()).toEqual([...people].sort());
    expect(folded.view(everyone).users[there]).toMatchObject({ department: 'Elsewhere' });
    // Whoever comes back themselves is told whole, as before: a group that is there holds them.
    tenant.restore(inner);
    for (const each of [first, there]) tenant.update(each, { department: 'Here' });
    await readAll(source, folded, { scope: nested(pilot), from });
    const { users } = folded.view(everyone);
    expect(Object.keys(users).sort()).toEqual([...people, first, second].sort());
    expect(users).toMatchObject({ [first]: { department: 'Here' }, [second]: { department: 'Elsewhere' } });
  });

  it('starts over when the groups it had read are not stored any more', async () => {
    const { tenant, people, pilot, source } = office();
    tenant.join(pilot, tenant.createGroup({ displayName: 'Inner', members: people }));
    const stops: NonNullable<Reading['resume']>[] = [];
    await readAll(source, new Folded(), { scope: nested(pilot) }, (message) => {
      if (message.type === 'place') stops.push(message.resume);
    });
    const forgotten = readAll(source, new Folded(), { scope: nested(pilot), resume: stops.at(-1) ?? null });
    await expect(forgotten).rejects.toThrow(ResumeExpired);
  });

  it('is an error when the members of the group are hidden', async () => {
    const { tenant, people, source } = office();
    const secret = sourceId(
      tenant.createGroup({ displayName: 'Secret', members: people, unified: true, hidden: true }),
    );
    await expect(readAll(source, new Folded(), { scope: only(secret) })).resolves.not.toBeNull();
    const [app] = tenant.apps();
    if (app !== undefined) app.roles = everyRole.filter((role) => role !== 'Member.Read.Hidden');
    const reading = readAll(sourceOf(graph, {}, tenant.tenantId), new Folded(), { scope: only(secret) });
    await expect(reading).rejects.toMatchObject({ fault: 'forbidden', code: 'MembersHidden' });
  });

  it('one-hidden-group-emptied-the-scope: is an error when a group of the scope, and not the others, shows nothing of itself', async () => {
    const { tenant, people, pilot, source } = office();
    const secret = sourceId(tenant.createGroup({ displayName: 'Secret', members: people }));
    const properties = ['displayName', 'visibility'];
    graph.control.fault({ path: 'getByIds', times: null, fault: { answer: 'blank', properties, of: secret } });
    graph.control.fault({ path: `/groups/${secret}/members`, times: null, fault: { answer: 'empty_list' } });
    const reading = readAll(source, new Folded(), { scope: only(pilot, secret) });
    await expect(reading).rejects.toMatchObject({ fault: 'forbidden', code: 'PropertiesHidden' });
  });

  it('a-nested-group-without-a-list: reads who is stored in it, where one replica knows the group and another does not', async () => {
    const { tenant, people, source } = office();
    const inner = sourceId(tenant.createGroup({ displayName: 'Inner', members: people }));
    const outer = sourceId(tenant.createGroup({ displayName: 'Outer', members: [inner] }));
    const folded = new Folded();
    await readAll(source, folded, { scope: nested(outer) });
    const before = folded.view(everyone);
    const error = { answer: 'error', status: 404, code: 'Request_ResourceNotFound' } as const;
    graph.control.fault({ path: `/groups/${inner}/members`, times: null, fault: error });
    await readAll(source, folded, { scope: nested(outer) });
    expect(folded.view(everyone)).toEqual(before);
  });

  it('a-manager-that-was-not-found: keeps the one who is stored, where a replica does not know whose manager is asked for', async () => {
    const { tenant, people, pilot, source } = office();
    const [ann, boss] = people;
    if (ann === undefined || boss === undefined) throw new Error('The tenant is empty.');
    tenant.move(ann, { manager: boss });
    const folded = new Folded();
    await readAll(source, folded, { scope: only(pilot) });
    const error = { answer: 'error', status: 404, code: 'Request_ResourceNotFound' } as const;
    graph.control.fault({ path: `/users/${ann}`, times: null, fault: error });
    await readAll(source, folded, { scope: only(pilot) });
    expect(folded.view(everyone).users[ann]).toMatchObject({ manager: boss });
  });

  it('a-nested-group-hides-its-members: reads who is stored in it', async () => {
    const { tenant, people, source } = office();
    const secret = sourceId(
      tenant.createGroup({ displayName: 'Secret', members: people, unified: true, hidden: true }),
    );
    const nameless = sourceId(tenant.createGroup({ displayName: 'Nameless', members: tenant.users().slice(10, 12) }));
    const outer = sourceId(tenant.createGroup({ displayName: 'Outer', members: [secret, nameless] }));
    const folded = new Folded();
    await readAll(source, folded, { scope: nested(outer) });
    const before = folded.view(everyone);
    expect(Object.keys(before.users)).toHaveLength(7);
    const [app] = tenant.apps();
    if (app !== undefined) app.roles = everyRole.filter((role) => role !== 'Member.Read.Hidden');
    const properties = ['displayName', 'visibility'];
    graph.control.fault({ path: 'getByIds', times: null, fault: { answer: 'blank', properties, of: nameless } });
    graph.control.fault({ path: `/groups/${nameless}/members`, times: null, fault: { answer: 'empty_list' } });
    await readAll(sourceOf(graph, {}, tenant.tenantId), folded, { scope: nested(outer) });
    expect(folded.view(everyone)).toEqual(before);
  });
});
