import { describe, expect, it } from 'vitest';
import { id, story } from '../support/story.ts';

describe('a group that is filled for the first time', () => {
  it('in pieces: of each piece, those before are known to be in it, and have to be shown', async () => {
    const known: number[] = [];
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal, beforeWrite, ask) => {
          if (operation.action === 'add_members') known.push((await ask?.(signal))?.members.length ?? -1);
          return await made.apply(operation, signal, beforeWrite, ask);
        },
      }),
    });
    const people = Array.from({ length: 1_100 }, (_, nth) => `p${nth}`);
    for (const one of people) s.directory.setUser(id(one), { userPrincipalName: `${one}@x.example` });
    s.directory.setGroup(id('g'), { displayName: 'Everybody' });
    for (const one of people) s.directory.join(id('g'), id(one));
    await s.full();
    expect(known).toEqual([0, 500, 1_000]);
  });

  it('is asked about no further once the run is to end', async () => {
    const stop = new AbortController();
    let asked = 0;
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal, beforeWrite, ask) => {
          if (operation.action === 'update' && operation.ref.type === 'group') {
            asked += 1;
            stop.abort(new Error('The worker is stopped.'));
            await ask?.(stop.signal);
          }
          return await made.apply(operation, signal, beforeWrite, ask);
        },
      }),
    });
    s.hire('anna');
    s.found('g');
    s.directory.join(id('g'), id('anna'));
    await s.full();
    s.found('g', { displayName: 'Everybody' });
    const before = s.writes();
    await expect(s.delta()).rejects.toThrow('The worker is stopped.');
    expect([asked, s.writes() - before]).toEqual([1, 0]);
  });
});
