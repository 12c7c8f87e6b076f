import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectionId, targetId } from '../../src/model/ids.ts';
import type { Urgency } from '../../src/queue/wakeups.ts';
import { plainConnection } from '../support/story.ts';
import { type Corner, openCorner } from './corner.ts';

const contoso = connectionId('con_contoso');
const helpdesk = targetId('tgt_helpdesk');
const inAnHour = () => new Date(Date.now() + 3_600_000);

describe('a wake-up', () => {
  let corner: Corner;
  beforeEach(async () => {
    corner = await openCorner();
  });
  afterEach(async () => {
    await corner.close();
  });
  const countAll = async () => (await corner.queues.counts()).reduce((sum, { jobs }) => sum + jobs, 0);

  it('asked for a hundred times is one job', async () => {
    const urgencies: readonly Urgency[] = ['person', 'delta', 'full'];
    const asked = Array.from({ length: 100 }, (_, nth) => urgencies[nth % 3] ?? 'delta');
    await Promise.all(asked.map((urgency) => corner.wakeups.sync(contoso, urgency)));
    await Promise.all(asked.map((urgency) => corner.wakeups.provision(helpdesk, urgency)));
    expect((await corner.jobs('sync')).map(({ data }) => data)).toEqual([{ connection: contoso }]);
    expect((await corner.jobs('provision')).map(({ data }) => data)).toEqual([{ target: helpdesk }]);
    expect(await countAll()).toBe(2);
  });

  it('is one per connection and one per target', async () => {
    for (const name of ['a', 'b', 'c']) {
      await corner.wakeups.sync(connectionId(name), 'delta');
      await corner.wakeups.provision(targetId(name), 'delta');
    }
    expect([(await corner.jobs('sync')).length, (await corner.jobs('provision')).length]).toEqual([3, 3]);
  });

  it('that comes while the work is under way is followed exactly once', async () => {
    const hand = corner.hand('sync');
    await corner.wakeups.sync(contoso, 'delta');
    const first = await hand.take();
    if (first === undefined) throw new Error('There is no job.');
    await Promise.all(Array.from({ length: 20 }, () => corner.wakeups.sync(contoso, 'delta')));
    expect(await hand.take()).toBeUndefined();
    await hand.finish(first);

    const second = await hand.take();
    expect(second?.data).toEqual({ connection: contoso });
    expect(second?.id).not.toBe(first.id);
    if (second !== undefined) await hand.finish(second);
    expect(await hand.take()).toBeUndefined();
    expect(await countAll()).toBe(0);
  });

  it('is not owed to anybody once the work is done', async () => {
    const hand = corner.hand('sync');
    for (let nth = 0; nth < 3; nth += 1) {
      await corner.wakeups.sync(contoso, 'delta');
      const job = await hand.take();
      expect(job?.data).toEqual({ connection: contoso });
      if (job !== undefined) await hand.finish(job);
    }
    expect(await countAll()).toBe(0);
  });

  it('runs now what was put back until later', async () => {
    const hand = corner.hand('provision');
    await corner.wakeups.provision(helpdesk, 'delta');
    const job = await hand.take();
    if (job === undefined) throw new Error('There is no job.');
    await hand.putBack(job, inAnHour());
    expect(await hand.take()).toBeUndefined();

    await corner.wakeups.provision(helpdesk, 'person');
    const again = await hand.take();
    expect(again?.id).toBe(job.id);
    expect(await hand.take()).toBeUndefined();
  });

  it('of a person goes before a delta, and a delta before a full sync', async () => {
    await corner.wakeups.sync(connectionId('full'), 'full');
    await corner.wakeups.sync(connectionId('delta'), 'delta');
    await corner.wakeups.sync(connectionId('person'), 'person');
    const hand = corner.hand('sync');
    const order = [await hand.take(), await hand.take(), await hand.take()].map((job) => job?.data.connection);
    expect(order).toEqual(['person', 'delta', 'full']);
  });

  it('of a person does not wait behind others because a full sync of the same connection waited already', async () => {
    await corner.wakeups.sync(contoso, 'full');
    for (const name of ['a', 'b', 'c']) await corner.wakeups.sync(connectionId(name), 'delta');
    await corner.wakeups.sync(contoso, 'person');
    const hand = corner.hand('sync');
    expect((await hand.take())?.data).toEqual({ connection: contoso });
  });

  it('is not put back behind others by a less urgent one', async () => {
    await corner.wakeups.sync(connectionId('a'), 'delta');
    await corner.wakeups.sync(contoso, 'person');
    await corner.wakeups.sync(contoso, 'full');
    const hand = corner.hand('sync');
    expect((await hand.take())?.data).toEqual({ connection: contoso });
  });

  it('heals by itself when its job is lost and its key is not', async () => {
    await corner.wakeups.sync(contoso, 'delta');
    const [job] = await corner.jobs('sync');
    await corner.look.unlink(`${corner.prefix}:sync:${job?.id}`);
    await corner.look.unlink(`${corner.prefix}:sync:prioritized`);
    await corner.wakeups.sync(contoso, 'delta');
    expect((await corner.hand('sync').take())?.data).toEqual({ connection: contoso });
  });

  it('and a schedule put nothing into Redis but ids', async () => {
    const connection = {
      ...plainConnection(new Date()),
      name: 'Contoso Health Ltd',
      tenantId: 'contoso.onmicrosoft.com',
      scope: { kind: 'groups', groups: ['secret-group' as never], nested: true },
    } as const;
    await corner.wakeups.schedule(connection);
    await corner.wakeups.sync(connection.id, 'person');
    await corner.wakeups.provision(helpdesk, 'delta');
    const all = (['tick', 'sync', 'provision', 'maintenance'] as const).map((queue) => corner.jobs(queue));
    expect((await Promise.all(all)).flat().map(({ data }) => data)).toEqual([
      { connection: connection.id, mode: expect.stringMatching(/^(delta|full)$/) },
      { connection: connection.id, mode: expect.stringMatching(/^(delta|full)$/) },
      { connection: connection.id },
      { target: helpdesk },
    ]);
    const everything = (await Promise.all((await corner.keys()).map((key) => corner.look.dump(key)))).join();
    for (const text of ['Contoso', 'onmicrosoft', 'secret-group']) expect(everything).not.toContain(text);
    expect(everything).toContain(connection.id);
  });
});
