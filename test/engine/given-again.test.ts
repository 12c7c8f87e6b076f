/** Whoever lost an account because the tenant said that they left is given nothing by a read that is older than its word. */

import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { SourceError, TargetError } from '../../src/model/errors.ts';
import { why } from '../support/explaining.ts';
import { free, id, type Story, type StoryOptions, story, target } from '../support/story.ts';

/** What is read is stored, and nothing is done by it yet. */
const read = async (s: Story): Promise<void> => {
  await s.requestSync('delta');
  await s.syncAll();
};

/** Ann and Eve are in the crew; then Eve is in the recycle bin, which costs her the account and the membership. */
const leftBehind = async (options: StoryOptions = {}): Promise<Story> => {
  const s = await story({ ...options, target: { limits: free, ...options.target } });
  for (const name of ['ann', 'eve']) s.hire(name);
  s.found('crew');
  for (const name of ['ann', 'eve']) s.directory.join(id('crew'), id(name));
  await s.full();
  s.directory.remove(id('eve'), 'soft_deleted');
  await s.delta();
  expect(s.groups()).toEqual({ crew: ['ann'] });
  return s;
};

/** A source that cannot be asked while it is away. */
const away = () => {
  let isAway = false;
  const wrapSource: StoryOptions['wrapSource'] = (source) => ({
    ...source,
    confirm: async (...asked) => {
      if (isAway) throw new SourceError('unavailable', 'Not now.');
      return await source.confirm(...asked);
    },
  });
  return {
    wrapSource,
    goes: () => {
      isAway = true;
    },
    comes: () => {
      isAway = false;
    },
  };
};

describe('an account that was deleted for leaving', () => {
  const deleting = { target: { deprovision: { kind: 'delete' } } } as const;

  it('is not made again by what was read before, and is once the tenant has them', async () => {
    const s = await leftBehind(deleting);
    expect(s.accounts()).toEqual({ ann: 'on' });
    s.directory.restore(id('eve'));
    await read(s);
    s.directory.remove(id('eve'), 'soft_deleted');
    await s.provisionAll();
    expect(s.accounts()).toEqual({ ann: 'on' });
    expect((await why(s, id('eve'))).verdict).toMatchObject({
      reason: 'source_unsure',
      sentence: expect.stringContaining('could not be asked, so they have no account at Helpdesk; tried once'),
    });
    s.directory.restore(id('eve'));
    s.pass(11 * 60_000);
    await s.provision();
    expect(s.accounts()).toEqual({ ann: 'on', eve: 'on' });
    expect(s.groups()).toEqual({ crew: ['ann', 'eve'] });
  });

  it('is not made again while the tenant cannot be asked, which keeps nobody new from having one', async () => {
    const source = away();
    const s = await leftBehind({ ...deleting, wrapSource: source.wrapSource });
    s.directory.restore(id('eve'));
    s.hire('fay');
    source.goes();
    await s.delta();
    expect(s.accounts()).toEqual({ ann: 'on', fay: 'on' });
    source.comes();
    s.pass(11 * 60_000);
    await s.provision();
    expect(s.accounts()).toEqual({ ann: 'on', eve: 'on', fay: 'on' });
  });
});

describe('who was switched off for leaving, and is read as somebody who is disabled', () => {
  const backAndDisabled = (s: Story): void => {
    s.directory.restore(id('eve'));
    s.directory.setUser(id('eve'), { accountEnabled: false });
  };

  it('is not put into a group by what was read before, and is once the tenant has them', async () => {
    const s = await leftBehind();
    backAndDisabled(s);
    await read(s);
    s.directory.remove(id('eve'), 'soft_deleted');
    await s.provisionAll();
    expect(s.groups()).toEqual({ crew: ['ann'] });
    s.directory.restore(id('eve'));
    s.pass(11 * 60_000);
    await s.provision();
    expect(s.accounts()).toEqual({ ann: 'on', eve: 'off' });
    expect(s.groups()).toEqual({ crew: ['ann', 'eve'] });
  });

  it('is not put into a group while the tenant cannot be asked, and waits for no other change', async () => {
    const source = away();
    const s = await leftBehind({ wrapSource: source.wrapSource });
    backAndDisabled(s);
    source.goes();
    await s.delta();
    expect(s.groups()).toEqual({ crew: ['ann'] });
    source.comes();
    s.pass(11 * 60_000);
    await s.provision();
    expect(s.groups()).toEqual({ crew: ['ann', 'eve'] });
  });
});

describe('a run that goes on by what it was begun with', () => {
  it('puts nobody into a group whom another one switched off meanwhile for having left', async () => {
    let isAway = true;
    const s = await story({
      target: { limits: free },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal) => {
          if (isAway && operation.ref.type === 'group') throw new TargetError('unavailable', 'It is away.');
          return await made.apply(operation, signal);
        },
      }),
    });
    const turn = () => provisionTurn(s.engine, target, new AbortController().signal);
    for (const name of ['ann', 'eve']) s.hire(name);
    s.found('crew');
    s.directory.join(id('crew'), id('ann'));
    await s.requestSync('full');
    await s.syncAll();
    await turn();
    const first = await s.provisioned();
    s.directory.join(id('crew'), id('eve'));
    await read(s);
    const second = await s.requestProvision();
    await turn();
    for (const run of [first, second]) expect((await s.ended(run)).state).toBe('waiting');
    s.directory.remove(id('eve'), 'soft_deleted');
    await read(s);
    isAway = false;
    await s.provisionAll();
    for (const run of [first, second]) expect((await s.ended(run)).state).toBe('succeeded');
    expect(s.accounts()).toEqual({ ann: 'on', eve: 'off' });
    const added = s.remote.applied.flatMap((done) => (done.action === 'add_members' ? done.members : []));
    expect(added.map(({ ref }) => ref.id)).toEqual([id('ann')]);
    expect(s.groups()).toEqual({ crew: ['ann'] });
  });
});
