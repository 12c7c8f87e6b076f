/** What a target makes us wait for, and what is called off meanwhile. */

import { afterEach, describe, expect, it } from 'vitest';
import { operationKey } from '../../../src/model/ids.ts';
import type { Operation } from '../../../src/model/operation.ts';
import {
  ada,
  closeOpened,
  connected,
  create,
  createStaff,
  crowd,
  membership,
  sent,
  signal,
  update,
} from './connected.ts';

afterEach(closeOpened);

describe('throttling', () => {
  it('is waited for where it is short, also on a create, which was not done', async () => {
    const setup = await connected();
    setup.simulator.control.addFaults([
      { method: 'POST', answer: { kind: 'status', status: 429, retryAfter: { seconds: 2 } } },
    ]);
    await create(setup);
    expect(setup.world.slept).toEqual([2_000]);
    expect(setup.simulator.control.state().users).toBe(1);
  });

  it('is understood as a date', async () => {
    const setup = await connected();
    const retryAfter = { date: 90 };
    setup.simulator.control.addFaults([{ method: 'POST', answer: { kind: 'status', status: 429, retryAfter } }]);
    await expect(create(setup)).rejects.toMatchObject({ fault: 'throttled', retryAfterMs: 90_000 });
  });

  it('of one request holds all others of the target', async () => {
    const setup = await connected();
    const retryAfter = { seconds: 60 };
    setup.simulator.control.addFaults([{ method: 'POST', answer: { kind: 'status', status: 503, retryAfter } }]);
    await expect(create(setup)).rejects.toMatchObject({ fault: 'throttled' });
    setup.simulator.control.clearRequests();
    await expect(setup.target.find('user', 'userName', 'ada', signal)).rejects.toMatchObject({
      fault: 'throttled',
      retryAfterMs: 60_000,
    });
    expect(setup.simulator.control.requests()).toEqual([]);
    await setup.world.sleep(60_000, signal);
    expect(await setup.target.find('user', 'userName', 'ada', signal)).toEqual([]);
  });

  it('of the very first question does not spoil those after it', async () => {
    const setup = await connected();
    const answer = { kind: 'status', status: 429, retryAfter: { seconds: 60 } } as const;
    setup.simulator.control.addFaults([{ path: 'ServiceProviderConfig', answer }]);
    await expect(create(setup)).rejects.toMatchObject({ fault: 'throttled' });
    await setup.world.sleep(60_000, signal);
    await create(setup);
    expect(setup.simulator.control.state().users).toBe(1);
  });

  it('by 503 is not taken for "not done": a create is not repeated', async () => {
    const setup = await connected();
    const retryAfter = { seconds: 1 };
    setup.simulator.control.addFaults([
      { method: 'POST', answer: { kind: 'status', status: 503, when: 'after', retryAfter } },
    ]);
    await expect(create(setup)).rejects.toMatchObject({ fault: 'throttled' });
    expect(setup.simulator.control.state().users).toBe(1);
  });

  it('of the look after a write says that it is open what became of it, not that it was not done', async () => {
    const setup = await connected({ verify: 'always' });
    const [id, staff] = [await create(setup), await createStaff(setup)];
    await setup.target.apply(membership('add_members', staff, [id]), signal);
    const leaver: Operation = { key: operationKey('gone'), ref: ada, action: 'delete', remoteId: id };
    const changes = [
      () => update(setup, id, { title: 'Countess' }, { title: null }),
      () => setup.target.apply(membership('remove_members', staff, [id]), signal),
      () => setup.target.apply(leaver, signal),
    ];
    for (const change of changes) {
      const retryAfter = { seconds: 60 };
      setup.simulator.control.addFaults([{ method: 'GET', answer: { kind: 'status', status: 429, retryAfter } }]);
      await expect(change()).rejects.toMatchObject({ fault: 'unknown', retryAfterMs: 60_000 });
      await setup.world.sleep(60_000, signal);
    }
    expect(setup.simulator.control.state().users).toBe(0);
  });

  it('without a time is tried a few times, then left to the engine', async () => {
    const setup = await connected({ max_attempts: 3 });
    await setup.target.find('user', 'userName', 'nobody', signal);
    setup.simulator.control.clearRequests();
    setup.simulator.control.addFaults([{ times: 'always', answer: { kind: 'status', status: 429 } }]);
    await expect(create(setup)).rejects.toMatchObject({ fault: 'throttled', retryAfterMs: undefined });
    expect(sent(setup)).toHaveLength(3);
  });
});

describe('what may be called off', () => {
  it('is asked about after the wait that a throttled target asked for, not before it', async () => {
    const setup = await connected();
    const id = await create(setup);
    setup.simulator.control.addFaults([
      { times: 1, answer: { kind: 'status', status: 429, retryAfter: { seconds: 2 } } },
    ]);
    const startedAt = setup.world.now().getTime();
    const asked: number[] = [];
    const beforeWrite = (): void => {
      asked.push(setup.world.now().getTime() - startedAt);
      if (asked.at(-1) !== 0) throw new Error('too old');
    };
    const disable: Operation = { key: operationKey('d'), ref: ada, action: 'disable', remoteId: id };
    await expect(setup.target.apply(disable, signal, beforeWrite)).rejects.toThrow('too old');
    // Once there is room for it, and as its first byte goes out.
    expect(asked).toEqual([0, 0, 2_000]);
    expect(setup.simulator.control.requests().filter(({ method }) => method === 'PATCH')).toHaveLength(1);
  });

  it('is not sent by a process that was stopped between the look and the socket', async () => {
    const setup = await connected();
    const id = await create(setup);
    const lost = new Error('The lease ran out.');
    let looks = 0;
    const beforeWrite = (): void => {
      looks += 1;
      if (looks === 2) throw lost;
    };
    const disable: Operation = { key: operationKey('d'), ref: ada, action: 'disable', remoteId: id };
    await expect(setup.target.apply(disable, signal, beforeWrite)).rejects.toBe(lost);
    expect(setup.simulator.control.requests().filter(({ method }) => method === 'PATCH')).toEqual([]);
  });

  it('is asked about in each turn of a target that takes one request every ten seconds', async () => {
    const setup = await connected({ requests_per_second: 0.1, concurrency: 1 });
    const id = await createStaff(setup);
    const ids = crowd(setup, 4);
    await setup.target.apply(membership('add_members', id, ids), signal);
    setup.simulator.control.clearRequests();
    const startedAt = setup.world.now().getTime();
    const beforeWrite = (): void => {
      if (setup.world.now().getTime() - startedAt > 25_000) throw new Error('too old');
    };
    const all = ids.map((member) =>
      setup.target.apply(membership('remove_members', id, [member]), signal, beforeWrite),
    );
    const ends = await Promise.allSettled(all);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(sent(setup)).toHaveLength(2);
  });

  it('is a piece of members that one request carries, or all of them where the whole group is replaced', async () => {
    expect((await connected({ members_per_request: 40 })).target.capabilities.membersPerRequest).toBe(40);
    const replacing = await connected({ members_per_request: 40, update_mode: 'put' });
    expect(replacing.target.capabilities.membersPerRequest).toBe(Number.POSITIVE_INFINITY);
  });
});
