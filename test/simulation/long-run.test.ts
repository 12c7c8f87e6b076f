import { describe, expect, it } from 'vitest';
import { withPart } from '../../scripts/simulate/record.ts';

const part = (commit: string, from: number, to: number, bias: string | null = null) => ({
  ...{ commit, bias, from, to },
  seconds: 10,
});

describe('a long run that is played in pieces', () => {
  const first = part('aaaaaaa', 2_001, 3_000);

  it('is one part where they follow on each other, of the same sources', () => {
    const whole = withPart(withPart([], first), part('aaaaaaa', 3_001, 4_000));
    expect(whole).toEqual([{ ...part('aaaaaaa', 2_001, 4_000), seconds: 20 }]);
  });

  it('is several where the sources changed, or what the seeds lean to, or seeds were left out', () => {
    const leaning = part('aaaaaaa', 3_001, 4_000, 'pages without links');
    for (const next of [part('bbbbbbb', 3_001, 4_000), part('aaaaaaa', 3_002, 4_000), leaning])
      expect(withPart([first], next)).toEqual([first, next]);
  });
});
