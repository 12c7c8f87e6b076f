/** A read that failed or broke off, taken for absence. The cause of nearly every mass deprovisioning that was ever written up. */

import { describe, expect, it } from 'vitest';
import { everything, type Incident, incident, listed, ways } from './incident.ts';

const troubled = async (one: Incident): Promise<void> => {
  expect((await one.full()).state).not.toBe('succeeded');
  one.tenant.hire({ displayName: 'New Colleague' });
  expect((await one.delta()).state).not.toBe('succeeded');
  expect(one.taken()).toEqual([]);
};

const mended = async (one: Incident): Promise<void> => {
  one.graph.clearFaults();
  await one.inStep('full');
  await one.inStep('delta');
  expect(one.taken()).toEqual([]);
};

// A 503 on reading one user was taken for "no such user": out of all groups, then deleted, without a second try.
// https://github.com/awslabs/ssosync/issues/278
describe('read-5xx-never-deletes', () => {
  it('is true of lists, of changes and of members', async () => {
    const one = await incident();
    for (const path of ['/users', '/groups']) {
      one.graph.fault({ path, times: null, fault: { answer: 'unavailable' } });
      await troubled(one);
      await mended(one);
    }
    one.graph.fault({ path: '/members', times: null, fault: { answer: 'unavailable' } });
    expect((await one.full()).state).not.toBe('succeeded');
    expect(one.taken()).toEqual([]);
    await mended(one);
  });

  it('is true of the question that comes right before somebody is disabled', async () => {
    const one = await incident();
    const [left = ''] = one.tenant.users().filter((id) => one.tenant.user(id)['accountEnabled'] === true);
    one.tenant.softDelete(left);
    one.graph.fault({ path: 'getByIds|\\$batch', times: null, fault: { answer: 'gateway_timeout' } });
    // The read tells of it; the question goes unanswered.
    expect(await one.delta()).toMatchObject({ state: 'succeeded' });
    expect(await one.story.provisioned()).not.toMatchObject({ state: 'succeeded' });
    expect(one.taken()).toEqual([]);
    one.graph.clearFaults();
    await one.inStep('delta');
    expect(one.taken()).toContain(`User ${left} switched_off`);
  });
});

// After a 503 the list of groups was as long as what had been read until then; the rest was deleted.
// https://github.com/awslabs/ssosync/issues/234
describe('partial-list-never-deletes', () => {
  it.each(['unavailable', 'truncated', 'html', 'reset'] as const)('whatever ended it: %s', async (answer) => {
    const one = await incident({ groups: 30 });
    // The second batch of members, and the list of groups itself.
    one.graph.fault({ path: '\\$batch', nth: 2, times: null, fault: { answer } });
    await troubledFull(one);
    one.graph.fault({ path: '/groups', times: null, fault: { answer } });
    await troubledFull(one);
    await mended(one);
  });

  const troubledFull = async (one: Incident): Promise<void> => {
    expect((await one.full()).state).not.toBe('succeeded');
    expect(one.taken()).toEqual([]);
  };
});

// The next run found the groups again and made new ones: with new ids, so that whatever had been granted to the old ones was lost.
// https://github.com/awslabs/ssosync/issues/291
describe('no-delete-recreate', () => {
  it('the groups of before are the groups of after, down to the byte', async () => {
    const one = await incident();
    const before = everything(one);
    one.graph.fault({ path: '/groups', times: null, fault: { answer: 'unavailable' } });
    await one.full();
    one.graph.clearFaults();
    await one.inStep('full');
    expect(one.made()).toEqual([]);
    expect(everything(one)).toEqual(before);
  });

  it('a group that changes is edited in its place', async () => {
    const one = await incident();
    const ids = () => one.target.accounts().groups.map(({ id, externalId }) => [id, externalId]);
    const before = ids();
    for (const { id, displayName } of one.tenant.groups()) one.tenant.update(id, { displayName: `${displayName} 2` });
    await one.inStep('delta');
    expect(ids()).toEqual(before);
    expect(one.taken()).toEqual([]);
  });
});

// The server ended the list at its size limit; whoever came after it was deactivated.
// https://github.com/go-gitea/gitea/issues/3815
describe('early-end-is-failure', () => {
  it('of a list of changes that ends without the link that ends it', async () => {
    const one = await incident();
    one.graph.fault({ path: '/users/delta', times: null, fault: { answer: 'no_links' } });
    await troubled(one);
    await mended(one);
  });

  it('of a list of everybody that ends after its first page', async () => {
    const one = await incident(listed);
    one.graph.setKnobs({ listPageCap: 30 });
    one.graph.fault({ path: '/users\\?', times: null, fault: { answer: 'no_links' } });
    expect(await one.full()).toMatchObject({ state: 'held', problem: { code: 'read_shrank' } });
    expect(one.taken()).toEqual([]);
    await mended(one);
  });

  it('of an answer that ends in its middle', async () => {
    const one = await incident();
    one.graph.fault({ path: '/users', times: null, fault: { answer: 'truncated' } });
    await troubled(one);
    await mended(one);
  });
});

// Pages were followed without any limit, so that one that leads to itself is followed for ever.
// https://github.com/fleetdm/fleet/issues/49365
describe('page-cycle-cap', () => {
  const cycle = async (one: Incident, path: string, mode: 'full' | 'delta'): Promise<void> => {
    one.graph.fault({ path, times: null, fault: { answer: 'self_link' } });
    const before = one.graph.counters().requests;
    expect(await one[mode]()).toMatchObject({ state: 'failed', problem: { code: 'PageCycle' } });
    expect(one.graph.counters().requests - before).toBeLessThan(200);
    expect(one.taken()).toEqual([]);
    await mended(one);
  };

  it.each(ways)('a page of %s that leads to itself ends the run', async (_, path, options) => {
    await cycle(await incident(options), path, 'full');
  });

  it.each(['/users/delta', '/groups/delta'])('so does one among the changes of %s', async (path) => {
    await cycle(await incident(), path, 'delta');
  });
});
