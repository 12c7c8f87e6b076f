import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { TargetError } from '../../src/model/errors.ts';
import type { Run } from '../../src/model/run.ts';
import { id, story, target } from '../support/story.ts';

const hour = 3_600_000;
/** Whether the members of this group were told. */
const isPast = ({ place }: Run, group: string): boolean =>
  place?.includes('"references"') === true && place.includes(`group|${id(group)}`);
const signal = new AbortController().signal;

describe('a group that waits in escrow, and comes due in the midst of a run', () => {
  it('is not let go by a run that had passed it already', async () => {
    let isRefused = true;
    const s = await story({
      engine: { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, ...more) => {
          if (isRefused && operation.action === 'add_members') throw new TargetError('rejected', 'Not now.');
          return await made.apply(operation, ...more);
        },
      }),
    });
    s.hire('ann');
    s.found('Alpha');
    s.found('Zebra');
    await s.full();
    s.directory.join(id('Alpha'), id('ann'));
    await s.delta();
    expect(s.groups()).toEqual({ Alpha: [], Zebra: [] });
    isRefused = false;
    s.pass(6 * hour - 1_000);
    s.hire('bob');
    s.directory.join(id('Zebra'), id('bob'));
    await s.requestSync('delta');
    await s.syncAll();
    // Each turn is at its end as soon as it got on; the group comes due once the members of another one, behind it, were told.
    for (let end = await provisionTurn(s.engine, target, signal); end.next !== 'done'; ) {
      if (isPast(await s.provisioned(), 'Zebra')) s.pass(1_000);
      end = await provisionTurn(s.engine, target, signal);
    }
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
    s.pass(hour);
    await s.provision();
    expect(s.groups()).toEqual({ Alpha: ['ann'], Zebra: ['bob'] });
  });
});
