/** The right command for the wrong thing. */

import { afterEach, describe, expect, it } from 'vitest';
import { addConnection, addTarget, type Door, idOf, openDoor } from '../admin/api/door.ts';
import { incident } from './incident.ts';

const doors: Door[] = [];
afterEach(async () => {
  for (const door of doors.splice(0)) await door.close();
});

// A script was given the ids of sites where it took ids of apps, and deleted what they named: 883 sites of 775 customers, down for up to 14 days.
// https://www.atlassian.com/engineering/post-incident-review-april-2022-outage
describe('api-ids-are-typed', () => {
  it('the id of one thing is never taken for the id of another, though both exist', async () => {
    const door = await openDoor();
    doors.push(door);
    const connection = await addConnection(door);
    const target = await addTarget(door, connection);
    const run = idOf(await door.call('POST', `/v1/connections/${connection}/sync`, { body: {} }));
    const others = {
      connection: [target, run],
      target: [connection, run],
      run: [connection, target],
    };
    const asked = [
      ...others.connection.flatMap((id) => [
        ['DELETE', `/v1/connections/${id}`],
        ['PATCH', `/v1/connections/${id}`],
        ['POST', `/v1/connections/${id}/sync`],
        ['POST', `/v1/connections/${id}/targets`],
        ['GET', `/v1/runs?connection_id=${id}`],
      ]),
      ...others.target.flatMap((id) => [
        ['DELETE', `/v1/targets/${id}`],
        ['PATCH', `/v1/targets/${id}`],
        ['POST', `/v1/targets/${id}/provision`],
        ['POST', `/v1/targets/${id}/release`],
        ['GET', `/v1/runs?target_id=${id}`],
      ]),
      ...others.run.flatMap((id) => [
        ['GET', `/v1/runs/${id}`],
        ['POST', `/v1/runs/${id}/cancel`],
      ]),
    ] as const;
    for (const [method = '', path = ''] of asked) {
      const reply = await door.call(method, path, method === 'GET' || method === 'DELETE' ? {} : { body: {} });
      expect([path, reply.status, reply.body]).toEqual([
        path,
        400,
        expect.objectContaining({ code: 'invalid_request' }),
      ]);
    }
    for (const path of [`/v1/connections/${connection}`, `/v1/targets/${target}`])
      expect((await door.call('GET', path)).body).toMatchObject({ state: 'active', revision: 1 });
    expect((await door.call('GET', `/v1/runs/${run}`)).body).toMatchObject({ cancel_requested: false });
  });

  it('the id of a person where a group was meant takes nothing from anybody', async () => {
    const one = await incident();
    const [person = ''] = one.tenant.users();
    expect(await one.full({ group: person })).toMatchObject({
      state: 'failed',
      problem: { code: 'ScopeGroupNotFound' },
    });
    expect(one.taken()).toEqual([]);
    await one.inStep('full');
    expect(one.taken()).toEqual([]);
  });
});
