import { describe, expect, it } from 'vitest';
import { generatedFiles, generatedParts, regenerated } from './generated.ts';
import { pages, readDoc } from './pages.ts';

describe('what the documentation takes from the code', () => {
  it.each(Object.keys(generatedParts))('is up to date in %s (npm run docs)', async (page) => {
    expect(readDoc(page)).toBe(await regenerated(page));
  });

  it.each(Object.entries(generatedFiles))('is up to date as %s (npm run docs)', (file, make) => {
    expect(readDoc(file)).toBe(make());
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
