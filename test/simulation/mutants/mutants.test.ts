import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { storeMutants } from '../../store/mongo/mutants.ts';
import { layers, mutants } from './index.ts';
import { edited, root } from './plant.ts';

const all = [...mutants, ...layers, ...storeMutants];

/** Whatever stands on its own: not a property, not a key, not a text. */
const namedIn = (text: string): readonly string[] =>
  text
    .replaceAll(/'[^'\n]*'|"[^"\n]*"/g, ' ')
    .replaceAll(/`[^`]*`/g, (template) => [...template.matchAll(/\$\{([^}]*)\}/g)].map(([, inner]) => inner).join(' '))
    .match(/(?<![\w$]|(?<!\.\.)\.)[A-Za-z_$][\w$]*(?![\w$]|:)/g) ?? [];

/** What a planted text brings along: constants, parameters, imports. */
const declaredIn = (text: string): string =>
  [...text.matchAll(/(?:const|let) (\w+)|\(([^()]*)\)(?:: [\w.<>]+)? =>|(\w+) =>|catch \((\w+)\)|import (\{[^}]*\})/g)]
    .flat()
    .join(' ');

const words =
  'as async await break case catch const continue else false for from if import in let new null of return throw true try type typeof undefined';
const isGlobal = (name: string): boolean => name in globalThis || words.split(' ').includes(name);

describe('bugs put into the product on purpose', () => {
  it('are many, each with a name and a sentence of its own', () => {
    expect(mutants.length).toBeGreaterThanOrEqual(40);
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
    expect(new Set(layers.map(({ name }) => name)).size).toBe(layers.length);
    for (const { what } of all) expect(what).toMatch(/^[A-Z].*\.$/);
  });

  it.each(all.map((each) => [each.name, each] as const))('still fit: %s', (_, { edits }) => {
    const texts = new Map<string, string>();
    for (const edit of edits) {
      const text = texts.get(edit.file) ?? readFileSync(join(root, edit.file), 'utf8');
      texts.set(edit.file, edited(text, edit));
    }
    // What does not parse would be caught, and not by a promise.
    for (const text of texts.values()) stripTypeScriptTypes(text);
  });

  it.each(all.map((each) => [each.name, each] as const))('names only what is there: %s', (_, { edits }) => {
    for (const [file, some] of Map.groupBy(edits, ({ file: of }) => of)) {
      const around = [readFileSync(join(root, file), 'utf8'), ...some.map(({ to }) => declaredIn(to))].join(' ');
      const known = new Set(around.match(/[\w$]+/g));
      expect(some.flatMap(({ to }) => namedIn(to)).filter((name) => !known.has(name) && !isGlobal(name))).toEqual([]);
    }
  });

  it('would be told of what is not there', () => {
    expect(namedIn('minted: last.minted === null ? null : await linksOf(client, `${path} of`)')).toEqual(
      expect.arrayContaining(['last', 'linksOf', 'client', 'path']),
    );
    expect(namedIn("{ kind: 'no_trace', ...rest.of }")).toEqual(['rest']);
    expect(isGlobal('linksOf')).toBe(false);
  });
});
