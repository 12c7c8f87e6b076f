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

/**
 * Each link to a test, and all that is quoted between it and the next one, whatever is said in between: `[door](../test/door.test.ts): "opens", and at night:
 * "shuts"`.
 */
const proofsIn = (text: string) =>
  text.split(/(?=\]\(\.\.\/test\/)/).flatMap((part) => {
    const file = /^\]\(\.\.\/(test\/[\w./-]+)\)/.exec(part)?.[1];
    if (file === undefined) return [];
    return [...part.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ({ file, title }));
  });

/** Where it is a string, and no comment. */
const standsIn = (source: string, title: string): boolean =>
  source.split('\n').some((line) => {
    const at = line.indexOf(title);
    return at > 0 && /['"`]/.test(line.slice(0, at)) && !/^\s*(\/\/|\*|\/\*)/.test(line);
  });

it('goes through all points, one after the other', () => {
  expect(points.map(({ number }) => number)).toEqual(Array.from({ length: 58 }, (_, index) => index + 1));
});

it.each(points)('point $number is proved by tests that are there, or says why not', ({ text }) => {
  const proofs = proofsIn(text);
  if (proofs.length === 0) expect(text).toMatch(/Does not apply|Not there/);
  const files = new Map(proofs.map(({ file }) => [file, existsSync(join(root, file))]));
  expect([...files].filter(([, isThere]) => !isThere)).toEqual([]);
  const missing = proofs.filter(({ file, title }) => !standsIn(readFileSync(join(root, file), 'utf8'), title));
  expect(missing).toEqual([]);
  // A file without a title proves nothing that anybody could look up.
  const linked = [...text.matchAll(/\]\(\.\.\/(test\/[\w./-]+\.test\.ts)\)/g)].map(([, file = '']) => file);
  expect(linked.filter((file) => !files.has(file))).toEqual([]);
});
