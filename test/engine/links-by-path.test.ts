import { expect, it } from 'vitest';
import { defaultMapping } from '../../src/core/default-mapping.ts';
import { sourceId } from '../../src/model/ids.ts';
import type { Mapping, PathOf } from '../../src/model/mapping.ts';
import { scimPath } from '../../src/target/scim/target-path.ts';
import { asWritten } from '../../src/target/target.ts';
import { id, story, target } from '../support/story.ts';

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
