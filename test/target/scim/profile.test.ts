/** What a target says that it can do, and what holds where it does not say. */

import { afterEach, describe, expect, it } from 'vitest';
import { TargetError } from '../../../src/model/errors.ts';
import { remoteId } from '../../../src/model/ids.ts';
import { closeOpened, connected, create, signal } from './connected.ts';

afterEach(closeOpened);

describe('what a target offers', () => {
  it.each([
    ['503', 1, { kind: 'status', status: 503 }],
    ['429', 1, { kind: 'status', status: 429 }],
    ['a broken connection', 1, { kind: 'reset' }],
    ['500 of a target that is out of order', 2, { kind: 'status', status: 500 }],
    ['a web page of another server', 2, { kind: 'html' }],
    ['half an answer each time', 3, { kind: 'truncated' }],
    ['the page of a proxy that has no target', 3, { kind: 'status', status: 404, body: 'html' }],
  ] as const)('is not learned from %s: it is asked again', async (_, times, answer) => {
    const setup = await connected({ max_attempts: 1 });
    setup.simulator.control.addFaults([{ path: 'ResourceTypes|Users', times, answer }]);
    await expect(setup.target.ready(signal)).rejects.toBeInstanceOf(TargetError);
    setup.simulator.control.clearFaults();
    await setup.target.ready(signal);
    const asked = setup.simulator.control.requests().filter(({ path }) => path === '/ResourceTypes');
    expect(asked.map(({ status }) => status).at(-1)).toBe(200);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['400', { kind: 'status', status: 400 }],
    ['410', { kind: 'status', status: 410 }],
    ['500', { kind: 'status', status: 500 }],
    ['502, of a server in front of it', { kind: 'status', status: 502, body: 'html' }],
    ['the page of a login', { kind: 'html' }],
    ['half an answer', { kind: 'truncated' }],
  ] as const)('is the usual for some minutes where it shows its users, and never says it: %s', async (_, answer) => {
    const setup = await connected({ max_attempts: 1 });
    const { control } = setup.simulator;
    control.addFaults([{ path: 'ResourceTypes|ServiceProviderConfig', times: 'always', answer }]);
    await create(setup);
    await setup.target.ready(signal);
    expect(control.state().users).toBe(1);
    expect((await setup.target.check(signal)).ok).toBe(true);
    const asked = (): number => control.requests().filter(({ path }) => path === '/ResourceTypes').length;
    expect(asked()).toBe(1);
    await setup.world.sleep(5 * 60_000, signal);
    await setup.target.ready(signal);
    expect(asked()).toBe(2);
  });

  it('is what it said before, where it cannot be read any more', async () => {
    const setup = await connected({ max_attempts: 1 }, { knobs: { patch: 'unsupported' } });
    await setup.target.ready(signal);
    const { control } = setup.simulator;
    control.addFaults([
      { path: 'ResourceTypes|ServiceProviderConfig', times: 'always', answer: { kind: 'status', status: 500 } },
      { path: 'Users', times: 3, answer: { kind: 'status', status: 404, body: 'gateway' } },
    ]);
    await expect(setup.target.get('user', remoteId('nobody'), signal)).rejects.toBeInstanceOf(TargetError);
    expect(control.requests().filter(({ path, status }) => path === '/ResourceTypes' && status === 500)).toHaveLength(
      1,
    );
    expect(setup.target.capabilities.membersPerRequest).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([401, 403, 404, 405, 501])('is the usual where it says nothing of it: %d', async (status) => {
    const setup = await connected({ max_attempts: 1 });
    setup.simulator.control.addFaults([
      { path: 'ResourceTypes', times: 'always', answer: { kind: 'status', status } },
      { path: 'ServiceProviderConfig', times: 'always', answer: { kind: 'status', status: 404, body: 'html' } },
    ]);
    await create(setup);
    expect(setup.simulator.control.state().users).toBe(1);
  });
});
