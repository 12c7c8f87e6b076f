import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { TargetError } from '../../src/model/errors.ts';
import type { Ledger } from '../../src/store/ledger.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import { createVault } from '../../src/store/vault.ts';
import { id, type Story, story, target } from '../support/story.ts';

/** A group of eleven hundred is read, and made at the target. */
const fill = async (s: Story): Promise<void> => {
  const people = Array.from({ length: 1_100 }, (_, nth) => `p${nth}`);
  for (const one of people) s.directory.setUser(id(one), { userPrincipalName: `${one}@x.example` });
  s.directory.setGroup(id('g'), { displayName: 'Everybody' });
  for (const one of people) s.directory.join(id('g'), id(one));
  await s.full();
};

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
    await fill(s);
    expect(known).toEqual([0, 500, 1_000]);
  });

  it('in pieces, while somebody waits for an account: it is not looked through for each of them', async () => {
    const walked: number[] = [];
    let walks = 0;
    const s = await story({
      stores: (now) => {
        const made = createMemoryStores({ now, vault: createVault(randomBytes(32)) });
        const members: typeof made.snapshots.members = (...of) => {
          walks += 1;
          return made.snapshots.members(...of);
        };
        return { ...made, snapshots: { ...made.snapshots, members } };
      },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal, beforeWrite, ask) => {
          if (operation.action === 'create' && operation.ref.id === id('p0'))
            throw new TargetError('rejected', 'Not this one.');
          if (operation.action !== 'add_members') return await made.apply(operation, signal, beforeWrite, ask);
          const before = walks;
          await ask?.(signal);
          walked.push(walks - before);
          return await made.apply(operation, signal, beforeWrite, ask);
        },
      }),
    });
    await fill(s);
    expect(walked).toEqual([0, 0, 0]);
    expect(s.groups()['Everybody']).toHaveLength(1_099);
  });

  /** They were sent, and the target shows nobody who is in it; then it goes away before the run could say that it had come to an end. */
  it('is not ours where some are put into it and others wait, who may have been put into it before', async () => {
    let isAway = true;
    const asked: [readonly string[], boolean][] = [];
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal, beforeWrite, ask) => {
          if (operation.action !== 'add_members') return await made.apply(operation, signal, beforeWrite, ask);
          if (operation.ref.id === id('team')) {
            const { isOurs = false } = (await ask?.(signal)) ?? {};
            asked.push([operation.members.map(({ ref }) => ref.type), isOurs]);
            throw new TargetError('rejected', 'Nobody is shown.', { code: 'members_hidden' });
          }
          if (isAway) throw new TargetError('unavailable', 'The target is away.');
          return await made.apply(operation, signal, beforeWrite, ask);
        },
      }),
    });
    s.hire('anna');
    for (const name of ['branch', 'team', 'other']) s.found(name);
    for (const name of ['anna', 'branch']) s.directory.join(id('team'), id(name));
    s.directory.join(id('other'), id('anna'));
    await s.full();
    isAway = false;
    await s.provision('full');
    expect(new Set(asked.map(([types, isOurs]) => `${types.join(' and ')}: ${isOurs}`))).toEqual(
      new Set(['user and group: true', 'group: false']),
    );
  });

  /** Whoever was put into it waits for nothing any more, and nobody says that it has them all. */
  it('is not ours where somebody who waited is put into it, after a run that was canceled had put others there', async () => {
    let isFirst = true;
    const asked: [number, boolean | undefined][] = [];
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal, beforeWrite, ask) => {
          if (isFirst && operation.action === 'create' && operation.ref.id === id('ben'))
            throw new TargetError('rejected', 'Not this one.');
          if (operation.action === 'add_members') asked.push([operation.members.length, (await ask?.(signal))?.isOurs]);
          return await made.apply(operation, signal, beforeWrite, ask);
        },
      }),
    });
    for (const name of ['anna', 'ben']) s.hire(name);
    s.found('team');
    for (const name of ['anna', 'ben']) s.directory.join(id('team'), id(name));
    await s.requestSync('full');
    await s.syncAll();
    const failpoint = async (site: string): Promise<void> => {
      if (!isFirst || site !== 'provision.settled' || s.groups()['team']?.length !== 1) return;
      const unfinished = await s.provisioned();
      await s.stores.runs.cancel(unfinished.id, s.now());
    };
    Object.assign(s.engine, { failpoint });
    await s.provisionAll();
    expect(await s.provisioned()).toMatchObject({ state: 'canceled' });
    isFirst = false;
    s.hire('ben', { jobTitle: 'Chief' });
    await s.delta();
    expect(asked).toEqual([
      [1, true],
      [1, false],
      [2, true],
    ]);
    expect(s.groups()['team']).toEqual(['anna', 'ben']);
  });

  /** Of the first run the last piece is not taken, for the target goes away; whoever is in it by then is in no piece but one. */
  it.each([
    ['in pieces', 1_000, [true, true, true, false, false, false]],
    ['as a whole, where it can only be replaced', Number.POSITIVE_INFINITY, [true, true]],
  ])('once more, %s: it is ours only for what puts everybody there again', async (_, membersPerRequest, expected) => {
    let left = expected.length / 2;
    const isOurs: (boolean | undefined)[] = [];
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        capabilities: { ...made.capabilities, membersPerRequest },
        apply: async (operation, signal, beforeWrite, ask) => {
          if (operation.action !== 'add_members') return await made.apply(operation, signal, beforeWrite, ask);
          isOurs.push((await ask?.(signal))?.isOurs);
          left -= 1;
          if (left === 0) throw new TargetError('unavailable', 'The target is away.');
          return await made.apply(operation, signal, beforeWrite, ask);
        },
      }),
    });
    await fill(s);
    expect(isOurs).toEqual(expected);
    expect(s.groups()['Everybody']).toHaveLength(1_100);
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

describe('a group that is made anew while somebody waits to be put into it', () => {
  /** Whoever waited is put into it before all others are, as soon as they have an account; and then somebody cancels the run. */
  it('puts them out again once they have left, though its run died right after it had put them there', async () => {
    let isLater = false;
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, ...how) => {
          if (!isLater && operation.action === 'create' && operation.ref.id === id('ben'))
            throw new TargetError('rejected', 'Not this one.');
          return await made.apply(operation, ...how);
        },
      }),
    });
    for (const name of ['anna', 'ben']) s.hire(name);
    s.found('team');
    for (const name of ['anna', 'ben']) s.directory.join(id('team'), id(name));
    await s.full();
    isLater = true;
    s.pass(3_600_000);
    const [{ remoteId: gone } = { remoteId: null }] = [...s.remote.objects.values()].filter(
      ({ type }) => type === 'group',
    );
    if (gone !== null) for (const held of [s.remote.objects, s.remote.members]) held.delete(gone);
    s.found('team', { displayName: 'Crew' });
    s.hire('ben', { jobTitle: 'Chief' });
    const failpoint = async (site: string): Promise<void> => {
      if (site === 'provision.settled' && s.groups()['Crew']?.includes('ben')) throw new Error('The worker dies.');
    };
    Object.assign(s.engine, { failpoint });
    await expect(s.delta()).rejects.toThrow('The worker dies.');
    Object.assign(s.engine, { failpoint: async () => {} });
    expect(s.groups()).toEqual({ Crew: ['ben'] });
    await s.stores.runs.cancel((await s.provisioned()).id, s.now());
    s.directory.leave(id('team'), id('ben'));
    await s.delta();
    expect(s.groups()).toEqual({ Crew: ['anna'] });
  });
});

describe('a group that is recycled while a run puts somebody into it', () => {
  it('is replaced only where it shows members, for nobody knows any more who is in it', async () => {
    const isOurs: (boolean | undefined)[] = [];
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal, beforeWrite, ask) => {
          if (operation.action === 'add_members') isOurs.push((await ask?.(signal))?.isOurs);
          return await made.apply(operation, signal, beforeWrite, ask);
        },
      }),
    });
    for (const name of ['anna', 'ben']) s.hire(name);
    s.found('g');
    s.directory.join(id('g'), id('anna'));
    await s.full();
    s.directory.join(id('g'), id('ben'));
    await s.requestSync('delta');
    await s.syncAll();
    const failpoint = async (site: string): Promise<void> => {
      if (site !== 'provision.objects') return;
      Object.assign(s.engine, { failpoint: async () => {} });
      s.directory.remove(id('g'), 'soft_deleted');
      await s.requestSync('delta');
      await s.syncAll();
    };
    Object.assign(s.engine, { failpoint });
    await provisionTurn(s.engine, target, new AbortController().signal);
    expect(isOurs).toEqual([true, false]);
  });
});

describe('a group with somebody in it who is switched off', () => {
  it('is replaced only where it shows members: whoever renames it, or puts others into it, does not put them there again', async () => {
    const asked: [string, readonly string[] | undefined, boolean | undefined][] = [];
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal, beforeWrite, ask) => {
          if (operation.ref.id === id('g')) {
            const known = await ask?.(signal);
            asked.push([operation.action, known?.members.map(({ ref }) => ref.id), known?.isOurs]);
          }
          return await made.apply(operation, signal, beforeWrite, ask);
        },
      }),
    });
    for (const name of ['anna', 'ben']) s.hire(name);
    s.found('g');
    s.directory.join(id('g'), id('anna'));
    await s.full();
    s.hire('anna', { accountEnabled: false });
    await s.delta();
    expect(s.accounts()).toMatchObject({ anna: 'off' });
    asked.length = 0;
    s.found('g', { displayName: 'Everybody' });
    await s.delta();
    s.directory.join(id('g'), id('ben'));
    await s.delta();
    expect(asked).toEqual([
      ['update', [], false],
      ['add_members', [], false],
    ]);
  });
});

describe('a group in escrow for members that were not seen to be put into it', () => {
  it('leaves it also by a run that looks at everybody', async () => {
    let fails = true;
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, ...how) => {
          if (!fails || operation.action !== 'add_members') return await made.apply(operation, ...how);
          fails = false;
          throw new TargetError('rejected', 'Nobody is shown.', { code: 'not_applied' });
        },
      }),
    });
    s.hire('anna');
    s.found('g');
    s.directory.join(id('g'), id('anna'));
    await s.full();
    expect(await s.stores.ledger.countEscrows(target)).toBe(1);
    s.pass(7 * 3_600_000);
    await s.provision('full');
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });
});

describe('groups in escrow that are let go of at the end of a run', () => {
  it('are let go of page by page: a bad day of a large tenant fits in no memory', async () => {
    let fails = true;
    let seen: string[] = [];
    const s = await story({
      stores: (now) => {
        const made = createMemoryStores({ now, vault: createVault(randomBytes(32)) });
        const ledger: Ledger = {
          ...made.ledger,
          dueEscrows: async function* (...of) {
            seen = [];
            for await (const some of made.ledger.dueEscrows(...of))
              for (const each of some) {
                seen.push('read');
                yield [each];
              }
          },
          release: async (lease, refs) => {
            seen.push('let go');
            await made.ledger.release(lease, refs);
          },
        };
        return { ...made, ledger };
      },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, ...how) => {
          if (!fails || operation.action !== 'add_members') return await made.apply(operation, ...how);
          throw new TargetError('rejected', 'Nobody is shown.', { code: 'not_applied' });
        },
      }),
    });
    s.hire('anna');
    for (const name of ['g', 'h']) {
      s.found(name);
      s.directory.join(id(name), id('anna'));
    }
    await s.full();
    expect(await s.stores.ledger.countEscrows(target)).toBe(2);
    fails = false;
    s.pass(7 * 3_600_000);
    await s.provision('full');
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
    expect(seen).toEqual(['read', 'let go', 'read', 'let go']);
  });
});
