import { expect, it } from 'vitest';
import { type Asked, sayFailure, storyOf } from '../../scripts/simulate/say.ts';

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

it('a-story-of-calls-without-its-cause: what was edited, what went wrong and what took effect is told, however long before', () => {
  const deeds = [
    '00:00:10.000 desk0      tenant left 3',
    '00:00:20.000 effect     disable w0.1 at desk0, remote-4',
    '00:00:30.000 w0.1       queue.wake done (wakeup_lost)',
    '00:00:31.000 w0.1       stands still 40000 ms',
  ];
  const calls = Array.from({ length: 90 }, (_, at) => `00:01:${10 + at}.000 w0.1       ledger.links done`);
  const log = ['00:02:00.000 w0.1       plan.waits {}', '00:02:01.000 w0.1       run.waits {}'];
  const end = ['00:02:02.000 w0.1       guard.held {}', '00:02:03.000 ORACLE     I7 disables 2 within a day'];
  expect(storyOf([...deeds, ...calls, ...log, ...calls, ...end], 2)).toEqual([...deeds.slice(-2), '…', ...end]);
  expect(storyOf([...deeds, ...calls, ...log, ...end], 4)).toEqual([...deeds, '…', ...log, ...end]);
  expect(storyOf(['00:00:01.000 w0.1       leases.take done', ...end], 4)).toEqual(end);
});
