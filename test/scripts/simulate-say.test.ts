import { expect, it } from 'vitest';
import { type Asked, sayFailure } from '../../scripts/simulate/say.ts';

const told = {
  ...{ seed: 42, hash: '', steps: 0, judged: 0, excused: 0, struck: [], trace: [] },
  ...{ sites: new Map(), happened: new Map() },
  violations: [{ invariant: 'I1', what: 'somebody is missing' }],
};
const plain: Asked = { bias: null, aimed: null, isCalm: false, planted: [] };

it('a-failure-was-told-without-its-cause: the command that plays it again has all that it was played with', () => {
  const again = (asked: Partial<Asked>): string | undefined =>
    sayFailure(told, 'abc1234', { ...plain, ...asked }, [], true, [])
      .split('\n')
      .find((line) => line.includes('again: '));
  expect(again({})).toBe('  again: npm run simulate -- --seed 42 --trace');
  expect(again({ isCalm: true, planted: ['no intent', 'fence'] })).toBe(
    "  again: npm run simulate -- --seed 42 --trace --calm --mutant 'no intent,fence'",
  );
  expect(again({ bias: 'web pages', aimed: 'crash_after@ledger.intend#0' })).toBe(
    "  again: npm run simulate -- --seed 42 --trace --bias 'web pages' --aimed 'crash_after@ledger.intend#0'",
  );
});
