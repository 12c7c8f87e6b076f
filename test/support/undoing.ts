/** A company whose target is changed by mistake, and what shows that the change is taken back. */

import { leftOutIn, leftOutOf } from '../../src/engine/undo.ts';
import type { Run } from '../../src/model/run.ts';
import { free, id, nameIn, type Story, type StoryOptions, story, target } from './story.ts';

export const word = { by: 'anna', reason: 'It was a mistake.' };
export const many = 30;

export const staffed = async (options: StoryOptions = {}): Promise<Story> => {
  const s = await story({ ...options, target: { limits: free, ...options.target } });
  for (let nth = 0; nth < many; nth += 1) s.hire(`p${nth}`, { jobTitle: 'clerk', manager: nth > 0 ? id('p0') : null });
  s.found('staff');
  for (let nth = 0; nth < 12; nth += 1) s.directory.join(id('staff'), id(`p${nth}`));
  await s.full();
  s.pass(1_000);
  return s;
};

/** Everything the target holds, in one order. */
export const sorted = (s: Story) => {
  const { objects, members } = structuredClone({ objects: [...s.remote.objects], members: [...s.remote.members] });
  const all = members.map(([of, some]) => [of, [...some].sort()] as const).filter(([, some]) => some.length > 0);
  return { objects: objects.sort(([a], [b]) => (a < b ? -1 : 1)), members: all.sort(([a], [b]) => (a < b ? -1 : 1)) };
};

/** What the newest plan leaves out, and why. */
export const leftOut = async (s: Story): Promise<readonly string[]> => {
  const lines: string[] = [];
  for await (const some of s.stores.plans.scan({ target, id: leftOutOf((await s.newestPlan()).id) }))
    for (const staged of some) {
      const { reason, by } = leftOutIn(staged);
      lines.push(`${reason} ${staged.operation.action} ${nameIn(staged.operation.ref.id)} ${by ?? '-'}`);
    }
  return lines.sort();
};

/** A mistake in the tenant: most of everybody is gone, one is renamed, one is new, one goes from the group. */
export const blunder = async (s: Story): Promise<Run> => {
  for (let nth = 10; nth < many; nth += 1) s.directory.remove(id(`p${nth}`), 'soft_deleted');
  s.hire('p1', { jobTitle: 'king', displayName: 'Rex', manager: id('p2') });
  s.hire('new');
  s.directory.join(id('staff'), id('new'));
  s.directory.leave(id('staff'), id('p3'));
  await s.delta();
  const run = await s.provisioned();
  s.pass(1_000);
  return run;
};
