import { describe, expect, it } from 'vitest';
import { acceptedText, epochAtEnd, isOfSameRules, isOutdated, isToBeRead } from '../../src/core/accepted.ts';

const at = new Date('2026-03-02T08:00:00Z');
const head = (epoch: number | null, fullAt: Date | null = at) => ({
  scope: 'all',
  fullAt,
  restored: epoch === null ? null : { epoch, at },
});
const before = { createdAt: new Date('2026-03-01') };
const after = { createdAt: new Date('2026-03-03') };

describe('by what somebody let a target be written to', () => {
  it('holds until the database is put back, and not for the rules alone', () => {
    const first = acceptedText('rules', head(null));
    expect(isOutdated(before, head(null), first)).toBe(false);
    expect(isOutdated(before, head(1), first)).toBe(true);
    const second = acceptedText('rules', head(1));
    expect([isOutdated(before, head(1), second), isOutdated(before, head(2), second)]).toEqual([false, true]);
    expect([isOfSameRules(first, second), isOfSameRules(first, acceptedText('others', head(1)))]).toEqual([
      true,
      false,
    ]);
  });

  it('is not asked of a target that was added after that', () => {
    expect([isOutdated(before, head(1), null), isOutdated(after, head(1), null)]).toEqual([true, false]);
  });

  it('ends with the epoch, the first one with none', () => {
    expect([epochAtEnd(acceptedText('rules', head(null))), epochAtEnd(acceptedText('rules', head(12)))]).toEqual([
      '',
      '|epoch 12',
    ]);
  });
});

it('the snapshot shows another day until everybody was read after the database was put back', () => {
  expect([isToBeRead(head(1, null)), isToBeRead(head(1)), isToBeRead(head(null, null))]).toEqual([true, false, false]);
});
