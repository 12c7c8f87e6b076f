import { describe, expect, it } from 'vitest';
import { newProvisionRun } from '../../src/engine/request-runs.ts';
import { SourceError, TargetError } from '../../src/model/errors.ts';
import type { Reason } from '../../src/model/explanation.ts';
import { operationKey, remoteId, sourceId } from '../../src/model/ids.ts';
import type { Operation } from '../../src/model/operation.ts';
import { defaultLimits, nobodyProtected } from '../../src/model/target-record.ts';
import { memoryTarget, memoryTargetState } from '../../src/target/memory.ts';
import type { Target } from '../../src/target/target.ts';
import { ask, why } from '../support/explaining.ts';
import { connection, id, plainTarget, type Story, story, target } from '../support/story.ts';

const mailOf = (name: string): string => `${name}@contoso.example`;
const reason = async (of: Story, name: string): Promise<Reason> => (await why(of, mailOf(name))).verdict.reason;
const edit = async ({ stores }: Story, change: Parameters<Story['stores']['targets']['edit']>[2]): Promise<void> => {
  const record = await stores.targets.get(target);
  await stores.targets.edit(target, record?.revision ?? 0, change);
};
/** A target that answers some operations otherwise. */
const answering =
  (instead: (operation: Operation) => Error | null) =>
  (real: Target): Target => ({
    ...real,
    apply: async (operation, signal) => {
      const error = instead(operation);
      if (error !== null) throw error;
      return real.apply(operation, signal);
    },
  });
const rejected = (name: string) =>
  answering((operation) =>
    'attributes' in operation && operation.attributes['displayName'] === name
      ? new TargetError('rejected', 'The phone number is too long.', { code: 'invalidValue' })
      : null,
  );

describe('somebody at the target', () => {
  it('is told with the account, and what made it', async () => {
    const of = await story();
    of.hire('anna', { employeeId: 'E-1' });
    await of.full();
    const answer = await why(of, mailOf('anna'));
    const run = await of.provisioned();
    expect(answer.verdict).toEqual({
      reason: 'in_sync',
      sentence: `anna is at Helpdesk as account ${of.account('anna')?.remoteId}, as wanted; last written 2026-03-02 08:00 UTC.`,
      owner: null,
      todo: null,
    });
    expect(answer.steps.map(({ state }) => state)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok']);
    expect(answer.steps.at(-1)).toMatchObject({
      step: 'written',
      evidence: { last: { action: 'create', run: run.id, version: 1, result: 'applied' } },
    });
    expect(answer.steps[0]).toMatchObject({ evidence: { changed: { version: 1, run: 'run_000001' } } });
  });

  it.each(['ANNA@contoso.example', 'anna@contoso.example', 'E-1', id('anna'), id('anna').toUpperCase(), 'remote-1'])(
    'is found by %s',
    async (name) => {
      const of = await story();
      of.hire('anna', { employeeId: 'E-1' });
      await of.full();
      expect((await why(of, name)).verdict.reason).toBe('in_sync');
    },
  );

  it('who was there before Entrain is told so', async () => {
    const of = await story();
    const existing = { userName: mailOf('anna'), externalId: id('anna'), active: true, displayName: 'anna' };
    await memoryTarget(of.remote).apply(
      {
        key: operationKey('x'),
        ref: { type: 'user', id: sourceId(id('anna')) },
        action: 'create',
        attributes: { ...existing, 'emails[type eq "work"].value': mailOf('anna') },
      },
      new AbortController().signal,
    );
    of.hire('anna');
    await of.full();
    const { verdict, steps } = await why(of, mailOf('anna'));
    expect(verdict.sentence).toBe(
      'anna is at Helpdesk as account remote-1, as wanted; it was there already, and nothing had to be written (2026-03-02 08:00 UTC).',
    );
    expect(steps.find(({ step }) => step === 'matched')?.says).toBe(
      'Linked to remote-1 there, which was there before Entrain.',
    );
  });

  it('whose manager has no account there waits for that, and says for whom', async () => {
    const of = await story();
    of.hire('anna', { manager: id('max') });
    of.hire('max', { accountEnabled: false });
    await of.full();
    expect((await why(of, mailOf('anna'))).verdict).toMatchObject({
      reason: 'waiting_reference',
      sentence: 'anna is at Helpdesk as account remote-1, but without the manager, max, for want of an account there.',
    });
    of.hire('max', { accountEnabled: true });
    await of.delta();
    expect(await reason(of, 'anna')).toBe('in_sync');
  });
});

describe('somebody not at the target', () => {
  it('is disabled in Entra', async () => {
    const of = await story();
    of.hire('anna', { accountEnabled: false });
    await of.full();
    const { verdict, steps } = await why(of, mailOf('anna'));
    expect(verdict).toMatchObject({ reason: 'disabled_in_source', owner: 'customer_it' });
    expect(steps.find(({ state }) => state === 'stopped')?.step).toBe('planned');
  });

  it('was refused: in the words of the target, with what was sent and when it is tried again', async () => {
    const of = await story({ wrapTarget: rejected('anna') });
    of.hire('anna');
    await of.full();
    const { verdict, steps } = await why(of, mailOf('anna'));
    expect(verdict).toMatchObject({
      reason: 'target_rejected',
      sentence:
        'Helpdesk refused anna: The phone number is too long; tried once since 2026-03-02 08:00 UTC, next after 2026-03-02 14:00 UTC.',
    });
    expect(steps.at(-1)).toMatchObject({
      state: 'stopped',
      evidence: { failed: { action: 'create', result: 'escrowed', attributes: { userName: mailOf('anna') } } },
    });
  });

  it('cannot be told apart there', async () => {
    const twins: Target = {
      ...memoryTarget(memoryTargetState()),
      find: async (type, attribute) =>
        attribute === 'userName'
          ? [1, 2].map((nth) => ({
              type,
              remoteId: remoteId(`twin-${nth}`),
              attributes: { userName: mailOf('anna') },
            }))
          : [],
    };
    const of = await story({ wrapTarget: () => twins });
    of.hire('anna');
    await of.full();
    expect((await why(of, mailOf('anna'))).verdict).toMatchObject({
      reason: 'ambiguous_match',
      sentence: expect.stringContaining('2 remote objects have the same userName'),
    });
  });

  it('waits while the target is down, in quarantine, or paused', async () => {
    let fault: TargetError | null = new TargetError('unavailable', 'The target is down.');
    const of = await story({ wrapTarget: answering(() => fault) });
    of.hire('anna');
    await of.requestSync('full');
    await of.syncAll();
    expect((await why(of, mailOf('anna'))).verdict).toMatchObject({
      reason: 'waiting_for_run',
      sentence: expect.stringContaining('waits to have an account at Helpdesk; run run_000002 is queued'),
    });
    await of.provisionAll();
    expect((await why(of, mailOf('anna'))).verdict).toMatchObject({
      reason: 'target_quarantined',
      owner: 'target_vendor',
      sentence: expect.stringContaining('The target is down'),
    });
    fault = new TargetError('unauthorized', 'The token is not accepted.');
    await edit(of, { state: 'active', problem: null });
    await of.provision();
    expect((await why(of, mailOf('anna'))).verdict).toMatchObject({
      reason: 'target_quarantined',
      owner: 'your_team',
      sentence: expect.stringContaining('The token is not accepted'),
    });
    fault = null;
    await edit(of, { state: 'active', problem: null });
    await of.provision();
    expect(await reason(of, 'anna')).toBe('in_sync');
    of.hire('anna', { displayName: 'Anna B.' });
    await edit(of, { state: 'paused' });
    await of.delta();
    expect((await why(of, mailOf('anna'))).verdict.sentence).toBe(
      'Helpdesk is paused, so Anna B. waits to have displayName brought up to date.',
    );
  });

  it('is protected there', async () => {
    const of = await story({
      target: { protected: { ...nobodyProtected, attributes: [{ attribute: 'employeeType', value: 'Service' }] } },
    });
    of.hire('backup', { employeeType: 'service' });
    of.hire('anna');
    await of.full();
    expect(await reason(of, 'backup')).toBe('protected');
    expect(await reason(of, 'anna')).toBe('in_sync');
  });

  it('waits for somebody to approve the first plan of the target', async () => {
    const of = await story({ target: { autoApproveFirst: false } });
    of.hire('anna');
    of.hire('off', { accountEnabled: false });
    await of.full();
    const { id: plan } = await of.newestPlan();
    const { verdict, steps } = await why(of, mailOf('anna'));
    expect(verdict).toEqual({
      reason: 'plan_waits',
      sentence: `anna is to have an account at Helpdesk, but nothing is written there until somebody approves the plan ${plan}.`,
      owner: 'your_team',
      todo: 'Look at the plan, and approve or reject it.',
    });
    expect(steps.find(({ step }) => step === 'guard')).toMatchObject({
      state: 'stopped',
      evidence: { plan: { id: plan, kind: 'first', state: 'waiting', actions: ['create'] } },
    });
    expect(await reason(of, 'off')).toBe('disabled_in_source');
    await of.approve();
    expect(await reason(of, 'anna')).toBe('in_sync');
  });

  it('waits for a run that looks at everybody, after the mapping was changed', async () => {
    const of = await story();
    of.hire('anna');
    await of.full();
    const record = await of.stores.targets.get(target);
    const city = {
      kind: 'constant',
      value: 'Berlin',
      to: 'title',
      apply: 'always',
      whenNull: 'clear',
      default: null,
    } as const;
    const mapping = { user: [...(record?.mapping.user ?? []).filter(({ to }) => to !== 'title'), city], group: [] };
    await edit(of, { mapping });
    expect((await why(of, mailOf('anna'))).verdict).toMatchObject({
      reason: 'full_run_needed',
      sentence: expect.stringContaining('anna is to have title brought up to date at Helpdesk'),
    });
    await of.provision('full');
    expect(await reason(of, 'anna')).toBe('in_sync');
  });
});

describe('somebody who left', () => {
  it.each(['deleted', 'soft_deleted'] as const)('was %s, and the account was switched off', async (how) => {
    const of = await story();
    of.hire('anna');
    of.hire('bert');
    await of.full();
    of.directory.remove(id('anna'), how);
    of.pass(3_600_000);
    await of.delta();
    const { verdict, steps } = await why(of, mailOf('anna'));
    expect(verdict).toMatchObject({
      reason: how,
      sentence: expect.stringContaining('account remote-1 at Helpdesk was switched off 2026-03-02 09:00 UTC'),
    });
    expect(steps.map(({ state }) => state).join(' ')).toBe('stopped not_reached ok not_reached ok ok ok');
    expect(steps.at(-1)).toMatchObject({ evidence: { last: { action: 'disable', why: how } } });
  });

  it('was deleted there too, and is still found by the id the account had', async () => {
    const of = await story({ target: { deprovision: { kind: 'delete' } } });
    of.hire('anna');
    of.hire('bert');
    await of.full();
    of.directory.remove(id('anna'), 'deleted');
    await of.delta();
    const { verdict, link } = await why(of, 'remote-1');
    expect(link).toBeNull();
    expect(verdict.sentence).toBe(
      'anna was deleted in Entra for good; account remote-1 at Helpdesk is gone since 2026-03-02 08:00 UTC.',
    );
  });

  it('left the scope, and the answer says which groups they are in instead', async () => {
    const of = await story({
      connection: { scope: { kind: 'groups', groups: [sourceId(id('pilot')), sourceId(id('sales'))], nested: false } },
    });
    for (const name of ['anna', 'bert', 'cleo']) of.hire(name);
    for (const group of ['pilot', 'sales']) of.found(group);
    for (const name of ['anna', 'bert', 'cleo']) of.directory.join(id('pilot'), id(name));
    of.directory.join(id('sales'), id('bert'));
    await of.full();
    expect((await why(of, mailOf('anna'))).steps[1]).toMatchObject({
      state: 'ok',
      says: 'In scope by the group pilot.',
    });
    of.directory.leave(id('pilot'), id('anna'));
    await of.delta();
    const { verdict, steps } = await why(of, mailOf('anna'));
    expect(verdict).toMatchObject({ reason: 'out_of_scope', owner: 'customer_it' });
    expect(steps[1]).toMatchObject({ state: 'stopped', says: 'Not in any group of the scope any more.' });
    expect(await ask(of, mailOf('bert'))).toMatchObject({ found: 'one' });
  });

  it('is held by the guard with many others', async () => {
    const of = await story({
      target: { limits: { ...defaultLimits, deprovisions: { count: 2, percent: 100, floor: 2 } } },
    });
    const names = ['anna', 'bert', 'cleo', 'dora', 'emil'];
    for (const name of names) of.hire(name);
    await of.full();
    for (const name of names.slice(0, 3)) of.directory.remove(id(name), 'deleted');
    await of.delta();
    const held = await of.provisioned();
    expect(held.state).toBe('held');
    const { verdict, steps } = await why(of, mailOf('anna'));
    expect(verdict).toMatchObject({ reason: 'guard_hold', owner: 'your_team' });
    const plan = await of.newestPlan();
    expect(verdict.sentence).toContain(`run ${held.id} was held`);
    expect(verdict.sentence).toContain(`the plan ${plan.id}`);
    expect(steps.find(({ step }) => step === 'guard')).toMatchObject({
      state: 'stopped',
      evidence: {
        heldBy: { id: held.id, state: 'held' },
        plan: { id: plan.id, state: 'waiting', actions: ['disable'] },
      },
    });
    expect(await reason(of, 'emil')).toBe('in_sync');
    // A run that somebody canceled before it began has looked at nobody.
    const another = await of.requestProvision();
    await of.stores.runs.cancel(another.id, of.now());
    expect(await reason(of, 'anna')).toBe('guard_hold');
  });

  it('is held all the same when many runs of single groups came after the one that was held', async () => {
    const of = await story({
      target: { limits: { ...defaultLimits, deprovisions: { count: 1, percent: 100, floor: 1 } } },
    });
    for (const name of ['anna', 'bert', 'cleo']) of.hire(name);
    await of.full();
    for (const name of ['anna', 'bert']) of.directory.remove(id(name), 'deleted');
    await of.delta();
    const wanted = { mode: 'delta', dryRun: false, trigger: 'api', at: of.now() } as const;
    for (let nth = 0; nth < 201; nth += 1)
      await of.stores.runs.request(
        newProvisionRun(plainTarget(of.now()), null, {
          ...wanted,
          id: of.engine.newRunId(),
          scope: { group: sourceId(id(`team-${nth}`)), nested: false },
        }),
      );
    expect(await reason(of, 'anna')).toBe('guard_hold');
  });

  it('is switched off once somebody approved the plan, and kept when it was rejected', async () => {
    const of = await story({
      target: { limits: { ...defaultLimits, deprovisions: { count: 1, percent: 100, floor: 1 } } },
    });
    const names = ['anna', 'bert', 'cleo', 'dora'];
    for (const name of names) of.hire(name);
    await of.full();
    for (const name of names.slice(0, 2)) of.directory.remove(id(name), 'deleted');
    await of.delta();
    await of.commands.rejectPlan((await of.newestPlan()).id, { by: 'ops', reason: 'They are on leave.' });
    expect((await why(of, mailOf('anna'))).verdict).toMatchObject({
      reason: 'plan_rejected',
      sentence: expect.stringContaining('was rejected by ops: They are on leave.'),
    });
    of.directory.remove(id('cleo'), 'deleted');
    await of.delta();
    expect(await reason(of, 'anna')).toBe('guard_hold');
    await of.approve();
    expect(await reason(of, 'anna')).toBe('deleted');
    expect((await why(of, mailOf('cleo'))).verdict.sentence).toContain('was switched off');
  });

  it('was confirmed to be there, so nothing was taken away', async () => {
    const of = await story();
    of.hire('anna');
    of.hire('bert');
    await of.full();
    of.directory.remove(id('anna'), 'deleted');
    of.directory.liberties.confirms = false;
    await of.delta();
    expect(await reason(of, 'anna')).toBe('source_unsure');
  });

  it('never had an account: nothing is to be done', async () => {
    const of = await story();
    of.hire('anna', { accountEnabled: false });
    of.hire('bert');
    await of.full();
    of.directory.remove(id('anna'), 'deleted');
    await of.delta();
    const { verdict } = await why(of, mailOf('anna'));
    expect(verdict.sentence).toBe('anna was deleted in Entra for good.');
  });
});

describe('what is said of a scope and a target', () => {
  it('does not contradict itself: of a tenant that is in scope as a whole each group is, too', async () => {
    const of = await story();
    of.hire('anna');
    of.found('sales');
    of.directory.join(id('sales'), id('anna'));
    await of.full();
    const { steps } = await why(of, mailOf('anna'));
    expect(steps.find(({ step }) => step === 'in_scope')).toMatchObject({
      says: 'Everybody is in scope.',
      evidence: { memberOf: [{ name: 'sales', inScope: true }] },
    });
  });

  it('tells of a connection without a target that nobody is written anywhere', async () => {
    const of = await story();
    of.hire('anna');
    await of.full();
    await of.stores.targets.remove(target);
    expect(await ask(of, mailOf('anna'))).toMatchObject({
      targets: [],
      notes: ['The connection has no target, so nobody is written anywhere.'],
    });
  });

  it('calls it switching on when somebody comes back, and not an attribute brought up to date', async () => {
    const of = await story();
    of.hire('anna');
    await of.full();
    of.hire('anna', { accountEnabled: false });
    await of.delta();
    of.hire('anna', { accountEnabled: true, displayName: 'Anna B.' });
    await edit(of, { state: 'paused' });
    await of.requestSync('delta');
    await of.syncAll();
    expect((await why(of, mailOf('anna'))).verdict.sentence).toBe(
      'Helpdesk is paused, so Anna B. waits to have the account switched on and displayName brought up to date.',
    );
  });

  it('tells once that somebody was disabled since they were read', async () => {
    const of = await story();
    of.hire('anna');
    await of.full();
    of.hire('anna', { accountEnabled: false });
    expect(await ask(of, mailOf('anna'), true)).toMatchObject({
      live: {
        agrees: false,
        changed: [{ attribute: 'accountEnabled' }],
        says: 'Entra, asked now: there and in scope, and disabled, which is not what is stored: the next sync tells.',
      },
    });
  });
});

describe('a group', () => {
  it('is explained by its id', async () => {
    const of = await story();
    of.hire('anna');
    of.hire('off', { accountEnabled: false });
    of.found('sales');
    for (const name of ['anna', 'off']) of.directory.join(id('sales'), id(name));
    await of.full();
    expect((await why(of, id('sales'))).verdict).toMatchObject({
      reason: 'waiting_reference',
      sentence: expect.stringContaining('but without the member off for want of an account there'),
    });
    of.hire('off', { accountEnabled: true });
    await of.delta();
    expect((await why(of, id('sales'))).verdict.reason).toBe('in_sync');
    for (const name of ['out', 'away']) {
      of.hire(name, { accountEnabled: false });
      of.directory.join(id('sales'), id(name));
    }
    await of.delta();
    expect((await why(of, id('sales'))).verdict.sentence).toMatch(
      /but without 2 members \((out, away|away, out)\) for want of an account there, or because they are protected there\.$/,
    );
  });

  it('is not at a target that takes none', async () => {
    const without = (real: Target): Target => ({ ...real, capabilities: { ...real.capabilities, groups: false } });
    const of = await story({ wrapTarget: without });
    of.hire('anna');
    of.found('sales');
    await of.full();
    expect((await why(of, id('sales'))).verdict.reason).toBe('groups_not_supported');
  });

  it('is not at a target that says only when it is asked that it takes none', async () => {
    let isReady = false;
    const coy = (real: Target): Target => ({
      ...real,
      ready: async () => {
        isReady = true;
      },
      get capabilities() {
        return { ...real.capabilities, groups: !isReady };
      },
    });
    const of = await story({ wrapTarget: coy });
    of.hire('anna');
    of.found('sales');
    await of.full();
    isReady = false;
    expect((await why(of, id('sales'))).verdict.reason).toBe('groups_not_supported');
  });
});

describe('who is meant', () => {
  it('is the one who is there, when another of that name left', async () => {
    const of = await story();
    of.directory.setUser(id('old'), {
      displayName: 'Old Jane',
      userPrincipalName: mailOf('jane'),
      accountEnabled: true,
    });
    of.hire('bert');
    await of.full();
    of.directory.remove(id('old'), 'deleted');
    of.directory.setUser(id('new'), {
      displayName: 'New Jane',
      userPrincipalName: mailOf('jane'),
      accountEnabled: true,
    });
    await of.delta();
    const answer = await ask(of, mailOf('jane'));
    expect(answer).toMatchObject({
      found: 'one',
      seen: { object: { attributes: { displayName: 'New Jane' } } },
      others: [{ displayName: 'Old Jane', gone: 'deleted', by: 'user_principal_name' }],
    });
  });

  it('is open when several are there: all are listed with their ids', async () => {
    const of = await story();
    of.hire('anna', { mail: 'desk@contoso.example' });
    of.hire('bert', { mail: 'Desk@contoso.example' });
    await of.full();
    const answer = await ask(of, 'desk@contoso.example');
    if (answer.found !== 'several') throw new Error(answer.found);
    expect(answer.candidates.map(({ object, by }) => [object.id, by]).sort()).toEqual(
      [
        [id('anna'), 'mail'],
        [id('bert'), 'mail'],
      ].sort(),
    );
  });

  it('is nobody: the answer says what to look at', async () => {
    const of = await story({
      connection: { scope: { kind: 'groups', groups: [sourceId(id('pilot'))], nested: false } },
    });
    expect(await ask(of, mailOf('jane'))).toMatchObject({ found: 'nobody', verdict: { reason: 'not_read_yet' } });
    of.hire('anna');
    of.found('pilot');
    of.directory.join(id('pilot'), id('anna'));
    await of.full();
    const answer = await ask(of, mailOf('jane'));
    if (answer.found !== 'nobody') throw new Error(answer.found);
    expect(answer.verdict).toMatchObject({
      reason: 'never_seen',
      sentence:
        'Nobody with the user principal name, mail, employee id or object id jane@contoso.example was ever read from this tenant.',
    });
    expect(answer.checks.join('\n')).toContain('Only the members of 1 group are read');
    expect(answer.checks.join('\n')).toContain('Last read: 2026-03-02 08:00 UTC');
    expect(answer.checks.join('\n')).toContain('#EXT#');
  });

  it('is not said to be unknown by a display name, which is not looked for', async () => {
    const of = await story();
    of.hire('anna', { displayName: 'Anna Adams' });
    await of.full();
    const answer = await ask(of, 'Anna Adams', true);
    if (answer.found !== 'nobody') throw new Error(answer.found);
    expect(answer.verdict.sentence).toMatch(
      /^Nobody with the user principal name, mail, employee id or object id Anna/,
    );
    expect(answer.checks.join('\n')).toContain('A display name is not looked for');
    expect(answer.live?.says).toContain('knows nobody by this user principal name, mail, employee id or object id');
  });

  it('is told with what makes everything known older than it should be', async () => {
    const of = await story();
    of.hire('anna');
    await of.full();
    of.directory.liberties.fault = {
      afterPages: 0,
      error: new SourceError('unauthorized', 'AADSTS7000222: the client secret has expired.'),
    };
    await of.delta();
    const { notes } = await ask(of, mailOf('anna'));
    expect(notes.join('\n')).toContain('The connection is quarantined');
    expect(notes.join('\n')).toContain('the client secret has expired');
    expect((await of.stores.connections.get(connection))?.state).toBe('quarantined');
  });

  it('names the last read that was held also while the next one waits, or was canceled', async () => {
    const of = await story();
    const names = ['anna', ...Array.from({ length: 59 }, (_, nth) => `p${nth}`)];
    for (const name of names) of.hire(name);
    await of.full();
    of.directory.liberties.unlisted = new Set(names.slice(40).map(id));
    const held = await of.full();
    expect(held.state).toBe('held');
    const notes = [expect.stringContaining(`The last sync run, ${held.id}, was held: `)];
    const next = await of.requestSync('full');
    expect((await ask(of, mailOf('anna'))).notes).toEqual(notes);
    await of.stores.runs.cancel(next.id, of.now());
    expect((await ask(of, mailOf('anna'))).notes).toEqual(notes);
    of.directory.liberties.unlisted = new Set();
    expect((await of.full()).state).toBe('succeeded');
    expect((await ask(of, mailOf('anna'))).notes).toEqual([]);
  });
});

describe('asked again now', () => {
  it('source and target agree with what is stored', async () => {
    const of = await story();
    of.hire('anna');
    await of.full();
    const answer = await ask(of, mailOf('anna'), true);
    expect(answer).toMatchObject({
      live: { kind: 'answered', standing: 'present', agrees: true, changed: [] },
      targets: [{ live: { kind: 'linked', differences: [] } }],
    });
  });

  it('they show what changed since: in Entra, and by somebody’s hand at the target', async () => {
    const of = await story();
    of.hire('anna');
    await of.full();
    of.hire('anna', { accountEnabled: false });
    const account = of.account('anna');
    if (account === undefined) throw new Error('anna has no account');
    of.remote.objects.set(account.remoteId, { ...account, attributes: { ...account.attributes, displayName: 'A.' } });
    const answer = await ask(of, mailOf('anna'), true);
    expect(answer).toMatchObject({
      live: {
        standing: 'disabled',
        agrees: false,
        changed: [{ attribute: 'accountEnabled', stored: true, now: false }],
      },
      targets: [
        {
          verdict: { reason: 'in_sync' },
          live: { kind: 'linked', differences: [{ path: 'displayName', told: 'anna', there: 'A.' }] },
        },
      ],
    });
    of.remote.objects.delete(account.remoteId);
    expect((await why(of, mailOf('anna'), true)).live).toMatchObject({ kind: 'gone' });
  });

  it('nobody is told to be at the target as wanted whose account, asked for now, is gone, off or otherwise', async () => {
    const of = await story();
    of.hire('anna');
    await of.full();
    const account = of.account('anna');
    if (account === undefined) throw new Error('anna has no account');
    const { remoteId: anna } = account;
    const byHand = (attributes: object) =>
      of.remote.objects.set(anna, { ...account, attributes: { ...account.attributes, ...attributes } });
    const told = async (live: boolean) => (await why(of, mailOf('anna'), live)).verdict;
    const asWanted = await told(true);
    const seenAs = (shown: string) => ({
      reason: 'in_sync',
      sentence: `On record: anna is at Helpdesk as account ${anna}; last written 2026-03-02 08:00 UTC. But Helpdesk, asked now, ${shown}.`,
      owner: 'your_team',
      todo: 'Ask for a reconcile run of Helpdesk, which finds what is otherwise there, and for the repair of what it found.',
    });
    byHand({ active: false });
    expect(await told(true)).toEqual(seenAs('shows it switched off'));
    byHand({ active: false, displayName: 'A.' });
    expect(await told(true)).toEqual(seenAs('shows it switched off, and displayName otherwise than it was told'));
    byHand({ displayName: 'ANNA' });
    expect(await told(true)).toEqual(asWanted);
    of.remote.objects.delete(anna);
    expect(await told(true)).toEqual(seenAs('does not show it any more'));
    expect(await told(false)).toEqual(asWanted);
  });

  it.each([
    {
      who: 'who is disabled',
      off: (of: Story) => of.hire('max', { accountEnabled: false }),
      reason: 'disabled_in_source',
    },
    { who: 'who left', off: (of: Story) => of.directory.remove(id('max'), 'soft_deleted'), reason: 'soft_deleted' },
  ])('the account of somebody $who is not told to be off that shows on', async ({ off, reason }) => {
    const of = await story();
    of.hire('anna');
    of.hire('max');
    await of.full();
    off(of);
    await of.delta();
    const account = of.account('max');
    if (account === undefined) throw new Error('max has no account');
    const { verdict } = await why(of, mailOf('max'), true);
    expect(verdict).toMatchObject({ reason, owner: 'customer_it' });
    const attributes = { ...account.attributes, active: true, displayName: 'M.' };
    of.remote.objects.set(account.remoteId, { ...account, attributes });
    expect((await why(of, mailOf('max'), true)).verdict).toMatchObject({
      reason,
      sentence: expect.stringMatching(/^On record: max .* But Helpdesk, asked now, shows it switched on/),
      owner: 'your_team',
    });
    of.remote.objects.delete(account.remoteId);
    const isLeft = reason === 'soft_deleted';
    expect((await why(of, mailOf('max'), true)).verdict.sentence === verdict.sentence).toBe(isLeft);
  });

  it('the target shows an account that carries the id of somebody else', async () => {
    const of = await story();
    of.hire('anna');
    of.hire('max');
    await of.requestSync('full');
    await of.syncAll();
    const account = remoteId('made-for-max');
    const attributes = { userName: mailOf('anna'), externalId: id('max'), active: true };
    of.remote.objects.set(account, { type: 'user', remoteId: account, attributes });
    expect((await why(of, mailOf('anna'), true)).live).toMatchObject({
      kind: 'linked_elsewhere',
      attribute: 'userName',
    });
    expect((await why(of, mailOf('max'), true)).live).toMatchObject({ kind: 'match', remoteId: account });
  });

  it('the tenant shows another name than the stored one', async () => {
    const of = await story();
    of.hire('anna');
    await of.full();
    of.hire('anna', { displayName: 'Anna B.', manager: id('max') });
    expect(await ask(of, mailOf('anna'), true)).toMatchObject({
      live: {
        standing: 'present',
        agrees: false,
        changed: [{ attribute: 'displayName', stored: 'anna', now: 'Anna B.' }],
        says: 'Entra, asked now: there and in scope, with another displayName, which is not what is stored: the next sync tells.',
      },
    });
  });

  it('the tenant shows whom nobody has read yet: made since, or outside the scope', async () => {
    const of = await story({
      connection: { scope: { kind: 'groups', groups: [sourceId(id('pilot'))], nested: false } },
    });
    of.hire('anna');
    of.found('pilot');
    of.directory.join(id('pilot'), id('anna'));
    await of.full();
    of.hire('jane');
    const asked = async () => {
      const answer = await ask(of, mailOf('jane'), true);
      return answer.found === 'nobody' ? answer.live : null;
    };
    expect(await asked()).toEqual({
      kind: 'answered',
      people: [
        {
          object: { type: 'user', id: id('jane') },
          displayName: 'jane',
          userPrincipalName: mailOf('jane'),
          standing: 'out_of_scope',
        },
      ],
      says: 'Entra, asked now, knows jane: there, and not in scope.',
    });
    expect(await ask(of, mailOf('jane'), true)).toMatchObject({
      verdict: { owner: 'customer_it', todo: expect.stringMatching(/^See under live whom the tenant knows/) },
    });
    of.directory.join(id('pilot'), id('jane'));
    expect(await asked()).toMatchObject({ says: expect.stringContaining('comes with the next sync') });
    const nobody = await ask(of, 'nobody@contoso.example', true);
    expect(nobody).toMatchObject({
      found: 'nobody',
      live: { kind: 'answered', people: [], says: expect.stringContaining('knows nobody by this user principal name') },
      // They have just been asked for there: who asks is not sent to ask again.
      verdict: { todo: expect.stringMatching(/^The tenant knows nobody by it either/) },
    });
    expect(await ask(of, mailOf('jane'), true), 'nobody has to act').toMatchObject({
      verdict: { owner: null, todo: 'Nothing: whoever was made since the last read comes with the next sync.' },
    });
    const record = await of.stores.connections.get(connection);
    await of.stores.connections.edit(connection, record?.revision ?? 0, { state: 'quarantined' });
    expect(await ask(of, mailOf('jane'), true)).toMatchObject({
      verdict: { owner: 'your_team', todo: expect.stringContaining('the connection is quarantined: see under notes') },
    });
    expect(await ask(of, mailOf('jane'))).toMatchObject({
      found: 'nobody',
      live: null,
      verdict: { todo: expect.stringContaining('ask again with live=true') },
    });
  });

  it.each([
    ['paused', 'connection_paused', 'The connection is paused, so nothing is read of its tenant.'],
    ['deleting', 'connection_removed', 'The connection was removed.'],
  ] as const)(
    'the tenant of a connection that is %s is not asked, about whomever it is',
    async (state, code, message) => {
      const asked: string[] = [];
      const of = await story({
        wrapSource: (source) => ({
          ...source,
          lookUp: (who, attributes, signal) => {
            asked.push('lookUp');
            return source.lookUp(who, attributes, signal);
          },
          confirm: (refs, scope, signal) => {
            asked.push('confirm');
            return source.confirm(refs, scope, signal);
          },
        }),
      });
      of.hire('anna');
      await of.full();
      of.hire('jane');
      const record = await of.stores.connections.get(connection);
      await of.stores.connections.edit(connection, record?.revision ?? 0, { state });
      asked.length = 0;
      const live = { kind: 'failed', problem: { code, message }, says: `Entra could not be asked: ${message}` };
      expect(await ask(of, mailOf('anna'), true)).toMatchObject({ found: 'one', live });
      expect(await ask(of, mailOf('jane'), true)).toMatchObject({ found: 'nobody', live });
      expect(asked).toEqual([]);
    },
  );

  it('a tenant that a limited key brought is not asked before it was looked at whose it is', async () => {
    const of = await story({ connection: { namedBy: 'organization' } });
    of.hire('anna');
    expect(await ask(of, mailOf('anna'), true)).toMatchObject({ live: { problem: { code: 'not_read_yet' } } });
    await of.full();
    expect(await ask(of, mailOf('anna'), true)).toMatchObject({ live: { kind: 'answered', standing: 'present' } });
  });

  it('the tenant shows nothing of what somebody looks like who is outside the scope by now', async () => {
    const of = await story({
      connection: { scope: { kind: 'groups', groups: [sourceId(id('pilot'))], nested: false } },
    });
    of.hire('anna');
    of.hire('bert');
    of.found('pilot');
    for (const name of ['anna', 'bert']) of.directory.join(id('pilot'), id(name));
    await of.full();
    of.directory.leave(id('pilot'), id('anna'));
    of.hire('anna', { displayName: 'Anna B.' });
    expect(await ask(of, mailOf('anna'), true)).toMatchObject({
      live: {
        standing: 'out_of_scope',
        agrees: false,
        changed: [],
        says: 'Entra, asked now: there, and not in scope, which is not what is stored: the next sync tells.',
      },
    });
  });

  it('the target shows who matches somebody that is not linked', async () => {
    const of = await story({ wrapTarget: rejected('anna') });
    of.hire('anna');
    await of.full();
    expect((await why(of, mailOf('anna'), true)).live).toEqual({
      kind: 'none',
      says: 'No account at the target matches.',
    });
    of.remote.objects.set(remoteId('by-hand'), {
      type: 'user',
      remoteId: remoteId('by-hand'),
      attributes: { userName: mailOf('anna') },
    });
    expect((await why(of, mailOf('anna'), true)).live).toMatchObject({
      kind: 'match',
      remoteId: 'by-hand',
      attribute: 'userName',
    });
  });

  it('a question that fails says so, and is never taken for absence', async () => {
    let isDown = false;
    const of = await story({
      wrapTarget: (real) => ({
        ...real,
        get: async (...asked) => {
          if (isDown) throw new TargetError('unavailable', 'The target is down.');
          return real.get(...asked);
        },
      }),
    });
    of.hire('anna');
    await of.full();
    isDown = true;
    of.directory.liberties.confirms = false;
    const answer = await ask(of, mailOf('anna'), true);
    expect(answer).toMatchObject({
      live: { kind: 'answered', standing: 'unsure', agrees: null },
      targets: [
        {
          verdict: { reason: 'in_sync' },
          live: {
            kind: 'failed',
            problem: { code: 'target_unavailable', owner: 'target_vendor' },
            says: 'The target could not be asked: The target is down.',
          },
        },
      ],
    });
  });
});
