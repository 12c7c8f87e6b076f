import { describe, expect, it } from 'vitest';
import { isAllRight, judgedByDelta, lastWord, missingIn, shortly, type Verdict, verdictInWords } from './verdict.ts';

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

  it('names what a short storm did not try, which is no failure and no proof either', () => {
    const short = shortly({ ...good, untried: ['worker killed: 3 of 24 times', 'line cut: graph'] });
    expect(isAllRight(short)).toBe(true);
    expect(verdictInWords(short)).toEqual(
      expect.arrayContaining(['        worker killed: 3 of 24 times', '        line cut: graph']),
    );
    expect(verdictInWords(short).filter((line) => line.startsWith('ok'))).toHaveLength(3);
    expect(lastWord([good, short])).toBe(
      'Nothing is wrong, but 2 of what is announced was not tried, for want of time: this is no proof of it.',
    );
  });

  it('says that everything was tried where a short storm did so, and hides nothing that went wrong in one', () => {
    expect(verdictInWords(shortly(good)).filter((line) => line.startsWith('ok'))).toHaveLength(4);
    expect(lastWord([shortly(good)])).toBe('All is right.');
    const wrong = shortly({ ...good, lost: ['a run'], untried: ['line cut: graph'] });
    expect(lastWord([good, wrong])).toBe('Something is wrong.');
  });
});
