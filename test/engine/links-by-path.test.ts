import { expect, it } from 'vitest';
import { defaultMapping } from '../../src/core/default-mapping.ts';
import { countReasons } from '../../src/engine/count-reasons.ts';
import { inForceNow } from '../../src/engine/in-force.ts';
import { sourceId } from '../../src/model/ids.ts';
import type { Mapping, PathOf } from '../../src/model/mapping.ts';
import { scimPath } from '../../src/target/scim/target-path.ts';
import { asWritten } from '../../src/target/target.ts';
import { why } from '../support/explaining.ts';
import { connection, id, story, target } from '../support/story.ts';

const core = 'urn:ietf:params:scim:schemas:core:2.0:User';
const spelled: Mapping = {
  ...defaultMapping,
  user: defaultMapping.user.map((rule) => ({
    ...rule,
    to: rule.to === 'title' ? `${core}:Title` : rule.to === 'displayName' ? 'displayname' : rule.to,
  })),
};

it('nobody is changed by an upgrade for which a path is spelled otherwise, and who changes is told only that', async () => {
  let paths: PathOf = asWritten;
  const s = await story({ engine: { targetPaths: () => paths }, target: { mapping: spelled } });
  for (const name of ['anna', 'bert', 'cleo']) s.hire(name, { jobTitle: 'clerk' });
  await s.full();
  const link = async () =>
    (await s.stores.ledger.links(target, [{ type: 'user', id: sourceId(id('anna')) }])).get(sourceId(id('anna')));
  expect(Object.keys((await link())?.pushed ?? {})).toContain('displayname');
  const sent = s.remote.applied.length;
  paths = scimPath;
  expect(await s.provision('full')).toMatchObject({ state: 'succeeded', counters: { updated: 0, unchanged: 3 } });
  expect(s.remote.applied.length).toBe(sent);
  s.directory.setUser(id('anna'), { displayName: 'Another' });
  await s.delta();
  expect(s.remote.applied.slice(sent)).toMatchObject([{ action: 'update', attributes: { displayName: 'Another' } }]);
  const { pushed } = (await link()) ?? { pushed: {} };
  expect(Object.keys(pushed)).toEqual(expect.arrayContaining(['displayName', 'title']));
  expect(Object.keys(pushed)).not.toContain('displayname');
});

it('nobody has to look at a plan for an upgrade by which a path is spelled otherwise', async () => {
  let paths: PathOf = asWritten;
  const s = await story({
    engine: { targetPaths: () => paths },
    target: { mapping: spelled, autoApproveFirst: false },
  });
  for (const name of ['anna', 'bert']) s.hire(name, { jobTitle: 'clerk' });
  await s.full();
  await s.approve();
  paths = scimPath;
  s.hire('cleo', { jobTitle: 'clerk' });
  await s.delta();
  expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { created: 1, unchanged: 0 } });
  // But what is mapped otherwise is looked at.
  const record = await s.stores.targets.get(target);
  const user = spelled.user.map((rule) =>
    rule.to === 'displayname' && rule.kind === 'direct' ? { ...rule, from: 'userPrincipalName' } : rule,
  );
  await s.stores.targets.edit(target, record?.revision ?? 0, { mapping: { ...spelled, user } });
  await s.provision();
  expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'plan_waits' } });
});

it('an explanation says of nobody that they wait for what they were told in another spelling', async () => {
  let paths: PathOf = asWritten;
  const s = await story({ engine: { targetPaths: () => paths }, target: { mapping: spelled } });
  s.hire('anna', { jobTitle: 'clerk' });
  await s.full();
  paths = scimPath;
  expect((await why(s, 'anna@contoso.example')).verdict.reason).toBe('in_sync');
  const [asked, record] = [await s.stores.connections.get(connection), await s.stores.targets.get(target)];
  if (asked === null || record === null) throw new Error('The story has no target.');
  const counts = await countReasons(s.engine, asked, inForceNow(s.engine, record), { after: null, only: null });
  expect([...(counts?.reasons.keys() ?? [])]).toEqual(['in_sync']);
});
