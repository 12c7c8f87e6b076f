/** What the check of a target finds, and who must act. */

import { afterEach, describe, expect, it } from 'vitest';
import { scim } from '../../../src/target/scim/index.ts';
import { closeOpened, connected, opened, type Setup, sent, signal, token } from './connected.ts';

afterEach(closeOpened);

describe('the check of a target', () => {
  const failed = async ({ target }: Pick<Setup, 'target'>): Promise<readonly string[]> =>
    (await target.check(signal)).checks.flatMap((check) =>
      check.ok ? [] : [`${check.name}: ${check.remedy.code}, ${check.remedy.owner}`],
    );

  it('changes nothing', async () => {
    const setup = await connected();
    await setup.target.check(signal);
    expect(new Set(sent(setup).map((line) => line.split(' ')[0]))).toEqual(new Set(['GET']));
  });

  it('finds a wrong token', async () => {
    const setup = await connected({ token: 'another-token' });
    expect(await failed(setup)).toEqual(['token accepted: target_unauthorized, your_team']);
  });

  it('finds a target that ignores filters', async () => {
    const setup = await connected({}, { knobs: { filters: 'ignored' } });
    setup.simulator.control.seed({ users: [{ userName: 'ada' }] });
    expect(await failed(setup)).toEqual([
      'filter by userName: filter_ignored, target_vendor',
      'filter by externalId: filter_ignored, target_vendor',
    ]);
  });

  it('finds an address that is none, also where no groups are asked for', async () => {
    const setup = await connected();
    const base_url = `${setup.simulator.origin}/elsewhere`;
    const target = scim.parse({ base_url, token, groups: false }).connect(setup.world);
    opened.push(target);
    expect(await failed({ target })).toEqual(['users: not_scim, your_team']);
  });

  it('finds a target that has no groups where they are asked for', async () => {
    const setup = await connected({ groups: true });
    const answer = { kind: 'status', status: 404 } as const;
    setup.simulator.control.addFaults([{ times: 'always', path: '^/Groups', answer }]);
    expect(await failed(setup)).toEqual(['groups: no_groups, your_team']);
  });

  it.each([
    [{ status: 429 }, 'token accepted: target_throttled, target_vendor'],
    [{ status: 500 }, 'token accepted: target_unavailable, target_vendor'],
    [{ status: 403 }, 'token accepted: target_unauthorized, your_team'],
    [{ status: 302 }, 'token accepted: not_scim, your_team'],
  ] as const)('says of an answer of %o who must act', async (answer, line) => {
    const setup = await connected({ max_attempts: 1 });
    setup.simulator.control.addFaults([{ times: 'always', answer: { kind: 'status', ...answer } }]);
    expect(await failed(setup)).toEqual([line]);
  });

  it('ends as a finding when nobody answers in time', async () => {
    const setup = await connected({ timeout_secs: 0.1, max_attempts: 1 });
    setup.simulator.control.addFaults([{ times: 'always', answer: { kind: 'hang' } }]);
    expect(await failed(setup)).toEqual(['reachable: timed_out, target_vendor']);
  });
});
