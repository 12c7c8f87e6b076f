import { describe, expect, it } from 'vitest';
import { cameWith, type Telling } from '../../src/core/came-with.ts';

/** A run that looks at what changed, long after the group was first told its members. */
const usual: Telling = {
  link: { by: 'created', membersSince: 2, membersAt: 2 },
  version: 9,
  tells: 'changes',
  isMade: false,
  joinedAt: null,
  broughtTo: 8,
  isTold: false,
};
const everybody: Telling = { ...usual, tells: 'everybody' };

describe('a membership that a run added', () => {
  it('came with a run that looks at what changed, also where it had waited', () => {
    expect(cameWith(usual)).toBe(true);
    expect(cameWith({ ...usual, link: { by: 'matched', membersSince: 2, membersAt: 2 } })).toBe(true);
  });

  it('came with a run that looks at everybody only where the tenant tells of it since the run before', () => {
    expect(cameWith({ ...everybody, joinedAt: 9 })).toBe(true);
    expect(cameWith({ ...everybody, joinedAt: 8 })).toBe(false);
    expect(cameWith(everybody)).toBe(false);
  });

  it('came with no run that told a group again what an earlier one had told it ahead of its version', () => {
    expect(cameWith({ ...usual, joinedAt: 9, isTold: true })).toBe(false);
    expect(cameWith({ ...everybody, joinedAt: 9, isTold: true })).toBe(false);
  });

  it('came with a run that put right what was missing', () => {
    expect(cameWith({ ...everybody, tells: 'missing' })).toBe(true);
  });

  it('came with the run that made the account, whatever it told the group', () => {
    expect(cameWith({ ...everybody, isMade: true })).toBe(true);
  });

  it('may have been in a group that was there before us, when that was told its members for the first time', () => {
    const takenOver: Telling = {
      ...usual,
      link: { by: 'matched', membersSince: 9, membersAt: 9 },
      joinedAt: 9,
      broughtTo: 0,
    };
    expect(cameWith(takenOver)).toBe(false);
    expect(cameWith({ ...takenOver, link: { by: 'matched', membersSince: 9, membersAt: null } })).toBe(false);
    expect(cameWith({ ...takenOver, link: { by: 'created', membersSince: 9, membersAt: 9 } })).toBe(true);
  });

  it('may be that of an earlier run which broke off while it told the group its members', () => {
    const begun: Telling = { ...usual, link: { by: 'created', membersSince: 7, membersAt: 9 }, broughtTo: 0 };
    expect(cameWith({ ...begun, joinedAt: 6 })).toBe(false);
    expect(cameWith({ ...begun, joinedAt: 9 })).toBe(true);
  });

  it('is not taken from a group that is not ours any more', () => {
    expect(cameWith({ ...usual, link: undefined })).toBe(false);
  });
});
