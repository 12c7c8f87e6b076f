import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectionId, runId, targetId } from '../../../src/model/ids.ts';
import { mappingRule } from '../../core/builders.ts';
import { restless } from '../../support/restless.ts';
import { revealed } from '../../support/secrets.ts';
import { addConnection, addTarget, type Door, idOf, newTarget, openDoor } from './door.ts';
import { commitPeople, nth } from './stores.ts';

let door: Door;
let connection: string;
beforeEach(async () => {
  door = await openDoor();
  connection = await addConnection(door);
});
afterEach(() => door.close());

const show = (id: string) => door.call('GET', `/v1/targets/${id}`);
const edit = (id: string, body: object) => door.call('PATCH', `/v1/targets/${id}`, { body });
const secretsOf = async (id: string) => {
  const target = await door.stores.targets.get(targetId(id));
  return target === null ? {} : revealed(await door.stores.targets.secrets(target));
};

describe('a mapping or matching by an attribute that the connection does not read', () => {
  const direct = (from: string, to: string) => ({ kind: 'direct', from, to }) as const;
  const mapping = (...user: readonly ReturnType<typeof direct>[]) => ({
    user: [direct('id', 'externalId'), ...user],
    group: [direct('displayName', 'displayName')],
  });
  const by = (from: string) => ({ user: [{ from, to: 'nick' }], group: [{ from: 'id', to: 'externalId' }] });

  it('is refused, naming each rule, where it once cleared the value of everybody at the target', async () => {
    const id = await addTarget(door, connection);
    const before = (await show(id)).body;
    for (const [body, pointer] of [
      [{ mapping: mapping(direct('faxNumber', 'fax')) }, '/mapping/user/1/from'],
      [{ mapping: mapping(direct('otherMails[0]', 'mail2')) }, '/mapping/user/1/from'],
      [{ matching: by('employeeHireDate') }, '/matching/user/0/from'],
    ] as const) {
      for (const reply of [
        await edit(id, body),
        await door.call('POST', `/v1/connections/${connection}/targets`, { body: { ...newTarget, ...body } }),
      ])
        expect(reply, pointer).toMatchObject({
          status: 422,
          body: { code: 'attribute_not_read', errors: [{ in: 'body', pointer }] },
        });
    }
    expect(await edit(id, { mapping: mapping(direct('Department', 'x')) })).toMatchObject({
      body: { errors: [{ detail: expect.stringContaining('Is "department" meant?') }] },
    });
    expect((await show(id)).body).toEqual(before);
    expect((await edit(id, { mapping: mapping(direct('businessPhones[1]', 'phone')) })).status).toBe(200);
  });

  it('and was stored all the same is told by the target and its check, with what your team does', async () => {
    const id = await addTarget(door, connection, { name: 'Helpdesk' });
    expect((await show(id)).body).toMatchObject({ rule_warnings: [] });
    const record = await door.stores.targets.get(targetId(id));
    if (record === null) throw new Error('The target is gone.');
    await door.stores.targets.edit(record.id, record.revision, {
      mapping: { ...record.mapping, user: [...record.mapping.user, mappingRule('faxNumber', 'fax')] },
      matching: {
        user: [{ from: 'otherMails[0]', to: 'mail2', ignoreCase: true }, ...record.matching.user],
        group: record.matching.group,
      },
    });
    const nth = record.mapping.user.length;
    expect((await show(id)).body).toMatchObject({
      rule_warnings: [
        {
          code: 'attribute_not_read',
          pointer: `/mapping/user/${nth}/from`,
          of: 'faxNumber',
          message: expect.stringMatching(/fax is not written.*Name "faxNumber" in attributes\.user/),
        },
        { pointer: '/matching/user/0/from', of: 'otherMails', message: expect.stringMatching(/another account/) },
      ],
    });
    const warning = { ok: true, state: 'warning', code: 'attribute_not_read', resolution_owner: 'your_team' };
    const checks = [{ name: 'reachable' }, { ...warning, name: 'rule fax' }, { ...warning, name: 'rule mail2' }];
    expect((await door.call('POST', `/v1/targets/${id}/check`)).body).toMatchObject({ ok: true, checks });
    const whole = await door.call('POST', `/v1/connections/${connection}/check`);
    expect(whole.body).toMatchObject({ ok: true, targets: [{ ok: true, checks }] });
    // Another edit is not kept from being made by what is there.
    expect((await edit(id, { name: 'Desk' })).status).toBe(200);
  });

  it('does not come to be by what is taken out of the attributes of the connection', async () => {
    await addTarget(door, connection, { name: 'Helpdesk', mapping: mapping(direct('city', 'town')) });
    const attributes = (user: readonly string[]) =>
      door.call('PATCH', `/v1/connections/${connection}`, { body: { attributes: { user } } });
    expect(await attributes(['displayName', 'userPrincipalName'])).toMatchObject({
      status: 422,
      body: {
        code: 'attribute_not_read',
        errors: [{ pointer: '/attributes/user', detail: expect.stringMatching(/"city".*Helpdesk/) }],
      },
    });
    expect((await attributes(['city', 'userPrincipalName'])).status).toBe(200);
  });

  it('is left out of the default rules', async () => {
    const few = { attributes: { user: ['userPrincipalName', 'city'], group: ['displayName'] } };
    const other = await addConnection(door, few);
    const id = await addTarget(door, other);
    expect((await show(id)).body).toMatchObject({
      mapping: {
        user: [{ from: 'id' }, { from: 'userPrincipalName' }, { from: 'city' }],
        group: [{ from: 'id' }, { from: 'displayName' }],
      },
    });
  });

  it('is read at once where it may be read and was not yet', async () => {
    await commitPeople(door.stores, connectionId(connection), 3);
    const head = await door.stores.snapshots.head(connectionId(connection));
    expect(head.attributes.user.has('city')).toBe(false);
    const id = await addTarget(door, connection, { mapping: mapping() });
    const syncs = async () =>
      (await door.stores.runs.list({ connection: connectionId(connection), kind: 'sync' }, null, 10)).items;
    for (const run of await syncs()) await door.stores.runs.cancel(run.id, new Date());
    const before = (await syncs()).length;
    await edit(id, { mapping: mapping(direct('city', 'town')) });
    expect((await syncs()).length).toBe(before + 1);
    expect((await syncs())[0]).toMatchObject({ mode: 'full', state: 'queued' });
  });

  describe('that was edited while nothing was read for it', () => {
    const syncs = async () =>
      (await door.stores.runs.list({ connection: connectionId(connection), kind: 'sync' }, null, 10)).items;
    const edited = async (): Promise<string> => {
      await commitPeople(door.stores, connectionId(connection), 3);
      const id = await addTarget(door, connection, { mapping: mapping() });
      for (const run of await syncs()) await door.stores.runs.cancel(run.id, new Date());
      return id;
    };
    const queued = async () => (await syncs()).filter(({ state }) => state === 'queued');
    const more = { mapping: mapping(direct('city', 'town')) };

    it('because its target was paused, is read as soon as that goes on', async () => {
      const id = await edited();
      await edit(id, { state: 'paused' });
      await edit(id, more);
      expect(await queued()).toEqual([]);
      await edit(id, { state: 'active' });
      expect(await queued()).toMatchObject([{ mode: 'full' }]);
    });

    it('because its target was held back, is read as soon as that is released', async () => {
      const id = await edited();
      await door.stores.targets.hold(targetId(id), { code: 'unauthorized', message: 'No.', owner: 'your_team' });
      await edit(id, more);
      expect(await queued()).toEqual([]);
      await door.call('POST', `/v1/targets/${id}/release`);
      expect(await queued()).toMatchObject([{ mode: 'full' }]);
    });

    it('because its connection was paused, is read as soon as that goes on', async () => {
      const id = await edited();
      const connectionIs = (state: string) => door.call('PATCH', `/v1/connections/${connection}`, { body: { state } });
      await connectionIs('paused');
      await edit(id, more);
      expect(await queued()).toEqual([]);
      await connectionIs('active');
      expect(await queued()).toMatchObject([{ mode: 'full' }]);
    });
  });
});

describe('adding a target', () => {
  it('starts it with the default mapping, careful limits and accounts that are switched off, not deleted', async () => {
    const reply = await door.call('POST', `/v1/connections/${connection}/targets`, { body: newTarget });
    expect(reply.status).toBe(201);
    expect(reply.headers.get('location')).toBe(`/v1/targets/${idOf(reply)}`);
    expect(reply.body).toMatchObject({
      connection_id: connection,
      organization_id: 'acme',
      kind: 'note',
      name: 'note',
      state: 'active',
      settings: { url: 'https://notes.example/scim', page: 1 },
      deprovision: { kind: 'disable' },
      left_groups: 'leave',
      limits: {
        deprovisions: { count: 500, percent: 5, floor: 5 },
        group_deletes: { count: 5, percent: 10, floor: 2 },
        member_removals: { count: 5_000, percent: 20, floor: 50 },
        member_removals_per_group: { count: 1_000, percent: 50, floor: 10 },
        updates: null,
        creates: null,
        adoptions: { count: 50, percent: 5, floor: 5 },
      },
      protected: { ids: [], attributes: [], group_ids: [] },
      mapping: {
        user: expect.arrayContaining([expect.objectContaining({ from: 'id', to: 'externalId', when_null: 'clear' })]),
      },
      matching: { user: [expect.objectContaining({ to: 'externalId', ignore_case: true }), expect.anything()] },
    });
    expect((await door.call('GET', `/v1/connections/${connection}/targets`)).body).toMatchObject({
      data: [{ id: idOf(reply) }],
    });
  });

  it('takes a mapping of its own', async () => {
    const mapping = {
      user: [
        { kind: 'direct', from: 'mail', to: 'emails[type eq "work"].value', apply: 'only_on_create' },
        { kind: 'constant', value: ['a', 'b'], to: 'tags', when_null: 'keep' },
        { kind: 'reference', from: 'manager', to: 'manager' },
      ],
      group: [{ kind: 'direct', from: 'displayName', to: 'displayName', default: 'unnamed' }],
    };
    const id = await addTarget(door, connection, { mapping, deprovision: { kind: 'delete_after_days', days: 30 } });
    expect((await door.stores.targets.get(targetId(id)))?.mapping.user).toEqual([
      {
        kind: 'direct',
        from: 'mail',
        to: 'emails[type eq "work"].value',
        apply: 'only_on_create',
        whenNull: 'clear',
        default: null,
      },
      { kind: 'constant', value: ['a', 'b'], to: 'tags', apply: 'always', whenNull: 'keep', default: null },
      { kind: 'reference', from: 'manager', to: 'manager', apply: 'always', whenNull: 'clear', default: null },
    ]);
    expect((await show(id)).body).toMatchObject({ mapping, deprovision: { kind: 'delete_after_days', days: 30 } });
  });

  it('takes one without TLS only where the operator allows it', async () => {
    const clear = { ...newTarget, settings: { ...newTarget.settings, url: 'http://127.0.0.1:9999' } };
    expect((await door.call('POST', `/v1/connections/${connection}/targets`, { body: clear })).status).toBe(400);
    const lenient = await openDoor({ egressAllow: ['http://127.0.0.1'] });
    const reply = await lenient.call('POST', `/v1/connections/${await addConnection(lenient)}/targets`, {
      body: clear,
    });
    await lenient.close();
    expect(reply.status).toBe(201);
  });
});

describe('the secrets of a target', () => {
  it('are kept, and never shown', async () => {
    const id = await addTarget(door, connection);
    await show(id);
    await edit(id, { settings: { page: 2 } });
    await door.call('POST', `/v1/targets/${id}/check`);
    await edit(id, { settings: { token: 'CANARY~new', color: 'refused' } });
    expect(await secretsOf(id)).toEqual({ token: 'CANARY~token' });
    expect(door.said.join('\n')).not.toContain('CANARY');
  });

  it('count up what they are the how-many-eth of, when they are others and only then', async () => {
    const id = await addTarget(door, connection);
    const version = async () => (await door.stores.targets.get(targetId(id)))?.credentialVersion;
    expect(await version()).toBe(1);
    await edit(id, { settings: { page: 2 } });
    await edit(id, { name: 'HR' });
    expect(await version()).toBe(1);
    await edit(id, { settings: { token: 'CANARY~new' } });
    expect(await version()).toBe(2);
    await edit(id, { settings: { token: 'CANARY~new' } });
    expect(await version()).toBe(2);
  });

  it('are never sent to a new address unless they are given again', async () => {
    const id = await addTarget(door, connection);
    const moved = await edit(id, { settings: { url: 'https://evil.example' } });
    expect(moved.body).toMatchObject({ status: 400, errors: [{ pointer: '/settings/token' }] });
    expect((await edit(id, { settings: { url: 'https://notes.example/v2' } })).status).toBe(400);
    expect((await edit(id, { settings: { url: 'https://NOTES.example:443/scim/' } })).status).toBe(200);
    // No setting beside it can pass for the address, and no spelling hides one.
    const decoy = { url: ' https://evil.example', page: 'https://notes.example/scim' };
    expect((await edit(id, { settings: decoy })).status).toBe(400);
    const again = await edit(id, { settings: { url: 'https://new.example', token: 'CANARY~other' } });
    expect(again.body).toMatchObject({ settings: { url: 'https://new.example' } });
    expect(await secretsOf(id)).toEqual({ token: 'CANARY~other' });
  });
});

describe('editing a target', () => {
  it('changes what is given; null takes a setting away', async () => {
    const id = await addTarget(door, connection, { settings: { ...newTarget.settings, page: 7 } });
    expect((await edit(id, { name: 'HR' })).body).toMatchObject({ name: 'HR', settings: { page: 7 }, revision: 2 });
    expect((await edit(id, { settings: { page: null } })).body).toMatchObject({ name: 'HR', settings: { page: 1 } });
  });

  it('changes the limits that are named, and leaves the others', async () => {
    const id = await addTarget(door, connection, { limits: { creates: { count: 10, percent: 5, floor: 1 } } });
    const deprovisions = { count: 800, percent: 50, floor: 800 };
    expect((await edit(id, { limits: { deprovisions } })).body).toMatchObject({
      limits: {
        deprovisions,
        member_removals: { count: 5_000 },
        member_removals_per_group: { floor: 10 },
        updates: null,
        creates: { count: 10, percent: 5, floor: 1 },
      },
    });
    expect((await edit(id, { limits: { creates: null } })).body).toMatchObject({
      limits: { deprovisions, creates: null },
    });
    expect((await edit(id, { limits: { deprovisions: null } })).status).toBe(400);
  });

  it('takes what becomes of groups that leave, and how many of them may be deleted', async () => {
    const id = await addTarget(door, connection, { left_groups: 'delete' });
    expect((await show(id)).body).toMatchObject({ left_groups: 'delete', deprovision: { kind: 'disable' } });
    const group_deletes = { count: 50, percent: 50, floor: 0 };
    expect((await edit(id, { left_groups: 'leave', limits: { group_deletes } })).body).toMatchObject({
      left_groups: 'leave',
      limits: { group_deletes, deprovisions: { count: 500 } },
    });
    expect((await edit(id, { left_groups: 'disable' })).status).toBe(400);
    expect((await edit(id, { limits: { group_deletes: null } })).status).toBe(400);
  });

  it('takes the steps by which objects that failed are tried again, each by itself', async () => {
    const id = await addTarget(door, connection, { escrow: { give_up_after_days: 7 } });
    expect((await show(id)).body).toMatchObject({
      escrow: { retry_after_hours: [6, 12, 24], give_up_after_days: 7 },
    });
    expect((await edit(id, { escrow: { retry_after_hours: [0.5, 1] } })).body).toMatchObject({
      escrow: { retry_after_hours: [0.5, 1], give_up_after_days: 7 },
    });
    for (const escrow of [
      { retry_after_hours: [] },
      { retry_after_hours: [0] },
      { give_up_after_days: 0 },
      { days: 1 },
    ])
      expect((await edit(id, { escrow })).status).toBe(400);
  });

  it('protects accounts by id, attribute and group', async () => {
    const given = {
      ids: ['R-17', '3F7C2A10-5D1E-4C8A-9B0F-2A6D1C9E4B91'],
      attributes: [{ attribute: 'employeeType', value: 'Service' }],
      group_ids: ['3f7c2a10-5d1e-4c8a-9b0f-2a6d1c9e4b92'],
    };
    const id = await addTarget(door, connection, { protected: given });
    expect((await show(id)).body).toMatchObject({ protected: given });
    expect((await edit(id, { protected: { ids: ['R-18'] } })).body).toMatchObject({
      protected: { ids: ['R-18'], attributes: [], group_ids: [] },
    });
    expect((await edit(id, { protected: { ids: [''] } })).status).toBe(400);
  });

  it('takes attributes that protect in any case, and refuses those that nobody knows, with what may be meant', async () => {
    const attributes = [{ attribute: 'Department', value: 'Board' }];
    const id = await addTarget(door, connection, { protected: { attributes } });
    expect((await show(id)).body).toMatchObject({
      protected: { attributes: [{ attribute: 'department', value: 'Board' }] },
    });
    const wrong = { attributes: [...attributes, { attribute: 'departement', value: 'Board' }] };
    const refused = await edit(id, { protected: wrong });
    expect(refused).toMatchObject({
      status: 422,
      body: {
        code: 'unknown_attribute',
        errors: [
          { in: 'body', pointer: '/protected/attributes/1/attribute', detail: expect.stringMatching(/department/) },
        ],
      },
    });
    expect((await show(id)).body).toMatchObject({ revision: 1 });
    const body = { ...newTarget, protected: wrong };
    expect((await door.call('POST', `/v1/connections/${connection}/targets`, { body })).status).toBe(422);
  });

  it('says what of a protection does not protect anybody, or not yet', async () => {
    await commitPeople(door.stores, connectionId(connection), 3);
    const id = await addTarget(door, connection, {
      protected: {
        ids: [nth(1), 'P2@contoso.example', 'nobody@contoso.example', 'typo'],
        attributes: [{ attribute: 'faxNumber', value: '7' }],
        group_ids: ['8d1f0c52-93be-4a7e-b1d4-60c2e7f5a913'],
      },
    });
    const { body } = await show(id);
    expect(body).toMatchObject({
      // Whoever has the name now stays protected under another one.
      protected: { ids: [nth(1), 'P2@contoso.example', 'nobody@contoso.example', 'typo', nth(2)] },
      protection_warnings: [
        { code: 'id_unknown', of: 'nobody@contoso.example' },
        { code: 'id_unknown', of: 'typo' },
        { code: 'attribute_unread', of: 'faxNumber' },
        { code: 'attribute_unread', of: 'userPrincipalName' },
        { code: 'attribute_unread', of: 'mail' },
        { code: 'group_unread', of: '8d1f0c52-93be-4a7e-b1d4-60c2e7f5a913' },
      ],
    });
    // It is read at once, not when the schedule comes by.
    const runs = await door.stores.runs.list({ connection: connectionId(connection), kind: 'sync' }, null, 10);
    expect(runs.items).toMatchObject([{ mode: 'full', state: 'queued' }]);
  });

  it('never lets go of a target that was quarantined meanwhile', async () => {
    const id = await addTarget(door, connection);
    await door.stores.targets.hold(targetId(id), {
      code: 'unauthorized',
      message: 'The token is refused.',
      owner: 'your_team',
    });
    expect((await edit(id, { name: 'renamed' })).body).toMatchObject({
      state: 'quarantined',
      problem: { code: 'unauthorized', resolution_owner: 'your_team' },
    });
  });
});

describe('a quarantined target', () => {
  it('says since when, and when it is checked again; a person who lets it go ends that', async () => {
    const id = await addTarget(door, connection);
    const quarantine = { since: door.clock.now, probes: 2, nextProbeAt: new Date('2026-11-02T09:20:00Z') };
    const problem = { code: 'unauthorized', message: 'The token is refused.', owner: 'your_team' } as const;
    await door.stores.targets.hold(targetId(id), problem, quarantine);
    expect((await show(id)).body).toMatchObject({
      quarantine: { since: '2026-11-02T09:00:00.000Z', probes: 2, next_probe_at: '2026-11-02T09:20:00.000Z' },
    });
    expect((await edit(id, { state: 'active' })).body).toMatchObject({ state: 'active', quarantine: null });
    expect((await door.stores.targets.get(targetId(id)))?.quarantine).toBeNull();
  });

  it('takes no runs until a person releases it; then it goes on at once', async () => {
    const id = await addTarget(door, connection);
    await door.stores.targets.hold(targetId(id), {
      code: 'unauthorized',
      message: 'The token is refused.',
      owner: 'your_team',
    });
    expect((await door.call('POST', `/v1/targets/${id}/provision`, { body: {} })).body).toMatchObject({
      code: 'target_not_active',
    });
    expect((await door.call('POST', `/v1/targets/${id}/release`)).body).toMatchObject({
      state: 'active',
      problem: null,
    });
    expect(door.woken.at(-1)).toBe(`provision ${id} person`);
    expect((await door.call('POST', `/v1/targets/${id}/release`)).body).toMatchObject({ state: 'active' });
  });

  it('is another thing than a paused one, of which release says that it rests by somebody’s wish', async () => {
    const id = await addTarget(door, connection);
    await edit(id, { state: 'paused' });
    expect((await door.call('POST', `/v1/targets/${id}/release`)).body).toMatchObject({
      status: 409,
      code: 'target_not_active',
      detail: 'The target is paused. Set its state to active first.',
    });
    expect((await show(id)).body).toMatchObject({ state: 'paused' });
    expect(door.woken).not.toContain(`provision ${id} person`);
  });
});

it('says in the check of a target which others of the organization have the same address, and of other organizations nothing', async () => {
  const id = await addTarget(door, connection, { name: 'First' });
  const checked = async (of: string) => (await door.call('POST', `/v1/targets/${of}/check`)).body;
  expect(JSON.stringify(await checked(id))).not.toContain('same_address');
  await addTarget(door, await addConnection(door, { organization_id: 'org_other' }), { name: 'Of others' });
  await addTarget(door, connection, {
    name: 'Elsewhere',
    settings: { ...newTarget.settings, url: 'https://other.example' },
  });
  expect(JSON.stringify(await checked(id))).not.toContain('same_address');
  const settings = { ...newTarget.settings, url: `${newTarget.settings.url}/` };
  const second = await addTarget(door, await addConnection(door), { name: 'Second', settings });
  expect(await checked(id)).toMatchObject({
    ok: true,
    checks: [
      { name: 'reachable' },
      {
        ok: true,
        detail: `The target Second (${second}) has the same address.`,
        code: 'same_address',
        resolution_owner: 'your_team',
      },
    ],
  });
  expect(JSON.stringify(await checked(id))).not.toContain('Of others');
  await door.call('DELETE', `/v1/targets/${second}`);
  expect(JSON.stringify(await checked(id))).not.toContain('same_address');
});

it('checks a target by calling it', async () => {
  const id = await addTarget(door, connection);
  expect((await door.call('POST', `/v1/targets/${id}/check`)).body).toMatchObject({
    ok: true,
    checks: [{ name: 'reachable' }],
  });
});

it('stops a run of a target that is removed also where it is put back while its runs are looked for', async () => {
  const id = await addTarget(door, connection);
  const run = runId(idOf(await door.call('POST', `/v1/targets/${id}/provision`, { body: {} })));
  await restless(door.stores.runs, run, new Date());
  await door.call('DELETE', `/v1/targets/${id}`);
  expect(await door.stores.runs.get(run)).toMatchObject({ cancelRequested: true });
});

it('removes a target for good, with its runs', async () => {
  const id = await addTarget(door, connection);
  const run = idOf(await door.call('POST', `/v1/targets/${id}/provision`, { body: {} }));
  expect(await door.call('DELETE', `/v1/targets/${id}`)).toMatchObject({ status: 202, body: { state: 'deleting' } });
  expect((await door.call('GET', `/v1/runs/${run}`)).body).toMatchObject({ state: 'canceled' });
  expect((await edit(id, { state: 'active' })).body).toMatchObject({ code: 'target_deleting' });
  expect((await door.call('POST', `/v1/targets/${id}/release`)).body).toMatchObject({ code: 'target_deleting' });
});
