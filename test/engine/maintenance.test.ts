import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { prune, purge } from '../../src/engine/maintenance.ts';
import { syncTurn } from '../../src/engine/sync-run.ts';
import { type ConnectionId, connectionId, type TargetId, targetId } from '../../src/model/ids.ts';
import { user } from '../../src/model/source-object.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import type { Stores } from '../../src/store/stores.ts';
import { createVault } from '../../src/store/vault.ts';
import {
  aGroup,
  applied,
  cause,
  creates,
  disables,
  escrowed,
  linked,
  people,
  updates,
  waits,
} from '../support/operations.ts';
import { hidden } from '../support/secrets.ts';
import { connection, id, plainConnection, plainTarget, type Story, story, target } from '../support/story.ts';

const day = 86_400_000;
const { signal } = new AbortController();

const gather = async <T>(batches: AsyncIterable<readonly T[]>): Promise<readonly T[]> => {
  const all: T[] = [];
  for await (const some of batches) all.push(...some);
  return all;
};

/** Everything that is kept of one connection and its target. */
const keptOf = async ({ stores }: { stores: Stores }, of: ConnectionId, at: TargetId) => ({
  connection: (await stores.connections.get(of)) !== null,
  targets: (await stores.targets.of(of)).length,
  target: (await stores.targets.get(at)) !== null,
  version: (await stores.snapshots.head(of)).version,
  people: (await gather(stores.snapshots.scan(of, 'user'))).length,
  remembered: (await stores.snapshots.recall(of, [user(id('anna') as never)])).size,
  changes: (await gather(stores.snapshots.changesAfter(of, 0))).length,
  runs: (await stores.runs.list({ connection: of }, null, 100)).items.length,
  position: await stores.ledger.position(at),
  links: await stores.ledger.countLinks(at),
  escrows: await stores.ledger.countEscrows(at),
  intents: (await gather(stores.ledger.openIntents(at))).length,
  waiting: (await gather(stores.ledger.waitingOn(at, [id('bert') as never]))).length,
});

const nothing = {
  connection: false,
  targets: 0,
  target: false,
  version: 0,
  people: 0,
  remembered: 0,
  changes: 0,
  runs: 0,
  position: null,
  links: { user: 0, group: 0 },
  escrows: 0,
  intents: 0,
  waiting: 0,
};

/** Two customers in the same stores, each with one of everything that can be kept. */
const twoCustomers = async () => {
  const at = new Date('2026-03-02T08:00:00Z');
  const shared = createMemoryStores({ now: () => at, vault: createVault(randomBytes(32)) });
  const other = { connection: connectionId('con_other'), target: targetId('tgt_other') };
  const s = await story({ stores: () => shared });
  await shared.connections.add({ ...plainConnection(at), id: other.connection }, hidden({ clientSecret: 'other' }));
  await shared.targets.add({ ...plainTarget(at), id: other.target, connection: other.connection }, {});
  s.hire('anna');
  s.found('staff');
  await s.full();
  await neighbourSync(s, other.connection);
  for (const key of [target, other.target]) await leaveTraces(shared, key);
  return { s, other };
};

const neighbourSync = async (s: Story, of: ConnectionId): Promise<void> => {
  const run = await s.requestSync('full');
  await s.stores.runs.erase(connection);
  await s.stores.runs.request({ ...run, connection: of });
  await syncTurn(s.engine, of, new AbortController().signal);
  await s.requestSync('full');
};

const leaveTraces = async ({ leases, ledger }: Stores, of: TargetId): Promise<void> => {
  const lease = await leases.take(of, 'worker', 60_000);
  if (!('fence' in lease)) throw new Error('The lease is taken.');
  const [carl, dora] = people(2);
  const [made, refused, open] = [creates(carl), updates(dora), disables(carl)];
  await ledger.intend(
    lease,
    [made, refused, open].map((operation) => ({ operation, cause: cause() })),
  );
  await ledger.settle(lease, [applied(made, linked(carl)), escrowed(refused)]);
  await ledger.wait(lease, [waits(aGroup(), 'members', id('bert') as never)]);
  await ledger.advance(lease, 1);
  await leases.release(lease);
};

const remove = async ({ stores }: Story, of: ConnectionId): Promise<void> => {
  const found = await stores.connections.get(of);
  if (found !== null) await stores.connections.edit(of, found.revision, { state: 'deleting' });
};

describe('a connection that is removed', () => {
  it('goes with everything of it, and nothing of another goes with it', async () => {
    const { s, other } = await twoCustomers();
    const before = await keptOf(s, other.connection, other.target);
    const full = await keptOf(s, connection, target);
    for (const one of [before, full])
      for (const [name, value] of Object.entries(nothing))
        expect([name, one]).not.toEqual([name, { ...one, [name]: value }]);

    await remove(s, connection);
    await purge(s.engine, connection);
    expect(await keptOf(s, connection, target)).toEqual(nothing);
    expect(await keptOf(s, other.connection, other.target)).toEqual(before);
  });

  it('leaves what was provisioned at its targets as it is', async () => {
    const s = await story();
    s.hire('anna');
    await s.full();
    const writes = s.writes();
    await remove(s, connection);
    await purge(s.engine, connection);
    expect(s.writes()).toBe(writes);
    expect(s.accounts()).toEqual({ anna: 'on' });
  });

  it('is purged of a removed target alone, when only that is removed', async () => {
    const { s, other } = await twoCustomers();
    const gone = targetId('tgt_gone');
    await s.stores.targets.add({ ...plainTarget(s.now()), id: gone, state: 'deleting' }, hidden({ token: 'sealed' }));
    await leaveTraces(s.stores, gone);
    const [mine, theirs] = [await keptOf(s, connection, target), await keptOf(s, other.connection, other.target)];
    await purge(s.engine, connection);
    const { target: isThere, links, escrows, intents, position } = await keptOf(s, connection, gone);
    expect([isThere, links, escrows, intents, position]).toEqual([false, nothing.links, 0, 0, null]);
    expect(await keptOf(s, connection, target)).toEqual({ ...mine, targets: 1 });
    expect(await keptOf(s, other.connection, other.target)).toEqual(theirs);
  });

  it('goes only once somebody removed it', async () => {
    const s = await story();
    s.hire('anna');
    await s.full();
    const before = await keptOf(s, connection, target);
    await purge(s.engine, connection);
    await purge(s.engine, connectionId('con_nobody'));
    expect(await keptOf(s, connection, target)).toEqual(before);
  });

  it('goes the second time, when the first broke off in between', async () => {
    for (const broken of ['ledger', 'targets', 'snapshots', 'runs', 'connections'] as const) {
      const s = await story();
      s.hire('anna');
      await s.full();
      await remove(s, connection);
      const refuse = async (): Promise<never> => {
        throw new Error('The power went.');
      };
      const stores = {
        ...s.stores,
        [broken]: { ...s.stores[broken], erase: refuse, remove: refuse },
      };
      await expect(purge({ ...s.engine, stores }, connection)).rejects.toThrow('The power went.');
      await purge(s.engine, connection);
      expect(await keptOf(s, connection, target)).toEqual(nothing);
    }
  });
});

describe('history', () => {
  const versions = async (s: Story): Promise<readonly number[]> => [
    ...new Set((await gather(s.stores.snapshots.changesAfter(connection, 0))).map(({ version }) => version)),
  ];
  /** A sync a day, each with somebody new. */
  const days = async (s: Story, count: number): Promise<void> => {
    for (let nth = 0; nth < count; nth += 1) {
      s.hire(`p${nth}-${s.now().getTime() % 100_000_000}`.slice(0, 12));
      await (nth === 0 ? s.full() : s.delta());
      s.pass(day);
    }
  };

  it('of changes goes after 30 days, when every target has passed them', async () => {
    const s = await story();
    await days(s, 3);
    expect(await versions(s)).toHaveLength(3);
    s.pass(26 * day);
    await prune(s.engine, null, signal);
    expect(await versions(s)).toHaveLength(3);
    s.pass(2 * day + 1);
    await prune(s.engine, null, signal);
    expect(await versions(s)).toHaveLength(1);
  });

  it('of changes that a target has not passed stays, however old', async () => {
    const s = await story();
    await s.stores.targets.add({ ...plainTarget(s.now()), id: targetId('tgt_new'), state: 'paused' }, {});
    await days(s, 2);
    s.pass(365 * day);
    await prune(s.engine, null, signal);
    expect(await versions(s)).toHaveLength(2);

    const lease = await s.stores.leases.take(targetId('tgt_new'), 'w', 60_000);
    const [first = 0] = await versions(s);
    if ('fence' in lease) await s.stores.ledger.advance(lease, first);
    await prune(s.engine, null, signal);
    expect(await versions(s)).toHaveLength(1);
  });

  it('of runs and operations goes after 90 days, and who is linked stays linked', async () => {
    const s = await story();
    s.hire('anna');
    const run = await s.full();
    const provisioned = await s.provisioned();
    const operations = async () => (await s.stores.ledger.entries(target, provisioned.id, null, 10)).items.length;
    s.pass(89 * day);
    await prune(s.engine, null, signal);
    expect([(await s.stores.runs.get(run.id))?.state, await operations()]).toEqual(['succeeded', 1]);
    s.pass(2 * day);
    await prune(s.engine, null, signal);
    expect([await s.stores.runs.get(run.id), await operations()]).toEqual([null, 0]);
    expect(await s.stores.ledger.countLinks(target)).toEqual({ user: 1, group: 0 });
    expect((await s.stores.snapshots.head(connection)).counts).toEqual({ user: 1, group: 0 });
  });

  it('of changes of a paused connection goes, though its runs went before', async () => {
    const s = await story();
    await days(s, 2);
    s.pass(365 * day);
    await s.stores.runs.prune(s.now());
    await prune(s.engine, null, signal);
    expect(await versions(s)).toEqual([]);
  });

  it('of who was signed in, or had a link, goes when that is over, though nobody comes after them', async () => {
    const s = await story();
    const { sessions, consents, setupLinks } = s.stores;
    const at = { authenticatedAt: s.now(), createdAt: s.now(), lastSeenAt: s.now() };
    const person = { issuer: 'https://login.example', subject: 'a1', name: 'ops@acme.example', roles: [] };
    await sessions.open({ session: { ...person, ...at, id: 'ses_1' }, proof: 'proof' }, 'digest', s.now());
    const hour = new Date(s.now().getTime() + 3_600_000);
    await consents.open({
      digest: 'state',
      connection,
      expiresAt: hour,
      returnUrl: null,
      sharedTenant: false,
      step: { kind: 'consent' },
    });
    const link = { id: 'stp_1', givenTo: 'IT', createdBy: 'product', createdAt: s.now(), lastUsedAt: null };
    await setupLinks.open({ ...link, connection, expiresAt: hour }, 'proof');
    const kept = async () =>
      [await sessions.find('digest'), await setupLinks.find(connection)].map((one) => one !== null);
    await prune(s.engine, null, signal);
    expect(await kept()).toEqual([true, true]);
    s.pass(day);
    await prune(s.engine, null, signal);
    expect(await kept()).toEqual([false, true]);
    s.pass(8 * day);
    await prune(s.engine, null, signal);
    expect(await kept()).toEqual([false, false]);
    expect(await consents.take('state')).toBeNull();
  });

  it('that went changes nothing about what comes next', async () => {
    const s = await story();
    await days(s, 3);
    s.pass(100 * day);
    await prune(s.engine, null, signal);
    s.hire('late');
    await s.delta();
    expect(Object.keys(s.accounts())).toHaveLength(4);
  });
});
