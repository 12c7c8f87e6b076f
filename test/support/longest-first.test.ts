import { join } from 'node:path';
import { expect, it } from 'vitest';
import { longest, longestFirst } from './longest-first.ts';

const root = join(import.meta.dirname, '../..');
const specs = (paths: readonly string[]) => paths.map((path) => ({ moduleId: join(root, path) }));

it('the longest tests begin first, the others after them in the order they had', () => {
  const [first = '', second = '', third = ''] = longest;
  const others = ['test/core/guard.test.ts', 'test/config.test.ts'];
  expect(longestFirst(specs([...others, third, first, second]))).toEqual(specs([first, second, third, ...others]));
});
