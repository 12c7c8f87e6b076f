import { describe, expect, it } from 'vitest';
import { isAllRight, judgedByDelta, missingIn, type Verdict, verdictInWords } from './verdict.ts';

const good: Verdict = { wrongWrites: [], lost: [], apart: [], untried: [] };

describe('the verdict of a chaos run', () => {
  it('is all right when every promise was kept', () => {
    expect(isAllRight(good)).toBe(true);
    expect(verdictInWords(good).filter((line) => line.startsWith('ok'))).toHaveLength(4);
  });

  it.each(['wrongWrites', 'lost', 'apart', 'untried'] as const)(
    'is not all right when there is one of %s, and names it',
    (of) => {
      const verdict = { ...good, [of]: ['anna was disabled'] };
      expect(isAllRight(verdict)).toBe(false);
      const lines = verdictInWords(verdict);
      expect(lines.filter((line) => line.startsWith('WRONG'))).toHaveLength(1);
      expect(lines.join('\n')).toContain('anna was disabled');
    },
  );

  it('is not all right where no target had to be what its tenant is after delta runs alone: that is not tried', () => {
    const seen = { 'first plan applied': 1, 'held plan applied': 2, 'user deleted': 3, 'value written': 4 };
    expect(missingIn({ ...seen, [judgedByDelta]: 1 })).toEqual([]);
    const verdict = { ...good, untried: missingIn({ ...seen, [judgedByDelta]: 0 }) };
    expect(isAllRight(verdict)).toBe(false);
    expect(verdictInWords(verdict)).toContainEqual(expect.stringMatching(/^ +target judged after delta runs alone$/));
  });

  it('does not say that everything was tried where that was not looked at', () => {
    const short = { ...good, untried: null };
    expect(isAllRight(short)).toBe(true);
    expect(verdictInWords(short).filter((line) => line.startsWith('ok'))).toHaveLength(3);
  });
});
