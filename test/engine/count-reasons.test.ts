import { glob, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { defaultMapping, defaultMatching } from '../../src/core/default-mapping.ts';
import { mapForCreate } from '../../src/core/mapping.ts';
import { countReasons } from '../../src/engine/count-reasons.ts';
import { inForceNow } from '../../src/engine/in-force.ts';
import { newProvisionRun } from '../../src/engine/request-runs.ts';
import { defaultAttributes } from '../../src/model/connection.ts';
import { type Reason, reasons } from '../../src/model/explanation.ts';
import { operationKey, remoteId, runId, sourceId, watermark } from '../../src/model/ids.ts';
import { type Escrow, escrowReasons, type Link, type Outcome } from '../../src/model/operation.ts';
import { noCounters } from '../../src/model/run.ts';
import {
  type Attributes,
  type GoneReason,
  group,
  type Ref,
  type SourceObject,
  user,
} from '../../src/model/source-object.ts';
import { nobodyProtected, type TargetInForce } from '../../src/model/target-record.ts';
import type { Lease, LeaseKey } from '../../src/store/leases.ts';
import { ask, why } from '../support/explaining.ts';
import { connection, id, person, plainTarget, type Story, story, target } from '../support/story.ts';

const organization = plainTarget(new Date()).organization;

/** What became of somebody, as it stands in the stores. `at`: the version in which they last changed; the target is at 1, a held run looked up to 2. */
type Fate = {
  readonly reason: Reason;
  readonly type?: 'group';
  readonly attributes?: Attributes;
  readonly gone?: GoneReason;
  readonly at?: 1 | 2 | 3;
  /** How the account is; none unless given. `stale`: it was told something else. */
  readonly account?: 'on' | 'off' | 'stale' | 'ended';
  readonly by?: 'matched';
  readonly escrow?: Escrow['reason'];
  readonly open?: true;
};

const left = (gone: GoneReason): readonly Fate[] => [
  { reason: gone, gone, account: 'off' },
  { reason: gone, gone, account: 'ended' },
  { reason: gone, gone },
];
const fates: readonly Fate[] = [
  { reason: 'in_sync', account: 'on' },
  { reason: 'in_sync', account: 'on', at: 3 },
  { reason: 'in_sync', account: 'on', type: 'group' },
  { reason: 'waiting_reference', account: 'on', attributes: { manager: 'nobody' } },
  { reason: 'disabled_in_source', attributes: { accountEnabled: false } },
  { reason: 'disabled_in_source', attributes: { accountEnabled: false }, account: 'off' },
  ...left('out_of_scope'),
  ...left('soft_deleted'),
  ...left('deleted'),
  ...left('missing'),
  { reason: 'guard_hold', gone: 'deleted', account: 'on', at: 2 },
  { reason: 'guard_hold', attributes: { accountEnabled: false }, account: 'stale', at: 2 },
  { reason: 'waiting_for_run', gone: 'deleted', account: 'on', at: 3 },
  { reason: 'waiting_for_run', at: 3 },
  { reason: 'waiting_for_run', account: 'stale', at: 3 },
  { reason: 'full_run_needed', account: 'stale' },
  { reason: 'full_run_needed' },
  { reason: 'protected', attributes: { employeeType: 'Service' } },
  { reason: 'protected', attributes: { employeeType: 'Service' }, account: 'on', gone: 'deleted' },
  { reason: 'not_managed', type: 'group', gone: 'deleted', account: 'on', by: 'matched' },
  { reason: 'group_kept', type: 'group', gone: 'out_of_scope', account: 'on' },
  { reason: 'source_unsure', gone: 'missing', account: 'on', escrow: 'source_unsure' },
  { reason: 'absence_unproven', gone: 'missing', account: 'on', escrow: 'absence_unproven' },
  { reason: 'no_match_key', escrow: 'no_match_key' },
  { reason: 'ambiguous_match', escrow: 'ambiguous_match' },
  { reason: 'linked_elsewhere', escrow: 'linked_elsewhere' },
  { reason: 'unclaimed_group', type: 'group', escrow: 'unclaimed_group' },
  { reason: 'missing_required_attribute', escrow: 'missing_required_attribute' },
  { reason: 'target_rejected', escrow: 'target_rejected' },
  { reason: 'target_rejected', escrow: 'target_rejected', account: 'stale' },
  { reason: 'target_conflict', escrow: 'target_conflict' },
  { reason: 'not_applied', escrow: 'not_applied', account: 'stale' },
  { reason: 'operation_open', open: true },
];

/** One in so many of the tenant has an unusual fate; everybody else is in step. */
const fateOf = (nth: number): Fate => (nth % 3 === 0 ? (fates[(nth / 3) % fates.length] ?? inStep) : inStep);
const inStep: Fate = { reason: 'in_sync', account: 'on' };

type Someone = { readonly fate: Fate; readonly ref: Ref; readonly object: SourceObject };
const someone = (nth: number): Someone => {
  const fate = fateOf(nth);
  const id = sourceId(`00000000-0000-4000-8000-${String(nth).padStart(12, '0')}`);
  const ref = fate.type === 'group' ? group(id) : user(id);
  const attributes =
    fate.type === 'group' ? { displayName: `group ${nth}` } : { ...person(`p${nth}`), ...fate.attributes };
  return { fate, ref, object: { ref, attributes } };
};

const taken = async ({ stores }: Story, key: LeaseKey): Promise<Lease> => {
  const lease = await stores.leases.take(key, 'maker', 60_000);
  if ('busyUntil' in lease) throw new Error('busy');
  return lease;
};

const commit = async (of: Story, everybody: readonly Someone[], version: 1 | 2 | 3): Promise<void> => {
  const draft = await of.stores.snapshots.begin(await taken(of, connection), `v${version}`);
  const now = everybody.filter(({ fate }) => (fate.at ?? 1) === version);
  const coming = version === 1 ? everybody.filter(({ fate }) => fate.gone !== undefined || fate.at !== undefined) : [];
  const objects = new Map([...coming, ...now].map(({ ref, object }) => [ref.id, { ref, next: object }]));
  await draft.put({ objects: [...objects.values()], members: [], seen: [], resume: null });
  const gone = now.flatMap(({ ref, fate }) => (fate.gone === undefined ? [] : [{ ref, next: { gone: fate.gone } }]));
  await draft.put({ objects: gone, members: [], seen: [], resume: null });
  // Whoever changes in this version looks otherwise than before, in what no rule maps.
  const touched = version === 1 ? [] : now.filter(({ fate }) => fate.gone === undefined);
  const next = touched.map(({ ref, object }) => ({
    ref,
    next: { ref, attributes: { ...object.attributes, mailNickname: `v${version}` } },
  }));
  await draft.put({ objects: next, members: [], seen: [], resume: null });
  const groups = everybody.filter(({ ref }) => ref.type === 'group').length;
  await draft.commit({
    watermark: watermark('w'),
    counts: { user: everybody.length - groups, group: groups },
    full: version === 1,
    attributes: defaultAttributes,
  });
};

const linkOf = ({ fate, ref, object }: Someone, now: Date): Link => {
  const { attributes } = mapForCreate(object, defaultMapping[ref.type], () => undefined);
  const pushed = {
    ...attributes,
    ...(fate.account === 'off' ? { active: false } : {}),
    ...(fate.account === 'stale' ? { displayName: 'as it was', active: true } : {}),
  };
  const state = fate.account === 'off' ? 'disabled' : 'active';
  const by = fate.by ?? 'created';
  return {
    ref,
    remoteId: remoteId(`r-${ref.id}`),
    by,
    state,
    since: now,
    hasLeft: false,
    pushed,
    membersSince: 1,
    membersAt: 3,
  };
};

const provision = async (of: Story, everybody: readonly Someone[]): Promise<void> => {
  const { ledger, runs } = of.stores;
  const lease = await taken(of, target);
  const outcome = (one: Someone, link: Link | null, what: string): Outcome => ({
    key: operationKey(`run.1.1.${one.ref.type}.${one.ref.id}.${what}`),
    ref: one.ref,
    action: link === null ? 'delete' : 'create',
    at: of.now(),
    result: 'applied',
    link,
  });
  const linked = everybody.filter(({ fate }) => fate.account !== undefined);
  await ledger.settle(
    lease,
    linked.map((one) => outcome(one, linkOf(one, of.now()), 'create')),
  );
  const ended = linked.filter(({ fate }) => fate.account === 'ended');
  await ledger.settle(
    lease,
    ended.map((one) => outcome(one, null, 'delete')),
  );
  await ledger.escrow(
    lease,
    everybody.flatMap(({ ref, fate }) => (fate.escrow ? [{ ref, reason: fate.escrow, detail: 'it was refused' }] : [])),
  );
  await ledger.intend(
    lease,
    everybody
      .filter(({ fate }) => fate.open)
      .map(({ ref }) => ({
        operation: { key: operationKey(`open.${ref.id}`), ref, action: 'create', attributes: {} },
        cause: {
          run: runId('run_x'),
          connection,
          version: 1,
          why: 'created',
          limited: false,
          plan: null,
          evidence: null,
        },
      })),
  );
  await ledger.advance(lease, 1);
  const wanted = {
    id: runId('run_x'),
    mode: 'delta',
    scope: null,
    dryRun: false,
    trigger: 'commit',
    at: of.now(),
  } as const;
  await runs.request(newProvisionRun({ id: target, connection, organization }, null, wanted));
  await runs.start(wanted.id, of.now());
  await runs.finish(wanted.id, 'held', of.now(), { counters: noCounters, version: 2, problem: null });
};

const generated = async (people: number): Promise<{ readonly of: Story; readonly everybody: readonly Someone[] }> => {
  const of = await story({
    target: { protected: { ...nobodyProtected, attributes: [{ attribute: 'employeeType', value: 'service' }] } },
  });
  const everybody = Array.from({ length: people }, (_, nth) => someone(nth));
  for (const version of [1, 2, 3] as const) await commit(of, everybody, version);
  await provision(of, everybody);
  return { of, everybody };
};

const record = async ({ engine, stores }: Story): Promise<TargetInForce> => {
  const found = await stores.targets.get(target);
  if (found === null) throw new Error('The story has no target.');
  return inForceNow(engine, found);
};
const count = async (of: Story, after: string | null = null, only: Reason | null = null) => {
  const asked = await of.stores.connections.get(connection);
  const counted = asked && (await countReasons(of.engine, asked, await record(of), { after, only }));
  if (counted === null) throw new Error('Nothing was counted.');
  return counted;
};
const plain = (counted: Awaited<ReturnType<typeof count>>): Record<string, number> =>
  Object.fromEntries([...counted.reasons].map(([reason, tallied]) => [reason, tallied.count]).sort());
const expected = (everybody: readonly Someone[]): Record<string, number> => {
  const counts = new Map<Reason, number>();
  for (const { fate } of everybody) counts.set(fate.reason, (counts.get(fate.reason) ?? 0) + 1);
  return Object.fromEntries([...counts].sort());
};

describe('everybody who was ever read has exactly one reason', () => {
  it('in a tenant of 100,000 people and groups with every fate there is', { timeout: 120_000 }, async () => {
    const { of, everybody } = await generated(100_000);
    const counted = await count(of);
    expect(counted.objects).toBe(100_000);
    expect([...counted.reasons.values()].reduce((sum, { count }) => sum + count, 0)).toBe(100_000);
    expect(plain(counted)).toEqual(expected(everybody));
    expect(counted).toMatchObject({ version: 3, position: 1, next: null });
  });

  it('which is the same that is told when one of them is asked about', async () => {
    const { of, everybody } = await generated(3 * fates.length);
    for (const { fate, ref } of everybody) {
      const { verdict } = await why(of, ref.id);
      expect([fate, verdict.reason]).toEqual([fate, fate.reason]);
    }
    const seldom: readonly Reason[] = [
      'plan_rejected',
      'plan_waits',
      'target_paused',
      'target_quarantined',
      'deprovision_off',
      'run_failed',
      'mapping_refused',
      'groups_not_supported',
      'protection_unknown',
      'attributes_unread',
      'run_undone',
      'database_restored',
      'target_unproved',
    ];
    const met = new Set(everybody.map(({ fate }) => fate.reason));
    // The rest say something about a target as a whole, and cannot be met beside these.
    expect(reasons.filter((reason) => !met.has(reason)).toSorted()).toEqual(seldom.toSorted());
  });

  it('is counted in as many calls as it takes, each going on where the last one stopped', async () => {
    const { of, everybody } = await generated(4_500);
    let objects = 0;
    let next: string | null = null;
    const sums = new Map<string, number>();
    do {
      const counted = await countReasons(
        { ...of.engine, world: slow(of) },
        await askedConnection(of),
        await record(of),
        { after: next, only: null },
      );
      if (counted === null) throw new Error('Nothing was counted.');
      expect(counted.objects).toBeLessThanOrEqual(2_000);
      objects += counted.objects;
      for (const [reason, { count }] of counted.reasons) sums.set(reason, (sums.get(reason) ?? 0) + count);
      next = counted.next;
    } while (next !== null);
    expect(objects).toBe(4_500);
    expect(Object.fromEntries([...sums].sort())).toEqual(expected(everybody));
  });

  it('and those of one reason can be listed', async () => {
    const { of, everybody } = await generated(9 * fates.length);
    const counted = await count(of, null, 'ambiguous_match');
    const meant = everybody.filter(({ fate }) => fate.reason === 'ambiguous_match').map(({ ref }) => ref);
    expect([...counted.reasons.keys()]).toEqual(['ambiguous_match']);
    expect(counted.reasons.get('ambiguous_match')).toEqual({ count: meant.length, examples: meant });
    expect((await count(of)).reasons.get('in_sync')?.examples).toHaveLength(5);
    expect((await ask(of, meant[0]?.id ?? '')).found).toBe('one');
  });
});

describe('what runs found of people who cannot be told apart, or cannot be made', () => {
  const number = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber';
  const byNumber = { from: 'employeeId', to: number, ignoreCase: false };
  const story7 = async (): Promise<Story> => {
    const s = await story({ target: { matching: { ...defaultMatching, user: [byNumber] } } });
    const there = (name: string, employeeNumber: string) => {
      const attributes = { userName: `${name}@contoso.example`, active: true, [number]: employeeNumber };
      s.remote.objects.set(remoteId(`r-${name}`), { type: 'user', remoteId: remoteId(`r-${name}`), attributes });
    };
    for (const [name, employeeNumber] of [
      ['bert', '2'],
      ['dora', '4'],
      ['dora2', '4'],
    ] as const)
      there(name, employeeNumber);
    s.hire('anna', { employeeId: '1' });
    s.hire('bert');
    s.hire('carl', { employeeId: '3', userPrincipalName: null });
    s.hire('dora', { employeeId: '4' });
    s.hire('gita', { accountEnabled: false });
    await s.full();
    s.hire('fred', { employeeId: '1' });
    await s.delta();
    return s;
  };

  it('is counted once each, and nobody who cannot be looked for has a second account made', async () => {
    const s = await story7();
    expect(plain(await count(s))).toEqual({
      ambiguous_match: 1,
      disabled_in_source: 1,
      in_sync: 1,
      linked_elsewhere: 1,
      missing_required_attribute: 1,
      no_match_key: 1,
    });
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', dora: 'on', dora2: 'on' });
    const said = async (name: string) => (await why(s, id(name))).verdict.sentence.replace(/; tried.*/, '');
    expect(await said('bert')).toBe('bert could not be looked for at Helpdesk: employeeId is not set');
    expect(await said('carl')).toBe(
      'carl lacks an attribute that Helpdesk needs: userName is mapped from userPrincipalName, which is not set',
    );
    expect((await why(s, id('bert'), true)).live?.says).toBe(
      'There is nothing to look for at the target by: of employeeId nothing is set.',
    );
  });

  it('is over with the run after they were given what they lacked', async () => {
    const s = await story7();
    s.hire('bert', { employeeId: '2' });
    s.hire('carl', { employeeId: '3' });
    await s.delta();
    expect(plain(await count(s))).toMatchObject({ in_sync: 3 });
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', carl: 'on', dora: 'on', dora2: 'on' });
  });
});

it('has a run that comes to every reason for which an object waits in escrow', async () => {
  const rooms = ['src/core/plan.ts', 'src/engine/*.ts'];
  let code = '';
  for await (const path of glob(rooms)) code += await readFile(path, 'utf8');
  expect(escrowReasons.filter((reason) => !code.includes(`'${reason}'`))).toEqual([]);
});

const askedConnection = async ({ stores }: Story) => {
  const found = await stores.connections.get(connection);
  if (found === null) throw new Error('The story has no connection.');
  return found;
};

/** A clock on which every look takes eight seconds. */
const slow = (of: Story) => {
  let passed = 0;
  return {
    ...of.engine.world,
    now: () => {
      passed += 8_000;
      return new Date(of.now().getTime() + passed);
    },
  };
};
