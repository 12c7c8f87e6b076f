import { describe, expect, it } from 'vitest';
import { generatedParts, regenerated } from './generated.ts';
import { pages, readDoc } from './pages.ts';

describe('what the documentation takes from the code', () => {
  it.each(Object.keys(generatedParts))('is up to date in %s (node test/docs/generated.ts)', async (page) => {
    expect(readDoc(page)).toBe(await regenerated(page));
  });

  it('is made, wherever a page says so', () => {
    const marked = pages.flatMap((page) =>
      [...readDoc(page).matchAll(/^<!-- generated: (.+) -->$/gm)].map(([, name = '']) => `${page}: ${name}`),
    );
    const made = Object.entries(generatedParts).flatMap(([page, parts]) =>
      Object.keys(parts).map((name) => `${page}: ${name}`),
    );
    expect(marked.toSorted()).toEqual(made.toSorted());
  });
});
