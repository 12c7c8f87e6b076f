/** A run that only says what it would do. */

import { describe, expect, it } from 'vitest';
import { staff } from '../support/staff.ts';
import { id, story, target } from '../support/story.ts';

describe('a dry run', () => {
  it('writes nothing to the target, and lists what the later run does', async () => {
    const s = await story();
    staff(s, 3);
    s.found('staff');
    s.directory.join(id('staff'), id('p0'));
    await s.full({ dryRun: true });
    const dry = await s.provisioned();
    expect(s.writes()).toBe(0);
    expect(dry).toMatchObject({ state: 'succeeded', dryRun: true, counters: { created: 4, membersAdded: 1 } });
    expect(await s.stores.ledger.lastWrite(target)).toBeNull();
    expect(await s.held(await s.newestPlan())).toEqual([
      'add_members 1',
      'create group',
      'create user',
      'create user',
      'create user',
    ]);
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ dryRun: false, counters: { created: 4, membersAdded: 1 } });
    expect(s.writes()).toBe(5);
  });
});
