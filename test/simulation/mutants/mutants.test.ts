import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layers, mutants } from './index.ts';
import { edited, root } from './plant.ts';

const all = [...mutants, ...layers];

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
});
