/** Many members at once: in how many requests they are sent, and who of them is refused. */

import { afterEach, describe, expect, it } from 'vitest';
import { closeOpened, connected, createStaff, crowd, membership, sent, signal } from './connected.ts';

afterEach(closeOpened);

describe('members', () => {
  it('are sent in batches of the size that was set', async () => {
    const setup = await connected({ members_per_request: 40 });
    const id = await createStaff(setup);
    const ids = crowd(setup, 100);
    setup.simulator.control.clearRequests();
    await setup.target.apply(membership('add_members', id, ids), signal);
    expect(sent(setup)).toEqual(Array.from({ length: 3 }, () => 'PATCH /Groups/{id}'));
  });

  it.each([413, 400] as const)(
    'are sent in smaller batches once the target has refused a large one with %d',
    async (tooManyMembers) => {
      const setup = await connected({}, { knobs: { membersPerPatch: 30, tooManyMembers } });
      const id = await createStaff(setup);
      const ids = crowd(setup, 100);
      await setup.target.apply(membership('add_members', id, ids), signal);
      setup.simulator.control.clearRequests();
      await setup.target.apply(membership('remove_members', id, ids), signal);
      expect(sent(setup)).toHaveLength(4);
      expect(setup.simulator.control.requests().map(({ status }) => status)).not.toContain(tooManyMembers);
    },
  );

  it('are not refused one by one when it is the group that is refused', async () => {
    const setup = await connected();
    const id = await createStaff(setup);
    const strangers = Array.from({ length: 100 }, (_, n) => `stranger-${n}`);
    setup.simulator.control.clearRequests();
    await expect(setup.target.apply(membership('add_members', id, strangers), signal)).rejects.toMatchObject({
      fault: 'rejected',
    });
    expect(sent(setup).length).toBeLessThan(20);
  });

  it('are not sent in smaller batches because one of them was refused', async () => {
    const setup = await connected();
    const id = await createStaff(setup);
    const ids = crowd(setup, 100);
    await setup.target.apply(membership('add_members', id, [...ids.slice(1), 'stranger']), signal);
    setup.simulator.control.clearRequests();
    await setup.target.apply(membership('remove_members', id, ids), signal);
    expect(sent(setup)).toEqual(['PATCH /Groups/{id}']);
  });

  it('are looked for in halves only so often, however many are refused', async () => {
    const setup = await connected();
    const id = await createStaff(setup);
    const strangers = Array.from({ length: 40 }, (_, n) => `stranger-${n}`);
    const ids = crowd(setup, 400).flatMap((one, n) => (n % 10 === 0 ? [one, strangers[n / 10] ?? ''] : [one]));
    setup.simulator.control.clearRequests();
    const { refused = [] } = await setup.target.apply(membership('add_members', id, ids), signal);
    expect(sent(setup).length).toBeLessThan(120);
    const named = refused.map(({ member }) => String(member));
    expect(named).toEqual(expect.arrayContaining(strangers));
    const members = setup.simulator.control.accounts().groups[0]?.['members'];
    expect(Array.isArray(members) && members.length).toBe(ids.length - named.length);
  });

  it('stop being repeated to us when the answers get long', async () => {
    const setup = await connected({ members_per_request: 500 }, { knobs: { patchAnswer: 'resource' } });
    const id = await createStaff(setup);
    const ids = crowd(setup, 1_000);
    setup.simulator.control.clearRequests();
    await setup.target.apply(membership('add_members', id, ids), signal);
    expect(setup.simulator.control.requests().map(({ query }) => query)).toEqual(['', 'excludedAttributes=members']);
  });

  it('that a target never shows are taken on trust', async () => {
    const setup = await connected({}, { knobs: { memberReads: 'hidden' } });
    const id = await createStaff(setup);
    await setup.target.apply(membership('add_members', id, crowd(setup, 3)), signal);
    expect(setup.simulator.control.accounts().groups).toMatchObject([{ members: [{}, {}, {}] }]);
  });
});
