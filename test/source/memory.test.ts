import { describe, expect, it } from 'vitest';
import { SourceError } from '../../src/model/errors.ts';
import { sourceId } from '../../src/model/ids.ts';
import { everyone } from '../../src/model/scope.ts';
import type { ObjectMessage } from '../../src/model/source-message.ts';
import { user } from '../../src/model/source-object.ts';
import { type Liberties, type MemoryDirectory, memoryDirectory, memorySource } from '../../src/source/memory.ts';
import { type DirectoryUnderTest, sourceContract } from '../contract/source-contract.ts';
import { assigned, Folded, type View } from '../support/folded.ts';
import { attributes, never, readAll } from '../support/reading.ts';

sourceContract('A directory in memory', () => underTest({ pageSize: 2 }));
sourceContract('A directory in memory that repeats itself in parts', () =>
  underTest({ pageSize: 3, duplicate: true, partial: true }),
);

describe('the liberties of a source in memory', () => {
  const start = async (liberties: Partial<Liberties>) => {
    const directory = memoryDirectory({ pageSize: 5, ...liberties });
    const source = memorySource(directory);
    directory.setUser('u1', { displayName: 'Ada Berg' });
    const folded = new Folded();
    const from = await readAll(source, folded, { scope: everyone });
    return { directory, source, folded, from };
  };

  it('shows a change late, and only once', async () => {
    const { directory, source, folded, from } = await start({ lag: 1 });
    directory.setUser('u1', { displayName: 'Ada Holm' });
    const first = await readAll(source, folded, { scope: everyone, from });
    expect(folded.view(everyone).users).toMatchObject({ u1: { displayName: 'Ada Berg' } });
    directory.liberties.lag = 0;
    await readAll(source, folded, { scope: everyone, from: first });
    expect(folded.view(everyone).users).toMatchObject({ u1: { displayName: 'Ada Holm' } });
  });

  it('tells a page in any order', async () => {
    const backwards = (messages: readonly ObjectMessage[]) => [...messages].reverse();
    const { directory, source, folded, from } = await start({ shuffle: backwards });
    directory.setUser('u2', { displayName: 'Ben Cole' });
    directory.setUser('u3', { displayName: 'Cleo Dunn' });
    const order: string[] = [];
    await readAll(source, folded, { scope: everyone, from }, (message) => {
      if (message.type === 'upsert') order.push(message.ref.id);
    });
    expect(order).toEqual(['u3', 'u2']);
  });

  it('tells everything, also where pages become larger in the midst of a read', async () => {
    const { directory, source } = await start({ pageSize: 2 });
    for (const nth of [2, 3, 4, 5, 6]) directory.setUser(`u${nth}`, { displayName: `Person ${nth}` });
    const folded = new Folded();
    await readAll(source, folded, { scope: everyone }, () => {
      directory.liberties.pageSize = 100;
    });
    expect(Object.keys(folded.view(everyone).users)).toHaveLength(6);
  });

  it('gives no answer about single objects when it is told not to', async () => {
    const { directory, source } = await start({ confirms: false });
    const ada = user(sourceId('u1'));
    directory.setGroup('g1', {});
    expect(await source.confirm([ada], everyone, never)).toEqual(new Map([['u1', 'unsure']]));
    expect(await source.confirmMembers(sourceId('g1'), [ada], never)).toEqual(new Map());
  });

  it('fails a connection test with the reason it was given', async () => {
    const { source } = await start({ problem: 'The secret has expired.' });
    expect(await source.check({ scope: everyone, attributes }, never)).toMatchObject({
      ok: false,
      checks: [{ detail: 'The secret has expired.' }],
    });
  });
});

let count = 0;

const underTest = (liberties: Partial<Liberties>): DirectoryUnderTest => {
  const directory = memoryDirectory(liberties);
  const inside = mirrored(directory);
  const named = (prefix: string) => {
    count += 1;
    return sourceId(`${prefix}${String(count).padStart(6, '0')}`);
  };
  return {
    ...inside,
    source: memorySource(directory),
    hire: (name, { department, manager } = {}) => {
      const id = named('user');
      inside.set(id, {
        accountEnabled: true,
        department: department ?? null,
        displayName: name,
        manager: manager ?? null,
        userPrincipalName: `${id}@contoso.example`,
      });
      return id;
    },
    rename: (id, displayName) => inside.set(id, { displayName }),
    clearDepartment: (id) => inside.set(id, { department: null }),
    report: (id, manager) => inside.set(id, { manager }),
    disable: (id) => inside.set(id, { accountEnabled: false }),
    createGroup: (name, members) => {
      const id = named('group');
      inside.setGroup(id, { displayName: name });
      for (const member of members) inside.join(id, member);
      return id;
    },
    expireWatermarks: directory.expireWatermarks,
    expireResumes: directory.expireResumes,
    hide: (attribute) => {
      directory.liberties.hidden = new Set([attribute]);
    },
    breakAfter: (afterPages) => {
      directory.liberties.fault = { afterPages, error: new SourceError('unavailable', 'The directory is away.') };
    },
  };
};

/** The truth is kept beside the directory, by the plainest means. */
const mirrored = (directory: MemoryDirectory) => {
  type Attributes = Parameters<MemoryDirectory['setUser']>[1];
  const users = new Map<string, Attributes>();
  const groups = new Map<string, Attributes>();
  const members = new Map<string, Set<string>>();
  const away = new Set<string>();
  const live = (id: string): boolean => !away.has(id) && (users.has(id) || groups.has(id));
  const shown = (all: ReadonlyMap<string, Attributes>) => Object.fromEntries([...all].filter(([id]) => live(id)));
  return {
    set: (id: string, changes: Attributes): void => {
      users.set(id, { ...users.get(id), ...changes });
      directory.setUser(id, changes);
    },
    setGroup: (id: string, changes: Attributes): void => {
      groups.set(id, changes);
      members.set(id, new Set());
      directory.setGroup(id, changes);
    },
    softDelete: (id: string): void => {
      away.add(id);
      directory.remove(id, 'soft_deleted');
    },
    restore: (id: string): void => {
      away.delete(id);
      directory.restore(id);
    },
    purge: (id: string): void => {
      users.delete(id);
      for (const [report, changes] of users)
        if (changes['manager'] === id) users.set(report, { ...changes, manager: null });
      directory.remove(id, 'deleted');
    },
    deleteGroup: (id: string): void => {
      away.add(id);
      directory.remove(id, 'soft_deleted');
    },
    join: (id: string, member: string): void => {
      members.get(id)?.add(member);
      directory.join(id, member);
    },
    leave: (id: string, member: string): void => {
      members.get(id)?.delete(member);
      directory.leave(id, member);
    },
    truth: (): View => ({
      users: Object.fromEntries(
        Object.entries(shown(users)).map(([id, all]) => [
          id,
          assigned(Object.fromEntries(attributes.user.map((name) => [name, all[name] ?? null]))),
        ]),
      ),
      groups: shown(groups),
      members: Object.fromEntries(
        Object.keys(shown(groups)).map((id) => [id, [...(members.get(id) ?? [])].filter(live).sort()]),
      ),
    }),
  };
};
