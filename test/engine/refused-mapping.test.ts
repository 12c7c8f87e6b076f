import { describe, expect, it } from 'vitest';
import { defaultMapping } from '../../src/core/default-mapping.ts';
import { inForceNow } from '../../src/engine/in-force.ts';
import { targetId } from '../../src/model/ids.ts';
import type { Mapping, MappingRule, PathOf } from '../../src/model/mapping.ts';
import { everyone } from '../../src/model/scope.ts';
import { scimPath } from '../../src/target/scim/target-path.ts';
import { asWritten } from '../../src/target/target.ts';
import { why } from '../support/explaining.ts';
import { id, plainTarget, story, target } from '../support/story.ts';

const constant = (to: string, value: string): MappingRule => ({
  kind: 'constant',
  to,
  value,
  apply: 'always',
  whenNull: 'clear',
  default: null,
});
const password = constant('password', 'a-first-one');
const withPassword = { ...defaultMapping, user: [...defaultMapping.user, password] };

/** A target that an earlier version brought up to date by this mapping; the version of now looks at the paths of it. */
const upgraded = async (mapping: Mapping = withPassword, to: PathOf = scimPath) => {
  let paths: PathOf = asWritten;
  const s = await story({ engine: { targetPaths: () => paths }, target: { mapping } });
  for (const name of ['anna', 'bert', 'cleo']) s.hire(name);
  s.found('staff');
  for (const name of ['anna', 'bert']) s.directory.join(id('staff'), id(name));
  await s.full();
  expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', cleo: 'on' });
  paths = to;
  return {
    ...s,
    upgrade: () => {
      paths = scimPath;
    },
  };
};

describe('a mapping that was kept before it would have been refused', () => {
  it('makes and changes nobody, and who left is switched off all the same', async () => {
    const s = await upgraded();
    s.hire('dora');
    s.directory.setUser(id('anna'), { displayName: 'Another' });
    s.directory.remove(id('bert'), 'soft_deleted');
    s.directory.setUser(id('cleo'), { accountEnabled: false });
    await s.delta();
    const [run] = (await s.stores.runs.list({ target }, null, 1)).items;
    expect(run).toMatchObject({
      state: 'failed',
      problem: { code: 'mapping_refused', message: expect.stringContaining('must be only_on_create') },
      counters: { disabled: 2, created: 0, updated: 0 },
    });
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'off', cleo: 'off' });
  });

  it('takes away no more than the limits allow', async () => {
    const s = await upgraded();
    const record = await s.stores.targets.get(target);
    const none = { count: 0, percent: 0, floor: 0 };
    await s.stores.targets.edit(target, record?.revision ?? 0, {
      limits: { ...plainTarget(s.now()).limits, deprovisions: none },
    });
    s.directory.remove(id('bert'), 'soft_deleted');
    await s.delta();
    const [run] = (await s.stores.runs.list({ target }, null, 1)).items;
    expect(run).toMatchObject({
      state: 'failed',
      problem: { code: 'mapping_refused', message: expect.stringContaining('More left than the limits') },
    });
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', cleo: 'on' });
  });

  it('keeps nobody on whose leaving was approved', async () => {
    const s = await upgraded(withPassword, asWritten);
    const record = await s.stores.targets.get(target);
    const none = { count: 0, percent: 0, floor: 0 };
    await s.stores.targets.edit(target, record?.revision ?? 0, {
      limits: { ...plainTarget(s.now()).limits, deprovisions: none },
    });
    for (const name of ['anna', 'bert']) s.directory.remove(id(name), 'soft_deleted');
    await s.delta();
    const { id: plan } = await s.newestPlan();
    await s.commands.approvePlan(plan, { by: 'anna', reason: 'They left.' });
    s.upgrade();
    await s.provisionAll();
    await s.provision();
    expect(s.accounts()).toEqual({ anna: 'off', bert: 'off', cleo: 'on' });
    expect(s.groups()['staff']).toEqual(['anna', 'bert']);
    const kept = await s.stores.targets.get(target);
    await s.stores.targets.edit(target, kept?.revision ?? 0, { mapping: defaultMapping });
    await s.provision();
    expect(s.groups()['staff']).toEqual([]);
  });

  it('is why somebody waits, and who must act; who left does not wait for it', async () => {
    const s = await upgraded();
    s.hire('dora');
    await s.delta();
    expect((await why(s, 'dora@contoso.example')).verdict).toMatchObject({
      reason: 'mapping_refused',
      owner: 'your_team',
      todo: expect.stringContaining('Mend the mapping'),
    });
    s.directory.remove(id('bert'), 'soft_deleted');
    await s.requestSync('delta');
    await s.syncAll();
    expect((await why(s, id('bert'))).verdict.reason).toBe('waiting_for_run');
  });

  it('is the problem of the target until it is mended, and then all that waited is done', async () => {
    const s = await upgraded();
    s.hire('dora');
    s.directory.leave(id('staff'), id('anna'));
    s.directory.remove(id('bert'), 'soft_deleted');
    await s.delta();
    const record = await s.stores.targets.get(target);
    if (record === null) throw new Error('The target is gone.');
    expect(inForceNow(s.engine, record).problem).toMatchObject({ code: 'mapping_refused' });
    expect(s.groups()['staff']).toContain('anna');
    const mended = await s.stores.targets.edit(target, record.revision, { mapping: defaultMapping });
    expect(mended && inForceNow(s.engine, mended).problem).toBe(null);
    await s.provision();
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'off', cleo: 'on', dora: 'on' });
    expect(s.groups()['staff']).not.toContain('anna');
  });

  it('switches nobody off by a rule of its own that is refused', async () => {
    const off = constant('active', 'False');
    const s = await upgraded(defaultMapping);
    const record = await s.stores.targets.get(target);
    const user = [...defaultMapping.user.filter(({ to }) => to !== 'active'), off];
    await s.stores.targets.edit(target, record?.revision ?? 0, { mapping: { ...defaultMapping, user } });
    s.directory.remove(id('bert'), 'soft_deleted');
    await s.delta();
    expect(s.accounts()).toMatchObject({ anna: 'on', bert: 'off', cleo: 'on' });
  });

  it('does not keep a preview from planning the other targets', async () => {
    const s = await upgraded();
    const other = targetId('tgt_other');
    await s.stores.targets.add({ ...plainTarget(s.now()), id: other, mapping: defaultMapping }, {});
    const run = await s.preview(everyone);
    expect(run).toMatchObject({
      state: 'partially_succeeded',
      problem: { code: 'mapping_refused' },
      counters: { failed: { mapping_refused: 1 } },
    });
    expect((await s.stores.plans.list({ target: other }, null, 1)).items).toMatchObject([{ kind: 'preview' }]);
    expect((await s.stores.plans.list({ target }, null, 1)).items).toEqual([]);
  });
});
