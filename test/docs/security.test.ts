import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readDoc, root } from './pages.ts';

const points = [...readDoc('docs/security.md').matchAll(/^(\d+)\. \*\*.+?\*\*(.*)$/gm)].map(
  ([, number, text = '']) => ({
    number: Number(number),
    text,
  }),
);

/** Each link to a test, and what is said to stand in it: `[door](../test/door.test.ts): "opens"; "shuts"`. */
const proofsIn = (text: string) =>
  [...text.matchAll(/\]\(\.\.\/(test\/[\w./-]+)\)((?:[:;] "[^"]+")*)/g)].flatMap(([, file = '', titles = '']) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ({ file, title })),
  );

it('goes through all points, one after the other', () => {
  expect(points.map(({ number }) => number)).toEqual(Array.from({ length: 58 }, (_, index) => index + 1));
});

it.each(points)('point $number is proved by tests that are there, or says why not', ({ text }) => {
  const proofs = proofsIn(text);
  if (proofs.length === 0) expect(text).toMatch(/Does not apply|Not there/);
  for (const { file, title } of proofs) {
    expect(existsSync(join(root, file)), file).toBe(true);
    expect(readFileSync(join(root, file), 'utf8'), `${file}: ${title}`).toContain(title);
  }
});
