import { describe, expect, it } from 'vitest';
import { deedsOf } from './deeds.ts';
import type { Remote } from './remote.ts';

const team = (...members: readonly string[]): Remote => ({
  id: 'team',
  type: 'group',
  externalId: 'team',
  name: 'Team',
  displayName: 'Team',
  active: true,
  title: null,
  department: null,
  manager: null,
  members: new Set(members),
  stamp: members.join(),
});

describe('what a group that is replaced as a whole comes to', () => {
  it('is that somebody was put into it, unless their account was removed meanwhile', () => {
    const effect = { before: team('ann'), after: team('ann', 'bob', 'cem') };
    const deedsWhere = (isThere: (id: string) => boolean) => deedsOf(effect, isThere);
    expect(deedsWhere(() => true)).toEqual([{ kind: 'add_members', members: ['bob', 'cem'] }]);
    expect(deedsWhere((id) => id !== 'cem')).toEqual([{ kind: 'add_members', members: ['bob'] }]);
    expect(deedsWhere((id) => id === 'ann')).toEqual([]);
  });
});
