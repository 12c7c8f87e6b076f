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

/** The whole title of tests, or the first word of a row that they are made of; and no comment. */
const standsIn = (source: string, title: string): boolean =>
  ["'", '"', '`'].some((quote) => {
    const [first = '', ...others] = source.split(`${quote}${title}${quote}`);
    const before = [first, ...others.slice(0, -1)];
    return (
      others.length > 0 && before.some((text) => /(\b(it|describe)\(|\)\(|\[)\s*$/.test(text) && !endsInComment(text))
    );
  });
const endsInComment = (text: string): boolean => /^\s*(\/\/|\*|\/\*)/.test(text.slice(text.lastIndexOf('\n') + 1));

/** A file in which a test may be left out, or may fail, proves nothing. */
const leavesOut = (source: string): boolean =>
  /\b(it|test|describe|suite)\.(skip|todo|fails|only|skipIf|runIf)\b/.test(source);

it('goes through all points, one after the other', () => {
  expect(points.map(({ number }) => number)).toEqual(Array.from({ length: 58 }, (_, index) => index + 1));
});

it.each(points)('point $number is proved by tests that are there, or says why not', ({ text }) => {
  const proofs = proofsIn(text);
  if (proofs.length === 0) expect(text).toMatch(/Does not apply|Not there/);
  const files = new Map(proofs.map(({ file }) => [file, existsSync(join(root, file))]));
  expect([...files].filter(([, isThere]) => !isThere)).toEqual([]);
  const sourceOf = (file: string): string => readFileSync(join(root, file), 'utf8');
  expect(proofs.filter(({ file, title }) => !standsIn(sourceOf(file), title))).toEqual([]);
  expect([...files.keys()].filter((file) => leavesOut(sourceOf(file)))).toEqual([]);
  // A file without a title proves nothing that anybody could look up.
  const linked = [...text.matchAll(/\]\(\.\.\/(test\/[\w./-]+\.test\.ts)\)/g)].map(([, file = '']) => file);
  expect(linked.filter((file) => !files.has(file))).toEqual([]);
});

it('takes no test for a proof that is left out, is a comment, or has only some of its words', () => {
  expect(standsIn("it('lets nobody in', () => {});", 'lets nobody in')).toBe(true);
  expect(standsIn("it.each([\n  ['by night', 1],\n])('lets %s in', () => {});", 'by night')).toBe(true);
  expect(standsIn("it.each(all)(\n  'lets %s in',\n);", 'lets %s in')).toBe(true);
  for (const other of [
    "it('lets nobody in twice', () => {});",
    "const title = 'lets nobody in';",
    "  // it('lets nobody in', () => {});",
    "it.skip('lets nobody in', () => {});",
    "it.todo('lets nobody in');",
  ])
    expect(standsIn(other, 'lets nobody in'), other).toBe(false);
  for (const other of ["it.skip.each(all)('a', b)", "describe.skipIf(c)('a', b)", "it.fails('a', b)"])
    expect(leavesOut(other), other).toBe(true);
});
