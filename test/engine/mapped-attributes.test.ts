/** What is read of a tenant follows what its targets map, and what was not read is cleared nowhere. */

import { describe, expect, it } from 'vitest';
import { changedAttributes } from '../../src/core/change-kind.ts';
import { defaultMatching } from '../../src/core/default-mapping.ts';
import type { AttributeNames } from '../../src/core/read-attributes.ts';
import { remoteId } from '../../src/model/ids.ts';
import type { MappingRule } from '../../src/model/mapping.ts';
import type { TargetRecord } from '../../src/model/target-record.ts';
import { type Log, silent } from '../../src/model/world.ts';
import { mappingRule } from '../core/builders.ts';
import { ask, why } from '../support/explaining.ts';
import { connection, id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const mapping = (...more: readonly MappingRule[]): TargetRecord['mapping'] => ({
  user: [mappingRule('id', 'externalId'), mappingRule('userPrincipalName', 'userName', { whenNull: 'keep' }), ...more],
  group: [mappingRule('id', 'externalId'), mappingRule('displayName', 'displayName')],
});
const department = mappingRule('department', 'department');
const fax = mappingRule('faxNumber', 'fax');

const remap = async (s: Story, rules: Partial<Pick<TargetRecord, 'mapping' | 'matching'>>): Promise<void> => {
  const record = await s.stores.targets.get(target);
  await s.stores.targets.edit(target, record?.revision ?? 0, rules);
};
const readOfUsers = async (s: Story): Promise<readonly string[]> =>
  [...(await s.stores.snapshots.head(connection)).attributes.user.keys()].toSorted();
const storedOf = async (s: Story, name: string) =>
  (await s.stores.snapshots.named(connection, `${name}@contoso.example`, 1))[0]?.object.attributes;
const heldAccount = (s: Story, name: string) => s.account(name)?.attributes;

/** What a person is known by, in what a connection reads unless it says otherwise. */
const known = ['accountEnabled', 'displayName', 'employeeId', 'mail', 'userPrincipalName'];

describe('a connection whose target maps two attributes', () => {
  it('reads those and what people are known by, and asks for, keeps and shows nothing else of anybody', async () => {
    const asked: AttributeNames[] = [];
    const s = await story({
      target: { mapping: mapping(department) },
      wrapSource: (made) => ({
        ...made,
        read: (question, signal) => {
          asked.push(question.attributes);
          return made.read(question, signal);
        },
        lookUp: (who, attributes, signal) => {
          asked.push(attributes);
          return made.lookUp(who, attributes, signal);
        },
      }),
    });
    s.hire('anna', { department: 'Sales', mobilePhone: '+41 79 000 00 00', streetAddress: 'At home' });
    await s.full();
    expect(await readOfUsers(s)).toEqual([...known, 'department'].toSorted());
    expect(Object.keys((await storedOf(s, 'anna')) ?? {}).toSorted()).toEqual([...known, 'department'].toSorted());
    const answer = await ask(s, 'anna@contoso.example', true);
    expect(JSON.stringify(answer)).not.toMatch(/mobilePhone|At home/);
    expect(asked.length).toBeGreaterThan(1);
    for (const { user } of asked) expect(user.toSorted()).toEqual([...known, 'department'].toSorted());
  });

  it('forgets, with the next sync, what is not mapped any more', async () => {
    const s = await story({ target: { mapping: mapping(department) } });
    s.hire('anna', { department: 'Sales' });
    await s.full();
    await remap(s, { mapping: mapping() });
    await s.delta();
    expect(await storedOf(s, 'anna')).not.toHaveProperty('department');
    // A rule that is gone takes nothing away.
    expect(heldAccount(s, 'anna')).toMatchObject({ department: 'Sales' });
  });

  it('tells of nobody that they changed, because less is read of them', async () => {
    const s = await story({ target: { mapping: mapping(department) } });
    for (const name of ['anna', 'ben']) s.hire(name, { department: 'Sales' });
    await s.full();
    const { version } = await s.stores.snapshots.head(connection);
    await remap(s, { mapping: mapping() });
    s.directory.setUser(id('ben'), { displayName: 'Benjamin' });
    expect(await s.full()).toMatchObject({ counters: { updated: 1 } });
    expect(await storedOf(s, 'anna')).not.toHaveProperty('department');
    const told: string[] = [];
    for await (const changes of s.stores.snapshots.changesAfter(connection, version))
      told.push(...changes.flatMap(({ change }) => changedAttributes(change)));
    expect(told).toEqual(['displayName']);
  });
});

describe('an attribute that a target comes to need', () => {
  const mapped = async (options: StoryOptions = {}): Promise<Story> => {
    const s = await story({ target: { mapping: mapping(department) }, ...options });
    for (const name of ['anna', 'ben']) s.hire(name, { department: 'Sales' });
    await s.full();
    return s;
  };

  it('is read of everybody before anything goes by it, and clears nothing before that', async () => {
    const s = await mapped();
    await remap(s, { mapping: mapping() });
    await s.delta();
    await remap(s, { mapping: mapping(department) });
    s.directory.setUser(id('ben'), { department: null });
    expect(await s.provision('full')).toMatchObject({
      state: 'held',
      problem: { code: 'attributes_unread', message: expect.stringContaining('department of each user') },
    });
    expect(heldAccount(s, 'anna')).toMatchObject({ department: 'Sales' });
    // Also where only changes were asked for.
    expect(await s.delta()).toMatchObject({ read: 'full' });
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
    expect(heldAccount(s, 'anna')).toMatchObject({ department: 'Sales' });
    expect(heldAccount(s, 'ben')?.['department'] ?? null).toBeNull();
  });

  it('and finds people by makes nobody a second account before it is read', async () => {
    const s = await story({ target: { mapping: mapping() } });
    await s.full();
    s.hire('anna', { department: 'Sales' });
    s.remote.objects.set(remoteId('hers'), {
      type: 'user',
      remoteId: remoteId('hers'),
      attributes: { userName: 'another', department: 'Sales' },
    });
    const matching = { ...defaultMatching, user: [{ from: 'department', to: 'department', ignoreCase: true }] };
    await s.requestSync('delta');
    await s.syncAll();
    await remap(s, { matching });
    await s.provisionAll();
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'attributes_unread' } });
    await s.delta();
    expect(s.remote.objects.size).toBe(1);
    expect(heldAccount(s, 'anna')).toMatchObject({ externalId: id('anna') });
  });

  it('while a sync reads without it is not taken out of the snapshot by that one', async () => {
    let isToCome = false;
    const s: Story = await mapped({
      engine: {
        failpoint: async (site) => {
          if (site !== 'sync.recorded' || !isToCome) return;
          isToCome = false;
          await remap(s, { mapping: mapping(department) });
        },
      },
    });
    await remap(s, { mapping: mapping() });
    isToCome = true;
    await s.delta();
    expect(isToCome).toBe(false);
    expect(await storedOf(s, 'anna')).toMatchObject({ department: 'Sales' });
    expect(heldAccount(s, 'anna')).toMatchObject({ department: 'Sales' });
  });

  it('holds no undo back, which goes by what was there before', async () => {
    const s = await mapped();
    s.pass(1_000);
    s.directory.setUser(id('anna'), { department: 'Board' });
    await s.delta();
    const run = await s.provisioned();
    s.pass(1_000);
    expect(heldAccount(s, 'anna')).toMatchObject({ department: 'Board' });
    await remap(s, { mapping: mapping(department, mappingRule('city', 'city')) });
    await s.planUndo(run);
    await s.approve();
    expect(heldAccount(s, 'anna')).toMatchObject({ department: 'Sales' });
  });
});

describe('a rule of a target from before that goes by what its connection may not read', () => {
  it('clears nothing, neither of an account that was there before nor of one that is linked', async () => {
    const s = await story({ target: { mapping: mapping(fax, department) } });
    s.hire('anna', { faxNumber: '7', department: 'Sales' });
    s.remote.objects.set(remoteId('hers'), {
      type: 'user',
      remoteId: remoteId('hers'),
      attributes: { userName: 'anna@contoso.example', fax: '7' },
    });
    await s.full();
    expect(heldAccount(s, 'anna')).toMatchObject({ externalId: id('anna'), fax: '7', department: 'Sales' });
    await s.provision('full');
    s.directory.setUser(id('anna'), { department: null });
    await s.delta();
    expect(heldAccount(s, 'anna')).toMatchObject({ fax: '7' });
    expect(heldAccount(s, 'anna')?.['department'] ?? null).toBeNull();
    expect(await readOfUsers(s)).not.toContain('faxNumber');
    const { verdict } = await why(s, 'anna@contoso.example');
    expect(verdict).toMatchObject({ reason: 'in_sync' });
  });

  it('gives nobody the default, as if the tenant had said that they have none', async () => {
    const s = await story({
      target: {
        mapping: mapping(
          mappingRule('faxNumber', 'fax', { default: 'none' }),
          mappingRule('department', 'department', { default: 'none' }),
        ),
      },
    });
    s.hire('anna', { faxNumber: '7' });
    await s.full();
    expect(heldAccount(s, 'anna')).toMatchObject({ externalId: id('anna'), department: 'none' });
    expect(heldAccount(s, 'anna')).not.toHaveProperty('fax');
  });

  it('is told of whoever it concerns, with who mends it, and once in the log of each run', async () => {
    const told: object[] = [];
    const s = await story({
      target: {
        mapping: mapping(fax),
        matching: {
          ...defaultMatching,
          user: [{ from: 'otherMails[0]', to: 'mail2', ignoreCase: true }, ...defaultMatching.user],
        },
      },
    });
    s.hire('anna', { faxNumber: '7' });
    await s.full();
    const warn: Log['warn'] = (event, facts) => told.push({ event, ...facts });
    Object.assign(s.engine.world, { log: { ...silent, warn } });
    const { id: run } = await s.provision('full');
    expect(told).toEqual([{ event: 'rules.unreadable', run, target, attributes: 'user.faxNumber user.otherMails' }]);
    const stepOf = async (step: string) =>
      (await why(s, 'anna@contoso.example')).steps.find((one) => one.step === step);
    expect(await stepOf('mapped')).toMatchObject({
      says: expect.stringMatching(
        /faxNumber, so fax is left as it is there\. To be mended by your team: name it in attributes\.user .*or take the rule out/,
      ),
      evidence: { values: [{ to: 'externalId', readable: true }, { to: 'userName' }, { to: 'fax', readable: false }] },
    });
    expect(await stepOf('matched')).toMatchObject({
      says: expect.stringMatching(/otherMails, so nobody is looked for by mail2\. To be mended by your team/),
      evidence: { questions: [{ to: 'mail2', readable: false }, { readable: true }, { readable: true }] },
    });
  });
});

describe('a mapping that is edited while a target takes its time to say what it can', () => {
  it('clears nothing of what is not mapped, and so not read, any more', async () => {
    let meanwhile: () => Promise<void> = async () => {};
    const s: Story = await story({
      target: { mapping: mapping(department) },
      wrapTarget: (made) => ({
        ...made,
        ready: async (signal) => {
          const edit = meanwhile;
          meanwhile = async () => {};
          await edit();
          await made.ready(signal);
        },
      }),
    });
    s.hire('anna', { department: 'Sales' });
    await s.full();
    s.hire('anna', { department: 'Sales', userPrincipalName: 'ann@contoso.example' });
    await s.requestSync('delta');
    await s.syncAll();
    meanwhile = async () => {
      await remap(s, { mapping: mapping() });
      await s.requestSync('full');
      await s.syncAll();
    };
    await s.provisionAll();
    expect(heldAccount(s, 'ann')).toMatchObject({ department: 'Sales' });
  });
});

describe('an account that was there before', () => {
  it('loses what it had from before by a rule that is added later, of whoever has no value, and once', async () => {
    const s = await story({ target: { mapping: mapping() } });
    for (const name of ['anna', 'ben'])
      s.remote.objects.set(remoteId(`r-${name}`), {
        type: 'user',
        remoteId: remoteId(`r-${name}`),
        attributes: { userName: `${name}@contoso.example`, active: true, department: 'From before' },
      });
    s.hire('anna', { department: null });
    s.hire('ben', { department: 'Sales' });
    await s.full();
    expect(heldAccount(s, 'anna')).toMatchObject({ externalId: id('anna'), department: 'From before' });
    await remap(s, { mapping: mapping(department) });
    await s.full();
    expect(heldAccount(s, 'anna')?.['department'] ?? null).toBeNull();
    expect(heldAccount(s, 'ben')).toMatchObject({ department: 'Sales' });
    const writes = s.writes();
    await s.provision('full');
    expect(s.writes()).toBe(writes);
  });
});
