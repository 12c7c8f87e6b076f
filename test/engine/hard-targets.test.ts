/** What targets with habits of their own come to, over the whole way. */

import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { type Incident, incident } from '../incidents/incident.ts';
import { target } from '../support/story.ts';

/** It says of each new colleague what a gateway without its route says of everybody. */
describe('a target that shows nobody but whom it is asked for by id, or finds', () => {
  it('works on for a worker that knows nothing of it yet: who is linked shows that it is there', async () => {
    const one = await incident();
    one.target.setKnobs({ noMatch: 'not_found', unfiltered: 'not_found' });
    one.restart();
    const joiner = one.tenant.hire();
    const [leaver = ''] = one.tenant.users();
    one.tenant.softDelete(leaver);
    await one.inStep('delta');
    expect(one.made()).toEqual([`User ${joiner}`]);
    expect(one.taken()).toContain(`User ${leaver} switched_off`);
  });

  it('and says of nobody that they are gone while its gateway has lost the route', async () => {
    const one = await incident();
    one.target.setKnobs({ noMatch: 'not_found', unfiltered: 'not_found' });
    one.target.addFaults([{ times: 'always', answer: { kind: 'status', status: 404, body: 'gateway' } }]);
    one.restart();
    const before = await one.story.stores.ledger.countLinks(target);
    for (const id of one.tenant.users().slice(0, 5)) one.tenant.update(id, { jobTitle: 'Chief' });
    await one.story.requestSync('delta');
    await one.story.syncAll();
    await provisionTurn(one.story.engine, target, new AbortController().signal);
    expect(await one.story.stores.ledger.countLinks(target)).toEqual(before);
    expect(one.made()).toEqual([]);
  });
});

/** Such a group is replaced only where it shows everybody who is in it. */
describe('a group that can only be replaced', () => {
  const team = async () => {
    const one = await incident({ settings: { update_mode: 'put' } });
    one.target.setKnobs({ patch: 'unsupported' });
    const people = one.tenant.users().slice(0, 5);
    const id = one.tenant.createGroup({ displayName: 'Team', members: people });
    await one.inStep('delta');
    const members = (): number => {
      const group = one.target.accounts().groups.find(({ externalId }) => externalId === id);
      return Array.isArray(group?.['members']) ? group['members'].length : 0;
    };
    return { one, id, people, members };
  };

  it('whoever leaves it leaves it, where somebody who is protected has joined', async () => {
    const { one, id, people, members } = await team();
    const before = members();
    const bob = one.tenant.users().find((user) => !people.includes(user)) ?? '';
    const record = await one.story.stores.targets.get(target);
    await one.story.stores.targets.edit(target, record?.revision ?? 0, {
      protected: { attributes: [], groups: [], ids: [bob] },
    });
    one.tenant.join(id, bob);
    await one.story.delta();
    one.forget();
    one.tenant.leave(id, people[0] ?? '');
    await one.inStep('delta');
    expect(one.taken()).toEqual([`1 left ${id}`]);
    expect(members()).toBe(before - 1);
  });

  /** The tenant names them no more, and the target shows nobody. */
  it('whoever joins it puts out nobody who left it and was not taken out yet', async () => {
    const one = await incident({ users: 4, groups: 0 });
    const [ann = '', bob = ''] = one.tenant.users();
    one.target.setKnobs({ memberReads: 'hidden' });
    const id = one.tenant.createGroup({ displayName: 'Team', members: [ann] });
    await one.inStep('delta');
    one.target.setKnobs({ patch: 'unsupported' });
    one.tenant.leave(id, ann);
    await one.story.delta();
    one.tenant.join(id, bob);
    await one.story.delta();
    expect(one.taken()).toEqual([]);
  });

  it('whoever joins it puts out nobody who may have been put into it and waits to be put there again', async () => {
    const one = await incident({ users: 4, groups: 0 });
    const [ann = '', bob = ''] = one.tenant.users();
    one.target.setKnobs({ memberReads: 'hidden' });
    const id = one.tenant.createGroup({ displayName: 'Team' });
    await one.inStep('delta');
    one.target.setKnobs({ patch: 'unsupported' });
    one.tenant.join(id, ann);
    await one.story.delta();
    one.restart();
    one.tenant.join(id, bob);
    await one.story.delta();
    expect(one.taken()).toEqual([]);
  });

  /** A reader is behind, and shows the group as it was before they were put into it. */
  it.each([
    ['is told of again', (one: Incident, ann: string) => one.tenant.update(ann, { jobTitle: 'Chief' })],
    [
      'is joined by another',
      (one: Incident, _: string, id: string) => one.tenant.join(id, one.tenant.users()[2] ?? ''),
    ],
  ])('whoever waits to be put into it again, and %s, puts out nobody who waits with them', async (_, happens) => {
    const one = await incident({ users: 6, groups: 0, settings: { update_mode: 'put', verify: 'always' } });
    one.target.setKnobs({ patch: 'unsupported', versions: 'decorative' });
    const [ann = '', bob = ''] = one.tenant.users();
    one.tenant.createGroup({ displayName: 'Others', members: one.tenant.users().slice(3) });
    const id = one.tenant.createGroup({ displayName: 'Team' });
    await one.inStep('delta');
    for (const who of [ann, bob]) one.tenant.join(id, who);
    one.target.addFaults([{ method: 'PUT', path: '/Groups/', times: 1, answer: { kind: 'stale', reads: 6 } }]);
    await one.story.delta();
    one.restart();
    happens(one, ann, id);
    await one.story.delta();
    expect(one.taken()).toEqual([]);
  });

  it('whoever was refused long ago keeps nobody out who joins it', async () => {
    const one = await incident({ users: 6, groups: 0, settings: { update_mode: 'put' } });
    one.target.setKnobs({ patch: 'unsupported' });
    const [ann = '', bob = ''] = one.tenant.users();
    const id = one.tenant.createGroup({ displayName: 'Team', members: one.tenant.users().slice(3) });
    await one.inStep('delta');
    one.target.addFaults([{ method: 'PUT', path: '/Groups/', answer: { kind: 'status', status: 400 } }]);
    one.tenant.join(id, ann);
    await one.story.delta();
    one.story.pass(2 * 60_000);
    // The first to come goes through, and whoever is sent with ann does not.
    one.target.addFaults([{ method: 'PUT', path: '/Groups/', nth: 2, answer: { kind: 'status', status: 400 } }]);
    one.tenant.join(id, bob);
    await one.story.delta();
    expect(await one.story.provisioned()).toMatchObject({ counters: { membersAdded: 1 } });
  });
});
